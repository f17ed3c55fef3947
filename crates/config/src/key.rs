//! The operations, and what flags, help and messages say about a key.
//!
//! A [`Key`] is made from a field of a parameter struct; it is never written by hand.

use std::fmt;

use crate::group::Group;
use crate::parameters::{
    BuildKDTreeParameters, CreateDatasetParameters, CrossvalidationParameters, EvaluateModelParameters,
    GetKNNParameters, TrainModelParameters,
};

/// One of the six operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// From an export to collections.
    CreateDataset,
    /// From collections to a model.
    TrainModel,
    /// From a model and collections to an index.
    BuildKDTree,
    /// From an index and queries to neighbours.
    GetKNN,
    /// From predictions to metrics.
    EvaluateModel,
    /// All of it, five times.
    Crossvalidation,
}

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
    Choice(&'static [&'static str]),
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

impl Operation {
    /// All operations, in the order in which they follow each other.
    pub const ALL: [Self; 6] = [
        Self::CreateDataset,
        Self::TrainModel,
        Self::BuildKDTree,
        Self::GetKNN,
        Self::EvaluateModel,
        Self::Crossvalidation,
    ];

    /// The verb of the command line.
    pub fn verb(self) -> &'static str {
        match self {
            Self::CreateDataset => "create-dataset",
            Self::TrainModel => "train-model",
            Self::BuildKDTree => "build-kdtree",
            Self::GetKNN => "get-knn",
            Self::EvaluateModel => "evaluate-model",
            Self::Crossvalidation => "crossvalidation",
        }
    }

    /// The documentation's name: its functions are `<name>_configfile` and `<name>_parameter`.
    pub fn documented_name(self) -> &'static str {
        match self {
            Self::CreateDataset => "create_dataset",
            Self::TrainModel => "train_model",
            Self::BuildKDTree => "build_kDTree",
            Self::GetKNN => "get_kNN",
            Self::EvaluateModel => "evaluate_model",
            Self::Crossvalidation => "crossvalidation",
        }
    }

    /// The title of its configuration file.
    pub fn title(self) -> &'static str {
        match self {
            Self::CreateDataset => "CONFIGURATION FOR CREATING A DATASET",
            Self::TrainModel => "CONFIGURATION FOR TRAINING A MODEL",
            Self::BuildKDTree => "CONFIGURATION FOR BUILDING A DESCRIPTOR INDEX",
            Self::GetKNN => "CONFIGURATION FOR FINDING NEAREST NEIGHBOURS",
            Self::EvaluateModel => "CONFIGURATION FOR EVALUATING A MODEL",
            Self::Crossvalidation => "CONFIGURATION FOR CROSS-VALIDATION",
        }
    }

    /// Its keys, in the order in which they are written.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        self.keys_of().iter()
    }

    pub(crate) fn keys_of(self) -> &'static [Key] {
        match self {
            Self::CreateDataset => CreateDatasetParameters::keys(),
            Self::TrainModel => TrainModelParameters::keys(),
            Self::BuildKDTree => BuildKDTreeParameters::keys(),
            Self::GetKNN => GetKNNParameters::keys(),
            Self::EvaluateModel => EvaluateModelParameters::keys(),
            Self::Crossvalidation => CrossvalidationParameters::keys(),
        }
    }

    /// The key of this name or other spelling.
    pub fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.is_called(name))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.verb())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_of_an_operation_share_a_spelling() {
        for operation in Operation::ALL {
            let mut spellings: Vec<&str> =
                operation.keys().flat_map(|key| key.aliases.iter().copied().chain([key.name])).collect();
            spellings.sort_unstable();
            let count = spellings.len();
            spellings.dedup();
            assert_eq!(spellings.len(), count, "{operation}");
        }
    }
}
