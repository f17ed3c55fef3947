//! Texts in the encodings that spreadsheet programs save: UTF-8 and UTF-16, with or without a byte-order mark, as UTF-8.

use std::io::{self, BufRead, BufReader, Read};

/// Reads a text as UTF-8. UTF-16 is told by its byte-order mark, or by a zero byte among the first two, which no text in
/// UTF-8 has. A byte-order mark is passed over. UTF-8 is passed on without a check.
///
/// # Errors
/// Those of the reader, and UTF-16 that breaks off or holds half of a pair.
pub struct Utf8<R> {
    from: BufReader<R>,
    form: Option<Form>,
    /// UTF-8 that is decoded and not yet handed on.
    decoded: Vec<u8>,
    handed_on: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Utf8,
    LittleEndian,
    BigEndian,
}

/// Units of two bytes that are decoded at a time.
const UNITS: usize = 4096;

impl<R: Read> Utf8<R> {
    /// The text that a reader gives.
    pub fn new(from: R) -> Self {
        Self { from: BufReader::new(from), form: None, decoded: Vec::new(), handed_on: 0 }
    }

    /// Finds the encoding, and passes over the byte-order mark.
    fn begin(&mut self) -> io::Result<Form> {
        let mut begin = Vec::with_capacity(3);
        (&mut self.from).take(3).read_to_end(&mut begin)?;
        let (form, mark) = match begin.as_slice() {
            [0xef, 0xbb, 0xbf] => (Form::Utf8, 3),
            [0xff, 0xfe, ..] => (Form::LittleEndian, 2),
            [0xfe, 0xff, ..] => (Form::BigEndian, 2),
            [0, second, ..] if *second != 0 => (Form::BigEndian, 0),
            [first, 0, ..] if *first != 0 => (Form::LittleEndian, 0),
            _ => (Form::Utf8, 0),
        };
        let rest = &begin[mark..];
        if form == Form::Utf8 {
            self.decoded.extend_from_slice(rest);
        } else {
            let rest = rest.to_vec();
            self.decode(form, rest)?;
        }
        self.form = Some(form);
        Ok(form)
    }

    /// Decodes the next units of UTF-16, of which the first bytes were read already.
    fn decode(&mut self, form: Form, mut bytes: Vec<u8>) -> io::Result<()> {
        let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("UTF-16 {what}"));
        let wanted = (2 * UNITS - bytes.len()) as u64;
        (&mut self.from).take(wanted).read_to_end(&mut bytes)?;
        let mut units: Vec<u16> = pairs(form, &bytes).ok_or_else(|| broken("breaks off within a character"))?;
        // The two halves of a character stay together.
        if units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            let mut half = Vec::with_capacity(2);
            (&mut self.from).take(2).read_to_end(&mut half)?;
            units.extend(pairs(form, &half).ok_or_else(|| broken("breaks off within a character"))?);
        }
        let mut buffer = [0; 4];
        for character in char::decode_utf16(units) {
            let character = character.map_err(|_| broken("has half of a character that takes two units"))?;
            self.decoded.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        }
        Ok(())
    }
}

fn pairs(form: Form, bytes: &[u8]) -> Option<Vec<u16>> {
    let of_pair = if form == Form::LittleEndian { u16::from_le_bytes } else { u16::from_be_bytes };
    let (pairs, rest) = bytes.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|pair| of_pair(*pair)).collect())
}

impl<R: Read> BufRead for Utf8<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let form = match self.form {
            Some(form) => form,
            None => self.begin()?,
        };
        if self.handed_on == self.decoded.len() {
            (self.handed_on, self.decoded) = (0, std::mem::take(&mut self.decoded));
            self.decoded.clear();
            if form == Form::Utf8 {
                return self.from.fill_buf();
            }
            self.decode(form, Vec::new())?;
        }
        Ok(&self.decoded[self.handed_on..])
    }

    fn consume(&mut self, amount: usize) {
        if self.handed_on < self.decoded.len() {
            self.handed_on += amount;
        } else {
            self.from.consume(amount);
        }
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

/// What the bytes of a text that is not UTF-8 would be if a program of Windows had written it (Windows-1252).
pub fn as_windows_1252(bytes: &[u8]) -> String {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    bytes
        .iter()
        .map(|&byte| if let 0x80..=0x9f = byte { HIGH[usize::from(byte - 0x80)] } else { char::from(byte) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        Utf8::new(bytes).read_to_string(&mut text).map(|_| text)
    }

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn encodings_are_told_by_their_marks_and_zeros() {
        assert_eq!(decoded("\u{feff}é".as_bytes()).unwrap(), "é");
        assert_eq!(decoded(b"").unwrap(), "");
        assert_eq!(decoded(b"a").unwrap(), "a");
        assert_eq!(decoded(&utf16("image\té", u16::to_le_bytes)).unwrap(), "image\té");
        assert_eq!(decoded(&utf16("image\té", u16::to_be_bytes)).unwrap(), "image\té");
    }

    #[test]
    fn utf16_that_breaks_off_is_an_error() {
        let mut bytes = utf16("\u{feff}ab", u16::to_le_bytes);
        bytes.pop();
        assert!(decoded(&bytes).unwrap_err().to_string().contains("breaks off"));
        assert!(decoded(&[0xff, 0xfe, 0x00, 0xd8, b'a', 0]).unwrap_err().to_string().contains("half of a character"));
    }

    #[test]
    fn bytes_of_windows_can_be_shown() {
        assert_eq!(as_windows_1252(b"caf\xe9 \x80 \x93x\x94"), "café € “x”");
    }

    proptest! {
        #[test]
        fn utf16_of_any_length_is_read_back(text in "a\\PC{0,40}", times in 1..400usize) {
            let text = text.repeat(times);
            for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
                prop_assert_eq!(&decoded(&utf16(&format!("\u{feff}{text}"), bytes_of)).unwrap(), &text);
            }
            prop_assert_eq!(&decoded(text.as_bytes()).unwrap(), &text);
        }
    }
}
