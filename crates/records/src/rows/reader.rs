//! Reading rows one after the other.

use std::io::{BufRead, Chain, Cursor, Read};

use silknow_errors::{Error, Result};

use crate::delimiter::{delimiter_line, delimiter_of, first_line, has_delimiter};
use crate::encoding::{Utf8, as_windows_1252};
use crate::rows::row::{Row, line_breaks};

/// The most bytes that a row may have. More is a quote that is never closed, or no table.
const LARGEST_ROW_BYTES: usize = 16 << 20;

/// The lines among which the first with a delimiter is looked for.
const LINES_LOOKED_AT: usize = 20;

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
    /// The bytes of the row before, about which the next one takes, too.
    bytes: usize,
    /// True when nothing more can be read: at the end, and behind an error.
    ended: bool,
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
    /// Behind blanks behind the quote that closes quotes which opened on an earlier line.
    Closed,
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

    /// The rows of a text whose delimiter is found in the first line that has one: a comma, a semicolon, a tab or a `|`. Of those, it is
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
        let delimiter = match named {
            Some(named) => named,
            None => {
                // A title without delimiters may stand above the header.
                let mut header = begin.clone();
                for _ in 0..LINES_LOOKED_AT {
                    if has_delimiter(&header) {
                        break;
                    }
                    header = first_line(&mut from).map_err(unreadable)?;
                    if header.is_empty() {
                        break;
                    }
                    begin.extend_from_slice(&header);
                }
                delimiter_of(&header, expected)
            }
        };
        Ok(Self { line, ..Self::behind(begin, from, delimiter) })
    }

    fn behind(begin: Vec<u8>, from: Utf8<R>, delimiter: u8) -> Self {
        let from = Cursor::new(begin).chain(from);
        Self { from, delimiter, line: 1, after_return: false, columns: None, bytes: 0, ended: false }
    }

    /// The next row; `None` at the end.
    fn read(&mut self) -> Result<Option<Row>> {
        let mut row = Unfinished {
            line: self.line,
            bytes: Vec::with_capacity(self.bytes),
            ends: Vec::with_capacity(self.columns.unwrap_or_default()),
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
            while let Some(&byte) = available.get(used) {
                let plain = row.take_plain(&available[used..], self.delimiter);
                if plain > 0 {
                    used += plain;
                    self.after_return = false;
                    continue;
                }
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
            Ok(row) => {
                self.columns = self.columns.or(Some(row.len()));
                self.bytes = row.text.len();
            }
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

    /// Takes the bytes up to the next that has a meaning, and tells their number.
    fn take_plain(&mut self, bytes: &[u8], delimiter: u8) -> usize {
        let is_break = |byte: u8| byte == b'\n' || byte == b'\r';
        let end = match self.state {
            State::Begin if bytes.first() == Some(&b'"') => Some(0),
            State::Begin | State::Bare => bytes.iter().position(|&byte| byte == delimiter || is_break(byte)),
            State::Quoted => bytes.iter().position(|&byte| byte == b'"' || is_break(byte)),
            State::BehindQuote | State::Closed => Some(0),
        };
        let plain = end.unwrap_or(bytes.len());
        if plain > 0 && self.state == State::Begin {
            self.state = State::Bare;
        }
        self.bytes.extend_from_slice(&bytes[..plain]);
        plain
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
                if matches!(self.state, State::BehindQuote | State::Closed) && line > self.opens {
                    self.long_quote = Some((self.opens, line));
                }
                self.state = State::Begin;
                self.ends.push(self.bytes.len());
                return Ok(breaks);
            }
            State::BehindQuote | State::Closed if line > self.opens && !byte.is_ascii_whitespace() => {
                return Err(Error::data(
                    "the quote that opens here is never closed: the next one stands within another cell",
                )
                .at_line(self.opens)
                .hint(format!("{}; the next quote stands on line {line}", self.quote_hint())));
            }
            State::BehindQuote | State::Closed if line > self.opens => self.state = State::Closed,
            State::Begin | State::Bare | State::BehindQuote | State::Closed => {
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
