//! What the texts of cells say, in every layout: missing texts, names of labels, addresses.

use silknow_records::class_text::{name_of, tidied};
use silknow_records::is_missing;

/// A text with single spaces in place of white space of any kind; `None` for a missing one.
pub(crate) fn known_text(text: &str) -> Option<String> {
    let text = tidied(text);
    (!is_missing(&text)).then_some(text)
}

/// A label as collections write it: white space of any kind becomes `_`. `None` for a missing one.
pub(crate) fn normalised_label(label: &str) -> Option<String> {
    (!is_missing(label)).then(|| name_of(label))
}

/// The part of an address or URI behind the last `/`; a closing `/` does not count.
pub(crate) fn last_segment(address: &str) -> &str {
    let address = address.trim().trim_end_matches('/');
    address.rsplit('/').next().unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lose_their_white_space_and_addresses_all_but_the_end() {
        assert_eq!(
            normalised_label(" nineteenth century\t(dates CE)\n").as_deref(),
            Some("nineteenth_century_(dates_CE)")
        );
        assert_eq!(normalised_label(" NaN "), None);
        assert_eq!(last_segment("http://data.silknow.org/object/4711/"), "4711");
        assert_eq!(last_segment("plain"), "plain");
    }
}
