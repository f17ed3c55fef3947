//! Collection files and master files: tab-separated lists of samples, and lists of such lists.
//!
//! Both layouts are read and written here and nowhere else.

mod content;
mod file;
mod lines;
mod master;
#[cfg(test)]
mod tests;

pub use content::{Collections, Sample};
pub use file::write_collection;
pub(crate) use file::write_collection_in;
pub(crate) use master::master_text;
pub use master::{read_master, write_master};
