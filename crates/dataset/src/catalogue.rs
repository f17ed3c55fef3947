//! What a table of museum objects says, whatever its layout: objects, the addresses of their images, labels.
//!
//! There are three layouts: [`crate::export`] (a knowledge-graph export), `image_table` (images with their labels) and
//! `folder` (images alone). Which one a source has is found by `reading`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use silknow_records::class_text::name_of;
use silknow_records::{Labels, Object, Vocabulary};

use crate::bad_rows::BadCell;
use crate::cell_text::known_text;
use crate::remainder::Remainder;

/// The objects of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    /// The table, or the folder, that was read.
    pub file: PathBuf,
    /// The folder that plain image paths are relative to.
    pub image_folder: PathBuf,
    /// The variables, in the order of the labels, with their classes sorted by name.
    pub vocabulary: Vocabulary,
    /// True where the source says which museum an object belongs to.
    pub has_museums: bool,
    /// The objects, in file order.
    pub entries: Vec<Entry>,
    /// The rows of the table that cannot be used and were left out.
    pub bad_rows: Vec<BadCell>,
    /// What else the table tells of its objects.
    pub(crate) remainder: Option<Remainder>,
}

/// An object with its images and labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line of the table on which it stands, counted from 1; 0 where there is no table.
    pub line: u64,
    /// The object. Its identifier is empty where the source has none, and every image stands for itself. Its title is not
    /// read yet; it stays in the table until records are written.
    pub object: Object,
    /// The addresses of its images: `http(s)://`, `file://`, or plain paths.
    pub images: Vec<String>,
    /// Its labels, which are classes of the catalogue's vocabulary.
    pub labels: Labels,
}

/// The museums of a table. Those with one name, as collection files write it, get one text: the first.
#[derive(Default)]
pub(crate) struct Museums(HashMap<String, Box<str>>);

impl Museums {
    /// The museum that a cell names.
    pub(crate) fn named(&mut self, cell: &str) -> Option<Box<str>> {
        let text = known_text(cell)?;
        Some(self.0.entry(name_of(&text)).or_insert_with(|| text.into()).clone())
    }
}

/// The folder in which a table lies.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
