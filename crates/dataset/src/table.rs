//! Reading a comma-, semicolon- or tab-separated file: its columns by name, its rows with their true lines.
//!
//! What the columns mean is known to [`crate::export`] and [`crate::folder`].

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::rows::{Row, Rows};

/// A table: how it is written, and which columns it has. Its rows are read anew each time, and never all at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    file: PathBuf,
    delimiter: u8,
    headers: Vec<String>,
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
        for name in header.cells().map(str::trim) {
            if !name.is_empty() && !seen.insert(name) {
                return Err(Error::data("this column occurs twice in the header")
                    .in_file(file)
                    .at_line(header.line())
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
            row.check_length(self.headers.len()).map_err(|error| error.in_file(&self.file))?;
            Ok(row)
        });
        Ok(rows)
    }

    /// An error at a cell.
    pub(crate) fn error_at(&self, row: &Row, column: usize, message: impl Into<String>) -> Error {
        Error::data(message).in_file(&self.file).at_line(row.line_of(column)).at_column(&self.headers[column])
    }

    /// An error of the table as a whole.
    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error::data(message).in_file(&self.file)
    }

    fn records(&self) -> Result<impl Iterator<Item = Result<Row>>> {
        let rows = Rows::new(files::open(&self.file)?, self.delimiter);
        Ok(rows.map(|row| row.map_err(|error| error.in_file(&self.file))))
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

    fn table(text: &str) -> Result<(tempfile::TempDir, Table)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.csv");
        files::write(&file, text).unwrap();
        Table::read(&file).map(|table| (folder, table))
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
}
