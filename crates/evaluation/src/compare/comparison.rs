//! What a comparison says.

use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_errors::{Error, Result};

use super::mcnemar::McNemar;
use crate::bootstrap::{Estimate, Figures};
use crate::folds::Fold;

/// One of the two runs.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// How it is called in the comparison: its folder.
    pub folder: &'a Path,
    /// What was tested: one classification, or the folds of a cross-validation.
    pub folds: &'a [Fold<'a>],
}

/// Two runs compared. Shares lie in `[0, 1]`; differences are those of B less A.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The folder of run A.
    pub run_a: PathBuf,
    /// The folder of run B.
    pub run_b: PathBuf,
    /// Images of run A.
    pub images_a: usize,
    /// Images of run B.
    pub images_b: usize,
    /// Images that both runs have, which are compared.
    pub images_common: usize,
    /// The objects that these show.
    pub objects: usize,
    /// Means over the variables with two classes or more; none where there is no such variable.
    pub means: Option<PairedFigures>,
    /// Per variable that both runs have, in the order of run A.
    pub variables: Vec<VariableComparison>,
    /// What a reader of the comparison should know.
    pub warnings: Vec<String>,
}

impl Comparison {
    /// The comparison as JSON.
    ///
    /// # Errors
    /// A figure that JSON cannot say, which would be a fault of ours.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|cause| Error::internal("the comparison cannot be written as JSON").caused_by(cause))
    }
}

/// One variable of two runs compared, over the images with a known truth and a prediction by both runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VariableComparison {
    /// Its name.
    pub variable: String,
    /// Whether it enters the means.
    pub enters_means: bool,
    /// Common images with a known truth.
    pub labelled: u64,
    /// Those of them for which both runs have a prediction.
    pub images: u64,
    /// The share of the labelled ones for which run A has a prediction.
    pub coverage_a: f64,
    /// The share of the labelled ones for which run B has a prediction.
    pub coverage_b: f64,
    /// Accuracy and mean F1; none where there is no such image.
    pub figures: Option<PairedFigures>,
    /// The images that one run alone has right.
    pub mcnemar: McNemar,
}

/// Both figures of two runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PairedFigures {
    /// The share of correct predictions.
    pub accuracy: Paired,
    /// The unweighted mean F1 over the classes.
    pub mean_f1: Paired,
}

/// A figure of two runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Paired {
    /// That of run A.
    pub a: f64,
    /// That of run B.
    pub b: f64,
    /// B less A, with the 95 % interval of the paired bootstrap over objects.
    pub difference: Estimate,
    /// How likely a difference as far from 0 is by chance: twice the share of the drawings on the rarer side of 0, those at 0
    /// counted on both sides; in `(0, 1]`.
    pub p_value: f64,
}

impl Paired {
    /// A figure of the samples as they are and of every drawing, of run A and run B.
    pub(super) fn of(whole: [Figures; 2], drawn: &[[Figures; 2]], figure: impl Fn(&Figures) -> f64) -> Option<Self> {
        let difference = |[a, b]: &[Figures; 2]| figure(b) - figure(a);
        let differences: Vec<f64> = drawn.iter().map(difference).collect();
        let side = |is_there: &dyn Fn(f64) -> bool| differences.iter().filter(|&&it| is_there(it)).count();
        let rarer = side(&|it| it <= 0.0).min(side(&|it| it >= 0.0));
        // The run itself counts as one more drawing, so that no p is 0.
        let p_value = (2.0 * (rarer + 1) as f64 / (differences.len() + 1) as f64).min(1.0);
        Some(Self {
            a: figure(&whole[0]),
            b: figure(&whole[1]),
            difference: Estimate::of(difference(&whole), &differences)?,
            p_value,
        })
    }
}

impl PairedFigures {
    pub(super) fn of(whole: [Figures; 2], drawn: &[[Figures; 2]]) -> Option<Self> {
        Some(Self {
            accuracy: Paired::of(whole, drawn, |figures| figures.accuracy)?,
            mean_f1: Paired::of(whole, drawn, |figures| figures.mean_f1)?,
        })
    }
}
