//! What an operation is told: typed, validated parameters, and the files and flags they come from.
//!
//! This crate owns the keys, their values and ranges, the configuration files, and one parameter struct per
//! operation. It does nothing with them, and it leaves what only the data can decide (which museums and
//! variables there are) to those who read the data.

mod augmentation;
mod choice;
pub mod parameters;

pub use augmentation::Augmentation;
pub use choice::{Architecture, DeviceChoice, LossKind, Weights};
pub use parameters::{
    BuildKDTreeParameters, CreateDatasetParameters, CrossvalidationParameters, EvaluateModelParameters,
    GetKNNParameters, TrainModelParameters, TrainingParameters,
};
