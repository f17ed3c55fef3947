//! Evaluation from a classification to files: one run, or the folds of a cross-validation together.
//!
//! Which files are written, and under which names, is decided here.

use std::collections::HashMap;
use std::path::Path;

use silknow_errors::{ErrorKind, Result};
use silknow_files as files;
use silknow_index::CLASSIFICATION_FILE;
use silknow_index::classification::Classification;
use silknow_progress::Observer;
use silknow_records::Object;
use silknow_records::class_text::text_of;

use crate::details::EvaluationDetails;
use crate::explained::{Explain, ExplainedHit};
use crate::folds::{self, Fold, FoldStatistics, pool};
use crate::learning_curve::LearningCurve;
use crate::matrix::{Cells, draw};
use crate::metrics::VariableMetrics;
use crate::page::thousands;
use crate::ranking::NeighbourStatistics;
use crate::report::{self, Findings, FoldEnds, VariablePictures, evaluation_page};
use crate::results_text::results_text;
use crate::summary::EvaluationSummary;

/// The folder of the neighbour statistics within the result folder of a cross-validation.
const TOP_K_FOLDER: &str = "top_k_statistics";

/// Evaluates a classification and writes all files into `result_path`: per variable the results text and two
/// confusion matrices, `evaluation_summary.json`, `evaluation_details.json` and `report.html`.
///
/// `folder` is what the image paths of the classification are relative to. A variable that cannot be evaluated is
/// warned about, and its files say so. With `explain` the report shows what makes some of the pictures similar.
///
/// # Errors
/// Files that cannot be written; an interruption.
pub fn evaluate(
    classification: &Classification,
    folder: &Path,
    result_path: &Path,
    explain: Option<&Explain<'_>>,
    observer: &dyn Observer,
) -> Result<EvaluationSummary> {
    let summary = EvaluationSummary::of(classification);
    let mut works = HashMap::new();
    add_works(folder, folder, &mut works, observer);
    let mut curves = Vec::new();
    add_curve(folder, "", &mut curves, observer);
    let details = EvaluationDetails::of(classification, &summary.variables, curves, observer)?;
    let findings = Findings { classification, folder, summary: &summary, details: &details, works: &works };
    let explained = explanations(findings, &FoldEnds::default(), explain, observer)?;
    write_files(findings, explained, result_path, observer)?;
    Ok(summary)
}

/// Evaluates the folds of a cross-validation together: the files of [`evaluate`] over all samples, mean and
/// deviation over the folds (in these and in `crossvalidation_results.txt`), and
/// `top_k_statistics/<variable>_kNN_statistics.txt`.
///
/// # Errors
/// No folds; files that cannot be written; an interruption.
pub fn evaluate_folds(
    folds: &[Fold<'_>],
    result_path: &Path,
    explain: Option<&Explain<'_>>,
    observer: &dyn Observer,
) -> Result<EvaluationSummary> {
    let pooled = pool(folds, result_path)?;
    warn_of_unequal_neighbours(folds, observer);
    let mut summary = EvaluationSummary::of(&pooled);
    let statistics = FoldStatistics::of(folds, &pooled.vocabulary);
    files::write(result_path.join(folds::FILE_NAME), statistics.to_text())?;
    summary.folds = Some(statistics);
    if let Some(near) = &pooled.neighbours {
        for (v, variable) in pooled.vocabulary.variables.iter().enumerate() {
            let text = NeighbourStatistics::of(&pooled.truth, near, v).to_text(&variable.name);
            let name = format!("{}_kNN_statistics.txt", file_stem(&variable.name));
            files::write(result_path.join(TOP_K_FOLDER).join(name), text)?;
        }
    }
    let (mut works, mut curves) = (HashMap::new(), Vec::new());
    for fold in folds {
        add_works(fold.folder, result_path, &mut works, observer);
        let name = fold.folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        add_curve(fold.folder, &name, &mut curves, observer);
    }
    let details = EvaluationDetails::of(&pooled, &summary.variables, curves, observer)?;
    let findings =
        Findings { classification: &pooled, folder: result_path, summary: &summary, details: &details, works: &works };
    let mut end = 0;
    let ends = folds.iter().map(|fold| {
        end += fold.classification.names.len();
        end
    });
    let explained = explanations(findings, &FoldEnds(ends.collect()), explain, observer)?;
    write_files(findings, explained, result_path, observer)?;
    Ok(summary)
}

/// What makes some pictures similar. Where that cannot be said there is a warning, because the report is whole without it.
///
/// # Errors
/// An interruption.
fn explanations(
    findings: Findings<'_>,
    folds: &FoldEnds,
    explain: Option<&Explain<'_>>,
    observer: &dyn Observer,
) -> Result<Vec<ExplainedHit>> {
    let Some(explain) = explain else { return Ok(Vec::new()) };
    match report::explained(findings, folds, explain) {
        Err(error) if error.kind() != ErrorKind::Interrupted => {
            observer.warning(&format!("the report does not say what makes pictures similar: {error}"));
            Ok(Vec::new())
        }
        explained => explained,
    }
}

/// Adds what the classification in a folder knows of the objects that its neighbours show, by the names of their images from
/// `seen_from`. A file that cannot be read is warned of, because the report is whole without it.
fn add_works(folder: &Path, seen_from: &Path, works: &mut HashMap<String, Object>, observer: &dyn Observer) {
    if !folder.join(CLASSIFICATION_FILE).is_file() {
        return;
    }
    match Classification::read_works(folder) {
        Ok(found) => works.extend(found.into_iter().filter_map(|(name, object)| {
            let name =
                if folder == seen_from { name } else { files::relative_to(folder.join(name), seen_from).ok()? };
            Some((name, object))
        })),
        Err(error) => observer.warning(&format!("the report does not name the works: {error}")),
    }
}

/// Adds the course of the training whose table lies in a folder, if one does. A table that cannot be read is warned of.
fn add_curve(folder: &Path, name: &str, curves: &mut Vec<LearningCurve>, observer: &dyn Observer) {
    match LearningCurve::read(folder, name) {
        Ok(curve) => curves.extend(curve),
        Err(error) => observer.warning(&format!("the report has no learning curve: {error}")),
    }
}

fn warn_of_unequal_neighbours(folds: &[Fold<'_>], observer: &dyn Observer) {
    let numbers = || folds.iter().map(|fold| fold.classification.neighbours.as_ref().map_or(0, |near| near.k));
    if let (Some(fewest), Some(most)) = (numbers().min(), numbers().max())
        && fewest != most
    {
        observer.warning(&format!(
            "the folds have between {fewest} and {most} neighbours per query; the {fewest} nearest are evaluated together"
        ));
    }
}

fn write_files(
    findings: Findings<'_>,
    explained: Vec<ExplainedHit>,
    result_path: &Path,
    observer: &dyn Observer,
) -> Result<()> {
    let summary = findings.summary;
    let progress = observer.begin("evaluating", summary.variables.len() as u64 + 1);
    let mut pictures = Vec::with_capacity(summary.variables.len());
    for metrics in &summary.variables {
        observer.check()?;
        progress.detail(&metrics.variable);
        observer.info(&format!(
            "`{}`: {} of {} samples ({:.1} %) have a known truth and a prediction",
            metrics.variable,
            metrics.evaluated,
            metrics.samples,
            100.0 * metrics.share_evaluated
        ));
        let drawn = write_variable(metrics, result_path)?;
        warn_of_numbers(&metrics.variable, drawn.counts.legend(), observer);
        pictures.push(drawn);
        progress.advance(1);
    }
    for warning in &summary.warnings {
        observer.warning(warning);
    }
    summary.write(result_path)?;
    findings.details.write(result_path)?;
    observer.check()?;
    progress.detail(report::FILE_NAME);
    evaluation_page(findings, &pictures, explained).write(result_path.join(report::FILE_NAME))?;
    progress.advance(1);
    Ok(())
}

/// Warns of classes that the matrices show as numbers.
fn warn_of_numbers(variable: &str, legend: &[(String, String)], observer: &dyn Observer) {
    if legend.is_empty() {
        return;
    }
    let classes: Vec<String> = legend.iter().map(|(number, text)| format!("{number} is `{text}`")).collect();
    observer.warning(&format!(
        "the fonts of this machine do not have the letters of all classes of `{variable}`, so that its confusion matrices show \
         numbers: {}; install a font with these letters (the Noto fonts have most), or look at {}, which has the names",
        classes.join(", "),
        report::FILE_NAME
    ));
}

/// Writes the three files of one variable.
fn write_variable(metrics: &VariableMetrics, result_path: &Path) -> Result<VariablePictures> {
    let stem = file_stem(&metrics.variable);
    let pictures = draw_matrices(metrics)?;
    files::write(result_path.join(format!("{stem}_evaluation_results.txt")), results_text(metrics))?;
    files::write(result_path.join(format!("{stem}_Confusion_Matrix.png")), pictures.counts.png()?)?;
    files::write(result_path.join(format!("{stem}_Confusion_Matrix_normalized.png")), pictures.shares.png()?)?;
    Ok(pictures)
}

fn draw_matrices(metrics: &VariableMetrics) -> Result<VariablePictures> {
    let name = text_of(&metrics.variable);
    let images = match metrics.evaluated {
        0 => "no image evaluated".to_owned(),
        n => format!("{} images, accuracy {:.2} %", thousands(n), 100.0 * metrics.accuracy),
    };
    let picture = |what: &str, subtitle: &str, cells| {
        draw(&metrics.confusion_matrix, &format!("{what}: {name}"), subtitle, cells)
    };
    Ok(VariablePictures {
        counts: picture("Confusion matrix", &images, Cells::Counts)?,
        shares: picture("Normalised confusion matrix", "Shares of the true class", Cells::Shares)?,
    })
}

/// The variable's name without what file systems do not take.
fn file_stem(variable: &str) -> String {
    let allowed = |letter: char| !(letter.is_control() || r#"/\:*?"<>|"#.contains(letter));
    variable.chars().map(|letter| if allowed(letter) { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_name_cannot_leave_the_folder() {
        assert_eq!(file_stem("../a:b"), ".._a_b");
        assert_eq!(file_stem("matériau"), "matériau");
    }
}
