//! Judging predictions, with numbers as the result instead of files.

use pyo3::prelude::*;
use silknow_image_retrieval::{Classification, EvaluationSummary, LabelMatrix, VocabularyBuilder};

use crate::arguments::{path, wrong};
use crate::tables;
use crate::work::{self, Leaves};

/// How good predicted labels are.
///
/// Parameters
/// ----------
/// truth, predictions : pandas.DataFrame or dict of lists
///     One column a variable, one row a sample, in the same order. A label is a text, a whole number or a truth value,
///     or ``None`` where it is not known. Variables that ``predictions`` has and ``truth`` has not are left out.
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
        .map(|variable| predicted.column(variable).map(Some).ok_or(variable))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|variable| {
            wrong(py, format!("`predictions` has no column `{variable}`"), "give a prediction for every variable")
        })?;
    let summary = work::run(py, 1, Leaves::Nothing, move |_| {
        let mut builder = VocabularyBuilder::new(truth.variables.iter());
        let in_order: Vec<Option<usize>> = (0..columns.len()).map(Some).collect();
        let (truth, predicted) = (truth.labels(&mut builder, &in_order), predicted.labels(&mut builder, &columns));
        let (vocabulary, sorted) = builder.into_sorted();
        let [truth, predicted] = [truth, predicted].map(|labels| {
            let labels: Vec<_> = labels.iter().map(|labels| sorted.apply(labels)).collect();
            LabelMatrix::of(vocabulary.len(), &labels)
        });
        Classification::from_labels(vocabulary, truth, predicted)
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

/// Whether one run is better than another for the same images, or by chance; nothing is written.
///
/// Parameters
/// ----------
/// run_a, run_b : str or os.PathLike
///     Folders with ``pred_gt.npz`` that ``get_kNN_parameter`` wrote for labelled queries, or folders of cross-validations.
///
/// Returns
/// -------
/// dict
///     ``means`` and, per variable, ``variables``: accuracy and mean F1 of A and of B, the ``difference`` of B less A with its
///     95 % interval by the paired bootstrap over objects, ``p_value``, and McNemar's test. Shares lie in [0, 1].
///
/// Raises
/// ------
/// DataError
///     ``pred_gt.npz`` is missing, cut or another program's; no image or no variable in common.
#[pyfunction]
#[pyo3(signature = (run_a, run_b))]
pub(crate) fn compare<'py>(run_a: &Bound<'py, PyAny>, run_b: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = run_a.py();
    let (run_a, run_b) = (path("run_a", run_a)?, path("run_b", run_b)?);
    let comparison = work::run(py, 1, Leaves::Nothing, move |context| {
        silknow_image_retrieval::compare(&run_a, &run_b, context)?.to_json()
    })?;
    py.import("json")?.call_method1("loads", (comparison,))
}
