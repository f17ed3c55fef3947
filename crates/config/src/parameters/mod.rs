//! One typed, validated parameter struct per operation, and its ways from options and to a configuration file.
//!
//! Owns what all six have in common. The keys' kinds and defaults stand in the table of keys.

mod create_dataset;
mod evaluate_model;
mod retrieval;
mod training;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use silknow_errors::{Error, Result};

use crate::key::{Fallback, Operation};
use crate::options::{Explicit, Options, Settings};

pub use create_dataset::CreateDatasetParameters;
pub use evaluate_model::EvaluateModelParameters;
pub use retrieval::{BuildKDTreeParameters, GetKNNParameters};
pub use training::{CrossvalidationParameters, TrainModelParameters, TrainingParameters};

/// The parameters of an operation: read from options, checked, written to a configuration file.
pub trait Parameters: Sized + PartialEq {
    /// Whose parameters they are.
    const OPERATION: Operation;

    /// Takes the values from checked options, and checks them against each other.
    ///
    /// # Errors
    /// Values that do not go together.
    fn from_settings(settings: &Settings<'_>) -> Result<Self>;

    /// The values as they are written. What is absent is left out.
    fn to_values(&self) -> Values;

    /// Checks the options and takes the values from them.
    ///
    /// # Errors
    /// A missing key, a value of the wrong type or out of range, values that do not go together; each with the
    /// key and its place.
    fn from_options(options: &Options) -> Result<Self> {
        Self::from_settings(&options.check()?)
    }

    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// Those of [`Options::read_file`] and [`from_options`](Self::from_options).
    fn from_configuration_file(path: impl AsRef<Path>) -> Result<Self> {
        let mut options = Options::new(Self::OPERATION, Explicit::Arguments);
        options.read_file(path)?;
        Self::from_options(&options)
    }

    /// The text of a configuration file that reads back as these parameters: the documented keys first.
    fn to_configuration_text(&self) -> String {
        let values = self.to_values();
        let mut text = format!("****{}****\n", Self::OPERATION.title());
        let mut put = |documented: bool| {
            for key in Self::OPERATION.keys().filter(|key| key.documented == documented) {
                if let Some(value) = values.0.get(key.name) {
                    text.push_str(&format!("{}; {value}\n", key.name));
                }
            }
            text.len()
        };
        let documented_end = put(true);
        if put(false) > documented_end {
            text.insert_str(documented_end, "****FURTHER OPTIONS****\n");
        }
        text
    }

    /// Checks parameters that were put together in code, as strictly as those from a file.
    ///
    /// # Errors
    /// Those of [`from_options`](Self::from_options), and a value that a configuration file could not hold.
    fn validate(&self) -> Result<()> {
        let mut options = Options::new(Self::OPERATION, Explicit::Arguments);
        for (key, text) in &self.to_values().0 {
            options.set(key, text)?;
        }
        if Self::from_options(&options)? == *self {
            return Ok(());
        }
        let operation = Self::OPERATION;
        Err(Error::configuration(format!("a value for {operation} cannot stand in a configuration file"))
            .hint("names hold no commas and paths no blanks at their ends, and both are UTF-8"))
    }
}

/// The default parameters; the `given` keys, which have no default, hold their example and are to be replaced.
///
/// # Panics
/// When a default is not valid, or another key has none: a slip in the table of keys that the tests find.
fn defaults<P: Parameters>(given: &[&str]) -> P {
    let mut options = Options::new(P::OPERATION, Explicit::Arguments);
    for key in P::OPERATION.keys().filter(|key| key.fallback == Fallback::Required && given.contains(&key.name)) {
        options.set(key.name, key.example).expect("the key is the operation's own and set once");
    }
    P::from_options(&options).expect("the defaults in the table of keys are valid")
}

/// The values of parameters as they are written, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<&'static str, String>);

impl Values {
    /// Every key with its value's text, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(key, text)| (*key, text.as_str()))
    }

    fn one(&mut self, key: &'static str, value: impl Display) {
        self.0.insert(key, value.to_string());
    }

    fn path(&mut self, key: &'static str, path: &Path) {
        self.one(key, path.display());
    }

    fn boolean(&mut self, key: &'static str, truth: bool) {
        self.one(key, if truth { "True" } else { "False" });
    }

    /// A number that is mostly small: `1e-4` rather than `0.0001`.
    fn scientific(&mut self, key: &'static str, number: f64) {
        self.one(key, if number < 0.01 { format!("{number:e}") } else { number.to_string() });
    }

    fn list(&mut self, key: &'static str, entries: &[impl Display]) {
        self.one(key, format!("[{}]", joined(entries, "")));
    }

    fn words(&mut self, key: &'static str, words: &[String]) {
        self.one(key, joined(words, ""));
    }

    fn variables(&mut self, key: &'static str, names: &[String]) {
        self.one(key, joined(names, "#"));
    }
}

fn joined(entries: &[impl Display], mark: &str) -> String {
    entries.iter().map(|entry| format!("{mark}{entry}")).collect::<Vec<_>>().join(", ")
}
