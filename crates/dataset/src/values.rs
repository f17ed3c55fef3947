//! The values of a cell in which several may stand: a list as Python writes it, or texts with a mark between them.

use silknow_records::set_text;

use crate::literal::parse_entries;

/// What stands between the values of a cell that is no list. A comma is no such mark: many names of classes have one.
const MARKS: [&str; 4] = [";", "|", "\n", set_text::SEPARATOR];

/// The entries of a cell that is a list or a tuple as Python writes it; `None` for any other cell.
pub(crate) fn listed(cell: &str) -> Option<Vec<String>> {
    let cell = cell.trim();
    let is_sequence = cell.starts_with('[') && cell.ends_with(']') || cell.starts_with('(') && cell.ends_with(')');
    let has_quotes = cell.contains(['\'', '"']) || cell.len() == 2;
    if !is_sequence || !has_quotes { None } else { parse_entries(cell).ok() }
}

/// The values of a cell: those of its list, or the texts between `;`, `|`, line breaks and `___`.
pub(crate) fn values(cell: &str) -> Vec<String> {
    listed(cell).unwrap_or_else(|| divided(cell))
}

/// The texts between `;`, `|`, line breaks and `___`; those that are empty are left out.
pub(crate) fn divided(text: &str) -> Vec<String> {
    let mut parts = vec![text];
    for mark in MARKS {
        parts = parts.into_iter().flat_map(|part| part.split(mark)).collect();
    }
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_lists_and_between_marks() {
        for (cell, expected) in [
            ("['silk', \"gold; silver\"]", &["silk", "gold; silver"][..]),
            ("('a',)", &["a"]),
            ("[]", &[]),
            ("silk; gold thread |linen___wool", &["silk", "gold thread", "linen", "wool"]),
            ("silk;\r\ngold\n", &["silk", "gold"]),
            ("oil, on canvas", &["oil, on canvas"]),
            (" ; ", &[]),
            ("raw__silk", &["raw__silk"]),
            ("[silk; gold]", &["[silk", "gold]"]),
        ] {
            assert_eq!(values(cell), expected, "{cell:?}");
        }
    }
}
