//! What separates the cells of a text: found in its first line, or named by it.

use std::io::{self, BufRead};

/// The most bytes of the first line that are looked at.
const LOOKED_AT_BYTES: usize = 1 << 20;

/// The bytes of a line with its end, or the first of a very long one.
pub(crate) fn first_line(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    while line.len() < LOOKED_AT_BYTES {
        let available = from.fill_buf()?;
        if available.is_empty() {
            break;
        }
        // The `\n` behind a `\r` belongs to the same line.
        if line.last() == Some(&b'\r') {
            if available[0] == b'\n' {
                line.push(b'\n');
                from.consume(1);
            }
            break;
        }
        let end = available.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let used = end.map_or(available.len(), |end| end + 1);
        line.extend_from_slice(&available[..used]);
        from.consume(used);
        if line.last() == Some(&b'\n') {
            break;
        }
    }
    Ok(line)
}

/// The delimiter that a line such as `sep=;` names; the inner `None` where it names none.
pub(crate) fn delimiter_line(line: &[u8]) -> Option<Option<u8>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let named = line.get(..4).filter(|word| word.eq_ignore_ascii_case(b"sep=")).map(|_| &line[4..])?;
    match *named {
        [] => Some(None),
        [delimiter] if delimiter.is_ascii() => Some(Some(delimiter)),
        _ => None,
    }
}

/// Whether a line has any of the delimiters that are looked for.
pub(crate) fn has_delimiter(line: &[u8]) -> bool {
    line.iter().any(|byte| matches!(byte, b',' | b';' | b'\t' | b'|'))
}

/// The delimiter of a header line.
pub(crate) fn delimiter_of(header: &[u8], expected: &[&str]) -> u8 {
    let mut quoted = false;
    let bare: Vec<u8> = header
        .iter()
        .copied()
        .filter(|&byte| {
            quoted ^= byte == b'"';
            !quoted
        })
        .collect();
    let count = |delimiter: u8| bare.iter().filter(|&&byte| byte == delimiter).count();
    let known = |delimiter: u8| {
        let cells = header.split(|&byte| byte == delimiter).map(|cell| cell.trim_ascii().trim_ascii_start());
        cells
            .map(|cell| cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell))
            .filter(|cell| expected.iter().any(|name| name.as_bytes() == *cell))
            .count()
    };
    let usual = [b',', b'\t', b';'].into_iter().rev().max_by_key(|&it| (known(it), count(it))).unwrap_or(b',');
    if count(usual) == 0 && count(b'|') > 0 { b'|' } else { usual }
}
