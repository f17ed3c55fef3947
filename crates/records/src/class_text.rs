//! The two forms of a class, and the one place that maps them to each other.
//!
//! People read the *text* of a class, as the museum wrote it: `eighteenth century (dates CE)`. Files and keys hold its
//! *name*, in which blanks are `_`: `eighteenth_century_(dates_CE)`.

use crate::MISSING_NAME;

/// The name of a class: blanks of any kind become one `_`, blanks around it are dropped.
///
/// ```
/// assert_eq!(silknow_records::class_text::name_of(" W.\tTurner "), "W._Turner");
/// ```
pub fn name_of(text: &str) -> String {
    joined(text, "_")
}

/// The text that a name stands for when nothing else is known of it: every `_` is a blank.
///
/// ```
/// assert_eq!(silknow_records::class_text::text_of("W._Turner"), "W. Turner");
/// ```
pub fn text_of(name: &str) -> String {
    name.replace('_', " ")
}

/// A text as it is shown: blanks of any kind become one space, blanks around it are dropped.
///
/// ```
/// assert_eq!(silknow_records::class_text::tidied(" raw \t silk\n"), "raw silk");
/// ```
pub fn tidied(text: &str) -> String {
    joined(text, " ")
}

/// True for the spellings of a missing label: empty, `nan`, `NaN`.
pub fn is_missing(label: &str) -> bool {
    let label = label.trim();
    label.is_empty() || label.eq_ignore_ascii_case(MISSING_NAME)
}

fn joined(text: &str, between: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_blanks_and_its_text_has_no_underscores() {
        assert_eq!(name_of(" nineteenth century\t(dates CE)\n"), "nineteenth_century_(dates_CE)");
        assert_eq!(text_of("nineteenth_century_(dates_CE)"), "nineteenth century (dates CE)");
        assert_eq!(tidied(" a \u{a0} b "), "a b");
    }

    #[test]
    fn missing_labels_are_told_by_their_spelling() {
        assert!(["", " ", "nan", "NaN", " NAN "].iter().all(|label| is_missing(label)));
        assert!(!is_missing("nankeen"));
    }
}
