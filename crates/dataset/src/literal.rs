//! Python literals, as they stand in the cells of a knowledge-graph export: `['a', "b"]`, `[u'a']`, `('a',)`.
//!
//! This is the syntax of one cell, as Python's `ast.literal_eval` reads it. The reader of the table ([`crate::export`]) adds
//! file, line and column to errors and knows what the entries mean.

use std::fmt;
use std::iter::Peekable;
use std::str::CharIndices;

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

/// The deepest that lists and tuples may stand within each other.
const DEEPEST: usize = 16;

/// The entries of a cell: those of its list or tuple, of lists and tuples within it too, or the cell itself where it is a
/// bare or quoted scalar.
///
/// An empty cell has no entry; `None`, `nan` without quotes and empty texts are none.
///
/// # Errors
/// A literal that is not closed or is followed by something, or holds anything but texts, numbers, truth values and `None`.
/// A cell that begins with `(` must be a tuple. Two texts side by side are refused, though Python joins them: arrays are
/// printed so.
pub fn parse_entries(cell: &str) -> Result<Vec<String>, LiteralError> {
    let mut parser = Parser { cell, characters: cell.char_indices().peekable() };
    parser.skip_spaces();
    let begin = &cell[parser.offset()..];
    let mut entries = Vec::new();
    match begin.chars().next() {
        None => {}
        Some('[' | '(') => {
            parser.sequence(&mut entries, DEEPEST)?;
            parser.end()?;
        }
        Some(_) if prefix_of(begin).is_some() => {
            entries.push(parser.quoted()?);
            parser.end()?;
        }
        Some(_) => entries.push(begin.trim_end().to_owned()),
    }
    entries.retain(|entry| !entry.is_empty() && entry != "None" && !entry.eq_ignore_ascii_case("nan"));
    Ok(entries)
}

/// The letters before a quote that say how a text is written: `u`, `b` and `r`, in either case.
fn prefix_of(text: &str) -> Option<&str> {
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let prefix = &text[..length];
    let known = ["", "u", "b", "r", "br", "rb", "ur"].iter().any(|known| prefix.eq_ignore_ascii_case(known));
    (known && text[length..].starts_with(['\'', '"'])).then_some(prefix)
}

struct Parser<'a> {
    cell: &'a str,
    characters: Peekable<CharIndices<'a>>,
}

impl Parser<'_> {
    /// Reads a list or a tuple, at whose opening bracket the parser stands.
    fn sequence(&mut self, entries: &mut Vec<String>, depth: usize) -> Result<(), LiteralError> {
        let start = self.offset();
        let (closing, kind) = match self.characters.next() {
            Some((_, '(')) => (')', "tuple"),
            _ => (']', "list"),
        };
        if depth == 0 {
            return Err(LiteralError { offset: start, message: format!("more than {DEEPEST} brackets are open") });
        }
        let not_closed = |parser: &mut Self| parser.error_here(format!("the {kind} is not closed by `{closing}`"));
        loop {
            self.skip_spaces();
            match self.characters.peek().copied() {
                None => return Err(not_closed(self)),
                Some((_, found)) if found == closing => break,
                Some((_, '[' | '(')) => self.sequence(entries, depth - 1)?,
                Some((offset, _)) if prefix_of(&self.cell[offset..]).is_some() => entries.push(self.quoted()?),
                Some(_) => entries.push(self.bare()?),
            }
            self.skip_spaces();
            match self.characters.peek().copied() {
                Some((_, ',')) => {
                    self.characters.next();
                }
                Some((_, found)) if found == closing => {}
                Some((_, found)) => {
                    return Err(self.error_here(format!("expected `,` or `{closing}`, found `{found}`")));
                }
                None => return Err(not_closed(self)),
            }
        }
        self.characters.next();
        Ok(())
    }

    /// An unquoted entry: a number, a boolean, `nan` or `None`.
    fn bare(&mut self) -> Result<String, LiteralError> {
        let start = self.offset();
        while self.characters.next_if(|&(_, c)| !matches!(c, ',' | ']' | ')')).is_some() {}
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

    /// Reads a text with its quotes and what may stand before them. Bytes (`b'...'`) are UTF-8, or else Latin-1.
    fn quoted(&mut self) -> Result<String, LiteralError> {
        let start = self.offset();
        let mut prefix = String::new();
        while let Some((_, letter)) = self.characters.next_if(|(_, c)| c.is_ascii_alphabetic()) {
            prefix.push(letter.to_ascii_lowercase());
        }
        let (is_raw, is_bytes) = (prefix.contains('r'), prefix.contains('b'));
        let not_closed = |quote| LiteralError { offset: start, message: format!("the text is not closed by {quote}") };
        let Some((_, quote)) = self.characters.next() else { return Err(not_closed('\'')) };
        let mut text = String::new();
        while let Some((offset, character)) = self.characters.next() {
            match character {
                '\\' if is_raw => {
                    text.push('\\');
                    text.extend(self.characters.next().map(|(_, escaped)| escaped));
                }
                '\\' => self.escape(offset, &mut text)?,
                found if found == quote && is_bytes => return Ok(text_of_bytes(text)),
                found if found == quote => return Ok(text),
                other => text.push(other),
            }
        }
        Err(not_closed(quote))
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
            'u' => text.push(self.unit_or_pair(offset)?),
            'N' => {
                let message = "characters are not read by their names (\\N)".to_owned();
                return Err(LiteralError { offset, message });
            }
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
        let value = self.hexadecimal(offset, digits)?;
        let message = format!("the escape U+{value:04X} is no character");
        char::from_u32(value).ok_or(LiteralError { offset, message })
    }

    /// A character written by one escape of four digits, or by two, as Python 2 did.
    fn unit_or_pair(&mut self, offset: usize) -> Result<char, LiteralError> {
        let first = self.hexadecimal(offset, 4)?;
        let message = format!("the escape U+{first:04X} is no character");
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let invalid = LiteralError { offset, message };
        if !(0xd800..0xdc00).contains(&first) || !self.cell[self.offset()..].starts_with("\\u") {
            return Err(invalid);
        }
        self.characters.nth(1);
        let second = self.hexadecimal(offset, 4)?;
        let pair = [first as u16, second as u16];
        char::decode_utf16(pair).next().and_then(std::result::Result::ok).ok_or(invalid)
    }

    fn hexadecimal(&mut self, offset: usize, digits: usize) -> Result<u32, LiteralError> {
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
        Ok(value)
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

    fn error_here(&mut self, message: String) -> LiteralError {
        LiteralError { offset: self.offset(), message }
    }
}

/// Bytes, each held as the character of its number, as text.
fn text_of_bytes(bytes: String) -> String {
    let numbers: Option<Vec<u8>> = bytes.chars().map(|byte| u8::try_from(byte as u32).ok()).collect();
    numbers.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(bytes)
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
        assert_eq!(entries("[1, 2.5, None, nan, 'nan', '', True]"), ["1", "2.5", "True"]);
    }

    #[test]
    fn scalars_and_missing_values_are_read() {
        assert_eq!(entries("ES"), ["ES"]);
        assert_eq!(entries(" 'quoted' "), ["quoted"]);
        assert_eq!(entries("https://example.org/a,b.jpg"), ["https://example.org/a,b.jpg"]);
        assert_eq!(entries("12.5"), ["12.5"]);
        for cell in ["", "  ", "nan", "NaN", "None", "[]", "[ ]", "[None]", "()", "[()]"] {
            assert!(entries(cell).is_empty(), "{cell:?}");
        }
    }

    #[test]
    fn literals_of_every_python_are_read() {
        assert_eq!(entries("[u'ES', U\"FR\", b'x', r'a\\d', Rb'y']"), ["ES", "FR", "x", r"a\d", "y"]);
        assert_eq!(entries("[('http://m.x/mad',)]"), ["http://m.x/mad"]);
        assert_eq!(entries("('a', \"b\")"), ["a", "b"]);
        assert_eq!(entries("('a')"), ["a"]);
        assert_eq!(entries("[['a', ('b',)], [], 'c']"), ["a", "b", "c"]);
        assert_eq!(entries(r"b'caf\xc3\xa9'"), ["café"]);
        assert_eq!(entries(r"b'caf\xe9'"), ["café"]);
        assert_eq!(entries(r"u'caf\xe9 \ud83d\ude00'"), ["café 😀"]);
        assert!(parse_entries("u'x").is_err());
        assert_eq!(entries("usual"), ["usual"]);
        assert!(parse_entries(&"[".repeat(1000)).is_err());
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
            ("[['a']", "the list is not closed by `]`"),
            ("(unknown)", "the entry `unknown` is not in quotes (byte 2"),
            ("('a',", "the tuple is not closed by `)`"),
            ("('a']", "expected `,` or `)`, found `]`"),
            ("[x'a']", "`x'a'` is not in quotes"),
            (r"[u'\N{DASH}']", "by their names"),
            (r"['\ud83dx']", "U+D83D is no character"),
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
                entries.iter().filter(|entry| !entry.eq_ignore_ascii_case("nan") && *entry != "None").cloned().collect();
            prop_assert_eq!(parse_entries(&python_list(&entries, double)).unwrap(), expected);
        }

        #[test]
        fn no_cell_makes_the_reader_panic(cell in "\\PC{0,40}", brackets in "[\\[\\]'\"\\\\,xu0-9 ]{0,20}") {
            let _ = parse_entries(&cell);
            let _ = parse_entries(&brackets);
        }
    }
}
