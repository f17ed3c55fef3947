//! The figures of variables whose labels are sets of classes: exact match, F1 over all decisions and over the classes, Jaccard.
//!
//! The definitions are scikit-learn's for multi-label predictions, with `zero_division=0`, over the classes that occur.

use std::collections::BTreeMap;

use serde::Serialize;
use silknow_index::classification::Classification;

use crate::averages::{mean, ratio};

/// How well sets are predicted, over the samples with a known truth and a prediction. All lie in `[0, 1]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SetMetrics {
    /// Samples that count.
    pub evaluated: u64,
    /// The share of samples whose predicted set is the true one.
    pub exact_match: f64,
    /// The share of predicted classes that are true.
    pub micro_precision: f64,
    /// The share of true classes that are predicted.
    pub micro_recall: f64,
    /// The harmonic mean of both, in which a frequent class counts much.
    pub micro_f1: f64,
    /// The unweighted mean of the F1 scores of the classes.
    pub macro_f1: f64,
    /// The mean over the samples of the classes in both sets, as a share of those in either.
    pub jaccard: f64,
}

impl SetMetrics {
    /// The figures of variable `v`; none where no label of it is a set of two or more classes.
    pub fn of(classification: &Classification, v: usize) -> Option<Self> {
        let near = classification.neighbours.as_ref().map(|near| &near.labels);
        let labels = [Some(&classification.truth), Some(&classification.predictions), near];
        let has_sets = labels.into_iter().flatten().flat_map(|labels| labels.larger_sets()).any(|(_, it, _)| it == v);
        let samples = (0..classification.truth.len())
            .map(|sample| (classification.truth.classes(sample, v), classification.predictions.classes(sample, v)));
        has_sets.then(|| Self::count(samples))
    }

    /// The figures of pairs of true and predicted sets, ascending; pairs with an empty side are left out.
    pub fn count<'a>(samples: impl Iterator<Item = (&'a [i32], &'a [i32])>) -> Self {
        let (mut exact, mut jaccard) = (0, Vec::new());
        // Per class the samples where it is in both sets, where it is true, and where it is predicted.
        let mut counts: BTreeMap<i32, [u64; 3]> = BTreeMap::new();
        for (truth, prediction) in samples.filter(|(truth, prediction)| !truth.is_empty() && !prediction.is_empty()) {
            let common = truth.iter().filter(|class| prediction.contains(class)).count();
            exact += u64::from(truth == prediction);
            jaccard.push(ratio(common as u64, (truth.len() + prediction.len() - common) as u64));
            for class in truth {
                let [both, truly, _] = counts.entry(*class).or_default();
                *truly += 1;
                *both += u64::from(prediction.contains(class));
            }
            for class in prediction {
                counts.entry(*class).or_default()[2] += 1;
            }
        }
        let f1 = |[both, truly, predicted]: [u64; 3]| ratio(2 * both, truly + predicted);
        let [both, truly, predicted] =
            counts.values().fold([0; 3], |sums, counts| [0, 1, 2].map(|i| sums[i] + counts[i]));
        Self {
            evaluated: jaccard.len() as u64,
            exact_match: ratio(exact, jaccard.len() as u64),
            micro_precision: ratio(both, predicted),
            micro_recall: ratio(both, truly),
            micro_f1: f1([both, truly, predicted]),
            macro_f1: mean(counts.values().map(|&counts| f1(counts))),
            jaccard: mean(jaccard.into_iter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::classification;

    #[test]
    fn figures_of_three_samples() {
        let samples: [(&[i32], &[i32]); 4] = [(&[0, 1], &[0, 1]), (&[0], &[0, 2]), (&[1], &[2]), (&[], &[1])];
        let metrics = SetMetrics::count(samples.into_iter());
        assert_eq!(metrics.evaluated, 3);
        assert!((metrics.exact_match - 1.0 / 3.0).abs() < 1e-12);
        assert!((metrics.jaccard - (1.0 + 0.5 + 0.0) / 3.0).abs() < 1e-12);
        // Class 0: F1 1; class 1: 2/3; class 2: 0. Altogether 3 right of 5 predicted and 4 true.
        assert!((metrics.macro_f1 - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
        assert_eq!((metrics.micro_precision, metrics.micro_recall), (0.6, 0.75));
        assert!((metrics.micro_f1 - 6.0 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn a_variable_without_sets_has_no_such_figures() {
        let mut classification = classification();
        assert_eq!(SetMetrics::of(&classification, 0), None);
        classification.truth.set(0, 0, &[0, 1]);
        assert_eq!(SetMetrics::of(&classification, 0).unwrap().evaluated, 3);
        assert_eq!(SetMetrics::of(&classification, 1), None);
    }

    #[test]
    fn nothing_known_gives_zeros() {
        let none = SetMetrics::count([([].as_slice(), [1].as_slice())].into_iter());
        assert_eq!(
            (none.evaluated, none.exact_match, none.micro_f1, none.macro_f1, none.jaccard),
            (0, 0.0, 0.0, 0.0, 0.0)
        );
    }
}
