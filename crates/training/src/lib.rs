//! Training: objectives that understand several variables, sets of labels and missing labels, and the loop that minimises
//! them.
//!
//! [`train`] is the entrance. It draws [batches], takes their [features] from a store that runs the frozen backbone
//! once per image and view, compares the descriptors by an [objective], moves the parameters by [adam], and logs to
//! [tensorboard] and a [table](metrics). The network's layers are in `silknow-network`, pixels in `silknow-image`.

pub mod adam;
pub mod batches;
pub mod checkpoint;
mod drawing;
pub mod features;
mod feed;
mod goal;
pub mod metrics;
pub mod objective;
mod sameness;
mod schedule;
mod selection;
mod standard;
mod state;
pub mod tensorboard;
mod trainer;
mod validation;

pub use features::{DEFAULT_MEMORY_LIMIT_BYTES, FeatureStore, SourceImage, StoreSettings};
pub use metrics::{StepMetrics, ValidationMetrics};
pub use objective::{Objective, Outcome};
pub use sameness::{Difference, difference};
pub use selection::{LeftOut, TrainingInputs};
pub use trainer::{Logs, TrainingOutcome, train};
