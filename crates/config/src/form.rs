//! The forms that values have: how the text of a value is read, checked, written and described.
//!
//! A form belongs to a type, so a key whose form does not fit its type does not compile. Which key has which form is
//! said where the key is declared.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};
use std::path::PathBuf;
use std::str::FromStr;

use crate::choice::{Architecture, Weights, Word};
use crate::key::{Kind, Plain};

/// How a `T` stands in a configuration file, a flag or an argument.
pub trait Form<T>: Send + Sync {
    /// What a command line needs to know about such values.
    fn kind(&self) -> Kind;

    /// The values that are allowed, as an error names them: "a whole number from 0 to 5".
    fn expected(&self) -> String;

    /// The value of a text without blanks at its ends; `None` where the text is no such value or out of range.
    fn parse(&self, text: &str) -> Option<T>;

    /// The text that reads back as this value; `None` for a value that is left out.
    fn write(&self, value: &T) -> Option<String>;

    /// The value in types that every language has; `None` for a value that is left out.
    fn plain(&self, value: &T) -> Option<Plain> {
        self.write(value).map(Plain::Text)
    }
}

/// A path, absolute or relative to the current working directory; a trailing slash changes nothing.
pub fn path() -> impl Form<PathBuf> {
    Path
}

/// A file name without a folder.
pub fn file_name() -> impl Form<String> {
    FileName
}

/// The header of a table's column.
pub fn column() -> impl Form<String> {
    Column
}

/// An e-mail address, or the web address of a page.
pub fn contact() -> impl Form<String> {
    Contact
}

/// `True` or `False`.
pub fn truth() -> impl Form<bool> {
    Truth
}

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

/// One of the words of `T`.
pub fn choice<T: Word>() -> impl Form<T> {
    Choice(PhantomData)
}

/// The name of a backbone. Which names there are is checked where the families of backbones are known.
pub fn backbone() -> impl Form<Architecture> {
    BackboneForm
}

/// `imagenet`, `builtin`, `none` or the path of a weight file.
pub fn weights() -> impl Form<Weights> {
    WeightsForm
}

struct Path;
struct FileName;
struct Column;
struct Contact;
struct Truth;
struct Widths;
struct Words;
/// The form of lists of variables; see [`variables`].
struct Variables {
    may_be_none: bool,
}
struct BackboneForm;
struct WeightsForm;
struct Choice<T>(PhantomData<fn() -> T>);

/// The form of whole numbers; see [`whole`].
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    lowest: u64,
    highest: u64,
}

/// The form of numbers; see [`number`].
#[derive(Clone, Copy, Debug)]
pub struct Number(Interval);

/// The form of lists of ranges; see [`ranges`].
#[derive(Clone, Copy, Debug)]
pub struct Ranges(Interval);

/// The form of a value that may be left out.
pub(crate) struct Optional<F>(pub(crate) F);

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

/// The widest fully connected layer: a larger number is more likely a slip of the keyboard than a wish.
const WIDEST_LAYER: u64 = 65_536;

impl Form<PathBuf> for Path {
    fn kind(&self) -> Kind {
        Kind::Path
    }

    fn expected(&self) -> String {
        "a path".to_owned()
    }

    fn parse(&self, text: &str) -> Option<PathBuf> {
        line(text).map(PathBuf::from)
    }

    fn write(&self, value: &PathBuf) -> Option<String> {
        Some(value.display().to_string())
    }
}

impl Form<String> for FileName {
    fn kind(&self) -> Kind {
        Kind::FileName
    }

    fn expected(&self) -> String {
        "a file name without a folder".to_owned()
    }

    fn parse(&self, text: &str) -> Option<String> {
        line(text).filter(|text| !text.contains(['/', '\\'])).map(str::to_owned)
    }

    fn write(&self, value: &String) -> Option<String> {
        Some(value.clone())
    }
}

impl Form<String> for Column {
    fn kind(&self) -> Kind {
        Kind::Column
    }

    fn expected(&self) -> String {
        "the header of a column".to_owned()
    }

    fn parse(&self, text: &str) -> Option<String> {
        line(text).map(str::to_owned)
    }

    fn write(&self, value: &String) -> Option<String> {
        Some(value.clone())
    }
}

impl Form<String> for Contact {
    fn kind(&self) -> Kind {
        Kind::Text
    }

    fn expected(&self) -> String {
        "an e-mail address or the https address of a page, without blanks and brackets".to_owned()
    }

    fn parse(&self, text: &str) -> Option<String> {
        let is_plain = text.chars().all(|letter| letter.is_ascii_graphic() && !"()\\\"".contains(letter));
        let is_contact = text.contains('@') || text.starts_with("https://") || text.starts_with("http://");
        (is_plain && is_contact).then(|| text.to_owned())
    }

    fn write(&self, value: &String) -> Option<String> {
        Some(value.clone())
    }
}

impl Form<bool> for Truth {
    fn kind(&self) -> Kind {
        Kind::Truth
    }

    fn expected(&self) -> String {
        "True or False".to_owned()
    }

    fn parse(&self, text: &str) -> Option<bool> {
        text.to_ascii_lowercase().parse().ok()
    }

    fn write(&self, value: &bool) -> Option<String> {
        Some(if *value { "True" } else { "False" }.to_owned())
    }

    fn plain(&self, value: &bool) -> Option<Plain> {
        Some(Plain::Truth(*value))
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
        Some(if *value < 0.01 { format!("{value:e}") } else { value.to_string() })
    }

    fn plain(&self, value: &f64) -> Option<Plain> {
        Some(Plain::Number(*value))
    }
}

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

impl<T: Word> Form<T> for Choice<T> {
    fn kind(&self) -> Kind {
        Kind::Choice(T::words())
    }

    fn expected(&self) -> String {
        match T::words() {
            [others @ .., before, last] => {
                let others: String = others.iter().map(|word| format!("{word}, ")).collect();
                format!("{others}{before} or {last}")
            }
            words => words.concat(),
        }
    }

    fn parse(&self, text: &str) -> Option<T> {
        text.parse().ok()
    }

    fn write(&self, value: &T) -> Option<String> {
        Some(value.to_string())
    }
}

impl Form<Architecture> for BackboneForm {
    fn kind(&self) -> Kind {
        Kind::Backbone
    }

    fn expected(&self) -> String {
        "the name of a backbone".to_owned()
    }

    fn parse(&self, text: &str) -> Option<Architecture> {
        Architecture::new(text)
    }

    fn write(&self, value: &Architecture) -> Option<String> {
        Some(value.to_string())
    }
}

impl Form<Weights> for WeightsForm {
    fn kind(&self) -> Kind {
        Kind::Weights
    }

    fn expected(&self) -> String {
        "imagenet, builtin, none or the path of a weight file".to_owned()
    }

    fn parse(&self, text: &str) -> Option<Weights> {
        line(text).map(|text| Weights::from(text.to_owned()))
    }

    fn write(&self, value: &Weights) -> Option<String> {
        Some(value.to_string())
    }
}

impl<T, F: Form<T>> Form<Option<T>> for Optional<F> {
    fn kind(&self) -> Kind {
        self.0.kind()
    }

    fn expected(&self) -> String {
        self.0.expected()
    }

    fn parse(&self, text: &str) -> Option<Option<T>> {
        self.0.parse(text).map(Some)
    }

    fn write(&self, value: &Option<T>) -> Option<String> {
        self.0.write(value.as_ref()?)
    }

    fn plain(&self, value: &Option<T>) -> Option<Plain> {
        self.0.plain(value.as_ref()?)
    }
}

/// A text that can stand on a line of its own.
fn line(text: &str) -> Option<&str> {
    (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
}

fn read_whole(text: &str) -> Option<u64> {
    // Rust's parsing takes a leading `+`; a configuration file has no use for it.
    text.starts_with(|first: char| first.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A number whose value, before any rounding to `f32`, lies in the interval.
fn read_number<T: FromStr>(text: &str, interval: Interval) -> Option<T> {
    let inside = text.parse().is_ok_and(|value: f64| value.is_finite() && interval.contains(value));
    inside.then(|| text.parse().ok()).flatten()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T: std::fmt::Debug>(form: impl Form<T>, texts: &[&str]) {
        for text in texts {
            let parsed = form.parse(text);
            assert!(parsed.is_none(), "{} took `{text}` as {parsed:?}", form.expected());
        }
    }

    #[test]
    fn whole_numbers_end_at_their_bounds() {
        assert_eq!(whole(0..=5).parse("0"), Some(0u64));
        assert_eq!(whole(0..6).parse("5"), Some(5usize));
        assert_eq!(whole(0..).parse("18446744073709551615"), Some(u64::MAX));
        refused::<u32>(whole(0..=5), &["6", "-1", "+1", "2.0", "", "five", "1 2"]);
        refused::<u32>(whole(0..), &["4294967296"]);
    }

    #[test]
    fn numbers_end_at_their_bounds_also_after_rounding() {
        let form = number(Interval::above(0.0, 1.0));
        assert_eq!(form.parse("1e-4"), Some(1e-4f64));
        assert_eq!(form.parse("1"), Some(1.0f32));
        refused::<f64>(form, &["0", "1.01", "1e-60", "nan", "inf", "-0.1", "0,1", ""]);
    }

    #[test]
    fn ranges_have_their_length_and_their_order() {
        let form = ranges(Interval::above(0.0, 1.0));
        assert_eq!(form.parse("[0.7, 1]"), Some([0.7, 1.0]));
        assert_eq!(form.parse("0.7,1"), Some([0.7, 1.0]));
        refused::<[f32; 2]>(form, &["[1, 0.7]", "[0.7]", "[0.7, 1, 1]", "[0, 1]", "[0.7, 1", "0.7, 1]", "[0.7,, 1]"]);
        refused::<[f32; 4]>(form, &["[0.1, 0.2]", "[0.1, 0.2, 0.4, 0.3]"]);
    }

    #[test]
    fn lists_may_wear_brackets_and_quotes() {
        for text in ["garin, imatex", "[garin,imatex]", "['garin', \"imatex\"]"] {
            assert_eq!(words().parse(text).unwrap(), ["garin", "imatex"]);
        }
        assert_eq!(widths().parse("[]").unwrap(), Vec::<usize>::new());
        refused(words(), &["", "[]", "garin, garin", "garin,"]);
        refused(widths(), &["[0]", "[1.5]", "[1024, x]", "[70000]"]);
    }

    #[test]
    fn variables_lose_their_mark_and_may_hold_no_blank() {
        assert_eq!(variables().parse("#place, timespan").unwrap(), ["place", "timespan"]);
        refused(variables(), &["#time span", "##place", "#", "#place, place", "", "[]"]);
    }

    #[test]
    fn variables_may_be_none_where_the_key_says_so() {
        assert_eq!(variables_or_none().parse("#place").unwrap(), ["place"]);
        assert_eq!(variables_or_none().parse(""), Some(Vec::new()));
        assert_eq!(variables_or_none().parse("[]"), Some(Vec::new()));
        assert_eq!(variables_or_none().write(&Vec::new()).as_deref(), Some(""));
        refused(variables_or_none(), &["#", "#place,", "#place, place"]);
    }

    #[test]
    fn truths_may_be_written_small() {
        assert_eq!(truth().parse("True"), Some(true));
        assert_eq!(truth().parse("false"), Some(false));
        refused(truth(), &["yes", "1", ""]);
    }

    #[test]
    fn a_file_name_has_no_folder() {
        assert_eq!(file_name().parse("masterfile.txt").unwrap(), "masterfile.txt");
        refused(file_name(), &["./masterfile.txt", "", "a\tb"]);
    }
}
