//! The course of a training, from the table that training leaves beside its results.

use std::path::Path;

use serde::Serialize;
use silknow_errors::{Error, Result};
use silknow_files as files;

/// The name of the table within the folder of a training.
pub const FILE_NAME: &str = "metrics.csv";

/// The columns that are read; the table has further ones behind them.
const STEP: &str = "step";
const LOSS: &str = "loss";
const VALIDATION_F1: &str = "val_mean_f1";

/// The course of one training.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LearningCurve {
    /// What was trained: the name of the folder of a fold; empty for a training by itself.
    pub name: String,
    /// Steps with the loss of their batch.
    pub loss: Vec<(f64, f64)>,
    /// Steps with the mean F1 of the vote on the validation split, where it was measured.
    pub validation_mean_f1: Vec<(f64, f64)>,
}

impl LearningCurve {
    /// Reads the table of a folder; none where the folder has none.
    ///
    /// # Errors
    /// A table that cannot be read, or is not such a table.
    pub fn read(folder: &Path, name: &str) -> Result<Option<Self>> {
        let path = folder.join(FILE_NAME);
        if !path.is_file() {
            return Ok(None);
        }
        Self::parse(&files::read_text(&path)?, name).map(Some).map_err(|error| error.in_file(path))
    }

    fn parse(text: &str, name: &str) -> Result<Self> {
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let column = |name: &str| {
            header.iter().position(|it| *it == name).ok_or_else(|| {
                Error::data(format!("the table has no column `{name}`"))
                    .hint("train-model writes this table; remove it where it is another one of the same name")
            })
        };
        let (step, loss, mean_f1) = (column(STEP)?, column(LOSS)?, column(VALIDATION_F1)?);
        let mut curve = Self { name: name.to_owned(), loss: Vec::new(), validation_mean_f1: Vec::new() };
        for line in lines {
            let cells: Vec<&str> = line.split(',').collect();
            // Empty cells say that nothing was measured; what is not finite cannot be drawn.
            let number = |column: usize| cells.get(column)?.parse().ok().filter(|number: &f64| number.is_finite());
            let Some(step) = number(step) else { continue };
            curve.loss.extend(number(loss).map(|loss| (step, loss)));
            curve.validation_mean_f1.extend(number(mean_f1).map(|mean_f1| (step, mean_f1)));
        }
        Ok(curve)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_and_validations_are_read_where_they_were_measured() {
        let table = "step,loss,learning_rate,active_share,val_loss,val_mean_f1,\"term_a,b\"\n\
            1,0.5,0.001,1,,,0.1\n2,NaN,0.001,1,0.4,0.25,\n3,0.25,0.001,1,0.4,,\n";
        let curve = LearningCurve::parse(table, "cv0").unwrap();
        assert_eq!(curve.loss, [(1.0, 0.5), (3.0, 0.25)]);
        assert_eq!(curve.validation_mean_f1, [(2.0, 0.25)]);
    }

    #[test]
    fn another_table_is_refused_and_none_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(LearningCurve::read(folder.path(), "").unwrap(), None);
        std::fs::write(folder.path().join(FILE_NAME), "a;b\n1;2\n").unwrap();
        let message = LearningCurve::read(folder.path(), "").unwrap_err().to_string();
        assert!(message.contains("no column `step`") && message.contains(FILE_NAME), "{message}");
    }
}
