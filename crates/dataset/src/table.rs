//! Reading a comma-, semicolon- or tab-separated table: its columns by name, its rows with their true lines.
//!
//! Owns separators, quoting, line numbers and missing columns. What the columns mean is left to
//! [`crate::export`] and [`crate::folder`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use silknow_foundation::suggest::nearest;
use silknow_foundation::{Error, Result, files};

/// A whole table in memory: its text, and where its columns are.
pub(crate) struct Table {
    file: PathBuf,
    text: String,
    delimiter: u8,
    headers: Vec<String>,
}

/// One row: its cells, as many as the header has, and the line of its first one.
pub(crate) struct Row {
    line: u64,
    cells: csv::StringRecord,
}

impl Table {
    /// Reads a table and its header.
    ///
    /// # Errors
    /// A file that cannot be read, is not UTF-8 or is empty, and a header that repeats a name.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = files::read_text(file)?;
        let delimiter = delimiter_of(text.lines().next().unwrap_or_default());
        let mut table = Self { file: file.to_path_buf(), text, delimiter, headers: Vec::new() };
        let header = table.records().next().transpose()?;
        let header =
            header.ok_or_else(|| Error::data("the table is empty").in_file(file).hint("expected a header line"))?;
        let mut seen = BTreeMap::new();
        for (column, name) in header.cells.iter().enumerate() {
            let name = name.trim();
            if !name.is_empty() && seen.insert(name.to_owned(), column).is_some() {
                return Err(Error::data("this column occurs twice in the header")
                    .in_file(file)
                    .at_line(header.line)
                    .at_column(name)
                    .hint("remove or rename one of the two"));
            }
            table.headers.push(name.to_owned());
        }
        Ok(table)
    }

    /// The names of the columns, trimmed; an index column has none.
    pub(crate) fn headers(&self) -> &[String] {
        &self.headers
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
        let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let message = match missing.as_slice() {
            [one] => format!("the column `{one}` is missing"),
            several => format!("the columns {} are missing", quoted(several)),
        };
        let present: Vec<&str> = self.headers.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        let similar = missing.iter().filter_map(|name| {
            let free = present.iter().copied().filter(|header| !names.contains(header));
            nearest(name, free).map(|header| format!("is `{header}` meant to be `{name}`? "))
        });
        let hint = format!("{}the columns are {}", similar.collect::<String>(), quoted(&present));
        Err(Error::data(message).in_file(&self.file).at_line(1).hint(hint))
    }

    /// The rows under the header.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Result<Row>> {
        self.records().skip(1).map(|row| {
            let row = row?;
            if row.cells.len() != self.headers.len() {
                let (cells, columns) = (row.cells.len(), self.headers.len());
                return Err(Error::data(format!("the row has {cells} cells, the header {columns}"))
                    .in_file(&self.file)
                    .at_line(row.line)
                    .hint(
                        "a cell with a separator, a quote or a line break in it must stand in closed double quotes",
                    ));
            }
            Ok(row)
        })
    }

    /// An error at a cell.
    pub(crate) fn error_at(&self, row: &Row, column: usize, message: impl Into<String>) -> Error {
        Error::data(message).in_file(&self.file).at_line(row.line_of(column)).at_column(&self.headers[column])
    }

    fn records(&self) -> impl Iterator<Item = Result<Row>> {
        let reader = csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(self.text.as_bytes());
        // The reader's own line numbers are late by one after `\r\n` and after blank lines.
        let mut counted_to = 0;
        let mut line = 1;
        reader.into_records().map(move |record| {
            let cells =
                record.map_err(|cause| Error::data("cannot read the table").in_file(&self.file).caused_by(cause))?;
            let position = cells.position().map_or(0, |position| position.byte() as usize);
            let bytes = self.text.as_bytes();
            let start = position + bytes[position..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
            line += bytes[counted_to..start].iter().filter(|&&byte| byte == b'\n').count() as u64;
            counted_to = start;
            Ok(Row { line, cells })
        })
    }
}

impl Row {
    /// The text of a cell.
    pub(crate) fn cell(&self, column: usize) -> &str {
        &self.cells[column]
    }

    /// The line in the file on which the row starts.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The line on which a cell starts: cells before it may hold line breaks.
    fn line_of(&self, column: usize) -> u64 {
        let breaks = self.cells.iter().take(column).flat_map(str::bytes).filter(|&byte| byte == b'\n').count();
        self.line + breaks as u64
    }
}

/// The separator that the header line uses most; a comma where it uses none.
fn delimiter_of(header: &str) -> u8 {
    let count = |separator: u8| header.bytes().filter(|&byte| byte == separator).count();
    [b',', b'\t', b';'].into_iter().rev().max_by_key(|&separator| count(separator)).expect("there are separators")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<(tempfile::TempDir, Table)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.csv");
        files::write(&file, text).unwrap();
        Table::read(&file).map(|table| (folder, table))
    }

    #[test]
    fn lines_are_those_of_the_file_with_breaks_in_cells_and_blank_lines() {
        for newline in ["\n", "\r\n"] {
            let text = ["a,b", "1,2", "", "\"x", "y\",\"z", "\"", "3,4"].join(newline);
            let (_folder, table) = table(&text).unwrap();
            let rows: Vec<Row> = table.rows().map(Result::unwrap).collect();
            assert_eq!(rows.iter().map(Row::line).collect::<Vec<_>>(), [2, 4, 7], "{newline:?}");
            assert_eq!(rows[1].line_of(1), 5);
        }
    }

    #[test]
    fn commas_semicolons_and_tabs_separate() {
        for separator in [",", ";", "\t"] {
            let (_folder, table) = table(&format!("a{separator}b\n1{separator}2\n")).unwrap();
            assert_eq!(table.headers(), ["a", "b"]);
            assert_eq!(table.rows().next().unwrap().unwrap().cell(1), "2");
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
        let message = short.rows().nth(1).unwrap().err().unwrap().to_string();
        assert!(message.contains("table.csv:3: the row has 1 cells, the header 2"), "{message}");
        let message = table("a,b,a\n").err().unwrap().to_string();
        assert!(message.contains(":1:a: this column occurs twice"), "{message}");
    }

    #[test]
    fn an_empty_table_and_one_that_is_not_utf8_are_refused() {
        assert!(table("").err().unwrap().to_string().contains("the table is empty"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("latin.csv");
        std::fs::write(&file, b"a,b\n1,\xe9\n").unwrap();
        let message = Table::read(&file).err().unwrap().to_string();
        assert!(message.contains("latin.csv:2: the text is not UTF-8"), "{message}");
    }
}
