//! The columns of a table that are read last: titles and texts that no filter needs.

use std::sync::Arc;

use silknow_errors::{Error, Result};
use silknow_records::Record;
use silknow_records::rows::Row;

use crate::cell_text::known_text;
use crate::literal::parse_entries;
use crate::table::Table;

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
    /// The columns that are left when the given ones are used: those that have a name.
    pub(crate) fn of(table: &Table, used: &[usize]) -> Self {
        let unused: Vec<usize> = (0..table.headers().len())
            .filter(|column| !used.contains(column) && !table.headers()[*column].is_empty())
            .collect();
        let find =
            |name: &str| unused.iter().copied().find(|&column| table.headers()[column].eq_ignore_ascii_case(name));
        let title = find("title").or_else(|| find("label"));
        let further = unused.iter().filter(|&&column| Some(column) != title);
        let further = further.map(|&column| (table.headers()[column].as_str().into(), column)).collect();
        Self { table: table.clone(), title, text: find("text"), further }
    }

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
