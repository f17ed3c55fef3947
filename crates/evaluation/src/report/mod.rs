//! The report of an evaluation: what stands on `report.html`, in words for people who did not make the system.
//!
//! The tables and their wording are chosen here, one file a section; `page` gives them their look.

mod cells;
mod confidence;
mod findings;
mod learning;
mod overview;
mod queries;
mod reading;
mod variable;

use crate::details::EvaluationDetails;
use crate::explained::ExplainedHit;
use crate::page::{KeyFigure, Page, Section, thousands};
use crate::summary::EvaluationSummary;
use cells::percent;
pub(crate) use findings::{Findings, VariablePictures};
pub(crate) use queries::{FoldEnds, explained};

/// The name of the page within the result folder.
pub const FILE_NAME: &str = "report.html";

/// The page of an evaluation. `pictures` has the matrices of the summary's variables in their order.
pub(crate) fn evaluation_page(
    findings: Findings<'_>,
    pictures: &[VariablePictures],
    explained: Vec<ExplainedHit>,
) -> Page {
    let Findings { summary, details, .. } = findings;
    // The pictures come first, because they say most to people who did not make the system. Figures for comparing systems follow.
    let mut sections = vec![overview::overview_section(summary, details), queries::queries_section(findings)];
    sections.extend(Section::of_explained(explained));
    sections.extend(summary.folds.as_ref().map(overview::folds_section));
    sections.extend(confidence::confidence_section(details));
    sections.extend(
        (0..summary.variables.len())
            .zip(pictures)
            .map(|(v, pictures)| variable::variable_section(findings, v, pictures)),
    );
    sections.extend(learning::learning_section(details));
    sections.push(reading::reading_section());
    let title = if summary.folds.is_some() { "Cross-validation" } else { "Evaluation" };
    Page {
        title: title.to_owned(),
        introduction: vec![introduction(summary, details)],
        key_figures: key_figures(summary),
        sections,
        footer: match &summary.classification {
            serde_json::Value::Null => Vec::new(),
            meta => vec![format!("Classification: {meta}")],
        },
    }
}

fn introduction(summary: &EvaluationSummary, details: &EvaluationDetails) -> String {
    let samples = thousands(summary.samples);
    let by = match summary.k {
        Some(1) => "the label of its most similar image".to_owned(),
        Some(k) => format!("the labels of its {k} most similar images"),
        None => "the labels of its most similar images".to_owned(),
    };
    let by = match details.vote.rule {
        "classifier" => "what the model's own classifier says".to_owned(),
        "mean" => format!("{by} and from what the model's own classifier says"),
        _ => by,
    };
    let whence = match &summary.folds {
        Some(folds) => format!(
            " The collection was split into {} parts; each part was searched with a network and an index made from \
             the others, so that every image was tested once, by a system that had never seen it.",
            folds.folds
        ),
        None => String::new(),
    };
    format!(
        "For each of {samples} query images the index was searched for similar images, and its class was predicted \
         from {by}. Where the true class is known, this page compares the two.{whence}"
    )
}

/// Queries, neighbours, and the means over the variables.
fn key_figures(summary: &EvaluationSummary) -> Vec<KeyFigure> {
    let over = match summary.variables_in_means {
        1 => "of one variable".to_owned(),
        n => format!("mean of {n} variables"),
    };
    let mut figures = vec![KeyFigure::new(thousands(summary.samples), "query images", "")];
    figures.extend(summary.k.map(|k| KeyFigure::new(k.to_string(), "neighbours per query", "")));
    if summary.variables_in_means > 0 {
        figures.push(KeyFigure::new(percent(summary.mean_accuracy), "accuracy", over.clone()));
        figures.push(KeyFigure::new(percent(summary.mean_f1), "mean F1", over));
    }
    figures
}
