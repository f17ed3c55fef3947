//! One typed, validated parameter struct per operation.

mod create_dataset;
mod evaluate_model;
mod retrieval;
mod training;

pub use create_dataset::CreateDatasetParameters;
pub use evaluate_model::EvaluateModelParameters;
pub use retrieval::{BuildKDTreeParameters, GetKNNParameters};
pub use training::{CrossvalidationParameters, TrainModelParameters, TrainingParameters};
