//! Rows of a table that cannot be used: they are listed and left out, or end the work.

use std::path::Path;

use silknow_errors::counts::counted;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_progress::Observer;

/// The list of the rows that were left out, in the image folder.
pub const TABLE_FAILURES_FILE: &str = "table_failures.csv";

/// A cell, or a whole row, that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCell {
    /// The line on which it stands, from 1.
    pub line: u64,
    /// The header of its column; empty where the row as a whole is wrong.
    pub column: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

impl BadCell {
    /// The error that the cell is when the work ends for it.
    pub(crate) fn error(&self, file: &Path) -> Error {
        let error = Error::data(&self.reason).in_file(file).at_line(self.line).hint(&self.hint);
        if self.column.is_empty() { error } else { error.at_column(&self.column) }
    }
}

/// The bad rows of a table, which is the file, while it is read.
pub(crate) struct BadRows<'a> {
    file: &'a Path,
    strict: bool,
    cells: Vec<BadCell>,
}

impl<'a> BadRows<'a> {
    /// None yet. With `strict`, the first ends the work.
    pub(crate) fn new(file: &'a Path, strict: bool) -> Self {
        Self { file, strict, cells: Vec::new() }
    }

    /// Lists a row.
    ///
    /// # Errors
    /// The row itself, when one ends the work.
    pub(crate) fn add(&mut self, cell: BadCell) -> Result<()> {
        if self.strict {
            return Err(cell.error(self.file));
        }
        self.cells.push(cell);
        Ok(())
    }

    /// The list, with a warning where it is not empty.
    ///
    /// # Errors
    /// When no row is good.
    pub(crate) fn finish(self, good: usize, observer: &dyn Observer) -> Result<Vec<BadCell>> {
        let file = self.file;
        let Some(first) = self.cells.first() else {
            let empty = || Error::data("the table has a header, and no row under it").in_file(file);
            return if good == 0 { Err(empty().hint("check that this is the right file")) } else { Ok(self.cells) };
        };
        if good == 0 {
            return Err(first.error(file));
        }
        let (bad, all) = (self.cells.len(), self.cells.len() + good);
        let place = if first.column.is_empty() { String::new() } else { format!(":{}", first.column) };
        observer.warning(&format!(
            "{bad} of {} cannot be used and {} left out; `{TABLE_FAILURES_FILE}` lists what is wrong; the first is \
             {}:{}{place}: {}",
            counted(all, "row", "rows"),
            if bad == 1 { "is" } else { "are" },
            file.display(),
            first.line,
            first.reason
        ));
        Ok(self.cells)
    }
}

/// Writes the list of the rows that were left out: line, column and reason of each.
///
/// # Errors
/// What the disk refuses.
pub(crate) fn write_table_failures(folder: &Path, cells: &[BadCell]) -> Result<()> {
    let path = folder.join(TABLE_FAILURES_FILE);
    files::write_with(&path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        let rows = cells.iter().map(|cell| [cell.line.to_string(), cell.column.clone(), cell.reason.clone()]);
        std::iter::once(["line", "column", "reason"].map(str::to_owned))
            .chain(rows)
            .try_for_each(|row| writer.write_record(row))
            .and_then(|()| writer.flush().map_err(csv::Error::from))
            .map_err(|cause| files::refused("cannot write", &path, cause.into()))
    })
}
