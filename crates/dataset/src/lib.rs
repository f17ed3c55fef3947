//! From a table of museum objects to collections of labelled images, and back from the collections' files.
//!
//! This crate owns the knowledge-graph export and the plain table of images, the filters, the images on the
//! disk, the five parts and the validation split, the collection and master files, and the statistics. It does
//! not own the network protocol (the fetch crate), pixels (the image crate), or what is learnt from a dataset.
//!
//! [`create_dataset`] does all of it; [`read_master`] is where every other operation begins.

mod address;
pub mod catalogue;
pub mod collection;
pub mod companions;
pub mod create;
pub mod export;
pub mod filter;
mod folder;
mod images;
pub mod literal;
pub mod samples;
pub mod split;
pub mod statistics;
mod table;

pub use collection::{Collections, Sample, read_master, write_collection, write_master};
pub use create::{CreateDatasetSummary, create_dataset, create_dataset_with};
pub use samples::{object_id, object_key};
pub use split::{ValidationSplit, split_validation};
pub use statistics::Statistics;
