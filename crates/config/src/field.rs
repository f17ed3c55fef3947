//! The declaration of one key: its type, form, default and documentation, and all that follows from them.

use silknow_errors::{Error, Result};

use crate::form::{Form, Optional};
use crate::key::{Fallback, Key};
use crate::options::Options;

/// The declaration of a key whose values are of type `T`. It is one of the documented toolbox's keys unless
/// [`further`](Self::further) says otherwise.
pub struct Field<T> {
    key: Key,
    form: Box<dyn Form<T>>,
    /// The default, or the example where there is none.
    initial: T,
}

/// A key that must be given; the example shows in messages what a value looks like.
pub fn required<T>(form: impl Form<T> + 'static, example: impl Into<T>) -> Field<T> {
    let example = example.into();
    let text = form.write(&example).unwrap_or_default();
    Field::new(form, example, Fallback::Required, text)
}

/// A key with a default.
pub fn defaulted<T>(default: T, form: impl Form<T> + 'static) -> Field<T> {
    let text = form.write(&default).unwrap_or_default();
    let fallback = fallback(&form, &default);
    Field::new(form, default, fallback, text)
}

/// A key that may be left out; the example shows in messages what a value looks like.
pub fn optional<T: 'static>(form: impl Form<T> + 'static, example: T) -> Field<Option<T>> {
    let text = form.write(&example).unwrap_or_default();
    Field::new(Optional(form), None, Fallback::Absent, text)
}

fn fallback<T>(form: &(impl Form<T> + ?Sized), default: &T) -> Fallback {
    match (form.write(default), form.plain(default)) {
        (Some(text), Some(plain)) => Fallback::Value { text, plain },
        _ => Fallback::Absent,
    }
}

impl<T> Field<T> {
    fn new(form: impl Form<T> + 'static, initial: T, fallback: Fallback, example: String) -> Self {
        let (kind, expected) = (form.kind(), form.expected());
        let key = Key { name: "", aliases: &[], kind, expected, fallback, about: "", example, documented: true };
        Self { key, form: Box::new(form), initial }
    }

    /// Makes it a further key, which the documented toolbox does not have.
    pub fn further(mut self) -> Self {
        self.key.documented = false;
        self
    }

    /// Other spellings that are read too.
    pub fn also(mut self, aliases: &'static [&'static str]) -> Self {
        self.key.aliases = aliases;
        self
    }

    /// The same key with another default.
    pub fn or(mut self, default: T) -> Self {
        self.key.fallback = fallback(&*self.form, &default);
        self.initial = default;
        self
    }

    /// The key, for flags and help.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The value that the options give it, or its default.
    ///
    /// # Errors
    /// A value of the wrong type or out of range; no value for a key that must be given.
    pub fn read(self, options: &Options) -> Result<T> {
        match options.text(self.key.name) {
            Some(text) => self.form.parse(text).ok_or_else(|| self.wrong(options, text)),
            None if self.key.fallback == Fallback::Required => Err(options.missing(&self.key)),
            None => Ok(self.initial),
        }
    }

    fn wrong(&self, options: &Options, text: &str) -> Error {
        options.wrong(&self.key, text, self.form.fault(text))
    }

    /// Gives name and documentation to a key that has none yet; a key that a struct shares with another keeps its own.
    #[doc(hidden)]
    pub fn named(mut self, name: &'static str, about: &'static str) -> Self {
        if self.key.name.is_empty() {
            self.key.name = name;
            self.key.about = about.trim();
        }
        self
    }

    #[doc(hidden)]
    pub fn into_key(self) -> Key {
        self.key
    }

    #[doc(hidden)]
    pub fn initial(self) -> T {
        self.initial
    }

    #[doc(hidden)]
    pub fn write(&self, value: &T) -> Option<String> {
        self.form.write(value)
    }
}

impl<T: PartialEq> Field<T> {
    /// Checks a value that was put together in code as strictly as one from a file.
    #[doc(hidden)]
    pub fn check(&self, value: &T, options: &Options) -> Result<()> {
        let Some(text) = self.form.write(value) else { return Ok(()) };
        let text = text.trim();
        match self.form.parse(text) {
            None => Err(self.wrong(options, text)),
            Some(same) if same == *value => Ok(()),
            Some(_) => {
                let message = format!("a value for {} cannot stand in a configuration file", options.owner());
                Err(Error::configuration(message)
                    .hint("a name must not contain a comma, a path must not begin or end with a blank, and both must be UTF-8"))
            }
        }
    }
}
