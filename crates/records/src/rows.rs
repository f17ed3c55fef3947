//! The rows of a comma-separated text, each with the line on which it truly stands.
//!
//! The table of records and the tables that datasets are made from are read through this.

use std::collections::VecDeque;
use std::io::Read;

use silknow_errors::{Error, Result};

/// Reads rows one after the other; the header is the first. An error names the line, and leaves the file to the caller.
pub struct Rows<R> {
    reader: csv::Reader<Lines<R>>,
}

/// One row of text cells.
#[derive(Clone, Debug)]
pub struct Row {
    line: u64,
    cells: csv::StringRecord,
}

impl<R: Read> Rows<R> {
    /// The rows of a UTF-8 text whose cells are separated by `delimiter`. A byte-order mark is passed over.
    pub fn new(from: R, delimiter: u8) -> Self {
        let mut builder = csv::ReaderBuilder::new();
        builder.delimiter(delimiter).has_headers(false).flexible(true);
        Self { reader: builder.from_reader(Lines::new(from)) }
    }

    /// The row as text, which starts on `line`.
    fn decoded(bytes: csv::ByteRecord, line: u64) -> Result<Row> {
        csv::StringRecord::from_byte_record(bytes).map(|cells| Row { line, cells }).map_err(|error| {
            let (column, valid) = (error.utf8_error().field(), error.utf8_error().valid_up_to());
            let bytes = error.into_byte_record();
            let before = bytes.iter().take(column).chain([&bytes[column][..valid]]).flatten();
            Error::data("the text is not UTF-8")
                .at_line(line + before.filter(|&&byte| byte == b'\n').count() as u64)
                .hint("save the file with the encoding UTF-8")
        })
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = csv::ByteRecord::new();
        match self.reader.read_byte_record(&mut bytes) {
            Ok(false) => None,
            Ok(true) => {
                let start = bytes.position().map_or(0, csv::Position::byte);
                Some(Self::decoded(bytes, self.reader.get_mut().line_at(start)))
            }
            Err(cause) => Some(Err(Error::io("cannot read the table").caused_by(cause))),
        }
    }
}

impl Row {
    /// The number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// True without cells.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The text of a cell.
    ///
    /// # Panics
    /// When the row has no such column.
    pub fn cell(&self, column: usize) -> &str {
        &self.cells[column]
    }

    /// The texts of all cells.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.cells.iter()
    }

    /// The line on which the row starts, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The line on which a cell starts: cells before it may hold line breaks.
    pub fn line_of(&self, column: usize) -> u64 {
        let breaks = self.cells.iter().take(column).flat_map(str::bytes).filter(|&byte| byte == b'\n').count();
        self.line + breaks as u64
    }

    /// Checks that the row has as many cells as the header.
    ///
    /// # Errors
    /// Another number of cells; the line is named.
    pub fn check_length(&self, columns: usize) -> Result<()> {
        if self.len() == columns {
            return Ok(());
        }
        Err(Error::data(format!("the row has {} cells, the header {columns}", self.len()))
            .at_line(self.line)
            .hint("a cell with a separator, a quote or a line break in it must stand in closed double quotes"))
    }
}

/// Passes bytes on and remembers where lines end.
///
/// The line numbers of the crate `csv` are too small by one after `\r\n` and after blank lines.
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
    /// The reader's offset may be that of a blank line before the record, or of the `\n` of a `\r\n`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str) -> Vec<Row> {
        Rows::new(text.as_bytes(), b',').map(Result::unwrap).collect()
    }

    #[test]
    fn lines_are_those_of_the_text_with_breaks_in_cells_and_blank_lines() {
        for newline in ["\n", "\r\n"] {
            let rows = rows(&["a,b", "1,2", "", "\"x", "y\",\"z", "\"", "3,4"].join(newline));
            assert_eq!(rows.iter().map(Row::line).collect::<Vec<_>>(), [1, 2, 4, 7], "{newline:?}");
            assert_eq!(rows[2].line_of(1), 5);
        }
    }

    proptest! {
        #[test]
        fn every_row_has_the_line_on_which_it_was_written(
            rows in proptest::collection::vec(("[a-z\n]{0,4}", "[a-z,\r\n]{1,4}", 0..3usize), 0..12),
            newline in proptest::sample::select(vec!["\n", "\r\n"]),
        ) {
            let mut text = format!("a,b{newline}");
            let mut lines = vec![1];
            for (first, second, blanks) in &rows {
                text.push_str(&newline.repeat(*blanks));
                lines.push(1 + text.matches('\n').count() as u64);
                text.push_str(&format!("\"{first}\",\"{second}\"{newline}"));
            }
            let read = self::rows(&text);
            prop_assert_eq!(read.iter().map(Row::line).collect::<Vec<_>>(), lines);
            for (row, (first, second, _)) in read[1..].iter().zip(&rows) {
                prop_assert_eq!((row.cell(0), row.cell(1)), (first.as_str(), second.as_str()));
            }
        }
    }
}
