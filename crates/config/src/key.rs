//! What flags, help and messages say about a key.
//!
//! A [`Key`] is made from a field of a parameter struct; it is never written by hand.

use crate::choice::Spelling;

/// What there is to say about a key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Key {
    /// Its name, as it stands in files; the flag is the same with `--`.
    pub name: &'static str,
    /// Other spellings that are read too.
    pub aliases: &'static [&'static str],
    /// What a command line needs to know about its values.
    pub kind: Kind,
    /// The values that are allowed, as an error names them: "a whole number from 0 to 5".
    pub expected: String,
    /// What holds when it is not given.
    pub fallback: Fallback,
    /// One line of documentation.
    pub about: &'static str,
    /// A valid value.
    pub example: String,
    /// True for the keys of the documented toolbox, false for further ones.
    pub documented: bool,
}

/// What a command line needs to know about the values of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A path.
    Path,
    /// A file name without a folder.
    FileName,
    /// The header of a table's column.
    Column,
    /// A text.
    Text,
    /// `True` or `False`.
    Truth,
    /// A number, whole or not.
    Number,
    /// A list of numbers.
    Numbers,
    /// A list of words.
    Words,
    /// A list of variables, each with `#`.
    Variables,
    /// One of these words.
    Choice(&'static [Spelling]),
    /// Names with a weight each.
    NamedWeights,
    /// The name of a backbone, which the families of backbones know.
    Backbone,
    /// A word or the path of a weight file.
    Weights,
}

/// What holds when a key is not given.
#[derive(Clone, Debug, PartialEq)]
pub enum Fallback {
    /// It must be given.
    Required,
    /// This value.
    Value {
        /// As it stands in a configuration file.
        text: String,
        /// In types that every language has.
        plain: Plain,
    },
    /// Nothing: the key is left out, and with it what it asks for.
    Absent,
}

/// A value in types that every language has.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// True or false.
    Truth(bool),
    /// A whole number.
    Whole(u64),
    /// Any other number.
    Number(f64),
    /// A text, a path, a word.
    Text(String),
    /// A list of values.
    List(Vec<Plain>),
}

impl Plain {
    /// The double that is written as this single: 0.01, and not 0.009999999776. A number without a fraction is whole.
    pub(crate) fn number(single: f32) -> Self {
        if single >= 0.0 && single.fract() == 0.0 {
            return Self::Whole(single as u64);
        }
        Self::Number(single.to_string().parse().unwrap_or(f64::from(single)))
    }

    pub(crate) fn texts(texts: &[String]) -> Self {
        Self::List(texts.iter().cloned().map(Self::Text).collect())
    }
}

impl Key {
    /// True when `name` is this key's name or another spelling of it.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}
