//! Training: losses that understand several variables and missing labels, and the loop that minimises them.
//!
//! [`train`] is the entrance. It draws [batches], takes their [features] from a store that runs the frozen backbone
//! once per image and view, compares the descriptors by a [loss], moves the parameters by [adam], and logs to
//! [tensorboard] and a [table](metrics). Owns nothing of the network's layers (`silknow-network`), of pixels
//! (`silknow-image`) and of the model folder.

pub mod adam;
pub mod batches;
pub mod checkpoint;
pub mod features;
pub mod loss;
pub mod metrics;
mod selection;
pub mod tensorboard;
mod trainer;
mod validation;

pub use features::{DEFAULT_MEMORY_LIMIT_BYTES, FeatureStore, SourceImage, StoreSettings};
pub use loss::LossOutcome;
pub use metrics::{StepMetrics, ValidationMetrics};
pub use selection::{LeftOut, TrainingInputs};
pub use trainer::{TrainingOutcome, train};
