//! The six operations: their names, their parameters and keys, and how the options of one begin.

use std::fmt;
use std::path::Path;
use std::sync::LazyLock;

use silknow_errors::Result;

use crate::group::Group;
use crate::key::Key;
use crate::options::{Explicit, KeysOf, Options};
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
        self.list().iter()
    }

    fn list(self) -> &'static [Key] {
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

/// The parameters of an operation: read from options, checked, written to a configuration file.
pub trait Parameters: Group {
    /// Whose parameters they are.
    const OPERATION: Operation;

    /// Takes the values from the options, and checks each and all of them together.
    ///
    /// # Errors
    /// A missing key, a value of the wrong type or out of range, values that do not go together; each with the
    /// key and its place.
    fn from_options(options: &Options) -> Result<Self> {
        Self::take(options)
    }

    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// Those of [`Options::read_file`] and [`from_options`](Self::from_options).
    fn from_configuration_file(path: impl AsRef<Path>) -> Result<Self> {
        let mut options = Options::new(Self::OPERATION, Explicit::Arguments);
        options.read_file(path)?;
        Self::take(&options)
    }

    /// The text of a configuration file that reads back as these parameters: the documented keys first.
    fn to_configuration_text(&self) -> String {
        let mut lines = Vec::new();
        self.write(&mut lines);
        let further = |name: &str| Self::OPERATION.key(name).is_some_and(|key| !key.documented);
        let (further, documented): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(name, _)| further(name));
        let text = |lines: &[(&str, String)]| -> String {
            lines.iter().map(|(name, value)| format!("{name}; {value}\n")).collect()
        };
        let between = if further.is_empty() { "" } else { "****FURTHER OPTIONS****\n" };
        format!("****{}****\n{}{between}{}", Self::OPERATION.title(), text(&documented), text(&further))
    }

    /// Checks parameters that were put together in code, as strictly as those from a file.
    ///
    /// # Errors
    /// Those of [`from_options`](Self::from_options), and a value that a configuration file could not hold.
    fn validate(&self) -> Result<()> {
        let options = Options::new(Self::OPERATION, Explicit::Arguments);
        self.check_each(&options)?;
        self.check_together(&options)
    }
}

impl Parameters for CreateDatasetParameters {
    const OPERATION: Operation = Operation::CreateDataset;
}

impl Parameters for TrainModelParameters {
    const OPERATION: Operation = Operation::TrainModel;
}

impl Parameters for BuildKDTreeParameters {
    const OPERATION: Operation = Operation::BuildKDTree;
}

impl Parameters for GetKNNParameters {
    const OPERATION: Operation = Operation::GetKNN;
}

impl Parameters for EvaluateModelParameters {
    const OPERATION: Operation = Operation::EvaluateModel;
}

impl Parameters for CrossvalidationParameters {
    const OPERATION: Operation = Operation::Crossvalidation;
}

/// The keys of all operations. Errors say whose key it is that stands in the wrong place.
fn all_keys() -> &'static [KeysOf] {
    static ALL: LazyLock<[KeysOf; 6]> =
        LazyLock::new(|| Operation::ALL.map(|operation| KeysOf { owner: operation.verb(), keys: operation.list() }));
    &*ALL
}

impl Options {
    /// No options of an operation yet. Errors about explicit values will call them as `explicit_form` says.
    pub fn new(operation: Operation, explicit_form: Explicit) -> Self {
        Self::with(KeysOf { owner: operation.verb(), keys: operation.list() }, all_keys(), explicit_form)
    }

    /// No options of a group of keys yet; `owner` is what errors call it.
    pub fn of<G: Group>(owner: &'static str, explicit_form: Explicit) -> Self {
        Self::with(KeysOf { owner, keys: G::keys() }, all_keys(), explicit_form)
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
