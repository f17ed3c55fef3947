//! `evaluate-model`: how good the predictions of labelled queries are.

use silknow_config::EvaluateModelParameters;
use silknow_errors::Result;
use silknow_evaluation::EvaluationSummary;
use silknow_files::FolderLock;
use silknow_index::Classification;

use crate::context::Context;

/// Reads `pred_gt.npz` from `pred_gt_path` and writes the results of every variable, a summary and a report page
/// into `result_path`.
///
/// # Errors
/// A missing, cut or foreign `pred_gt.npz`, a folder that is not writable.
pub fn evaluate_model(parameters: &EvaluateModelParameters, context: &Context<'_>) -> Result<EvaluationSummary> {
    let classification = Classification::read(&parameters.pred_gt_path)?;
    let _lock = FolderLock::take(&parameters.result_path)?;
    silknow_evaluation::evaluate(&classification, &parameters.pred_gt_path, &parameters.result_path, context.observer)
}
