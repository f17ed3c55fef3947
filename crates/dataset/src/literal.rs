//! Python list literals, as they stand in the cells of a knowledge-graph export: `['a', "b"]`.
//!
//! This is the syntax of one cell. The reader of the table ([`crate::export`]) adds file, line and column to errors and
//! knows what the entries mean.

use std::fmt;
use std::iter::Peekable;
use std::str::CharIndices;

use silknow_records::is_missing;

/// What is wrong in a literal, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiteralError {
    /// Byte offset into the cell.
    pub offset: usize,
    /// What was found or missed there.
    pub message: String,
}

impl fmt::Display for LiteralError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {} of the cell)", self.message, self.offset + 1)
    }
}

impl std::error::Error for LiteralError {}

/// The entries of a cell: those of its list, or the cell itself where it is a bare or quoted scalar.
///
/// An empty cell, `nan` and `None` have no entries. Inside a list, `nan`, `None` and empty texts are left out.
///
/// # Errors
/// A literal that is not closed or is followed by something, or holds anything but texts, numbers and `None`.
pub fn parse_entries(cell: &str) -> Result<Vec<String>, LiteralError> {
    let start = cell.len() - cell.trim_start().len();
    let mut parser = Parser { cell, characters: cell.char_indices().peekable() };
    let mut entries = match cell[start..].chars().next() {
        None => Vec::new(),
        Some('[') => parser.list()?,
        Some('\'' | '"') => {
            parser.skip_spaces();
            let entry = parser.quoted()?;
            parser.end()?;
            vec![entry]
        }
        Some(_) => vec![cell.trim().to_owned()],
    };
    entries.retain(|entry| !is_missing(entry) && entry != "None");
    Ok(entries)
}

struct Parser<'a> {
    cell: &'a str,
    characters: Peekable<CharIndices<'a>>,
}

impl Parser<'_> {
    fn list(&mut self) -> Result<Vec<String>, LiteralError> {
        self.skip_spaces();
        self.characters.next();
        let mut entries = Vec::new();
        loop {
            self.skip_spaces();
            match self.characters.peek().copied() {
                None => return Err(self.not_closed()),
                Some((_, ']')) => break,
                Some((_, '\'' | '"')) => entries.push(self.quoted()?),
                Some(_) => entries.push(self.bare()?),
            }
            self.skip_spaces();
            match self.characters.peek().copied() {
                Some((_, ',')) => {
                    self.characters.next();
                }
                Some((_, ']')) => {}
                Some((_, found)) => {
                    return Err(self.error_here(format!("expected `,` or `]`, found `{found}`")));
                }
                None => return Err(self.not_closed()),
            }
        }
        self.characters.next();
        self.end()?;
        Ok(entries)
    }

    /// An unquoted entry: a number, a boolean, `nan` or `None`.
    fn bare(&mut self) -> Result<String, LiteralError> {
        let start = self.offset();
        while self.characters.next_if(|&(_, c)| c != ',' && c != ']').is_some() {}
        let entry = self.cell[start..self.offset()].trim();
        if entry.parse::<f64>().is_ok() || ["None", "True", "False"].contains(&entry) {
            Ok(entry.to_owned())
        } else {
            let message = if entry.is_empty() {
                "an entry is missing before `,`".to_owned()
            } else {
                format!("the entry `{entry}` is not in quotes")
            };
            Err(LiteralError { offset: start, message })
        }
    }

    fn quoted(&mut self) -> Result<String, LiteralError> {
        let start = self.offset();
        let (_, quote) = self.characters.next().expect("the caller saw the opening quote");
        let mut text = String::new();
        while let Some((offset, character)) = self.characters.next() {
            match character {
                '\\' => self.escape(offset, &mut text)?,
                found if found == quote => return Ok(text),
                other => text.push(other),
            }
        }
        Err(LiteralError { offset: start, message: format!("the text is not closed by {quote}") })
    }

    /// Reads what follows the backslash at `offset`. When the cell ends there, the caller reports that the quote is not
    /// closed.
    fn escape(&mut self, offset: usize, text: &mut String) -> Result<(), LiteralError> {
        let Some((_, kind)) = self.characters.next() else { return Ok(()) };
        match kind {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'a' => text.push('\u{7}'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'v' => text.push('\u{b}'),
            '\\' | '\'' | '"' => text.push(kind),
            // A backslash at the end of a line joins it with the next.
            '\n' => {}
            'x' => text.push(self.code_point(offset, 2)?),
            'u' => text.push(self.code_point(offset, 4)?),
            'U' => text.push(self.code_point(offset, 8)?),
            '0'..='7' => {
                let mut value = kind as u32 - '0' as u32;
                for _ in 0..2 {
                    let Some((_, digit)) = self.characters.next_if(|(_, c)| ('0'..='7').contains(c)) else { break };
                    value = value * 8 + (digit as u32 - '0' as u32);
                }
                text.push(char::from_u32(value).expect("three octal digits are at most 511, which is a character"));
            }
            // Python keeps a backslash when the character behind it does not form an escape.
            other => text.extend(['\\', other]),
        }
        Ok(())
    }

    fn code_point(&mut self, offset: usize, digits: usize) -> Result<char, LiteralError> {
        let invalid = |message: String| LiteralError { offset, message };
        let mut value = 0u32;
        for _ in 0..digits {
            let digit = self
                .characters
                .next_if(|(_, c)| c.is_ascii_hexdigit())
                .and_then(|(_, c)| c.to_digit(16))
                .ok_or_else(|| invalid(format!("an escape needs {digits} hexadecimal digits")))?;
            value = value << 4 | digit;
        }
        char::from_u32(value).ok_or_else(|| invalid(format!("the escape U+{value:04X} is no character")))
    }

    fn end(&mut self) -> Result<(), LiteralError> {
        self.skip_spaces();
        match self.characters.peek().copied() {
            None => Ok(()),
            Some((_, found)) => Err(self.error_here(format!("`{found}` stands behind the end of the value"))),
        }
    }

    fn skip_spaces(&mut self) {
        while self.characters.next_if(|(_, c)| c.is_whitespace()).is_some() {}
    }

    fn offset(&mut self) -> usize {
        self.characters.peek().map_or(self.cell.len(), |&(offset, _)| offset)
    }

    fn not_closed(&mut self) -> LiteralError {
        self.error_here("the list is not closed by `]`".to_owned())
    }

    fn error_here(&mut self, message: String) -> LiteralError {
        LiteralError { offset: self.offset(), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entries(cell: &str) -> Vec<String> {
        parse_entries(cell).unwrap()
    }

    #[test]
    fn lists_with_both_quotes_commas_and_escapes_are_read() {
        assert_eq!(entries(r#"['a', "b"]"#), ["a", "b"]);
        assert_eq!(entries(r#" [ 'one, two' , "it's" ,] "#), ["one, two", "it's"]);
        assert_eq!(entries(r"['Hudson\'s Bay \\ \x41\u00e9\U0001F600\t\n\101']"), ["Hudson's Bay \\ Aé😀\t\nA"]);
        assert_eq!(entries(r"['\d kept']"), [r"\d kept"]);
        assert_eq!(entries("[1, 2.5, None, nan, 'nan', '']"), ["1", "2.5"]);
    }

    #[test]
    fn scalars_and_missing_values_are_read() {
        assert_eq!(entries("ES"), ["ES"]);
        assert_eq!(entries(" 'quoted' "), ["quoted"]);
        assert_eq!(entries("https://example.org/a,b.jpg"), ["https://example.org/a,b.jpg"]);
        assert_eq!(entries("12.5"), ["12.5"]);
        assert_eq!(entries("(unknown)"), ["(unknown)"]);
        for cell in ["", "  ", "nan", "NaN", "None", "[]", "[ ]", "[None]"] {
            assert!(entries(cell).is_empty(), "{cell:?}");
        }
    }

    #[test]
    fn broken_literals_say_what_is_wrong_and_where() {
        for (cell, expected) in [
            ("['a', 'b'", "not closed by `]`"),
            ("['a, b]", "the text is not closed by '"),
            ("['a' 'b']", "expected `,` or `]`, found `'` (byte 6"),
            ("['a'] x", "`x` stands behind the end"),
            ("[a, b]", "`a` is not in quotes (byte 2"),
            ("['a',, 'b']", "an entry is missing"),
            ("[['a']]", "is not in quotes"),
            (r"['\x4']", "needs 2 hexadecimal digits"),
            (r"['\ud800']", "U+D800 is no character"),
            (r"['a\", "not closed"),
        ] {
            let message = parse_entries(cell).unwrap_err().to_string();
            assert!(message.contains(expected), "{cell}: {message}");
        }
    }

    /// Writes a list the way Python's `repr` does, with quotes and escapes of every kind.
    fn python_list(entries: &[String], double: bool) -> String {
        let quote = if double { '"' } else { '\'' };
        let escaped = entries.iter().map(|entry| {
            let inner: String = entry
                .chars()
                .map(|character| match character {
                    '\\' => r"\\".to_owned(),
                    '\n' => r"\n".to_owned(),
                    found if found == quote => format!("\\{quote}"),
                    other if (other as u32) < 0x20 => format!("\\x{:02x}", other as u32),
                    other => other.to_string(),
                })
                .collect();
            format!("{quote}{inner}{quote}")
        });
        format!("[{}]", escaped.collect::<Vec<_>>().join(", "))
    }

    proptest! {
        #[test]
        fn a_written_list_is_read_back(entries in proptest::collection::vec(".{1,12}", 0..6), double: bool) {
            let expected: Vec<String> =
                entries.iter().filter(|entry| !is_missing(entry) && *entry != "None").cloned().collect();
            prop_assert_eq!(parse_entries(&python_list(&entries, double)).unwrap(), expected);
        }

        #[test]
        fn no_cell_makes_the_reader_panic(cell in "\\PC{0,40}", brackets in "[\\[\\]'\"\\\\,xu0-9 ]{0,20}") {
            let _ = parse_entries(&cell);
            let _ = parse_entries(&brackets);
        }
    }
}
