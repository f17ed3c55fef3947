//! Lists: ranges, widths, words, variables.

use std::fmt::Display;

use super::contract::Form;
use super::number::{Interval, read_number, whole};
use crate::key::{Kind, Plain};

/// Ranges, as in `[0.7, 1]`: the lower and the upper bound of each within an interval, the lower first. A list of two
/// numbers is one range, a list of four is two.
pub fn ranges(interval: Interval) -> Ranges {
    Ranges(interval)
}

/// Widths of layers, as in `[1024, 128]`; may be empty.
pub fn widths() -> impl Form<Vec<usize>> {
    Widths
}

/// Words, as in `garin, imatex`; at least one, none twice.
pub fn words() -> impl Form<Vec<String>> {
    Words
}

/// Variables, as in `#place, #timespan`; at least one, none twice. The values are the names without `#`.
pub fn variables() -> impl Form<Vec<String>> {
    Variables { may_be_none: false }
}

/// Variables as [`variables`] reads them, or none: an empty text.
pub fn variables_or_none() -> impl Form<Vec<String>> {
    Variables { may_be_none: true }
}

struct Widths;
struct Words;
/// The form of lists of variables; see [`variables`].
struct Variables {
    may_be_none: bool,
}

/// The form of lists of ranges; see [`ranges`].
#[derive(Clone, Copy, Debug)]
pub struct Ranges(Interval);

/// The widest fully connected layer: a larger number is more likely a slip of the keyboard than a wish.
const WIDEST_LAYER: u64 = 65_536;

impl<const N: usize> Form<[f32; N]> for Ranges {
    fn kind(&self) -> Kind {
        Kind::Numbers
    }

    fn expected(&self) -> String {
        match N {
            2 => format!("a list of two numbers {}, the lower first", self.0),
            _ => format!("a list of {N} numbers {}, of each pair the lower first", self.0),
        }
    }

    fn parse(&self, text: &str) -> Option<[f32; N]> {
        let numbers: Vec<f32> = list(text)?.into_iter().map(|part| read_number(part, self.0)).collect::<Option<_>>()?;
        let numbers: [f32; N] = numbers.try_into().ok()?;
        numbers.chunks_exact(2).all(|range| range[0] <= range[1]).then_some(numbers)
    }

    fn write(&self, value: &[f32; N]) -> Option<String> {
        Some(format!("[{}]", joined(value, "")))
    }

    fn plain(&self, value: &[f32; N]) -> Option<Plain> {
        Some(Plain::List(value.iter().map(|&number| Plain::number(number)).collect()))
    }
}

impl Form<Vec<usize>> for Widths {
    fn kind(&self) -> Kind {
        Kind::Numbers
    }

    fn expected(&self) -> String {
        format!("a list of whole numbers from 1 to {WIDEST_LAYER}, or []")
    }

    fn parse(&self, text: &str) -> Option<Vec<usize>> {
        list(text)?.into_iter().map(|part| whole(1..=WIDEST_LAYER).parse(part)).collect()
    }

    fn write(&self, value: &Vec<usize>) -> Option<String> {
        Some(format!("[{}]", joined(value, "")))
    }

    fn plain(&self, value: &Vec<usize>) -> Option<Plain> {
        Some(Plain::List(value.iter().map(|&width| Plain::Whole(width as u64)).collect()))
    }
}

impl Form<Vec<String>> for Words {
    fn kind(&self) -> Kind {
        Kind::Words
    }

    fn expected(&self) -> String {
        "a list of names, at least one and none twice".to_owned()
    }

    fn parse(&self, text: &str) -> Option<Vec<String>> {
        names(list(text)?, |name| !name.contains(char::is_control))
    }

    fn write(&self, value: &Vec<String>) -> Option<String> {
        Some(joined(value, ""))
    }

    fn plain(&self, value: &Vec<String>) -> Option<Plain> {
        Some(Plain::texts(value))
    }
}

impl Form<Vec<String>> for Variables {
    fn kind(&self) -> Kind {
        Kind::Variables
    }

    fn expected(&self) -> String {
        let number = if self.may_be_none { "or nothing" } else { "at least one" };
        format!("a list of variables such as #place, #timespan, {number}, none twice, without blanks")
    }

    fn parse(&self, text: &str) -> Option<Vec<String>> {
        let bare: Vec<&str> = list(text)?.into_iter().map(|part| part.strip_prefix('#').unwrap_or(part)).collect();
        if self.may_be_none && bare.is_empty() {
            return Some(Vec::new());
        }
        names(bare, |name| {
            !name.contains(|letter: char| letter == '#' || letter.is_whitespace() || letter.is_control())
        })
    }

    fn write(&self, value: &Vec<String>) -> Option<String> {
        Some(joined(value, "#"))
    }

    fn plain(&self, value: &Vec<String>) -> Option<Plain> {
        Some(Plain::texts(value))
    }
}

/// The entries of a list, with or without brackets, each with or without quotes.
fn list(text: &str) -> Option<Vec<&str>> {
    let inner = match (text.strip_prefix('['), text.ends_with(']')) {
        (Some(inner), true) => inner.strip_suffix(']')?.trim(),
        (None, false) => text,
        _ => return None,
    };
    if inner.is_empty() {
        return Some(Vec::new());
    }
    inner.split(',').map(|entry| unquoted(entry.trim())).collect()
}

/// An entry without its quotes; `None` for an empty entry.
fn unquoted(entry: &str) -> Option<&str> {
    let bare = ['\'', '"'].iter().find_map(|&quote| entry.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(entry);
    (!bare.is_empty()).then_some(bare)
}

fn names(parts: Vec<&str>, valid: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let distinct = parts.iter().enumerate().all(|(index, name)| !parts[..index].contains(name));
    let all_valid = parts.iter().all(|name| !name.is_empty() && valid(name));
    (!parts.is_empty() && distinct && all_valid).then(|| parts.into_iter().map(str::to_owned).collect())
}

fn joined(entries: &[impl Display], mark: &str) -> String {
    entries.iter().map(|entry| format!("{mark}{entry}")).collect::<Vec<_>>().join(", ")
}
