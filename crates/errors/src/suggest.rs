//! Did-you-mean: the known word nearest to a misspelt one.

/// The word of `known` that `typed` was probably meant to be, if one is near enough to be worth naming.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&typed, &word.to_lowercase()), word))
        // Up to a third of the letters may be wrong in a slip of the keyboard; with more, another word was meant.
        .filter(|(distance, word)| *distance <= word.len().max(typed.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word_and_another_word_finds_none() {
        let known = ["minnumsamples", "num_labeled", "csvfile"];
        assert_eq!(nearest("minnumsaples", known), Some("minnumsamples"));
        assert_eq!(nearest("CSVFILES", known), Some("csvfile"));
        assert_eq!(nearest("temperature", known), None);
    }
}
