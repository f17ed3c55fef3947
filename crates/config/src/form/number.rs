//! Numbers within bounds.

use std::fmt::{self, Display};
use std::ops::{Bound, RangeBounds};
use std::str::FromStr;

use super::contract::Form;
use crate::key::{Kind, Plain};

/// A whole number within a range, as in `whole(1..)` or `whole(0..=5)`.
pub fn whole(range: impl RangeBounds<u64>) -> Whole {
    let lowest = match range.start_bound() {
        Bound::Included(&lowest) => lowest,
        Bound::Excluded(&below) => below.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let highest = match range.end_bound() {
        Bound::Included(&highest) => highest,
        Bound::Excluded(&above) => above.saturating_sub(1),
        Bound::Unbounded => u64::MAX,
    };
    Whole { lowest, highest }
}

/// A number within an interval.
pub fn number(interval: Interval) -> Number {
    Number(interval)
}

/// A number within an interval, or the word that says that another part of the program knows it, as in
/// `number_or("model", Interval::above(0.0, 1.0))`.
pub fn number_or(word: &'static str, interval: Interval) -> NumberOr {
    NumberOr { word, number: Number(interval) }
}

/// The form of numbers for which a word may stand; see [`number_or`].
#[derive(Clone, Copy, Debug)]
pub struct NumberOr {
    word: &'static str,
    number: Number,
}

/// The form of whole numbers; see [`whole`].
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    lowest: u64,
    highest: u64,
}

/// The form of numbers; see [`number`].
#[derive(Clone, Copy, Debug)]
pub struct Number(Interval);

/// The numbers between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    lowest: f64,
    /// True when the lower bound itself is outside.
    open: bool,
    highest: f64,
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

impl Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.open {
            write!(f, "above {} and at most {}", self.lowest, self.highest)
        } else {
            write!(f, "from {} to {}", self.lowest, self.highest)
        }
    }
}

impl<T: TryFrom<u64> + TryInto<u64> + Copy + Display> Form<T> for Whole {
    fn kind(&self) -> Kind {
        Kind::Number
    }

    fn expected(&self) -> String {
        match *self {
            Self { lowest, highest: u64::MAX } => format!("a whole number of at least {lowest}"),
            Self { lowest, highest } => format!("a whole number from {lowest} to {highest}"),
        }
    }

    fn parse(&self, text: &str) -> Option<T> {
        let value = read_whole(text).filter(|value| (self.lowest..=self.highest).contains(value))?;
        T::try_from(value).ok()
    }

    fn write(&self, value: &T) -> Option<String> {
        Some(value.to_string())
    }

    fn plain(&self, value: &T) -> Option<Plain> {
        (*value).try_into().ok().map(Plain::Whole)
    }
}

impl Form<f32> for Number {
    fn kind(&self) -> Kind {
        Kind::Number
    }

    fn expected(&self) -> String {
        format!("a number {}", self.0)
    }

    fn parse(&self, text: &str) -> Option<f32> {
        read_number(text, self.0)
    }

    fn write(&self, value: &f32) -> Option<String> {
        Some(value.to_string())
    }

    fn plain(&self, value: &f32) -> Option<Plain> {
        Some(Plain::number(*value))
    }
}

impl Form<f64> for Number {
    fn kind(&self) -> Kind {
        Kind::Number
    }

    fn expected(&self) -> String {
        format!("a number {}", self.0)
    }

    fn parse(&self, text: &str) -> Option<f64> {
        read_number(text, self.0)
    }

    /// A small number is written as `1e-4` rather than `0.0001`.
    fn write(&self, value: &f64) -> Option<String> {
        Some(if *value != 0.0 && *value < 0.01 { format!("{value:e}") } else { value.to_string() })
    }

    fn plain(&self, value: &f64) -> Option<Plain> {
        Some(Plain::Number(*value))
    }
}

impl<T> Form<Option<T>> for NumberOr
where
    Number: Form<T>,
{
    fn kind(&self) -> Kind {
        Kind::Number
    }

    fn expected(&self) -> String {
        format!("{} or {}", self.word, Form::<T>::expected(&self.number))
    }

    fn parse(&self, text: &str) -> Option<Option<T>> {
        if text == self.word { Some(None) } else { self.number.parse(text).map(Some) }
    }

    fn write(&self, value: &Option<T>) -> Option<String> {
        value.as_ref().map_or_else(|| Some(self.word.to_owned()), |number| self.number.write(number))
    }

    fn plain(&self, value: &Option<T>) -> Option<Plain> {
        value.as_ref().map_or_else(|| Some(Plain::Text(self.word.to_owned())), |number| self.number.plain(number))
    }
}

fn read_whole(text: &str) -> Option<u64> {
    // Rust's parsing takes a leading `+`; a configuration file has no use for it.
    text.starts_with(|first: char| first.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A number whose value, before any rounding to `f32`, lies in the interval.
pub(super) fn read_number<T: FromStr>(text: &str, interval: Interval) -> Option<T> {
    let inside = text.parse().is_ok_and(|value: f64| value.is_finite() && interval.contains(value));
    inside.then(|| text.parse().ok()).flatten()
}
