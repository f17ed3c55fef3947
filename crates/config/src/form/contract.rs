//! What a form is.

use crate::key::{Kind, Plain};

/// How a `T` stands in a configuration file, a flag or an argument.
pub trait Form<T>: Send + Sync {
    /// What a command line needs to know about such values.
    fn kind(&self) -> Kind;

    /// The values that are allowed, as an error names them: "a whole number from 0 to 5".
    fn expected(&self) -> String;

    /// The value of a text without blanks at its ends; `None` where the text is no such value or out of range.
    fn parse(&self, text: &str) -> Option<T>;

    /// What is wrong with a text that is no such value, where there is more to say than what was expected.
    fn fault(&self, _text: &str) -> Option<Fault> {
        None
    }

    /// The text that reads back as this value; `None` for a value that is left out.
    fn write(&self, value: &T) -> Option<String>;

    /// The value in types that every language has; `None` for a value that is left out.
    fn plain(&self, value: &T) -> Option<Plain> {
        self.write(value).map(Plain::Text)
    }
}

/// What is wrong with a part of a value's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The letters before the part.
    pub start: usize,
    /// What is wrong, as the end of a sentence: "`colr` is not a known loss".
    pub what: String,
    /// What to do.
    pub hint: Option<String>,
}

/// The form of a value that may be left out.
pub(crate) struct Optional<F>(pub(crate) F);

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

    fn fault(&self, text: &str) -> Option<Fault> {
        self.0.fault(text)
    }

    fn write(&self, value: &Option<T>) -> Option<String> {
        self.0.write(value.as_ref()?)
    }

    fn plain(&self, value: &Option<T>) -> Option<Plain> {
        self.0.plain(value.as_ref()?)
    }
}
