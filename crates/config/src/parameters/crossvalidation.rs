//! The parameters of `crossvalidation`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::defaults::DEFAULT_FOLDER;
use super::retrieval::GetKNNParameters;
use super::train_model::TrainModelParameters;
use super::training::TrainingParameters;
use crate::choice::VoteRule;
use crate::field::defaulted;
use crate::form::{file_name, path};
use crate::group::Group;

crate::parameters! {
    /// What `crossvalidation` needs to know.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct CrossvalidationParameters {
        /// Master file: each of its collection files is the test part of one fold
        ///
        /// Its name, without folder.
        master_file_name: String =
            defaulted("masterfile.txt".to_owned(), file_name()).also(&["masterfile_name_crossval", "master_file"]);
        /// Folder of the master file
        ///
        /// And of its collection files.
        master_dir: PathBuf = defaulted("./samples/".into(), path()).also(&["masterfile_dir_crossval"]);
        /// Folder for the folds and the pooled results
        ///
        /// A folder of a fold is called `cv0`, `cv1`, and so on.
        logpath: PathBuf = defaulted(DEFAULT_FOLDER.into(), path());
        /// Neighbours per query, at least 1.
        num_neighbors: usize = GetKNNParameters::num_neighbors();
        /// How neighbours vote.
        vote: VoteRule = GetKNNParameters::vote();
        /// Temperature of weighted votes; none stands for that of the fold's model.
        vote_temperature: Option<f64> = GetKNNParameters::vote_temperature();
        /// Share of the vote below which nothing is predicted.
        confidence_threshold: f64 = GetKNNParameters::confidence_threshold();
        /// How the model of every fold is made.
        ..training: TrainingParameters;
        /// Skip finished folds and continue the unfinished one from its checkpoint.
        resume: bool = TrainModelParameters::resume();
    }
}

/// The documented defaults.
impl Default for CrossvalidationParameters {
    fn default() -> Self {
        Self::initial()
    }
}
