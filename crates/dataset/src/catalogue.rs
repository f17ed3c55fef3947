//! What a table of museum objects says, whatever its layout: objects, the addresses of their images, labels.
//!
//! Owns the records that the two layouts are read into and the choice between them. The layouts themselves are
//! [`crate::export`] (a knowledge-graph export) and `folder` (images with an optional table).

use std::path::{Path, PathBuf};

use silknow_errors::Result;
use silknow_records::is_missing;

use crate::table::Table;
use crate::{export, folder};

/// The objects of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    /// The table, or the folder, that was read.
    pub file: PathBuf,
    /// The folder that plain image paths are relative to.
    pub image_folder: PathBuf,
    /// The variables, in the order of the labels.
    pub variables: Vec<String>,
    /// True where the source says which museum an object belongs to.
    pub has_museums: bool,
    /// The objects, in file order.
    pub objects: Vec<Object>,
}

/// One record: an object with its images and labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The line of the table on which it stands, counted from 1.
    pub line: u64,
    /// Its identifier; empty where the source has none, and every image stands for itself.
    pub id: String,
    /// The museum that it belongs to.
    pub museum: Option<String>,
    /// The addresses of its images: `http(s)://`, `file://`, or plain paths.
    pub images: Vec<String>,
    /// One label per variable; `None` where it is missing.
    pub labels: Vec<Option<String>>,
}

impl Catalogue {
    /// Reads a source of any layout: a folder of images, a table whose first column is `image_file` or `image`,
    /// or a knowledge-graph export.
    ///
    /// # Errors
    /// A source that cannot be read, and what is wrong in it with file, line and column.
    pub fn read(source: &Path) -> Result<Self> {
        if source.is_dir() {
            return folder::read_folder(source);
        }
        let table = Table::read(source)?;
        if folder::is_image_table(&table) { folder::read_table(source, &table) } else { export::read(source, &table) }
    }
}

/// The folder in which a table lies.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// A label as collections write it: white space of any kind becomes `_`. `None` for a missing one.
pub(crate) fn normalised_label(label: &str) -> Option<String> {
    let label = label.split_whitespace().collect::<Vec<_>>().join("_");
    (!is_missing(&label)).then_some(label)
}

/// The part of an address or URI behind the last `/`; a closing `/` does not count.
pub(crate) fn last_segment(address: &str) -> &str {
    let address = address.trim().trim_end_matches('/');
    address.rsplit('/').next().unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lose_their_white_space_and_addresses_all_but_the_end() {
        assert_eq!(
            normalised_label(" nineteenth century\t(dates CE)\n").as_deref(),
            Some("nineteenth_century_(dates_CE)")
        );
        assert_eq!(normalised_label(" NaN "), None);
        assert_eq!(last_segment("http://data.silknow.org/object/4711/"), "4711");
        assert_eq!(last_segment("plain"), "plain");
    }
}
