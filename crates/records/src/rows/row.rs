//! One row of a delimited text: its cells, and the lines on which they stand.

use silknow_errors::counts::counted;
use silknow_errors::{Error, Result};

/// One row of text cells.
#[derive(Clone, Debug)]
pub struct Row {
    pub(super) line: u64,
    pub(super) text: String,
    /// Where each cell ends in the text.
    pub(super) ends: Vec<usize>,
    /// The lines on which a quote opens and closes, where they are not the same.
    pub(super) long_quote: Option<(u64, u64)>,
}

/// The number of line breaks: `\n`, `\r\n` or `\r`.
pub(super) fn line_breaks(bytes: &[u8]) -> u64 {
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
        let error = Error::data(format!("the row has {}, the header {columns}", counted(self.len(), "cell", "cells")))
            .at_line(self.line);
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
    pub(super) fn holds_rows(&self, delimiter: u8) -> bool {
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
