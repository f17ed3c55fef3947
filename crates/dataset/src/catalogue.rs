//! What a table of museum objects says, whatever its layout: objects, the addresses of their images, labels.
//!
//! There are three layouts: [`crate::export`] (a knowledge-graph export), `image_table` (images with their labels) and
//! `folder` (images alone).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use silknow_config::CreateDatasetParameters;
use silknow_errors::{Error, Result};
use silknow_progress::{Observer, Silent};
use silknow_records::class_text::{MissingWords, name_of, tidied};
use silknow_records::rows::Row;
use silknow_records::{Labels, Object, Record, Vocabulary, is_missing};

use crate::aliases::Aliases;
use crate::bad_rows::BadCell;
use crate::image_table::Layout;
use crate::literal::parse_entries;
use crate::table::Table;
use crate::{export, folder, image_table};

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

/// How a table is to be understood, where it does not say so itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableOptions {
    /// The column of the images.
    pub(crate) image_column: Option<String>,
    /// The column of the objects.
    pub(crate) object_column: Option<String>,
    /// The columns that are variables.
    pub(crate) variables: Option<Vec<String>>,
    /// What labels are replaced by.
    pub(crate) aliases: Aliases,
    /// What counts as no label.
    pub(crate) missing: MissingWords,
    /// Whether a bad cell ends the work.
    pub(crate) strict: bool,
}

impl TableOptions {
    /// What the parameters say of tables. The table of aliases is read.
    ///
    /// # Errors
    /// Those of reading the table of aliases.
    pub(crate) fn of(parameters: &CreateDatasetParameters) -> Result<Self> {
        let aliases = parameters.label_aliases.as_deref().map(Aliases::read).transpose()?;
        Ok(Self {
            image_column: parameters.image_column.clone(),
            object_column: parameters.object_column.clone(),
            variables: parameters.variables.clone(),
            aliases: aliases.unwrap_or_default(),
            missing: parameters.missing_values.as_ref().map_or_else(MissingWords::default, MissingWords::new),
            strict: parameters.strict,
        })
    }
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

/// The columns of a table that no filter needs: titles, and columns that are no variables. They may be long texts, so they
/// are not kept in memory, but read again for the images that are left in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remainder {
    pub(crate) table: Table,
    /// The column of titles.
    pub(crate) title: Option<usize>,
    /// The column of texts, the first of which stands for a title where there is no column of titles.
    pub(crate) text: Option<usize>,
    /// The further columns with their headers.
    pub(crate) further: Vec<(Arc<str>, usize)>,
}

impl Remainder {
    /// Completes records by their rows of the table. `records` come with their lines, which must not descend; `take` gets
    /// each completed record.
    ///
    /// # Errors
    /// Those of reading the table, a record whose line is not there any more, and those of `take`.
    pub(crate) fn complete<'a>(
        &self,
        records: impl Iterator<Item = (u64, &'a Record)>,
        mut take: impl FnMut(&Record) -> Result<()>,
    ) -> Result<()> {
        let mut rows = self.table.rows()?;
        let mut row: Option<Row> = None;
        for (line, record) in records {
            while row.as_ref().is_none_or(|row| row.line() < line) {
                // Bad rows have no record.
                row = rows.next().ok_or_else(|| self.changed(line))??.ok().or(row);
            }
            let row = row.as_ref().filter(|row| row.line() == line).ok_or_else(|| self.changed(line))?;
            let mut record = record.clone();
            record.object.title = self.title_of(row).map(Into::into);
            record.further = self.further.iter().filter_map(|(header, column)| further(row, header, *column)).collect();
            take(&record)?;
        }
        Ok(())
    }

    fn title_of(&self, row: &Row) -> Option<String> {
        let text = |column: usize| known_text(row.cell(column));
        // A cell that is not a list as Python writes it is a title as it stands, but not a list of texts.
        let first = |column: usize| parse_entries(row.cell(column)).ok()?.iter().find_map(|entry| known_text(entry));
        match (self.title, self.text) {
            (Some(title), _) if parse_entries(row.cell(title)).is_err() => text(title),
            (Some(title), _) => first(title),
            (None, Some(column)) => first(column),
            (None, None) => None,
        }
    }

    fn changed(&self, line: u64) -> Error {
        self.table.error("the row is not there any more: the table was changed while it was used").at_line(line)
    }
}

fn further(row: &Row, header: &Arc<str>, column: usize) -> Option<(Arc<str>, Box<str>)> {
    let cell = row.cell(column).trim();
    (!cell.is_empty()).then(|| (header.clone(), cell.into()))
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

impl Catalogue {
    /// Reads the source that the parameters name, as they say. What deserves a look is said to the observer.
    ///
    /// # Errors
    /// A source or a table of aliases that cannot be read, and what is wrong in it with file, line and column.
    pub fn of(parameters: &CreateDatasetParameters, observer: &dyn Observer) -> Result<Self> {
        Self::read_with(&parameters.csvfile, &TableOptions::of(parameters)?, observer)
    }

    /// Reads a source that says itself how it is to be understood.
    ///
    /// # Errors
    /// A source that cannot be read, and what is wrong in it with file, line and column.
    pub fn read(source: &Path) -> Result<Self> {
        Self::read_with(source, &TableOptions::default(), &Silent)
    }

    /// Reads a source of any layout: a folder of images, a table with a column of images, or a knowledge-graph export.
    ///
    /// # Errors
    /// A source that cannot be read, and what is wrong in it with file, line and column.
    pub(crate) fn read_with(source: &Path, options: &TableOptions, observer: &dyn Observer) -> Result<Self> {
        if source.is_dir() {
            return folder::read_folder(source, observer);
        }
        let table = Table::read(source, observer)?;
        match Layout::of(&table, options)? {
            Layout::Images(columns) => image_table::read(&table, columns, options, observer),
            Layout::Export => export::read(&table, options, observer),
        }
    }
}

/// The folder in which a table lies.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// A text with single spaces in place of white space of any kind; `None` for a missing one.
pub(crate) fn known_text(text: &str) -> Option<String> {
    let text = tidied(text);
    (!is_missing(&text)).then_some(text)
}

/// A label as collections write it: white space of any kind becomes `_`. `None` for a missing one.
pub(crate) fn normalised_label(label: &str) -> Option<String> {
    (!is_missing(label)).then(|| name_of(label))
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
