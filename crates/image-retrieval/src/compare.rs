//! `compare`: whether one run is better than another for the same images, or by chance.

use std::path::{Path, PathBuf};

use silknow_errors::Result;
use silknow_evaluation::Fold;
use silknow_evaluation::compare::{Comparison, Run};
use silknow_index::{CLASSIFICATION_FILE, Classification};

use crate::context::Context;

/// Compares the predictions in two folders: each has the `pred_gt.npz` of get-knn, or is the folder of a cross-validation, whose
/// folds are compared together. Warnings go to the observer, too.
///
/// # Errors
/// A missing, cut or foreign `pred_gt.npz`, no image or no variable in common, an interruption.
pub fn compare(run_a: &Path, run_b: &Path, context: &Context<'_>) -> Result<Comparison> {
    let runs = [Tested::read(run_a)?, Tested::read(run_b)?];
    let [folds_a, folds_b] = runs.each_ref().map(Tested::folds);
    let comparison = silknow_evaluation::compare::compare(
        Run { folder: run_a, folds: &folds_a },
        Run { folder: run_b, folds: &folds_b },
        context.observer,
    )?;
    for warning in &comparison.warnings {
        context.observer.warning(warning);
    }
    Ok(comparison)
}

/// What one run tested, with the folder of each classification.
struct Tested(Vec<(PathBuf, Classification)>);

impl Tested {
    fn read(folder: &Path) -> Result<Self> {
        let fold = |number: usize| folder.join(format!("cv{number}"));
        let is_there = |folder: &PathBuf| folder.join(CLASSIFICATION_FILE).is_file();
        let folders: Vec<PathBuf> = match is_there(&folder.to_path_buf()) {
            true => vec![folder.to_path_buf()],
            false => (0..).map(fold).take_while(is_there).collect(),
        };
        if folders.is_empty() {
            // The reader says what is missing.
            return Ok(Self(vec![(folder.to_path_buf(), Classification::read(folder)?)]));
        }
        let read = |folder: PathBuf| Classification::read(&folder).map(|classification| (folder, classification));
        folders.into_iter().map(read).collect::<Result<_>>().map(Self)
    }

    fn folds(&self) -> Vec<Fold<'_>> {
        self.0.iter().map(|(folder, classification)| Fold { classification, folder }).collect()
    }
}
