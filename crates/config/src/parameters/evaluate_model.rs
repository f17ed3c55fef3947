//! The parameters of `evaluate-model`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::field::required;
use crate::form::path;
use crate::group::Parameters;
use crate::key::Operation;
use crate::parameters::DEFAULT_FOLDER;

crate::parameters! {
    /// What `evaluate-model` needs to know.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct EvaluateModelParameters {
        /// Folder of pred_gt.npz
        pred_gt_path: PathBuf = required(path(), DEFAULT_FOLDER);
        /// Folder for the results
        result_path: PathBuf = required(path(), DEFAULT_FOLDER);
    }
}

impl Parameters for EvaluateModelParameters {
    const OPERATION: Operation = Operation::EvaluateModel;
}
