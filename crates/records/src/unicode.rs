//! Texts that look the same made the same: one composed form, one kind of blank, nothing that cannot be seen.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The composed form (NFC) of a text: `e` with an accent behind it becomes `é`.
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return text.into();
    }
    text.nfc().collect::<String>().into()
}

/// A text without blanks and invisible characters around it.
pub fn trimmed(text: &str) -> &str {
    // Most texts begin and end with letters, and very many are looked at.
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return text;
    }
    text.trim_matches(|character: char| character.is_whitespace() || is_invisible(character))
}

/// The text in its composed form, without invisible characters, blanks of any kind in it as one `between`, none around it.
pub(crate) fn joined(text: &str, between: &str) -> String {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return words_joined(text.split_ascii_whitespace(), text.len(), between);
    }
    let visible = without_invisible(text);
    words_joined(composed(&visible).split_whitespace(), visible.len(), between)
}

fn words_joined<'a>(words: impl Iterator<Item = &'a str>, bytes: usize, between: &str) -> String {
    let mut text = String::with_capacity(bytes);
    for word in words {
        if !text.is_empty() {
            text.push_str(between);
        }
        text.push_str(word);
    }
    text
}

/// What is left of a text when letter case and accents do not count, to find texts that differ by nothing else.
///
/// ```
/// assert_eq!(silknow_records::unicode::folded("Doré"), silknow_records::unicode::folded("DORE"));
/// ```
pub fn folded(text: &str) -> String {
    let bare = text.nfd().filter(|character| !is_combining_mark(*character));
    bare.flat_map(char::to_lowercase).collect::<String>().replace('ß', "ss")
}

/// Drops what cannot be seen. Joiners stay between letters of scripts that are written joined, whose look they change.
fn without_invisible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return text.into();
    }
    let characters: Vec<char> = text.chars().collect();
    let visible = |&(position, character): &(usize, &char)| {
        let neighbour =
            |position: Option<usize>| position.and_then(|it| characters.get(it)).is_some_and(|it| joins(*it));
        !is_invisible(*character)
            || matches!(character, '\u{200c}' | '\u{200d}')
                && neighbour(position.checked_sub(1))
                && neighbour(position.checked_add(1))
    };
    characters.iter().enumerate().filter(visible).map(|(_, character)| *character).collect::<String>().into()
}

/// True for letters of the scripts from Arabic to Mongolian, which joiners change, and for signs that are joined to others.
fn joins(character: char) -> bool {
    matches!(character, '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{fe0f}')
        && !is_invisible(character)
}

/// True for characters that nobody sees: soft hyphens, marks of width zero, marks of the direction of writing, control
/// characters that are no blanks.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0001}'
    ) || character.is_control() && !character.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_the_same_are_the_same() {
        let seen = "dor\u{e9} silk";
        for written in [
            "dore\u{301} silk",
            "\u{feff}dor\u{e9}\u{a0}silk",
            "dor\u{e9}\u{3000}silk\u{200b}",
            "do\u{ad}r\u{e9} silk\u{200e}",
            "\u{202b}dor\u{e9} \u{2060}\t\n\u{2009}silk\u{202c}",
            "dor\u{e9} si\u{200d}lk",
            "dor\u{e9} si\u{0}lk",
            "\u{200b}\u{a0} dor\u{e9} silk \u{a0}\u{200b}",
        ] {
            assert_eq!(joined(written, " "), seen, "{written:?}");
        }
        assert_eq!(trimmed("\u{200b}\u{a0} x y \u{feff}"), "x y");
    }

    #[test]
    fn joiners_stay_where_they_are_seen() {
        let persian = "می\u{200c}خواهم";
        assert_eq!(joined(persian, " "), persian);
        assert_eq!(joined(&format!("{persian}\u{200c}"), " "), persian);
    }

    #[test]
    fn case_and_accents_can_be_left_out_of_a_comparison() {
        for (one, other) in [("Doré", "dore"), ("STRASSE", "straße"), ("SEIDE", "seide"), ("ŁÓDŹ", "łodz")] {
            assert_eq!(folded(one), folded(other));
        }
        assert_ne!(folded("silk"), folded("milk"));
    }
}
