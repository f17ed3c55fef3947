//! What the value of a key may be: its type, its range, and how both are worded.
//!
//! Owns the check of one value's text. Which key has which kind, and checks across keys, live elsewhere.

use std::fmt;

/// The type and the range of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A path, absolute or relative to the current working directory; a trailing slash changes nothing.
    Path,
    /// A file name without a folder.
    FileName,
    /// `True` or `False`.
    Boolean,
    /// A whole number within bounds, both included.
    Whole(u64, u64),
    /// A number within an interval.
    Number(Interval),
    /// So many ranges: lower and upper bound of each within an interval, the lower first, as in `[0.7, 1]`.
    Ranges(usize, Interval),
    /// Whole numbers of at least 1, as in `[1024, 128]`; may be empty.
    Widths,
    /// Words, as in `garin, imatex`; at least one, none twice.
    Words,
    /// Variables, as in `#place, #timespan`; at least one, none twice.
    Variables,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `imagenet`, `builtin`, `none` or the path of a weight file.
    Weights,
}

/// The widest fully connected layer: beyond it, a typing slip is likelier than a wish.
const WIDEST_LAYER: u64 = 65_536;

/// The numbers between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub lowest: f64,
    /// True when the lower bound itself is outside.
    pub open: bool,
    /// The upper bound, inside.
    pub highest: f64,
}

impl Interval {
    /// From `lowest` to `highest`, both inside.
    pub const fn closed(lowest: f64, highest: f64) -> Self {
        Self { lowest, open: false, highest }
    }

    /// Above `lowest`, up to and with `highest`.
    pub const fn above(lowest: f64, highest: f64) -> Self {
        Self { lowest, open: true, highest }
    }

    /// Most numbers become `f32`: a value must lie inside before and after the rounding, or a tiny one that
    /// is above 0 would arrive as 0.
    fn contains(&self, value: f64) -> bool {
        [value, f64::from(value as f32)].iter().all(|value| {
            (if self.open { *value > self.lowest } else { *value >= self.lowest }) && *value <= self.highest
        })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.open {
            write!(f, "above {} and at most {}", self.lowest, self.highest)
        } else {
            write!(f, "from {} to {}", self.lowest, self.highest)
        }
    }
}

/// What was expected, as it stands in an error: "a whole number from 0 to 5".
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => write!(f, "a path"),
            Self::FileName => write!(f, "a file name without a folder"),
            Self::Boolean => write!(f, "True or False"),
            Self::Whole(lowest, u64::MAX) => write!(f, "a whole number of at least {lowest}"),
            Self::Whole(lowest, highest) => write!(f, "a whole number from {lowest} to {highest}"),
            Self::Number(interval) => write!(f, "a number {interval}"),
            Self::Ranges(1, interval) => write!(f, "a list of two numbers {interval}, the lower first"),
            Self::Ranges(ranges, interval) => {
                write!(f, "a list of {} numbers {interval}, of each pair the lower first", 2 * ranges)
            }
            Self::Widths => write!(f, "a list of whole numbers from 1 to {WIDEST_LAYER}, or []"),
            Self::Words => write!(f, "a list of names, at least one and none twice"),
            Self::Variables => {
                write!(f, "a list of variables such as #place, #timespan, at least one, none twice, without blanks")
            }
            Self::Choice(words) => {
                let (last, others) = words.split_last().expect("a choice has words");
                write!(f, "{} or {last}", others.join(", "))
            }
            Self::Weights => write!(f, "imagenet, builtin, none or the path of a weight file"),
        }
    }
}

impl Kind {
    /// The parts of a valid value (one for a single value, as many as there are for a list), each in the
    /// spelling that Rust's own parsing reads; none for a value that is not of this kind.
    pub(crate) fn parts(self, text: &str) -> Option<Vec<String>> {
        let single = |valid: bool| (valid && !text.is_empty()).then(|| vec![text.to_owned()]);
        let on_one_line = !text.contains(char::is_control);
        match self {
            Self::Path | Self::Weights => single(on_one_line),
            Self::FileName => single(on_one_line && !text.contains(['/', '\\'])),
            Self::Boolean => match text.to_ascii_lowercase().as_str() {
                truth @ ("true" | "false") => Some(vec![truth.to_owned()]),
                _ => None,
            },
            Self::Whole(lowest, highest) => {
                single(whole(text).is_some_and(|value| (lowest..=highest).contains(&value)))
            }
            Self::Number(interval) => single(number(text).is_some_and(|value| interval.contains(value))),
            Self::Ranges(ranges, interval) => {
                let parts = list(text)?;
                let numbers: Vec<f64> = parts.iter().map(|part| number(part)).collect::<Option<_>>()?;
                let valid = numbers.len() == 2 * ranges
                    && numbers.iter().all(|&value| interval.contains(value))
                    && numbers.chunks_exact(2).all(|range| range[0] <= range[1]);
                valid.then_some(parts)
            }
            Self::Widths => {
                let parts = list(text)?;
                let valid = |part: &String| whole(part).is_some_and(|width| (1..=WIDEST_LAYER).contains(&width));
                parts.iter().all(valid).then_some(parts)
            }
            Self::Words => names(list(text)?, |name| !name.contains(char::is_control)),
            Self::Variables => {
                let bare = |part: String| part.strip_prefix('#').map(str::to_owned).unwrap_or(part);
                names(list(text)?.into_iter().map(bare).collect(), |name| {
                    !name.contains(|letter: char| letter == '#' || letter.is_whitespace() || letter.is_control())
                })
            }
            Self::Choice(words) => single(words.contains(&text)),
        }
    }
}

fn whole(text: &str) -> Option<u64> {
    // Rust's parsing takes a leading `+`; a configuration file has no use for it.
    text.starts_with(|first: char| first.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The entries of a list, with or without brackets, each with or without quotes.
fn list(text: &str) -> Option<Vec<String>> {
    let inner = match (text.strip_prefix('['), text.ends_with(']')) {
        (Some(inner), true) => inner.strip_suffix(']')?.trim(),
        (None, false) => text,
        _ => return None,
    };
    if inner.is_empty() {
        return Some(Vec::new());
    }
    inner.split(',').map(|entry| unquoted(entry.trim()).map(str::to_owned)).collect()
}

/// An entry without its quotes; none for an empty entry.
fn unquoted(entry: &str) -> Option<&str> {
    let bare = ['\'', '"'].iter().find_map(|&quote| entry.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(entry);
    (!bare.is_empty()).then_some(bare)
}

fn names(parts: Vec<String>, valid: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let distinct = parts.iter().enumerate().all(|(index, name)| !parts[..index].contains(name));
    (!parts.is_empty() && distinct && parts.iter().all(|name| !name.is_empty() && valid(name))).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(kind: Kind, text: &str) -> Option<Vec<String>> {
        kind.parts(text)
    }

    fn refused(kind: Kind, texts: &[&str]) {
        for text in texts {
            assert_eq!(parts(kind, text), None, "{kind:?} took `{text}`");
        }
    }

    #[test]
    fn whole_numbers_end_at_their_bounds() {
        let kind = Kind::Whole(0, 5);
        assert_eq!(parts(kind, "0").unwrap(), ["0"]);
        assert_eq!(parts(kind, "5").unwrap(), ["5"]);
        refused(kind, &["6", "-1", "+1", "2.0", "", "five", "1 2"]);
    }

    #[test]
    fn numbers_end_at_their_bounds_also_after_rounding() {
        let kind = Kind::Number(Interval::above(0.0, 1.0));
        assert_eq!(parts(kind, "1e-4").unwrap(), ["1e-4"]);
        assert_eq!(parts(kind, "1").unwrap(), ["1"]);
        refused(kind, &["0", "1.01", "1e-60", "nan", "inf", "-0.1", "0,1", ""]);
    }

    #[test]
    fn ranges_have_their_length_and_their_order() {
        let kind = Kind::Ranges(1, Interval::above(0.0, 1.0));
        assert_eq!(parts(kind, "[0.7, 1]").unwrap(), ["0.7", "1"]);
        assert_eq!(parts(kind, "0.7,1").unwrap(), ["0.7", "1"]);
        refused(kind, &["[1, 0.7]", "[0.7]", "[0.7, 1, 1]", "[0, 1]", "[0.7, 1", "0.7, 1]", "[0.7,, 1]"]);
    }

    #[test]
    fn lists_may_wear_brackets_and_quotes() {
        for text in ["garin, imatex", "[garin,imatex]", "['garin', \"imatex\"]"] {
            assert_eq!(parts(Kind::Words, text).unwrap(), ["garin", "imatex"]);
        }
        assert_eq!(parts(Kind::Widths, "[]").unwrap(), Vec::<String>::new());
        refused(Kind::Words, &["", "[]", "garin, garin", "garin,"]);
        refused(Kind::Widths, &["[0]", "[1.5]", "[1024, x]", "[70000]"]);
    }

    #[test]
    fn variables_lose_their_mark_and_may_hold_no_blank() {
        assert_eq!(parts(Kind::Variables, "#place, timespan").unwrap(), ["place", "timespan"]);
        refused(Kind::Variables, &["#time span", "##place", "#", "#place, place"]);
    }

    #[test]
    fn booleans_may_be_written_small() {
        assert_eq!(parts(Kind::Boolean, "True").unwrap(), ["true"]);
        assert_eq!(parts(Kind::Boolean, "false").unwrap(), ["false"]);
        refused(Kind::Boolean, &["yes", "1", ""]);
    }

    #[test]
    fn a_file_name_has_no_folder() {
        assert_eq!(parts(Kind::FileName, "masterfile.txt").unwrap(), ["masterfile.txt"]);
        refused(Kind::FileName, &["./masterfile.txt", "", "a\tb"]);
    }
}
