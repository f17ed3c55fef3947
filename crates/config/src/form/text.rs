//! Texts: paths, names, addresses.

use std::path::PathBuf;

use super::contract::Form;
use crate::key::Kind;

/// A path, absolute or relative to the current working directory; a trailing slash changes nothing.
pub fn path() -> impl Form<PathBuf> {
    Path
}

/// A file name without a folder.
pub fn file_name() -> impl Form<String> {
    Text {
        kind: Kind::FileName,
        expected: "a file name without a folder",
        allows: |text| is_line(text) && !text.contains(['/', '\\']),
    }
}

/// The header of a table's column.
pub fn column() -> impl Form<String> {
    Text { kind: Kind::Column, expected: "the header of a column", allows: is_line }
}

/// The name of a sheet of a workbook, or its number.
pub fn sheet() -> impl Form<String> {
    Text { kind: Kind::Text, expected: "the name of a sheet, or its number from 1", allows: is_line }
}

/// An e-mail address, or the web address of a page.
pub fn contact() -> impl Form<String> {
    Text {
        kind: Kind::Text,
        expected: "an e-mail address or the https address of a page, without blanks and brackets",
        allows: |text| {
            let is_plain = text.chars().all(|letter| letter.is_ascii_graphic() && !"()\\\"".contains(letter));
            let is_contact = text.contains('@') || text.starts_with("https://") || text.starts_with("http://");
            is_plain && is_contact
        },
    }
}

struct Path;

/// A text as it is, where it is allowed.
struct Text {
    kind: Kind,
    expected: &'static str,
    allows: fn(&str) -> bool,
}

impl Form<PathBuf> for Path {
    fn kind(&self) -> Kind {
        Kind::Path
    }

    fn expected(&self) -> String {
        "a path".to_owned()
    }

    fn parse(&self, text: &str) -> Option<PathBuf> {
        is_line(text).then(|| PathBuf::from(text))
    }

    fn write(&self, value: &PathBuf) -> Option<String> {
        Some(value.display().to_string())
    }
}

impl Form<String> for Text {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn expected(&self) -> String {
        self.expected.to_owned()
    }

    fn parse(&self, text: &str) -> Option<String> {
        (self.allows)(text).then(|| text.to_owned())
    }

    fn write(&self, value: &String) -> Option<String> {
        Some(value.clone())
    }
}

/// True for a text that can stand on a line of its own.
pub(super) fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}
