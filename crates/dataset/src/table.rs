//! Reading a comma-, semicolon- or tab-separated table: its columns by name, its rows with their true lines.
//!
//! Owns separators, quoting, line numbers and missing columns. What the columns mean is left to
//! [`crate::export`] and [`crate::folder`].

use std::collections::{BTreeSet, VecDeque};
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_files as files;

/// A table: how it is written, and which columns it has. Its rows are read anew each time, and never all at once.
pub(crate) struct Table {
    file: PathBuf,
    delimiter: u8,
    headers: Vec<String>,
}

/// One row: its cells, as many as the header has, and the line of its first one.
pub(crate) struct Row {
    line: u64,
    cells: csv::StringRecord,
}

impl Table {
    /// Reads the header of a table.
    ///
    /// # Errors
    /// A file that cannot be read, is not UTF-8 or is empty, and a header that repeats a name.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let mut first_line = Vec::new();
        files::open(file)?
            .read_until(b'\n', &mut first_line)
            .map_err(|cause| files::refused("cannot read", file, cause))?;
        let mut table = Self { file: file.to_path_buf(), delimiter: delimiter_of(&first_line), headers: Vec::new() };
        let header = table.records()?.next().transpose()?;
        let header =
            header.ok_or_else(|| Error::data("the table is empty").in_file(file).hint("expected a header line"))?;
        let mut seen = BTreeSet::new();
        for name in header.cells.iter().map(str::trim) {
            if !name.is_empty() && !seen.insert(name) {
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
    ///
    /// # Errors
    /// A file that cannot be opened; per row, text that is not UTF-8 and another number of cells than the header's.
    pub(crate) fn rows(&self) -> Result<impl Iterator<Item = Result<Row>>> {
        let rows = self.records()?.skip(1).map(|row| {
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
        });
        Ok(rows)
    }

    /// An error at a cell.
    pub(crate) fn error_at(&self, row: &Row, column: usize, message: impl Into<String>) -> Error {
        Error::data(message).in_file(&self.file).at_line(row.line_of(column)).at_column(&self.headers[column])
    }

    fn records(&self) -> Result<impl Iterator<Item = Result<Row>>> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(Lines::new(files::open(&self.file)?));
        Ok(std::iter::from_fn(move || {
            let mut bytes = csv::ByteRecord::new();
            match reader.read_byte_record(&mut bytes) {
                Ok(false) => None,
                Ok(true) => {
                    let start = bytes.position().map_or(0, csv::Position::byte);
                    Some(self.decoded(bytes, reader.get_mut().line_at(start)))
                }
                Err(cause) => Some(Err(files::refused("cannot read", &self.file, cause.into()))),
            }
        }))
    }

    /// The row as text, which starts on `line`.
    fn decoded(&self, bytes: csv::ByteRecord, line: u64) -> Result<Row> {
        csv::StringRecord::from_byte_record(bytes).map(|cells| Row { line, cells }).map_err(|error| {
            let (column, valid) = (error.utf8_error().field(), error.utf8_error().valid_up_to());
            let bytes = error.into_byte_record();
            let before = bytes.iter().take(column).chain([&bytes[column][..valid]]).flatten();
            Error::data("the text is not UTF-8")
                .in_file(&self.file)
                .at_line(line + before.filter(|&&byte| byte == b'\n').count() as u64)
                .hint("save the file with the encoding UTF-8")
        })
    }
}

/// Passes bytes on and remembers where lines end.
///
/// The table reader's own line numbers are late by one after `\r\n` and after blank lines.
struct Lines<R> {
    inner: R,
    /// The offset of the next byte.
    offset: u64,
    /// True while the line that is being passed on holds no more than a `\r`.
    blank: bool,
    /// Lines passed on but not yet counted: the offset behind each, and whether it is blank.
    ends: VecDeque<(u64, bool)>,
    counted: u64,
}

impl<R> Lines<R> {
    fn new(inner: R) -> Self {
        Self { inner, offset: 0, blank: true, ends: VecDeque::new(), counted: 0 }
    }

    /// The line, from 1, of the record that the reader says starts at `offset`. Offsets must ascend.
    ///
    /// The record is behind blank lines, and behind the `\n` on which the reader leaves off after a `\r`.
    fn line_at(&mut self, offset: u64) -> u64 {
        while self.ends.pop_front_if(|(end, blank)| *blank || *end <= offset + 1).is_some() {
            self.counted += 1;
        }
        self.counted + 1
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.inner.read(buffer)?;
        for &byte in &buffer[..length] {
            self.offset += 1;
            if byte == b'\n' {
                self.ends.push_back((self.offset, self.blank));
                self.blank = true;
            } else if byte != b'\r' {
                self.blank = false;
            }
        }
        Ok(length)
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
fn delimiter_of(header: &[u8]) -> u8 {
    let count = |separator: u8| header.iter().filter(|&&byte| byte == separator).count();
    [b',', b'\t', b';'].into_iter().rev().max_by_key(|&separator| count(separator)).expect("there are separators")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            let rows: Vec<Row> = table.rows().unwrap().map(Result::unwrap).collect();
            assert_eq!(rows.iter().map(Row::line).collect::<Vec<_>>(), [2, 4, 7], "{newline:?}");
            assert_eq!(rows[1].line_of(1), 5);
        }
    }

    #[test]
    fn commas_semicolons_and_tabs_separate() {
        for separator in [",", ";", "\t"] {
            let (_folder, table) = table(&format!("a{separator}b\n1{separator}2\n")).unwrap();
            assert_eq!(table.headers(), ["a", "b"]);
            assert_eq!(table.rows().unwrap().next().unwrap().unwrap().cell(1), "2");
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
        let message = short.rows().unwrap().nth(1).unwrap().err().unwrap().to_string();
        assert!(message.contains("table.csv:3: the row has 1 cells, the header 2"), "{message}");
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
        let message = Table::read(&file).unwrap().rows().unwrap().nth(1).unwrap().err().unwrap().to_string();
        assert!(message.contains("latin.csv:5: the text is not UTF-8"), "{message}");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_header() {
        let (_folder, table) = table("\u{feff}image,weave\na.jpg,twill\n").unwrap();
        assert_eq!(table.headers(), ["image", "weave"]);
        assert_eq!(table.rows().unwrap().next().unwrap().unwrap().line(), 2);
    }

    proptest! {
        #[test]
        fn every_row_has_the_line_on_which_it_was_written(
            rows in proptest::collection::vec(("[a-z\n]{0,4}", "[a-z,\r\n]{1,4}", 0..3usize), 0..12),
            newline in proptest::sample::select(vec!["\n", "\r\n"]),
        ) {
            let mut text = format!("a,b{newline}");
            let mut lines = Vec::new();
            for (first, second, blanks) in &rows {
                text.push_str(&newline.repeat(*blanks));
                lines.push(1 + text.matches('\n').count() as u64);
                text.push_str(&format!("\"{first}\",\"{second}\"{newline}"));
            }
            let (_folder, table) = table(&text).unwrap();
            let read: Vec<Row> = table.rows().unwrap().map(Result::unwrap).collect();
            prop_assert_eq!(read.iter().map(Row::line).collect::<Vec<_>>(), lines);
            for (row, (first, second, _)) in read.iter().zip(&rows) {
                prop_assert_eq!((row.cell(0), row.cell(1)), (first.as_str(), second.as_str()));
            }
        }
    }
}
