//! The parameters of `train-model`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::defaults::DEFAULT_FOLDER;
use super::training::TrainingParameters;
use crate::field::defaulted;
use crate::form::{file_name, path, truth};
use crate::group::Group;

crate::parameters! {
    /// What `train-model` needs to know.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct TrainModelParameters {
        /// Master file: the list of the collection files to train on
        ///
        /// Its name, without folder.
        master_file_name: String =
            defaulted("master_file_tree.txt".to_owned(), file_name()).also(&["master_file"]);
        /// Folder of the master file
        ///
        /// And of its collection files.
        master_dir: PathBuf = defaulted("./samples/".into(), path());
        /// Folder for the model and its logs
        logpath: PathBuf = defaulted(DEFAULT_FOLDER.into(), path());
        /// How the model is made.
        ..training: TrainingParameters;
        /// Continue an interrupted run
        ///
        /// From the checkpoint in `logpath`, if there is one.
        resume: bool = defaulted(false, truth()).further();
    }
}

/// The documented defaults.
impl Default for TrainModelParameters {
    fn default() -> Self {
        Self::initial()
    }
}
