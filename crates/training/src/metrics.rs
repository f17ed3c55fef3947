//! What training reports per step, and the files it goes to: `metrics.csv` and TensorBoard's event files.
//!
//! The format of event files is in `tensorboard`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use silknow_errors::Result;
use silknow_files as files;

use crate::objective::Term;
use crate::tensorboard::EventFile;

/// The name of the table within the log folder.
pub const METRICS_FILE: &str = "metrics.csv";

/// One training step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepMetrics {
    /// The step, counted from 1.
    pub step: usize,
    /// The loss of the step's batch, before the parameters moved.
    pub loss: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// The share of pairs or triplets that were active, in `[0, 1]`.
    pub active_share: f64,
    /// What validation measured after the step, where it was due.
    pub validation: Option<ValidationMetrics>,
    /// The named parts of the batch's loss; empty when the objective has none.
    pub terms: Vec<Term>,
}

/// One validation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValidationMetrics {
    /// The mean loss over all validation batches; none where there is no pair or triplet.
    pub loss: Option<f64>,
    /// The mean over the variables of the unweighted mean F1 score, in `[0, 1]`; none without known labels.
    pub mean_f1: Option<f64>,
}

/// The names of the terms of a history, in the order in which they first occur.
pub(crate) fn term_names(history: &[StepMetrics]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for term in history.iter().flat_map(|row| &row.terms) {
        if !names.contains(&term.name.as_str()) {
            names.push(&term.name);
        }
    }
    names
}

/// Writes the history as a table. The same history gives the same bytes: there are no times in it. Every term has a column
/// `term_<name>` after the others, empty in the steps without it.
pub fn write_table(folder: impl AsRef<Path>, history: &[StepMetrics]) -> Result<()> {
    let terms = term_names(history);
    let mut table = String::from("step,loss,learning_rate,active_share,val_loss,val_mean_f1");
    for name in &terms {
        write!(table, ",{}", quoted(&format!("term_{name}"))).expect("a text takes whatever is written");
    }
    table.push('\n');
    for row in history {
        let cell = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let (loss, mean_f1) = row.validation.map_or((None, None), |validation| (validation.loss, validation.mean_f1));
        let StepMetrics { step, learning_rate, active_share, .. } = row;
        write!(table, "{step},{},{learning_rate},{active_share},{},{}", row.loss, cell(loss), cell(mean_f1))
            .expect("a text takes whatever is written");
        for name in &terms {
            let value = row.terms.iter().find(|term| term.name == *name).map(|term| term.value);
            write!(table, ",{}", cell(value)).expect("a text takes whatever is written");
        }
        table.push('\n');
    }
    files::write(folder.as_ref().join(METRICS_FILE), table)
}

/// A cell of the table, in quotes where its text needs them.
fn quoted(cell: &str) -> Cow<'_, str> {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\"")).into()
    } else {
        cell.into()
    }
}

/// The event files below a log folder: `train`, and `val` once there is a validation.
#[derive(Debug)]
pub(crate) struct EventLog<'a> {
    folder: &'a Path,
    train: EventFile,
    validation: Option<EventFile>,
}

impl<'a> EventLog<'a> {
    /// Begins new files with what is known already, so that a resumed run has one unbroken line.
    pub fn begin(folder: &'a Path, history: &[StepMetrics]) -> Result<Self> {
        let mut log = Self { folder, train: EventFile::create(folder.join("train"))?, validation: None };
        for row in history {
            log.add(row)?;
        }
        Ok(log)
    }

    /// Appends a step.
    pub fn add(&mut self, row: &StepMetrics) -> Result<()> {
        let step = row.step as u64;
        let tags: Vec<String> = row.terms.iter().map(|term| format!("terms/{}", term.name)).collect();
        let mut values = vec![
            ("loss", row.loss as f32),
            ("learning_rate", row.learning_rate as f32),
            ("active_share", row.active_share as f32),
        ];
        values.extend(tags.iter().zip(&row.terms).map(|(tag, term)| (tag.as_str(), term.value as f32)));
        self.train.scalars(step, &values)?;
        let Some(measured) = row.validation else { return Ok(()) };
        let file = match &mut self.validation {
            Some(file) => file,
            none => none.insert(EventFile::create(self.folder.join("val"))?),
        };
        let values = [("loss", measured.loss), ("mean_f1", measured.mean_f1)];
        let known: Vec<_> = values.into_iter().filter_map(|(tag, value)| Some((tag, value? as f32))).collect();
        file.scalars(step, &known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_per_step_and_empty_cells_where_nothing_was_measured() {
        let folder = tempfile::tempdir().unwrap();
        let first = StepMetrics {
            step: 1,
            loss: 0.5,
            learning_rate: 1e-4,
            active_share: 0.25,
            validation: None,
            terms: vec![],
        };
        let validation = Some(ValidationMetrics { loss: Some(0.75), mean_f1: None });
        write_table(folder.path(), &[first.clone(), StepMetrics { step: 2, validation, ..first }]).unwrap();
        assert_eq!(
            files::read_text(folder.path().join(METRICS_FILE)).unwrap(),
            "step,loss,learning_rate,active_share,val_loss,val_mean_f1\n\
             1,0.5,0.0001,0.25,,\n\
             2,0.5,0.0001,0.25,0.75,\n"
        );
    }

    #[test]
    fn terms_have_columns_after_the_others_in_the_order_of_their_first_occurrence() {
        let folder = tempfile::tempdir().unwrap();
        let row = |step, terms: &[(&str, f64)]| StepMetrics {
            step,
            loss: 0.5,
            learning_rate: 1e-4,
            active_share: 0.25,
            validation: None,
            terms: terms.iter().map(|&(name, value)| Term { name: name.to_owned(), value }).collect(),
        };
        let history =
            [row(1, &[("semantic", 0.75)]), row(2, &[("rules, \"old\"", -2.0), ("semantic", 1.0)]), row(3, &[])];
        write_table(folder.path(), &history).unwrap();
        assert_eq!(
            files::read_text(folder.path().join(METRICS_FILE)).unwrap(),
            "step,loss,learning_rate,active_share,val_loss,val_mean_f1,term_semantic,\"term_rules, \"\"old\"\"\"\n\
             1,0.5,0.0001,0.25,,,0.75,\n\
             2,0.5,0.0001,0.25,,,1,-2\n\
             3,0.5,0.0001,0.25,,,,\n"
        );
    }
}
