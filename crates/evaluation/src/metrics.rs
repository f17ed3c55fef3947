//! The figures of a classification: confusion matrix, accuracy, and precision, recall and F1 per class.
//!
//! The definitions are scikit-learn's with `zero_division=0`. The figures of ranked neighbours are in `ranking`.

use std::collections::BTreeMap;

use serde::Serialize;
use silknow_index::classification::Classification;
use silknow_records::{LabelMatrix, MISSING, Variable};

use crate::averages::{mean, ratio};
use crate::ranking::RankingMetrics;

/// A class with fewer samples than this has uncertain figures and is warned about.
pub const FEW_SAMPLES: u64 = 20;

/// How many of these classes a warning names; the table of classes has them all.
const NAMED_CLASSES: usize = 8;

/// Counts of samples by true and predicted class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConfusionMatrix {
    /// The names of the classes of truth and predictions, in the vocabulary's order.
    pub classes: Vec<String>,
    /// The texts of these classes, as people read them.
    pub texts: Vec<String>,
    /// Counts `[true class][predicted class]`.
    pub counts: Vec<Vec<u64>>,
}

impl ConfusionMatrix {
    /// Counts pairs of true and predicted class index; pairs with a missing side are left out.
    ///
    /// # Panics
    /// When an index lies outside the variable's classes.
    pub fn count(variable: &Variable, pairs: impl IntoIterator<Item = (i32, i32)>) -> Self {
        let known = variable.classes.len();
        let mut full = vec![vec![0; known]; known];
        for (truth, prediction) in pairs {
            if let (Ok(truth), Ok(prediction)) = (usize::try_from(truth), usize::try_from(prediction)) {
                full[truth][prediction] += 1;
            }
        }
        let occurs = |class: usize| full[class].iter().any(|&n| n > 0) || full.iter().any(|row| row[class] > 0);
        let occurring: Vec<usize> = (0..known).filter(|&class| occurs(class)).collect();
        let pick = |row: &[u64]| occurring.iter().map(|&class| row[class]).collect();
        Self {
            classes: occurring.iter().map(|&class| variable.classes[class].clone()).collect(),
            texts: occurring.iter().map(|&class| variable.class_text(class as i32).into_owned()).collect(),
            counts: occurring.iter().map(|&class| pick(&full[class])).collect(),
        }
    }

    /// The number of samples counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// The number of samples whose true class is `class`.
    pub fn truly(&self, class: usize) -> u64 {
        self.counts[class].iter().sum()
    }

    /// The number of samples whose predicted class is `class`.
    pub fn predicted(&self, class: usize) -> u64 {
        self.counts.iter().map(|row| row[class]).sum()
    }

    /// The number of samples whose predicted class is the true one.
    pub fn correct(&self) -> u64 {
        (0..self.classes.len()).map(|class| self.counts[class][class]).sum()
    }

    /// Shares of the row in `[0, 1]`; a row without samples is all 0.
    pub fn shares(&self) -> Vec<Vec<f64>> {
        self.counts
            .iter()
            .map(|row| {
                let total = row.iter().sum();
                row.iter().map(|&count| ratio(count, total)).collect()
            })
            .collect()
    }
}

/// The figures of one class, in `[0, 1]`; an undefined one is 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassMetrics {
    /// Its name.
    pub class: String,
    /// Its text, as people read it.
    pub text: String,
    /// The share of samples predicted to be of this class that are.
    pub precision: f64,
    /// The share of samples of this class that are predicted to be.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
    /// The number of samples that are of this class.
    pub samples: u64,
}

/// The figures of one variable, in `[0, 1]`; an undefined one is 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VariableMetrics {
    /// Its name.
    pub variable: String,
    /// Samples in all, labelled or not.
    pub samples: u64,
    /// Samples whose truth is known.
    pub labelled: u64,
    /// Samples whose truth and prediction are known: those that the figures are about.
    pub evaluated: u64,
    /// `evaluated / samples`.
    pub share_evaluated: f64,
    /// The share of correct predictions.
    pub accuracy: f64,
    /// Unweighted mean over the classes.
    pub mean_precision: f64,
    /// Unweighted mean over the classes.
    pub mean_recall: f64,
    /// Unweighted mean over the classes.
    pub mean_f1: f64,
    /// Per class, in the order of the matrix.
    pub classes: Vec<ClassMetrics>,
    /// Truth against prediction.
    pub confusion_matrix: ConfusionMatrix,
    /// Figures of the ranked neighbours, where these are at hand.
    pub ranking: Option<RankingMetrics>,
}

impl VariableMetrics {
    /// The figures of variable `v` of a classification.
    ///
    /// # Panics
    /// When a class index lies outside the vocabulary; one that was read from a file does not.
    pub fn of(classification: &Classification, v: usize) -> Self {
        let pairs = (0..classification.truth.len()).filter_map(|sample| pair_of(classification, sample, v));
        let variable = &classification.vocabulary.variables[v];
        let matrix = ConfusionMatrix::count(variable, pairs);
        let ranking = classification.neighbours.as_ref().map(|near| RankingMetrics::of(&classification.truth, near, v));
        let mut metrics = Self::from_matrix(&variable.name, matrix);
        metrics.samples = classification.names.len() as u64;
        metrics.labelled = column(&classification.truth, v).filter(|&index| index != MISSING).count() as u64;
        metrics.share_evaluated = ratio(metrics.evaluated, metrics.samples);
        metrics.ranking = ranking;
        metrics
    }

    /// The figures of a confusion matrix whose samples are all there are.
    pub fn from_matrix(variable: &str, matrix: ConfusionMatrix) -> Self {
        let classes: Vec<ClassMetrics> = (0..matrix.classes.len())
            .map(|class| {
                let correct = matrix.counts[class][class];
                let (truly, predicted) = (matrix.truly(class), matrix.predicted(class));
                ClassMetrics {
                    class: matrix.classes[class].clone(),
                    text: matrix.texts[class].clone(),
                    precision: ratio(correct, predicted),
                    recall: ratio(correct, truly),
                    f1: f1(correct, truly, predicted),
                    samples: truly,
                }
            })
            .collect();
        let total = matrix.total();
        Self {
            variable: variable.to_owned(),
            samples: total,
            labelled: total,
            evaluated: total,
            share_evaluated: ratio(total, total),
            accuracy: ratio(matrix.correct(), total),
            mean_precision: mean(classes.iter().map(|class| class.precision)),
            mean_recall: mean(classes.iter().map(|class| class.recall)),
            mean_f1: mean(classes.iter().map(|class| class.f1)),
            classes,
            confusion_matrix: matrix,
            ranking: None,
        }
    }

    /// The share of the samples with a known truth that have a prediction, in `[0, 1]`; 0 without any.
    pub fn coverage(&self) -> f64 {
        ratio(self.evaluated, self.labelled)
    }

    /// Whether the figures enter the means over the variables: where one class alone occurs, nothing could be wrong, and they
    /// would lift the means.
    pub fn enters_means(&self) -> bool {
        self.classes.len() > 1
    }

    /// What a reader of the figures should know about their reliability.
    pub fn warnings(&self) -> Vec<String> {
        let name = &self.variable;
        if self.labelled == 0 {
            return vec![format!("`{name}`: no sample has a known label, so there is nothing to evaluate")];
        }
        if self.evaluated == 0 {
            return vec![format!("`{name}`: no labelled sample has a prediction, so there is nothing to evaluate")];
        }
        let mut warnings = Vec::new();
        if let [only] = self.classes.as_slice() {
            warnings.push(format!(
                "`{name}`: there is one class only (`{}`), so its figures say nothing and do not enter the means",
                only.class
            ));
        }
        let few: Vec<String> = self
            .classes
            .iter()
            .filter(|class| class.samples < FEW_SAMPLES)
            .map(|class| format!("`{}` ({})", class.class, class.samples))
            .collect();
        if !few.is_empty() {
            let whom = match few.len() {
                1 => "one class has".to_owned(),
                number => format!("{number} classes have"),
            };
            let named = few[..few.len().min(NAMED_CLASSES)].join(", ");
            let rest = match few.len().saturating_sub(NAMED_CLASSES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            warnings.push(format!(
                "`{name}`: {whom} fewer than {FEW_SAMPLES} samples, so the figures are uncertain: {named}{rest}"
            ));
        }
        warnings
    }
}

/// The true and the predicted class of a sample; none where either is missing. Of sets, the lowest class that is in both counts as
/// both, so that the prediction is right; without such a class the lowest of each.
pub(crate) fn pair_of(classification: &Classification, sample: usize, v: usize) -> Option<(i32, i32)> {
    let (truth, predicted) = (classification.truth.classes(sample, v), classification.predictions.classes(sample, v));
    match truth.iter().find(|class| predicted.contains(class)) {
        Some(&common) => Some((common, common)),
        None => Some((*truth.first()?, *predicted.first()?)),
    }
}

/// The mean over the variables of the unweighted mean F1 score over the classes that occur, in `[0, 1]`, where truth
/// and prediction are both known. Variables without such a sample do not count, nor do those where one class alone occurs,
/// because nothing could be wrong there; none where that leaves none.
///
/// Labels may be sets: a class is predicted correctly where it is in both sets.
///
/// # Panics
/// When truth and predictions are not of the same samples and variables.
pub fn mean_f1(truth: &LabelMatrix, predictions: &LabelMatrix) -> Option<f64> {
    assert_eq!((truth.len(), truth.variables()), (predictions.len(), predictions.variables()), "one prediction each");
    let scores: Vec<f64> = (0..truth.variables())
        .filter_map(|variable| {
            // Per class the samples where it is in both sets, where it is true, and where it is predicted.
            let mut counts: BTreeMap<i32, [u64; 3]> = BTreeMap::new();
            for sample in 0..truth.len() {
                let (true_set, predicted) = (truth.classes(sample, variable), predictions.classes(sample, variable));
                if true_set.is_empty() || predicted.is_empty() {
                    continue;
                }
                for class in true_set {
                    let [correct, truly, _] = counts.entry(*class).or_default();
                    *truly += 1;
                    *correct += u64::from(predicted.contains(class));
                }
                for class in predicted {
                    counts.entry(*class).or_default()[2] += 1;
                }
            }
            let scores = counts.values().map(|&[correct, truly, predicted]| f1(correct, truly, predicted));
            (counts.len() > 1).then(|| mean(scores))
        })
        .collect();
    (!scores.is_empty()).then(|| mean(scores.into_iter()))
}

/// The F1 score of a class: 2 P R / (P + R), written so that it is defined whenever the class occurs.
fn f1(correct: u64, truly: u64, predicted: u64) -> f64 {
    ratio(2 * correct, truly + predicted)
}

/// The class indices of variable `v`, sample by sample; of sets the lowest.
pub(crate) fn column(matrix: &LabelMatrix, v: usize) -> impl Iterator<Item = i32> {
    (0..matrix.len()).map(move |sample| matrix.row(sample)[v])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_f1_is_unweighted_over_classes_and_variables() {
        // Variable 0: class 0 F1 2*2/(2+3) = 0.8, class 1 F1 2*1/(2+1) = 2/3; variable 1: two known pairs, one right;
        // variable 2: one class alone, which says nothing.
        let truth = LabelMatrix::from_indices(3, vec![0, 5, 3, 0, 2, 3, 1, 1, 3, 1, MISSING, 3]).unwrap();
        let predictions = LabelMatrix::from_indices(3, vec![0, 5, 3, 0, 5, 3, 0, MISSING, 3, 1, MISSING, 3]).unwrap();
        let expected = ((0.8 + 2.0 / 3.0) / 2.0 + (2.0 / 3.0 + 0.0) / 2.0) / 2.0;
        assert!((mean_f1(&truth, &predictions).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn without_a_known_pair_there_is_no_score() {
        let missing = LabelMatrix::from_indices(1, vec![MISSING]).unwrap();
        assert_eq!(mean_f1(&missing, &LabelMatrix::from_indices(1, vec![3]).unwrap()), None);
    }

    #[test]
    fn a_class_of_a_set_is_right_where_it_is_in_both_sets() {
        let mut truth = LabelMatrix::from_indices(1, vec![0, 1]).unwrap();
        truth.set(0, 0, &[0, 1]);
        let mut predictions = LabelMatrix::from_indices(1, vec![0, 1]).unwrap();
        predictions.set(1, 0, &[1, 2]);
        // Class 0: right once; class 1: right once of two and one; class 2: predicted once, never true.
        assert!((mean_f1(&truth, &predictions).unwrap() - (1.0 + 2.0 / 3.0 + 0.0) / 3.0).abs() < 1e-12);
    }

    fn variable(classes: &[&str]) -> Variable {
        Variable::new("place", classes.iter().copied())
    }

    #[test]
    fn classes_are_those_of_truth_and_predictions() {
        let pairs = [(0, 0), (0, 2), (MISSING, 1), (1, MISSING), (0, 0)];
        let matrix = ConfusionMatrix::count(&variable(&["AT", "DE", "ES", "FR"]), pairs);
        assert_eq!(matrix.classes, ["AT", "ES"]);
        assert_eq!(matrix.counts, [[2, 1], [0, 0]]);
        assert_eq!(matrix.shares(), [[2.0 / 3.0, 1.0 / 3.0], [0.0, 0.0]]);
    }

    #[test]
    fn undefined_figures_are_zero_and_count_in_the_mean() {
        let matrix = ConfusionMatrix::count(&variable(&["AT", "ES"]), [(0, 0), (0, 1)]);
        let metrics = VariableMetrics::from_matrix("place", matrix);
        let spanish = &metrics.classes[1];
        assert_eq!((spanish.precision, spanish.recall, spanish.f1, spanish.samples), (0.0, 0.0, 0.0, 0));
        assert_eq!(metrics.mean_recall, 0.25);
        assert_eq!(metrics.accuracy, 0.5);
    }

    #[test]
    fn nothing_known_gives_zeros_and_one_warning() {
        let matrix = ConfusionMatrix::count(&variable(&["AT"]), [(0, MISSING)]);
        let mut metrics = VariableMetrics::from_matrix("place", matrix);
        metrics.labelled = 1;
        assert_eq!((metrics.accuracy, metrics.mean_f1, metrics.evaluated), (0.0, 0.0, 0));
        assert_eq!(metrics.warnings().len(), 1);
        assert!(metrics.warnings()[0].contains("no labelled sample has a prediction"));
    }

    #[test]
    fn small_and_single_classes_are_warned_about_by_name() {
        let single = ConfusionMatrix::count(&variable(&["AT"]), [(0, 0)]);
        let warnings = VariableMetrics::from_matrix("place", single).warnings();
        assert!(warnings[0].contains("one class only (`AT`)"), "{warnings:?}");
        assert!(warnings[1].contains("`AT` (1)"), "{warnings:?}");
        let many = ConfusionMatrix::count(&variable(&["AT", "ES"]), (0..40).map(|i| (i % 2, i % 2)));
        assert!(VariableMetrics::from_matrix("place", many).warnings().is_empty());
        let names: Vec<String> = (10..70).map(|class| format!("class{class}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let sparse = ConfusionMatrix::count(&variable(&names), (0..60).map(|i| (i, i)));
        let warnings = VariableMetrics::from_matrix("place", sparse).warnings();
        assert!(warnings[0].contains("60 classes have") && warnings[0].ends_with("`class17` (1) and 52 more"));
    }
}
