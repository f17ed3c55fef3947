//! The two forms of a class, and the one place that maps them to each other.
//!
//! People read the *text* of a class, as the museum wrote it: `eighteenth century (dates CE)`. Files and keys hold its
//! *name*, in which blanks are `_`: `eighteenth_century_(dates_CE)`.
//!
//! Texts that look the same are the same: see [`crate::unicode`]. What counts as no label at all is listed in
//! [`MISSING_WORDS`].

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::MISSING_NAME;
use crate::unicode::{joined, trimmed};

/// The words that, as a whole cell and in any letter case, stand for a missing label. So do the empty cell and
/// [`MISSING_NAME`], which files write.
///
/// `NA` is not among them: it may be Namibia.
pub const MISSING_WORDS: [&str; 9] = ["nan", "None", "null", "n/a", "N.A.", "-", "--", "?", "unknown"];

/// The name of a class: blanks of any kind become one `_`, blanks around it are dropped.
///
/// ```
/// assert_eq!(silknow_records::class_text::name_of(" W.\tTurner "), "W._Turner");
/// assert_eq!(silknow_records::class_text::name_of("dore\u{301}\u{a0}"), "dor\u{e9}");
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

/// The name of a variable from the header of its column, such that every file and key can hold it: blanks, and the
/// characters that lists, configuration files, filters and file names give a meaning to, become `_`, each run of them one.
/// A `#` before it, as collection files write it, is no part of it. Empty where nothing is left.
///
/// ```
/// use silknow_records::class_text::variable_name;
///
/// assert_eq!(variable_name("#weave type"), "weave_type");
/// assert_eq!(variable_name("place, country"), "place_country");
/// assert_eq!(variable_name("width [cm]"), "width_cm");
/// ```
pub fn variable_name(header: &str) -> String {
    let is_plain =
        |character: char| !(character.is_whitespace() || character.is_control() || MARKS.contains(character));
    let tidied = tidied(header);
    let parts = tidied.split(|character| !is_plain(character)).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("_")
}

/// Characters with a meaning in lists (`,`), configuration files (`;`, `#`, quotes, brackets), filters (`=`, `|`, `!`) and
/// paths: files are named after variables.
const MARKS: &str = ",;#'\"[]=|!/\\*?<>`";

/// True for the spellings of a missing label: the empty text and [`MISSING_WORDS`].
pub fn is_missing(label: &str) -> bool {
    static WORDS: LazyLock<MissingWords> = LazyLock::new(MissingWords::default);
    WORDS.contains(label)
}

/// The words that stand for a missing label, where others are wanted than [`MISSING_WORDS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingWords {
    /// In small letters.
    words: BTreeSet<String>,
    longest_bytes: usize,
}

impl MissingWords {
    /// These words, in any letter case; the empty text and [`MISSING_NAME`] always are among them.
    pub fn new(words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let words = words.into_iter().map(|word| tidied(word.as_ref()).to_lowercase());
        let words: BTreeSet<String> = words.chain([String::new(), MISSING_NAME.to_owned()]).collect();
        Self { longest_bytes: words.iter().map(String::len).max().unwrap_or(0), words }
    }

    /// True when the whole text is one of the words; blanks around it do not count.
    pub fn contains(&self, text: &str) -> bool {
        let text = trimmed(text);
        // Most labels are longer than any of the words. Letters of another case may have other lengths, by two times at most.
        text.len() <= 2 * self.longest_bytes && self.words.contains(&tidied(text).to_lowercase())
    }
}

impl Default for MissingWords {
    fn default() -> Self {
        Self::new(MISSING_WORDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_has_no_blanks_and_its_text_has_no_underscores() {
        assert_eq!(name_of(" nineteenth century\t(dates CE)\n"), "nineteenth_century_(dates_CE)");
        assert_eq!(text_of("nineteenth_century_(dates_CE)"), "nineteenth century (dates CE)");
        assert_eq!(tidied(" a \u{a0} b "), "a b");
    }

    #[test]
    fn missing_labels_are_told_by_their_spelling() {
        let missing = [
            "",
            " ",
            "nan",
            "NaN",
            " NAN ",
            "None",
            "NULL",
            "n/a",
            "N/A",
            "N.A.",
            "-",
            "--",
            "?",
            "Unknown",
            "\u{a0}-\u{feff}",
            "\u{200b}",
        ];
        assert!(missing.iter().all(|label| is_missing(label)), "{missing:?}");
        let known = ["nankeen", "NA", "---", "??", "unknown weave", "n", "0", "none of these", "\u{2014}"];
        assert!(!known.iter().any(|label| is_missing(label)), "{known:?}");
    }

    #[test]
    fn other_words_take_the_place_of_the_list_but_for_those_that_files_write() {
        let words = MissingWords::new(["o.  A.", "NA"]);
        assert!(["O. a.", "na", "", "NaN"].iter().all(|text| words.contains(text)));
        assert!(!["unknown", "?"].iter().any(|text| words.contains(text)));
    }

    #[test]
    fn the_name_of_a_variable_has_nothing_that_files_give_a_meaning_to() {
        for (header, name) in [
            ("place, country", "place_country"),
            ("#material", "material"),
            ("a;b\tc\nd", "a_b_c_d"),
            (" weave  type ", "weave_type"),
            ("a__b_", "a__b_"),
            ("[cm]", "cm"),
            ("wo\u{ad}ven?", "woven"),
            ("mat\u{e9}riau", "mat\u{e9}riau"),
            ("mate\u{301}riau", "mat\u{e9}riau"),
            ("dc:title", "dc:title"),
            ("#,;", ""),
            ("nan", "nan"),
        ] {
            assert_eq!(variable_name(header), name, "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn names_stay_as_they_are_when_named_again(text in "\\PC{0,12}") {
            let (name, variable) = (name_of(&text), variable_name(&text));
            prop_assert_eq!(name_of(&name), name);
            prop_assert_eq!(variable_name(&variable), variable);
        }
    }
}
