//! How numbers and texts are written in the files: distances, and Python's lists, dictionaries and strings.

/// A Python list or dictionary, between brackets, of what are Python literals already.
pub(super) fn list_literal([open, close]: [&str; 2], literals: impl Iterator<Item = String>) -> String {
    format!("{open}{}{close}", literals.collect::<Vec<_>>().join(", "))
}

/// A Python string literal, with single quotes.
pub(super) fn string_literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for character in text.chars() {
        match character {
            '\'' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            control if control.is_control() => literal.push_str(&format!("\\x{:02x}", u32::from(control))),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// A distance in the fewest digits that read back as the same `float32`, always with a point or an exponent.
pub(super) fn distance_text(distance: f32) -> String {
    format!("{distance:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_escape_what_python_would_misread() {
        assert_eq!(string_literal("l'été.jpg"), r"'l\'été.jpg'");
        assert_eq!(string_literal("a\\b\n\u{7}\u{85}"), r"'a\\b\n\x07\x85'");
    }

    #[test]
    fn a_distance_is_written_short_and_reads_back() {
        assert_eq!(distance_text(0.0), "0.0");
        assert_eq!(distance_text(0.1), "0.1");
        for distance in [1.1920929e-7, 0.33333334, 1.7320508, 2.0] {
            assert_eq!(distance_text(distance).parse(), Ok(distance));
        }
    }
}
