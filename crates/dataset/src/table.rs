//! Reading a table: a comma-, semicolon- or tab-separated text, or a spreadsheet; its columns by name, its rows with their
//! true lines.
//!
//! What the columns mean is known to [`crate::export`] and `image_table`.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_progress::Observer;
use silknow_records::class_text::tidied;
use silknow_records::rows::{Row, Rows};

use crate::bad_rows::BadCell;
use crate::foreign;
use crate::headers::{canonical, names_images};
use crate::spreadsheet;

/// A table: how it is written, and which columns it has. Its rows are read anew each time, and never all at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    file: PathBuf,
    /// The text of a spreadsheet; other tables are read from their file.
    text: Option<Arc<[u8]>>,
    headers: Vec<String>,
    header_line: u64,
}

impl Table {
    /// Reads the header of a table.
    ///
    /// # Errors
    /// A file that cannot be read, is not text of a known encoding or is empty, and a header that repeats a name.
    pub(crate) fn read(file: &Path, sheet: Option<&str>, observer: &dyn Observer) -> Result<Self> {
        let text = spreadsheet::read(file, sheet, observer)?;
        if text.is_none() {
            foreign::refuse(file)?;
        }
        let mut table = Self { file: file.to_path_buf(), text, headers: Vec::new(), header_line: 1 };
        let header = table.header()?;
        let header =
            header.ok_or_else(|| Error::data("the table is empty").in_file(file).hint("expected a header line"))?;
        table.header_line = header.line();
        if let Some(first) = table.records()?.next().transpose()?.filter(|first| first.line() < header.line()) {
            observer.warning(&format!(
                "{}:{}: what stands above the header, such as `{}`, is passed over",
                file.display(),
                first.line(),
                tidied(first.cells().find(|cell| !cell.trim().is_empty()).unwrap_or_default())
            ));
        }
        table.headers = header.cells().map(tidied).collect();
        // What stands behind the last header is often an empty column of the program that wrote the table.
        table.check_distinct((0..table.headers.len()).map(|column| (column, table.headers[column].clone())))?;
        Ok(table)
    }

    /// The row of the header: the first that has several texts or names a column of images, or the first of all where none
    /// of the first rows does. Titles stand above it.
    fn header(&self) -> Result<Option<Row>> {
        const ROWS_LOOKED_AT: usize = 20;
        let mut first = None;
        for row in self.records()?.take(ROWS_LOOKED_AT) {
            // A row that cannot be read is named when its turn comes.
            let Ok(row) = row else { break };
            let texts = row.cells().filter(|cell| !cell.trim().is_empty()).count();
            if texts > 1 || row.cells().any(names_images) {
                return Ok(Some(row));
            }
            first = first.or_else(|| (texts == 1).then_some(row));
        }
        match first {
            Some(row) => Ok(Some(row)),
            None => self.records()?.next().transpose(),
        }
    }

    /// The file that was read.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The names of the columns, without blanks around them; an index column has none.
    pub(crate) fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Checks that no two columns have the same name, which may not be their header; columns without a name do not count.
    ///
    /// # Errors
    /// Two columns of one name.
    pub(crate) fn check_distinct(&self, names: impl IntoIterator<Item = (usize, String)>) -> Result<()> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (column, name) in names.into_iter().filter(|(_, name)| !name.is_empty()) {
            let Some(first) = seen.insert(name.clone(), column) else { continue };
            let changed = [first, column].map(|it| &self.headers[it]).into_iter().filter(|header| **header != name);
            let changed: Vec<String> = changed.map(|header| format!("`{header}` becomes `{name}`")).collect();
            let reason = if changed.is_empty() { String::new() } else { format!(" ({})", changed.join(", ")) };
            return Err(Error::data(format!("this column occurs twice in the header{reason}"))
                .in_file(&self.file)
                .at_line(self.header_line)
                .at_column(name)
                .hint("remove or rename one of the two"));
        }
        Ok(())
    }

    /// The column with this header, which is compared without regard to letter case, blanks and `_` where no header is
    /// exactly the same.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        let position = |same: &dyn Fn(&str) -> bool| self.headers.iter().position(|header| same(header));
        let tidy = tidied(name.trim_start_matches('#'));
        position(&|header| header == tidied(name))
            .or_else(|| position(&|header| header.trim_start_matches('#') == tidy))
            .or_else(|| position(&|header| canonical(header) == canonical(name)))
    }

    /// The column that a key names, where it names one.
    ///
    /// # Errors
    /// A column that the table does not have.
    pub(crate) fn column_of_key(&self, key: &str, name: Option<&str>) -> Result<Option<usize>> {
        let column = |name| self.column(name).ok_or_else(|| self.unknown_column(key, name));
        name.map(column).transpose()
    }

    /// An error about a column that a key names and the table does not have.
    pub(crate) fn unknown_column(&self, key: &str, name: &str) -> Error {
        let guess = nearest(name, self.headers.iter().map(String::as_str));
        let guess = guess.map_or_else(String::new, |guess| format!("did you mean `{guess}`? "));
        Error::configuration(format!("{key}: `{}` has no column `{name}`", self.file.display()))
            .hint(format!("{guess}the columns are {}", self.quoted_headers()))
    }

    /// Where the named columns are.
    ///
    /// # Errors
    /// Missing columns, all of them named, each with the most similar one that is there.
    pub(crate) fn columns<const N: usize>(&self, names: [&str; N]) -> Result<[usize; N]> {
        let find = |name: &str| self.headers.iter().position(|header| header == name);
        let missing: Vec<&str> = names.into_iter().filter(|name| find(name).is_none()).collect();
        if missing.is_empty() {
            return Ok(names.map(|name| find(name).expect("no name is missing")));
        }
        let message = match missing.as_slice() {
            [one] => format!("the column `{one}` is missing"),
            several => format!("the columns {} are missing", quoted(several)),
        };
        let similar = missing.iter().filter_map(|name| {
            let free = self.headers.iter().map(String::as_str).filter(|header| !names.contains(header));
            nearest(name, free).map(|header| format!("is `{header}` meant to be `{name}`? "))
        });
        let similar = similar.collect::<String>();
        Err(self.header_error(message).hint(format!("{similar}the columns are {}", self.quoted_headers())))
    }

    /// The headers as a message lists them.
    pub(crate) fn quoted_headers(&self) -> String {
        quoted(&self.headers.iter().map(String::as_str).filter(|name| !name.is_empty()).collect::<Vec<_>>())
    }

    /// The rows under the header that have a cell with a text. A row of another length than the header's is a bad one.
    ///
    /// # Errors
    /// A file that cannot be opened; per row, a text that cannot be decoded, and quotes that do not fit.
    pub(crate) fn rows(&self) -> Result<impl Iterator<Item = Result<Result<Row, BadCell>>>> {
        let is_filled =
            |row: &Result<Row>| row.as_ref().map_or(true, |row| row.cells().any(|cell| !cell.trim().is_empty()));
        let header_line = self.header_line;
        let is_above = move |row: &Result<Row>| row.as_ref().is_ok_and(|row| row.line() <= header_line);
        let rows = self.records()?.skip_while(is_above).filter(is_filled).map(|row| {
            let row = row?;
            let Err(error) = row.check_length(self.headers.len()) else { return Ok(Ok(row)) };
            if row.has_long_quote() {
                return Err(error.in_file(&self.file));
            }
            let (reason, hint) = (error.message().to_owned(), error.hint_text().unwrap_or_default().to_owned());
            Ok(Err(BadCell { line: row.line(), column: String::new(), reason, hint }))
        });
        Ok(rows)
    }

    /// A cell that cannot be used.
    pub(crate) fn bad_cell(&self, row: &Row, column: usize, reason: impl Into<String>, hint: &str) -> BadCell {
        let column_name = match self.headers[column].as_str() {
            "" => (column + 1).to_string(),
            name => name.to_owned(),
        };
        BadCell { line: row.line_of(column), column: column_name, reason: reason.into(), hint: hint.to_owned() }
    }

    /// An error of the table as a whole.
    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error::data(message).in_file(&self.file)
    }

    /// An error of the header.
    pub(crate) fn header_error(&self, message: impl Into<String>) -> Error {
        self.error(message).at_line(self.header_line)
    }

    fn records(&self) -> Result<impl Iterator<Item = Result<Row>>> {
        let from: Box<dyn Read> = match &self.text {
            Some(text) => Box::new(Cursor::new(text.clone())),
            None => Box::new(files::open(&self.file)?),
        };
        let rows = match &self.text {
            Some(_) => Rows::new(from, b','),
            None => Rows::sniffed(from, &[]).map_err(|error| error.in_file(&self.file))?,
        };
        Ok(rows.map(|row| row.map_err(|error| error.in_file(&self.file))))
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_progress::Silent;

    fn table(text: &str) -> Result<(tempfile::TempDir, Table)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.csv");
        files::write(&file, text).unwrap();
        Table::read(&file, None, &Silent).map(|table| (folder, table))
    }

    #[test]
    fn commas_semicolons_and_tabs_separate() {
        for separator in [",", ";", "\t"] {
            let (_folder, table) = table(&format!("a{separator}b\n1{separator}2\n")).unwrap();
            assert_eq!(table.headers(), ["a", "b"]);
            assert_eq!(table.rows().unwrap().next().unwrap().unwrap().unwrap().cell(1), "2");
        }
    }

    #[test]
    fn missing_columns_are_named_with_the_most_similar_ones() {
        let (_folder, table) = table("obj,deep_link,text\n").unwrap();
        let message = table.columns(["obj", "deeplink", "museum"]).unwrap_err().to_string();
        assert!(message.contains("table.csv:1: the columns `deeplink`, `museum` are missing"), "{message}");
        assert!(message.contains("is `deep_link` meant to be `deeplink`?"), "{message}");
    }

    #[test]
    fn a_row_of_another_length_and_a_repeated_header_are_refused() {
        let (_folder, short) = table("a,b\n1,2\n1\n").unwrap();
        let bad = short.rows().unwrap().nth(1).unwrap().unwrap().unwrap_err();
        assert_eq!((bad.line, bad.reason.as_str()), (3, "the row has 1 cell, the header 2"));
        let message = table("a,b,a\n").err().unwrap().to_string();
        assert!(message.contains(":1:a: this column occurs twice"), "{message}");
    }

    #[test]
    fn an_empty_table_is_refused() {
        assert!(table("").err().unwrap().to_string().contains("the table is empty"));
    }

    #[test]
    fn text_that_is_not_utf8_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("latin.csv");
        std::fs::write(&file, b"a,b\n1,2\n\"x\ny\",\"z\n\xe9\"\n").unwrap();
        let message =
            Table::read(&file, None, &Silent).unwrap().rows().unwrap().nth(1).unwrap().err().unwrap().to_string();
        assert!(message.contains("latin.csv:5: the text is not UTF-8"), "{message}");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_header() {
        let (_folder, table) = table("\u{feff}image,weave\na.jpg,twill\n").unwrap();
        assert_eq!(table.headers(), ["image", "weave"]);
        assert_eq!(table.rows().unwrap().next().unwrap().unwrap().unwrap().line(), 2);
    }
}
