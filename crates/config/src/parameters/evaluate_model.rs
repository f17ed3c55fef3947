//! The parameters of `evaluate-model`.
//!
//! Owns the struct and its way from and to options. The metrics live in the evaluation.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use silknow_errors::Result;

use crate::key::Operation;
use crate::options::Settings;
use crate::parameters::{Parameters, Values};

/// What `evaluate-model` needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluateModelParameters {
    /// Folder of `pred_gt.npz`.
    pub pred_gt_path: PathBuf,
    /// Folder for the results.
    pub result_path: PathBuf,
}

impl Parameters for EvaluateModelParameters {
    const OPERATION: Operation = Operation::EvaluateModel;

    fn from_settings(settings: &Settings<'_>) -> Result<Self> {
        Ok(Self { pred_gt_path: settings.one("pred_gt_path"), result_path: settings.one("result_path") })
    }

    fn to_values(&self) -> Values {
        let mut values = Values::default();
        values.path("pred_gt_path", &self.pred_gt_path);
        values.path("result_path", &self.result_path);
        values
    }
}
