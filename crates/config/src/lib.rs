//! What an operation is told: typed, validated parameters, and the files and flags they come from.
//!
//! A key is declared in one place: a field of a parameter struct, with its type, form, default and documentation (see
//! [`parameters!`]). The flag, the line of the configuration file, the check, the help and the Python keyword follow.
//! What only the data can decide, such as which museums there are, is checked where the data is read.
//!
//! Parameters come in two stages: what was typed ([`Options`]: a text with its place for every key that was given) and
//! what it means (a struct of typed values, see [`Group`] and [`Parameters`]).
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
//!
//! # How to add a key
//!
//! Add a field to the struct of the operation; that is all. A key that operations share is declared in one struct and
//! named in the others.
//!
//! ```
//! use silknow_config::form::whole;
//! use silknow_config::{DeviceChoice, Explicit, Group, Options, TrainingParameters, defaulted};
//!
//! silknow_config::parameters! {
//!     /// How thumbnails are made.
//!     #[derive(Debug, PartialEq)]
//!     pub struct ThumbnailParameters {
//!         /// Longest side of a thumbnail, in pixels
//!         ///
//!         /// The first line is the help text; further lines are for programmers.
//!         thumbnail_size: usize = defaulted(128, whole(16..=1024)).further();
//!         /// Where the network runs: the key of training, with its range, default and help text.
//!         device: DeviceChoice = TrainingParameters::device();
//!     }
//! }
//!
//! let mut options = Options::of::<ThumbnailParameters>("thumbnails", Explicit::Flags);
//! options.set("thumbnail_size", "64")?;
//! let parameters = ThumbnailParameters::take(&options)?;
//! assert_eq!(parameters, ThumbnailParameters { thumbnail_size: 64, device: DeviceChoice::Auto });
//!
//! let key = ThumbnailParameters::thumbnail_size();
//! assert_eq!(key.key().about, "Longest side of a thumbnail, in pixels");
//! assert_eq!(key.key().expected, "a whole number from 16 to 1024");
//! # Ok::<(), silknow_config::Error>(())
//! ```

mod augmentation;
mod choice;
mod field;
pub mod form;
mod frozen_share;
mod group;
mod key;
mod named_weights;
mod old_keys;
mod operation;
mod options;
mod parameters;
mod recipe;

pub use augmentation::Augmentation;
pub use choice::{
    Architecture, DeviceChoice, Duplicates, LossKind, ModelSelection, Precision, Recipe, Schedule, Spelling, VoteRule,
    Weights, Word,
};
pub use field::{Field, defaulted, optional, required};
pub use frozen_share::FrozenShare;
pub use group::Group;
pub use key::{Fallback, Key, Kind, Plain};
pub use named_weights::{LossWeights, NamedWeights, VariableWeights, Weighed};
pub use operation::{Operation, Parameters};
pub use options::{Explicit, Options};
pub use parameters::{
    BackboneParameters, BuildKDTreeParameters, CreateDatasetParameters, CrossvalidationParameters,
    DescribingParameters, EvaluateModelParameters, GetKNNParameters, ObjectiveParameters, OptimiserParameters,
    ServingParameters, TrainModelParameters, TrainingParameters,
};
pub use silknow_errors::{Error, Result};
