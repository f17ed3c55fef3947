//! What an operation is told: typed, validated parameters, and the files and flags they come from.
//!
//! This crate owns the keys, their values and ranges, the configuration files, and one parameter struct per
//! operation. It does nothing with them, and it leaves what only the data can decide (which museums and
//! variables there are) to those who read the data.
//!
//! Options come in two stages: what was typed ([`Options`]: a text with its place for every key) and what it
//! means (a struct per operation, see [`Parameters`]). Reader, writer, flags and reference all follow one table
//! of keys ([`Operation::keys`]).
//!
//! ```
//! use silknow_config::{Parameters, TrainModelParameters};
//!
//! let mut parameters = TrainModelParameters::default();
//! parameters.training.train_batch_size = 64;
//! parameters.validate()?;
//! assert!(parameters.to_configuration_text().contains("train_batch_size; 64\n"));
//! # Ok::<(), silknow_config::Error>(())
//! ```

mod augmentation;
mod choice;
mod key;
mod kind;
mod options;
mod parameters;

pub use augmentation::Augmentation;
pub use choice::{Architecture, DeviceChoice, LossKind, Precision, Weights};
pub use key::{Fallback, Key, Operation};
pub use kind::{Interval, Kind};
pub use options::{Explicit, Options, Settings};
pub use parameters::{
    BuildKDTreeParameters, CreateDatasetParameters, CrossvalidationParameters, EvaluateModelParameters,
    GetKNNParameters, Parameters, TrainModelParameters, TrainingParameters, Values,
};
pub use silknow_errors::{Error, Result};
