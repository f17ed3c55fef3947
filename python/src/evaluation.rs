//! Judging predictions, with numbers as the result instead of files.

use pyo3::prelude::*;
use silknow_image_retrieval::EvaluationSummary;
use silknow_index::Classification;

use crate::arguments::{path, wrong};
use crate::tables;
use crate::work::{self, Leaves};

/// How good predicted labels are.
///
/// Parameters
/// ----------
/// truth, predictions : pandas.DataFrame or dict of lists
///     One column a variable, one row a sample, in the same order; ``None`` where a label is not known. Variables
///     that ``predictions`` has and ``truth`` has not are left out.
///
/// Returns
/// -------
/// dict
///     What ``evaluation_summary.json`` holds: ``mean_accuracy`` and ``mean_f1``, and in ``variables``, per variable,
///     accuracy, precision, recall, F1 and the confusion matrix. Shares lie in [0, 1].
///
/// Raises
/// ------
/// ConfigurationError
///     Something that is no table, a variable that ``predictions`` lacks.
/// DataError
///     Other numbers of samples in ``truth`` and ``predictions``.
#[pyfunction]
#[pyo3(signature = (truth, predictions))]
pub(crate) fn evaluate<'py>(truth: &Bound<'py, PyAny>, predictions: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = truth.py();
    let truth = tables::read("truth", truth, None)?;
    let predicted = tables::read("predictions", predictions, None)?;
    let columns = truth
        .variables
        .iter()
        .map(|variable| predicted.variables.iter().position(|other| other == variable).ok_or(variable))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|variable| {
            wrong(py, format!("`predictions` has no column `{variable}`"), "give a prediction for every variable")
        })?;
    let rows: Vec<Vec<_>> =
        predicted.rows.iter().map(|row| columns.iter().map(|&column| row[column].clone()).collect()).collect();
    let summary = work::run(py, 1, Leaves::Nothing, move |_| {
        Classification::from_labels(&truth.variables, &truth.rows, &rows)
            .and_then(|classification| EvaluationSummary::of(&classification).to_json())
    })?;
    py.import("json")?.call_method1("loads", (summary,))
}

/// How good the predictions in a folder with ``pred_gt.npz`` are; nothing is written.
///
/// Parameters
/// ----------
/// pred_gt_path : str or os.PathLike
///     The folder that ``get_kNN_parameter`` wrote for labelled queries.
///
/// Returns
/// -------
/// dict
///     As for :func:`evaluate`, with precision at k and mean average precision of the neighbours.
///
/// Raises
/// ------
/// DataError
///     ``pred_gt.npz`` is missing, cut or another program's.
#[pyfunction]
#[pyo3(signature = (pred_gt_path))]
pub(crate) fn evaluate_folder<'py>(pred_gt_path: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = pred_gt_path.py();
    let folder = path("pred_gt_path", pred_gt_path)?;
    let summary = work::run(py, 1, Leaves::Nothing, move |_| {
        Classification::read(folder).and_then(|classification| EvaluationSummary::of(&classification).to_json())
    })?;
    py.import("json")?.call_method1("loads", (summary,))
}
