//! What every room of SILKNOW Image Retrieval stands on.
//!
//! This crate owns the error type, the observer through which long work reports, the one place that
//! touches files, the array container (`.npz`) and the vocabulary of variables and classes. It knows
//! nothing of images, networks or neighbours.

pub mod error;
pub mod files;
pub mod labels;
pub mod npz;
pub mod observer;
pub mod suggest;

pub use error::{Error, ErrorKind, Result};
pub use labels::{LabelMatrix, MISSING, MISSING_NAME, Variable, Vocabulary};
pub use observer::{Observer, Progress, Recorder, Silent, StopAfter};
