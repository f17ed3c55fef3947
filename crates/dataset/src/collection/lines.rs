//! The text of collection and master files, line by line.

use std::io::Read;
use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::encoding::Utf8;

/// The text of a collection or master file, in any encoding that tables have.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let bytes = files::read_limited(path, files::TEXT_BYTES)?;
    // UTF-16 alone has zero bytes or begins with such a mark; all other text is read as UTF-8, with its line in errors.
    if !bytes.starts_with(&[0xff, 0xfe])
        && !bytes.starts_with(&[0xfe, 0xff])
        && !bytes.iter().take(2).any(|byte| *byte == 0)
    {
        return files::read_text(path);
    }
    let mut text = String::new();
    Utf8::new(bytes.as_slice()).read_to_string(&mut text).map_err(|cause| {
        Error::data("the text cannot be read")
            .in_file(path)
            .caused_by(cause)
            .hint("save the file with the encoding UTF-8")
    })?;
    Ok(text)
}

/// The lines of a text; they end in `\n`, `\r\n` or `\r`.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    let lines = text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'));
    lines.skip(usize::from(text.is_empty()))
}
