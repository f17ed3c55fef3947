//! How a set of classes stands in one cell of a file: the names of its classes, joined by `___`.
//!
//! A name within a set has no `___` in it and no `_` at its ends ([`fits`]), so that a set is read back as it was written.

use std::borrow::Cow;

/// Stands between the names of the classes of a set.
pub const SEPARATOR: &str = "___";

/// The names in a cell that holds a set of two or more; `None` for any other cell.
///
/// ```
/// use silknow_records::set_text::names;
///
/// assert_eq!(names("gold_thread___silk"), Some(vec!["gold_thread", "silk"]));
/// assert_eq!(names("gold__thread"), None);
/// assert_eq!(names("silk___"), None);
/// ```
pub fn names(cell: &str) -> Option<Vec<&str>> {
    if !cell.contains(SEPARATOR) {
        return None;
    }
    let names: Vec<&str> = cell.split(SEPARATOR).filter(|name| !name.is_empty()).collect();
    (names.len() > 1).then_some(names)
}

/// True for a name that can stand in a set.
pub fn fits(name: &str) -> bool {
    !name.is_empty() && !name.contains(SEPARATOR) && !name.starts_with('_') && !name.ends_with('_')
}

/// The name that stands in a set for a name which does not [fit](fits): three or more `_` become two, those at the ends
/// are dropped. Empty where nothing is left.
///
/// ```
/// use silknow_records::set_text::fitting;
///
/// assert_eq!(fitting("_silk____(raw)_"), "silk__(raw)");
/// assert_eq!(fitting("raw_silk"), "raw_silk");
/// ```
pub fn fitting(name: &str) -> Cow<'_, str> {
    if fits(name) {
        return name.into();
    }
    let mut fitting = String::with_capacity(name.len());
    for character in name.trim_matches('_').chars() {
        if character != '_' || !fitting.ends_with("__") {
            fitting.push(character);
        }
    }
    fitting.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fitting_names_are_read_back_from_their_set(texts in proptest::collection::vec("[ab_]{0,7}", 2..5)) {
            let fitting: Vec<_> = texts.iter().map(|text| fitting(text)).filter(|name| !name.is_empty()).collect();
            prop_assert!(fitting.iter().all(|name| fits(name)));
            let cell = fitting.join(SEPARATOR);
            let read = names(&cell).map(|names| names.into_iter().map(Into::into).collect());
            prop_assert_eq!(read, (fitting.len() > 1).then_some(fitting));
        }
    }
}
