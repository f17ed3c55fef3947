//! The parameters of `evaluate-model`.
//!
//! Owns the struct and its way from and to options. The metrics live in the evaluation.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What `evaluate-model` needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluateModelParameters {
    /// Folder of `pred_gt.npz`.
    pub pred_gt_path: PathBuf,
    /// Folder for the results.
    pub result_path: PathBuf,
}
