//! The rows of a delimited text, each with the line on which it truly stands.
//!
//! Every table of this kind is read through this: exports, plain tables, the table of records, the tables of classes and of
//! aliases. Lines may end in `\n`, `\r\n` or `\r`.

use std::io::{BufRead, Chain, Cursor, Read};

use silknow_errors::{Error, Result};

use crate::delimiter::{delimiter_line, delimiter_of, first_line};
use crate::encoding::{Utf8, as_windows_1252};

/// The most bytes that a row may have. More is a quote that is never closed, or no table.
const LARGEST_ROW_BYTES: usize = 16 << 20;

/// Reads rows one after the other; the header is the first. An error names the line, and leaves the file to the caller.
pub struct Rows<R> {
    from: Chain<Cursor<Vec<u8>>, Utf8<R>>,
    delimiter: u8,
    /// The line of the next byte, from 1.
    line: u64,
    /// True behind a `\r`, of which a `\n` is the second half.
    after_return: bool,
    /// The number of cells of the header, once it was read.
    columns: Option<usize>,
    /// True when nothing more can be read: at the end, and behind an error.
    ended: bool,
}

/// One row of text cells.
#[derive(Clone, Debug)]
pub struct Row {
    line: u64,
    text: String,
    /// Where each cell ends in the text.
    ends: Vec<usize>,
    /// The lines on which a quote opens and closes, where they are not the same.
    long_quote: Option<(u64, u64)>,
}

/// Where the reader is in a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte.
    Begin,
    /// In a cell without quotes.
    Bare,
    /// In quotes.
    Quoted,
    /// Behind a quote in quotes: it closes them, or is doubled.
    BehindQuote,
}

/// A row while it is read.
struct Unfinished {
    line: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    state: State,
    /// The line on which the quotes of the current cell open.
    opens: u64,
    long_quote: Option<(u64, u64)>,
}

impl<R: Read> Rows<R> {
    /// The rows of a text whose cells are separated by `delimiter`, in an encoding that [`Utf8`] reads.
    pub fn new(from: R, delimiter: u8) -> Self {
        Self::behind(Vec::new(), Utf8::new(from), delimiter)
    }

    /// The rows of a text whose delimiter is found in its first line: a comma, a semicolon, a tab or a `|`. Of those, it is
    /// the one that gives most of the `expected` headers, then the one that occurs most outside of quotes. A first line
    /// such as `sep=;`, which spreadsheet programs write and hide, names the delimiter and is passed over.
    ///
    /// # Errors
    /// What the reader refuses.
    pub fn sniffed(from: R, expected: &[&str]) -> Result<Self> {
        let mut from = Utf8::new(from);
        let mut begin = first_line(&mut from).map_err(unreadable)?;
        let mut line = 1;
        let mut named = None;
        if let Some(delimiter) = delimiter_line(&begin) {
            named = delimiter;
            begin = first_line(&mut from).map_err(unreadable)?;
            line = 2;
        }
        let delimiter = named.unwrap_or_else(|| delimiter_of(&begin, expected));
        Ok(Self { line, ..Self::behind(begin, from, delimiter) })
    }

    fn behind(begin: Vec<u8>, from: Utf8<R>, delimiter: u8) -> Self {
        let from = Cursor::new(begin).chain(from);
        Self { from, delimiter, line: 1, after_return: false, columns: None, ended: false }
    }

    /// The next row; `None` at the end.
    fn read(&mut self) -> Result<Option<Row>> {
        let mut row = Unfinished {
            line: self.line,
            bytes: Vec::new(),
            ends: Vec::new(),
            state: State::Begin,
            opens: 0,
            long_quote: None,
        };
        loop {
            let available = self.from.fill_buf().map_err(unreadable)?;
            if available.is_empty() {
                self.ended = true;
                return row.at_the_end(self.columns, self.delimiter);
            }
            let (mut used, mut complete) = (0, false);
            for &byte in available {
                used += 1;
                let second_half = byte == b'\n' && std::mem::take(&mut self.after_return);
                self.after_return = byte == b'\r';
                if second_half && row.state != State::Quoted {
                    // The line that `\r` ended is over already.
                    continue;
                }
                let breaks = matches!(byte, b'\n' | b'\r');
                if breaks && row.is_blank() {
                    self.line += 1;
                    row.line = self.line;
                    continue;
                }
                complete = row.take(byte, self.delimiter, self.line)?;
                self.line += u64::from(breaks && !second_half);
                if complete {
                    break;
                }
            }
            self.from.consume(used);
            if complete {
                return row.finish(self.columns, self.delimiter).map(Some);
            }
            if row.bytes.len() > LARGEST_ROW_BYTES {
                return Err(row.too_long());
            }
        }
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.read().transpose()?;
        match &row {
            Ok(row) => self.columns = self.columns.or(Some(row.len())),
            Err(_) => self.ended = true,
        }
        Some(row)
    }
}

impl Unfinished {
    /// True while nothing of the row was seen.
    fn is_blank(&self) -> bool {
        self.state == State::Begin && self.ends.is_empty()
    }

    /// Takes a byte that stands on `line`; true when it ends the row.
    fn take(&mut self, byte: u8, delimiter: u8, line: u64) -> Result<bool> {
        let breaks = matches!(byte, b'\n' | b'\r');
        match self.state {
            State::Begin if byte == b'"' => {
                self.state = State::Quoted;
                self.opens = line;
            }
            State::Quoted if byte == b'"' => self.state = State::BehindQuote,
            State::Quoted => self.bytes.push(byte),
            State::BehindQuote if byte == b'"' => {
                self.state = State::Quoted;
                self.bytes.push(b'"');
            }
            _ if byte == delimiter || breaks => {
                if self.state == State::BehindQuote && line > self.opens {
                    self.long_quote = Some((self.opens, line));
                }
                self.state = State::Begin;
                self.ends.push(self.bytes.len());
                return Ok(breaks);
            }
            State::BehindQuote if line > self.opens && !byte.is_ascii_whitespace() => {
                return Err(Error::data(
                    "the quote that opens here is never closed: the next one stands within another cell",
                )
                .at_line(self.opens)
                .hint(format!("{}; the next quote stands on line {line}", self.quote_hint())));
            }
            State::BehindQuote if byte.is_ascii_whitespace() && line > self.opens => {}
            State::Begin | State::Bare | State::BehindQuote => {
                self.state = State::Bare;
                self.bytes.push(byte);
            }
        }
        Ok(false)
    }

    /// The row that the end of the text ends.
    fn at_the_end(mut self, columns: Option<usize>, delimiter: u8) -> Result<Option<Row>> {
        if self.state == State::Quoted {
            let error = Error::data("the quote that opens here is never closed");
            return Err(error.at_line(self.opens).hint(self.quote_hint()));
        }
        if self.is_blank() {
            return Ok(None);
        }
        self.ends.push(self.bytes.len());
        self.finish(columns, delimiter).map(Some)
    }

    fn finish(self, columns: Option<usize>, delimiter: u8) -> Result<Row> {
        let Self { line, bytes, ends, long_quote, .. } = self;
        let text = match String::from_utf8(bytes) {
            Ok(text) if ends.iter().all(|end| text.is_char_boundary(*end)) => text,
            Ok(text) => return Err(not_utf8(text.as_bytes(), &ends, line)),
            Err(error) => return Err(not_utf8(error.as_bytes(), &ends, line)),
        };
        let row = Row { line, text, ends, long_quote };
        if let Some((opens, closes)) = long_quote
            && columns == Some(row.len())
            && row.holds_rows(delimiter)
        {
            let message =
                format!("the quote that opens here is closed on line {closes} only, and rows stand between them");
            return Err(Error::data(message)
                .at_line(opens)
                .hint("remove the quote, or close it in the same cell; inside quotes, a quote is written twice"));
        }
        Ok(row)
    }

    fn too_long(&self) -> Error {
        let mib = LARGEST_ROW_BYTES >> 20;
        if self.state == State::Quoted {
            return Error::data(format!("the quote that opens here is never closed within {mib} MiB"))
                .at_line(self.opens)
                .hint(self.quote_hint());
        }
        Error::data(format!("the row has more than {mib} MiB")).at_line(self.line).hint("check that this is a table")
    }

    fn quote_hint(&self) -> String {
        let cell = self.ends.len() + 1;
        format!(
            "it opens cell {cell} of its row: close the quote or remove it; inside quotes, a quote is written twice"
        )
    }
}

fn unreadable(cause: std::io::Error) -> Error {
    if cause.kind() == std::io::ErrorKind::InvalidData {
        return Error::data("the text cannot be read").caused_by(cause).hint("save the file with the encoding UTF-8");
    }
    Error::io("cannot read the table").caused_by(cause)
}

/// The error of a row on `line` whose bytes are not UTF-8.
fn not_utf8(bytes: &[u8], ends: &[usize], line: u64) -> Error {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let mut cells = starts.zip(ends).map(|(start, &end)| (start, &bytes[start..end]));
    let broken = cells.find_map(|(start, cell)| Some((start, cell, std::str::from_utf8(cell).err()?)));
    let (start, cell, valid) = broken.map_or((0, bytes, 0), |(start, cell, error)| (start, cell, error.valid_up_to()));
    let line = line + line_breaks(&bytes[..start + valid]);
    let shown: String = as_windows_1252(&cell[valid.saturating_sub(20)..]).chars().take(40).collect();
    Error::data("the text is not UTF-8").at_line(line).hint(format!(
        "save the file as \"CSV UTF-8\" (Excel) or with the encoding UTF-8; if it comes from Windows, this cell reads `{}`",
        shown.trim()
    ))
}

/// The number of line breaks: `\n`, `\r\n` or `\r`.
fn line_breaks(bytes: &[u8]) -> u64 {
    let breaks = bytes
        .iter()
        .enumerate()
        .filter(|&(position, &byte)| byte == b'\r' || byte == b'\n' && (position == 0 || bytes[position - 1] != b'\r'));
    breaks.count() as u64
}

impl Row {
    /// The number of cells.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True without cells.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a cell.
    ///
    /// # Panics
    /// When the row has no such column.
    pub fn cell(&self, column: usize) -> &str {
        let start = if column == 0 { 0 } else { self.ends[column - 1] };
        &self.text[start..self.ends[column]]
    }

    /// The texts of all cells.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|column| self.cell(column))
    }

    /// The line on which the row starts, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The line on which a cell starts: cells before it may hold line breaks.
    pub fn line_of(&self, column: usize) -> u64 {
        self.line + self.cells().take(column).map(|cell| line_breaks(cell.as_bytes())).sum::<u64>()
    }

    /// True when quotes open on one line and close on another.
    pub fn has_long_quote(&self) -> bool {
        self.long_quote.is_some()
    }

    /// Checks that the row has as many cells as the header. Further cells without a text do not count.
    ///
    /// # Errors
    /// Another number of cells; the line is named.
    pub fn check_length(&self, columns: usize) -> Result<()> {
        if self.len() == columns || self.len() > columns && self.cells().skip(columns).all(str::is_empty) {
            return Ok(());
        }
        let error = Error::data(format!("the row has {} cells, the header {columns}", self.len())).at_line(self.line);
        Err(match self.long_quote {
            Some((opens, closes)) => error.hint(format!(
                "a quote opens on line {opens} and is closed on line {closes} only: is one of the two a stray quote?"
            )),
            None => {
                error.hint("a cell with a separator, a quote or a line break in it must stand in closed double quotes")
            }
        })
    }

    /// True when a quoted cell looks as if it had swallowed rows: split at line breaks and delimiters, its text gives exactly
    /// the cells of whole rows that its own row lacks, and these rows look like this one.
    fn holds_rows(&self, delimiter: u8) -> bool {
        let delimiters = |line: &str| line.bytes().filter(|&byte| byte == delimiter).count();
        let last = self.len() - 1;
        let swallows = |column: usize| {
            let lines: Vec<&str> = self.cell(column).split(['\n', '\r']).filter(|line| !line.is_empty()).collect();
            let [first, middle @ .., end] = lines.as_slice() else { return false };
            let in_place = delimiters(first) == last - column
                && delimiters(end) == column
                && middle.iter().all(|line| delimiters(line) == last);
            let first_cell = |line: &str| line.split(char::from(delimiter)).next().unwrap_or_default().to_owned();
            let alike = || lines[1..].iter().any(|line| is_like(&first_cell(self.cell(0)), &first_cell(line)));
            last > 0 && in_place && (last > 1 && !middle.is_empty() || alike())
        };
        (0..self.len()).any(|column| self.cell(column).contains(['\n', '\r']) && swallows(column))
    }
}

/// True for two texts with the same ending of a file name, the same scheme of an address, or digits only.
fn is_like(one: &str, other: &str) -> bool {
    let ending =
        |text: &str| text.trim().rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).filter(|it| it.len() < 5);
    let scheme = |text: &str| text.trim().split_once("://").map(|(scheme, _)| scheme.to_lowercase());
    let is_number = |text: &str| !text.trim().is_empty() && text.trim().bytes().all(|byte| byte.is_ascii_digit());
    let same = |one: Option<String>, other: Option<String>| one.is_some() && one == other;
    same(ending(one), ending(other)) || same(scheme(one), scheme(other)) || is_number(one) && is_number(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str) -> Vec<Row> {
        Rows::new(text.as_bytes(), b',').map(Result::unwrap).collect()
    }

    fn cells(rows: Rows<&[u8]>) -> Vec<Vec<String>> {
        rows.map(|row| row.unwrap().cells().map(str::to_owned).collect()).collect()
    }

    fn error(text: &str) -> String {
        let error = Rows::new(text.as_bytes(), b',').find_map(Result::err).expect("an error");
        error.in_file("t").to_string()
    }

    #[test]
    fn lines_are_those_of_the_text_with_breaks_in_cells_and_blank_lines() {
        for newline in ["\n", "\r\n", "\r"] {
            let rows = rows(&["a,b", "1,2", "", "\"x", "y\",\"z", "\"", "3,4"].join(newline));
            assert_eq!(rows.iter().map(Row::line).collect::<Vec<_>>(), [1, 2, 4, 7], "{newline:?}");
            assert_eq!(rows[2].line_of(1), 5, "{newline:?}");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_is_named_where_it_opens() {
        for newline in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "1,2", "\"x", "y\",3", "4,\"ES", "5,6", "7,8", ""].join(newline);
            let message = error(&text);
            assert!(
                message.starts_with("t:5: the quote that opens here is never closed\nhint: it opens cell 2"),
                "{message}"
            );
        }
        assert!(error("a,\"b").starts_with("t:1: the quote that opens here is never closed"));
        assert!(error("\"").starts_with("t:1: the quote that opens here is never closed"));
    }

    #[test]
    fn a_quote_that_the_next_quoted_cell_closes_is_named_where_it_opens() {
        for later in ["5,\"FR\"", "5,\"FR", "\"5\",FR"] {
            let message = error(&format!("a,b\n1,2\n3,\"ES\n4,UK\n{later}\n"));
            assert!(message.starts_with("t:3: the quote that opens here is never closed"), "{later}: {message}");
            assert!(message.contains("stands on line 5"), "{later}: {message}");
        }
    }

    #[test]
    fn a_quote_that_is_closed_after_whole_rows_is_named_where_it_opens() {
        for text in [
            "i,m,p\n0.jpg,silk,ES\n1.jpg,gold,\"ES\n2.jpg,wool,FR\n3.jpg,silk,FR\"\n",
            "i,m,p\n0.jpg,silk,ES\n1.jpg,gold,\"ES\n2.jpg,wool,FR\"\n",
            "i,m,p\n0.jpg,silk,ES\n1.jpg,\"gold,ES\n2.jpg,wool\",FR\n",
            "i,m\n0.jpg,silk\n\"1.jpg,gold\n2.jpg\",wool\n",
            "i,m\n0,silk\n1,\"gold\n2,wool\"\n",
        ] {
            assert!(error(text).starts_with("t:3: the quote that opens here is closed on line "), "{}", error(text));
        }
        let row = &rows("i,m,p\n1.jpg,\"ES\n2.jpg,FR\"\n")[1];
        let message = row.check_length(3).unwrap_err().to_string();
        assert!(message.contains("a quote opens on line 2 and is closed on line 3 only"), "{message}");
    }

    #[test]
    fn a_text_of_several_lines_is_no_swallowed_row() {
        for text in [
            "i,m\na.jpg,\"one\ntwo, three\"\n",
            "i,m,n\na.jpg,\"one, two\nthree\nfour\" ,x\n",
            "i,m\na.jpg,\"x\n\n\"\n",
        ] {
            assert_eq!(rows(text).len(), 2, "{text:?}");
        }
    }

    #[test]
    fn the_delimiter_is_found_or_named() {
        let read = |text: &'static str, expected: &[&str]| cells(Rows::sniffed(text.as_bytes(), expected).unwrap());
        for delimiter in [",", ";", "\t", "|"] {
            let text = ["a", "b,c\n1", "2\n"].join(delimiter).replace("b,c", "\"b,c\"");
            assert_eq!(cells(Rows::sniffed(text.as_bytes(), &[]).unwrap()), [["a", "b,c"], ["1", "2"]]);
        }
        assert_eq!(read("sep=;\r\na,b;c\r\n1;2", &[]), [["a,b", "c"], ["1", "2"]]);
        assert_eq!(read("SEP=\t\ra\tb\r1\t2\r", &[]), [["a", "b"], ["1", "2"]]);
        assert_eq!(read("\"sep=|\"\na|b", &[]), [["a", "b"]]);
        assert_eq!(read("sep=\na;b", &[]), [["a", "b"]]);
        assert_eq!(read("image_file,x;y;z\n1,2", &["image_file"]), [["image_file", "x;y;z"], ["1", "2"]]);
        assert_eq!(read("", &[]), [[""; 0]; 0]);
        assert_eq!(Rows::sniffed("sep=;\r\n\r\na;b\r\n".as_bytes(), &[]).unwrap().next().unwrap().unwrap().line(), 3);
    }

    #[test]
    fn halves_of_a_character_in_two_cells_are_not_one() {
        let row = Rows::new(b"a\xc3,\xa9b".as_slice(), b',').next().unwrap();
        assert!(row.unwrap_err().to_string().contains("not UTF-8"));
    }

    #[test]
    fn text_that_is_not_utf8_is_shown_as_windows_would() {
        let message =
            Rows::new(b"a,b\n\"x\ny\",caf\xe9".as_slice(), b',').nth(1).unwrap().unwrap_err().in_file("t").to_string();
        assert!(message.starts_with("t:3: the text is not UTF-8") && message.contains("reads `café`"), "{message}");
    }

    #[test]
    fn a_quote_that_opens_a_huge_cell_is_not_read_to_its_end() {
        let text = std::io::repeat(b'x').take(1 << 40);
        let row = Rows::new(b"a,b\n1,\"".chain(text), b',').nth(1).unwrap();
        assert!(row.unwrap_err().to_string().contains("never closed within 16 MiB"));
    }

    proptest! {
        #[test]
        fn every_row_has_the_line_on_which_it_was_written(
            rows in proptest::collection::vec(("[a-z\n]{0,4}", "[a-z;\n]{1,4}", 0..3usize), 0..12),
            newline in proptest::sample::select(vec!["\n", "\r\n", "\r"]),
        ) {
            let mut text = "a,b\n".to_owned();
            let mut lines = vec![1];
            for (first, second, blanks) in &rows {
                text.push_str(&"\n".repeat(*blanks));
                lines.push(1 + text.matches('\n').count() as u64);
                text.push_str(&format!("\"{first}\",\"{second}\"\n"));
            }
            let read = self::rows(&text.replace('\n', newline));
            prop_assert_eq!(read.iter().map(Row::line).collect::<Vec<_>>(), lines);
            for (row, (first, second, _)) in read[1..].iter().zip(&rows) {
                prop_assert_eq!((row.cell(0), row.cell(1)), (&*first.replace('\n', newline), &*second.replace('\n', newline)));
            }
        }

        /// The crate `csv` is the reference for texts whose quotes are closed on their lines.
        #[test]
        fn cells_are_those_of_another_reader(
            lines in proptest::collection::vec("([a-c \"]{0,3}|\"[a,;]{0,3}\"|\"([a,]|\"\"){0,3}\")(,([a-c \"]{0,3}|\"[a,]{0,3}\")){0,3}", 0..8),
            newline in proptest::sample::select(vec!["\n", "\r\n", "\r"]),
        ) {
            let text = lines.join(newline);
            let ours: Option<Vec<Vec<String>>> = Rows::new(text.as_bytes(), b',')
                .map(|row| row.ok().map(|row| row.cells().map(|cell| cell.trim_end().to_owned()).collect()))
                .collect();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> =
                reader.records().map(|row| row.unwrap().iter().map(|cell| cell.trim_end().to_owned()).collect()).collect();
            // Where a quote stays open, there is an error in place of a row.
            if let Some(ours) = ours {
                prop_assert_eq!(ours, theirs);
            }
        }
    }
}
