//! The parameters of `evaluate-model`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::defaults::DEFAULT_FOLDER;
use crate::field::{optional, required};
use crate::form::path;

crate::parameters! {
    /// What `evaluate-model` needs to know.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct EvaluateModelParameters {
        /// Folder of pred_gt.npz
        pred_gt_path: PathBuf = required(path(), DEFAULT_FOLDER);
        /// Folder for the results
        result_path: PathBuf = required(path(), DEFAULT_FOLDER);
        /// Folder of the model that get-knn was run with, for the report to show what makes pictures similar
        model_path: Option<PathBuf> = optional(path(), DEFAULT_FOLDER.into()).further();
    }
}
