//! From a table of museum objects to collections of labelled images, and back from the collections' files.
//!
//! It reads the knowledge-graph export, the plain table of images and IIIF manifests, filters, keeps the images on the disk, makes the
//! five parts and the validation split, reads and writes the collection and master files with the tables beside them, and
//! counts statistics.
//!
//! [`create_dataset`] does all of it; [`read_master`] is where every other operation begins.

mod address;
mod aggregation;
mod aliases;
pub mod bad_rows;
pub mod catalogue;
mod category;
mod cell_text;
pub mod collection;
pub mod companions;
pub mod create;
mod digest;
pub mod duplicates;
pub mod export;
pub mod filter;
mod folder;
mod foreign;
mod headers;
pub mod iiif;
mod iiif_image;
mod image_table;
mod images;
mod labels;
mod layout;
pub mod likeness;
pub mod likeness_groups;
pub mod literal;
mod local_path;
mod manifest;
mod object_list;
mod object_rows;
mod ods_merges;
mod parts;
mod reading;
mod remainder;
mod replacement;
pub mod samples;
mod sources;
pub mod split;
mod spreadsheet;
mod standing;
pub mod statistics;
mod table;
mod table_options;
mod values;
mod variables;

pub use collection::{Collections, Sample, read_master, write_collection, write_master};
pub use create::{CreateDatasetSummary, create_dataset, create_dataset_with};
pub use split::{ValidationSplit, split_validation};
pub use statistics::Statistics;
