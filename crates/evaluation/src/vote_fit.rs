//! Which vote is best on a validation split: the temperature of the weights, and how many neighbours vote.
//!
//! The mean F1 decides, because it is what models are compared by. Votes with the same mean F1 are told apart by the Brier
//! score, which is lowest where shares are closest to the truth; it decides where a small split gives many votes the same F1.

use std::cmp::Ordering;

use silknow_index::{Ballot, Neighbours, Vote};
use silknow_records::{LabelMatrix, Labels};

use crate::averages::mean;
use crate::metrics::mean_f1;

/// The temperatures that are tried: squared distances of unit vectors lie in `[0, 4]`, those of near neighbours mostly in
/// `[0.01, 1]`.
pub const TEMPERATURES: [f64; 12] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0];

/// A vote with its figures on a validation split.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FittedVote {
    /// The rule.
    pub vote: Vote,
    /// Neighbours that vote.
    pub k: usize,
    /// Its [mean F1](mean_f1).
    pub mean_f1: f64,
    /// Its Brier score: the squared distance of the shares from the truth, summed over the classes; mean over the labelled
    /// queries whose neighbours vote, and over the variables. In `[0, 2]` where every label is one class.
    pub brier: f64,
}

/// The best of the weighted votes with each of the [`TEMPERATURES`] and each number `ks` of voting neighbours. None where no
/// labelled query has a labelled neighbour. The same arguments give the same vote.
///
/// `truth` has the labels `[Q, V]` of the queries, `labels` those `[N, V]` of the images that `neighbours` are among. Of votes
/// that are equally good the first in the order of `ks` and of the temperatures is taken.
///
/// # Panics
/// When the arguments do not belong together.
pub fn fit_weighted(
    truth: &LabelMatrix,
    labels: &LabelMatrix,
    neighbours: &Neighbours,
    ks: &[usize],
) -> Option<FittedVote> {
    let votes = ks.iter().flat_map(|&k| TEMPERATURES.map(|temperature| (Vote::weighted(temperature), k)));
    let tried = votes.filter_map(|(vote, k)| judge(vote, k, truth, labels, neighbours));
    tried.reduce(|best, other| if other.is_better_than(&best) { other } else { best })
}

/// The figures of one vote, of which the first `k` neighbours take part; none where no labelled query has a labelled
/// neighbour.
///
/// # Panics
/// When the arguments do not belong together.
pub fn judge(
    vote: Vote,
    k: usize,
    truth: &LabelMatrix,
    labels: &LabelMatrix,
    neighbours: &Neighbours,
) -> Option<FittedVote> {
    assert_eq!((truth.len(), truth.variables()), (neighbours.len(), labels.variables()), "one truth each");
    let variables = truth.variables();
    let mut predictions = LabelMatrix::new(variables);
    let mut scores = vec![Vec::new(); variables];
    for query in 0..truth.len() {
        let mut predicted = Labels::missing(variables);
        for (variable, scores) in scores.iter_mut().enumerate() {
            let ballot = vote.count_neighbours(labels, neighbours, k, query, variable);
            predicted.set(variable, &vote.decide(&ballot));
            let classes = truth.classes(query, variable);
            if ballot.known > 0 && !classes.is_empty() {
                scores.push(brier(&ballot, classes));
            }
        }
        predictions.push_labels(&predicted);
    }
    scores.retain(|of_variable| !of_variable.is_empty());
    let means: Vec<f64> = scores.iter().map(|of_variable| mean(of_variable.iter().copied())).collect();
    let mean_f1 = mean_f1(truth, &predictions)?;
    Some(FittedVote { vote, k, mean_f1, brier: mean(means.iter().copied()) })
}

/// The squared distance of the shares from the truth, summed over the classes.
fn brier(ballot: &Ballot, truth: &[i32]) -> f64 {
    let voted: f64 = ballot
        .classes
        .iter()
        .map(|voted| (voted.share - f64::from(u8::from(truth.contains(&voted.class)))).powi(2))
        .sum();
    let unvoted = truth.iter().filter(|&&class| ballot.classes.iter().all(|voted| voted.class != class)).count();
    voted + unvoted as f64
}

impl FittedVote {
    fn is_better_than(&self, other: &Self) -> bool {
        // Sums in another order differ in the last digits; such differences decide nothing.
        let differ = |a: f64, b: f64| if (a - b).abs() < 1e-12 { Ordering::Equal } else { a.total_cmp(&b) };
        differ(self.mean_f1, other.mean_f1).then(differ(other.brier, self.brier)) == Ordering::Greater
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_index::Weights;

    /// Three queries of class 0 and one of class 1. Each has one near neighbour of its class and two of the other.
    fn near_is_right() -> (LabelMatrix, LabelMatrix, Neighbours) {
        let truth = LabelMatrix::from_indices(1, vec![0, 0, 0, 1]).unwrap();
        let labels = LabelMatrix::from_indices(1, vec![0, 1, 1, 1, 0, 0]).unwrap();
        let positions = vec![0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4, 5];
        (truth, labels, Neighbours { k: 3, positions, distances: [0.1, 0.5, 0.5].repeat(4) })
    }

    #[test]
    fn the_temperature_with_the_best_mean_f1_is_found() {
        let (truth, labels, neighbours) = near_is_right();
        let majority = judge(Vote::majority(), 3, &truth, &labels, &neighbours).unwrap();
        assert_eq!((majority.mean_f1, majority.k), (0.0, 3));
        // Shares of 1/3 for the true class and 2/3 for the other.
        assert!((majority.brier - 2.0 * (2.0_f64 / 3.0).powi(2)).abs() < 1e-12);
        let fitted = fit_weighted(&truth, &labels, &neighbours, &[3]).unwrap();
        assert_eq!(fitted.mean_f1, 1.0);
        // All that decide for the nearest are right; the coldest has the lowest Brier score.
        assert_eq!(fitted.vote.weights, Weights::ByDistance { temperature: 0.005 });
        assert_eq!(fit_weighted(&truth, &labels, &neighbours, &[1, 3]).unwrap().k, 1);
    }

    #[test]
    fn without_a_labelled_neighbour_nothing_is_found() {
        let (truth, _, neighbours) = near_is_right();
        let unknown = LabelMatrix::from_indices(1, vec![-1; 6]).unwrap();
        assert_eq!(fit_weighted(&truth, &unknown, &neighbours, &[3]), None);
    }

    #[test]
    fn classes_that_nobody_votes_for_count_in_the_brier_score() {
        let ballot = Vote::majority().count([(0.1, [0, 1].as_slice()), (0.2, [1].as_slice())].into_iter());
        // Class 1 with share 1 is true, class 0 with share 1/2 is not, class 4 has no vote and is true.
        assert_eq!(brier(&ballot, &[1, 4]), 0.25 + 1.0);
    }
}
