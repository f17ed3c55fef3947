//! The summary of an evaluation: `evaluation_summary.json` and the table for the terminal.
//!
//! The JSON file carries a version. The figures come from `metrics`, `ranking` and `folds`.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_index::classification::Classification;

use crate::averages::mean;
use crate::folds::FoldStatistics;
use crate::metrics::VariableMetrics;
use crate::text_table::aligned;

/// The name of the file within the result folder.
pub const FILE_NAME: &str = "evaluation_summary.json";

/// The version of the file's format; a reader refuses a higher one.
pub const FORMAT_VERSION: u32 = 1;

/// All figures of an evaluation. Shares lie in `[0, 1]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EvaluationSummary {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Version of the software that evaluated.
    pub software_version: &'static str,
    /// Query images in all.
    pub samples: u64,
    /// Neighbours per query, where these are at hand.
    pub k: Option<u64>,
    /// Mean over the variables that [enter the means](VariableMetrics::enters_means): those with two classes or more.
    pub mean_accuracy: f64,
    /// Mean over the same variables.
    pub mean_f1: f64,
    /// The number of these variables; the means are 0 where there is none.
    pub variables_in_means: usize,
    /// Per variable, in the vocabulary's order.
    pub variables: Vec<VariableMetrics>,
    /// Mean and deviation over the folds of a cross-validation.
    pub folds: Option<FoldStatistics>,
    /// What a reader of the figures should know about their reliability.
    pub warnings: Vec<String>,
    /// How the classification was made, as its file tells.
    pub classification: serde_json::Value,
}

impl EvaluationSummary {
    /// The figures of a classification.
    pub fn of(classification: &Classification) -> Self {
        let variables: Vec<_> =
            (0..classification.vocabulary.len()).map(|v| VariableMetrics::of(classification, v)).collect();
        let counted: Vec<_> = variables.iter().filter(|metrics| metrics.enters_means()).collect();
        Self {
            format_version: FORMAT_VERSION,
            software_version: env!("CARGO_PKG_VERSION"),
            samples: classification.names.len() as u64,
            k: classification.neighbours.as_ref().map(|near| near.k as u64),
            mean_accuracy: mean(counted.iter().map(|metrics| metrics.accuracy)),
            mean_f1: mean(counted.iter().map(|metrics| metrics.mean_f1)),
            variables_in_means: counted.len(),
            warnings: variables.iter().flat_map(VariableMetrics::warnings).collect(),
            variables,
            folds: None,
            classification: meta(&classification.meta),
        }
    }

    /// The content of `evaluation_summary.json`.
    ///
    /// # Errors
    /// None that is known of; a fault of this program would be reported.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|json| json + "\n")
            .map_err(|cause| Error::internal("the summary cannot be written as JSON").caused_by(cause))
    }

    /// Writes `evaluation_summary.json` into `folder`.
    pub fn write(&self, folder: &Path) -> Result<()> {
        files::write(folder.join(FILE_NAME), self.to_json()?)
    }

    /// The figures of a variable, by its name.
    pub fn variable(&self, name: &str) -> Option<&VariableMetrics> {
        self.variables.iter().find(|metrics| metrics.variable == name)
    }
}

/// Meta data of other programs need not be JSON; what is not stays text.
fn meta(text: &str) -> serde_json::Value {
    match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) if text.is_empty() => serde_json::Value::Null,
        Err(_) => text.into(),
    }
}

impl fmt::Display for EvaluationSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_k = self.k.map_or("P@k".to_owned(), |k| format!("P@{k}"));
        let header = ["variable", "samples", "evaluated", "accuracy", "mean F1", &at_k, "mAP"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        for metrics in &self.variables {
            let known = |value: f64| (metrics.evaluated > 0).then_some(value);
            let ranking = metrics.ranking.as_ref().filter(|ranking| ranking.queries > 0);
            rows.push(vec![
                metrics.variable.clone(),
                metrics.samples.to_string(),
                format!("{:.1} %", 100.0 * metrics.share_evaluated),
                figure(known(metrics.accuracy)),
                figure(known(metrics.mean_f1)),
                figure(ranking.map(|ranking| ranking.precision_at_k)),
                figure(ranking.map(|ranking| ranking.mean_average_precision)),
            ]);
        }
        let evaluated = self.variables.iter().filter(|metrics| metrics.evaluated > 0).count();
        if evaluated > 1 && self.variables_in_means > 0 {
            let blank = String::new;
            let (accuracy, f1) = (figure(Some(self.mean_accuracy)), figure(Some(self.mean_f1)));
            rows.push(vec!["mean".to_owned(), blank(), blank(), accuracy, f1]);
        }
        write!(f, "{}", aligned(&rows))?;
        match &self.folds {
            Some(folds) => write!(f, "\n{}", folds.to_short_text()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::classification;

    #[test]
    fn the_table_has_a_line_per_variable_and_the_mean() {
        let text = EvaluationSummary::of(&classification()).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "variable   samples  evaluated  accuracy  mean F1    P@2    mAP");
        assert_eq!(lines[1], "place            4     75.0 %     0.667    0.667  0.667  0.833");
        assert!(lines[2].starts_with("technique") && lines[2].ends_with('-'), "{text}");
    }

    #[test]
    fn the_file_holds_all_figures_and_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let summary = EvaluationSummary::of(&classification());
        summary.write(folder.path()).unwrap();
        let text = files::read_text(folder.path().join(FILE_NAME)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["format_version"], 1);
        assert_eq!(json["variables"][0]["confusion_matrix"]["counts"], serde_json::json!([[1, 0], [1, 1]]));
        assert_eq!(json["variables"][0]["ranking"]["k"], 2);
        assert_eq!(json["classification"]["model"], "abc");
        assert!(json["warnings"].as_array().unwrap().len() >= 2);
    }
}
