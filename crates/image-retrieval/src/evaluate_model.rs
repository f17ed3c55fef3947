//! `evaluate-model`: how good the predictions of labelled queries are.

use silknow_config::EvaluateModelParameters;
use silknow_errors::{Error, Result};
use silknow_evaluation::{Asked, EvaluationSummary, Explain};
use silknow_files::FolderLock;
use silknow_index::{CLASSIFICATION_FILE, NEIGHBOURS_FILE};
use silknow_network::{Model, Placement};

use crate::context::Context;
use crate::explaining::for_report;
use crate::toolbox_files;

/// Reads `pred_gt.npz` from `pred_gt_path` and writes the results of every variable, a summary and a report page
/// into `result_path`. A file of the Python toolbox is imported in passing. With the model the page shows what makes some of the
/// pictures similar; where that cannot be said, there is a warning.
///
/// # Errors
/// A missing, cut or foreign `pred_gt.npz`, results of get-knn without labels, a folder that is not writable.
pub fn evaluate_model(parameters: &EvaluateModelParameters, context: &Context<'_>) -> Result<EvaluationSummary> {
    let folder = &parameters.pred_gt_path;
    if folder.join(NEIGHBOURS_FILE).is_file() && !folder.join(CLASSIFICATION_FILE).exists() {
        return Err(nothing_to_evaluate().in_file(folder.join(NEIGHBOURS_FILE)));
    }
    let classification = toolbox_files::results_in(folder, context.observer)?;
    if classification.vocabulary.is_empty() {
        return Err(nothing_to_evaluate().in_file(folder.join(CLASSIFICATION_FILE)));
    }
    let _lock = FolderLock::take(&parameters.result_path)?;
    let explain = parameters.model_path.as_deref().map(|model_path| {
        let classification = &classification;
        move |asked: &[Asked]| {
            // A few pictures need no accelerator.
            let model = Model::load(model_path, &Placement::processor())?;
            for_report(&model, classification, asked, context.observer)
        }
    });
    let explain = explain.as_ref().map(|explain| explain as &Explain<'_>);
    silknow_evaluation::evaluate(&classification, folder, &parameters.result_path, explain, context.observer)
}

fn nothing_to_evaluate() -> Error {
    Error::data("there is nothing to evaluate: get-knn found neighbours here, and had no labels to compare with").hint(
        "an evaluation needs queries and an index with labels, and `bool_labeled_input; True` for get-knn; neighbours of \
         unlabelled images are there to look at",
    )
}
