//! One typed struct of parameters per operation. The declaration of a field is the only place where its key stands.

mod create_dataset;
mod crossvalidation;
mod defaults;
mod describing;
mod evaluate_model;
mod objective;
mod optimiser;
mod retrieval;
mod serving;
mod train_model;
mod training;

pub use create_dataset::CreateDatasetParameters;
pub use crossvalidation::CrossvalidationParameters;
pub use describing::{BackboneParameters, DescribingParameters};
pub use evaluate_model::EvaluateModelParameters;
pub use objective::ObjectiveParameters;
pub use optimiser::OptimiserParameters;
pub use retrieval::{BuildKDTreeParameters, GetKNNParameters};
pub use serving::ServingParameters;
pub use train_model::TrainModelParameters;
pub use training::TrainingParameters;
