//! How far the confidence of predictions can be trusted: reliability, expected calibration error, and what is gained in
//! accuracy when unsure predictions are left out.
//!
//! The confidence of a prediction is the share of its class in the vote; of a set, the lowest of its classes' shares. Votes are
//! counted again from the neighbours, by the rule that the classification tells of, unless it states the shares.

use serde::Serialize;
use silknow_index::classification::{Classification, RankedNeighbours};
use silknow_index::{Ballot, Vote};

use crate::averages::{mean, ratio};

/// Bins of equal width over `[0, 1]`. A bin has its upper bound and not its lower one.
pub const BINS: usize = 15;

/// The thresholds of the curve of coverage and accuracy, from 0 to 1 in steps of 1/20.
const STEPS: u32 = 20;

/// Confidences that differ by less than this are the same: shares are quotients, which may be rounded across a bound.
const ROUNDING: f64 = 1e-9;

/// A prediction with its confidence in `[0, 1]`, and whether it is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Judged {
    pub sample: usize,
    pub confidence: f64,
    pub right: bool,
}

/// How far the confidence of a variable's predictions can be trusted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Calibration {
    /// Samples with a known truth whose neighbours vote.
    pub evaluated: u64,
    /// The mean over these samples of the difference between the accuracy and the mean confidence of the sample's bin, in
    /// `[0, 1]`: 0 where confidences are the accuracy that they promise.
    pub expected_calibration_error: f64,
    /// The mean confidence less the accuracy: above 0 where predictions promise too much.
    pub overconfidence: f64,
    /// The bins that have samples, by rising confidence.
    pub reliability: Vec<ReliabilityBin>,
    /// What is left and how much of it is right when less confident predictions are left out, by rising threshold.
    pub coverage: Vec<CoveragePoint>,
}

/// Predictions of about the same confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReliabilityBin {
    /// Confidences above this one,
    pub above: f64,
    /// up to and with this one.
    pub up_to: f64,
    /// Samples.
    pub samples: u64,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that are right.
    pub accuracy: f64,
}

/// What is left when predictions below a confidence are left out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CoveragePoint {
    /// The least confidence.
    pub threshold: f64,
    /// The share of the samples with a known truth that keep a prediction.
    pub coverage: f64,
    /// The share of these predictions that are right; none where no prediction is left.
    pub accuracy: Option<f64>,
}

impl Calibration {
    /// The calibration of variable `v`; none without neighbours, or where no labelled sample has a vote.
    pub fn of(classification: &Classification, v: usize) -> Option<Self> {
        let judged = judge(classification, v);
        let labelled = (0..classification.truth.len())
            .filter(|&sample| !classification.truth.classes(sample, v).is_empty())
            .count();
        (!judged.is_empty()).then(|| Self::count(&judged, labelled))
    }

    /// The calibration of predictions, of so many labelled samples in all.
    fn count(judged: &[Judged], labelled: usize) -> Self {
        let mut bins: Vec<Vec<Judged>> = vec![Vec::new(); BINS];
        judged.iter().for_each(|it| bins[bin_of(it.confidence)].push(*it));
        let reliability: Vec<ReliabilityBin> =
            bins.iter().enumerate().filter_map(|(number, bin)| ReliabilityBin::of(number, bin)).collect();
        let samples = judged.len() as f64;
        let error = reliability.iter().map(|bin| bin.samples as f64 * (bin.accuracy - bin.confidence).abs());
        let point = |step: u32| {
            let threshold = f64::from(step) / f64::from(STEPS);
            let kept = judged.iter().filter(|it| it.confidence >= threshold - ROUNDING);
            let (right, kept) = kept.fold((0, 0), |(right, kept), it| (right + u64::from(it.right), kept + 1));
            CoveragePoint {
                threshold,
                coverage: ratio(kept, labelled as u64),
                accuracy: (kept > 0).then(|| ratio(right, kept)),
            }
        };
        let right = judged.iter().filter(|it| it.right).count();
        Self {
            evaluated: judged.len() as u64,
            expected_calibration_error: error.sum::<f64>() / samples,
            overconfidence: mean(judged.iter().map(|it| it.confidence)) - right as f64 / samples,
            reliability,
            coverage: (0..=STEPS).map(point).collect(),
        }
    }
}

impl ReliabilityBin {
    fn of(number: usize, bin: &[Judged]) -> Option<Self> {
        let bound = |number: usize| number as f64 / BINS as f64;
        let right = bin.iter().filter(|it| it.right).count();
        (!bin.is_empty()).then(|| Self {
            above: bound(number),
            up_to: bound(number + 1),
            samples: bin.len() as u64,
            confidence: mean(bin.iter().map(|it| it.confidence)),
            accuracy: ratio(right as u64, bin.len() as u64),
        })
    }
}

fn bin_of(confidence: f64) -> usize {
    let bin = (confidence * BINS as f64 - ROUNDING).ceil() as usize;
    bin.clamp(1, BINS) - 1
}

/// The labelled samples whose neighbours vote on variable `v`, each with its prediction's confidence. Predictions that were
/// withheld count with the class that the vote has.
pub(crate) fn judge(classification: &Classification, v: usize) -> Vec<Judged> {
    let Some(near) = &classification.neighbours else { return Vec::new() };
    let vote = Vote::of_description(&classification.meta);
    let judged = |sample: usize| {
        let truth = classification.truth.classes(sample, v);
        let (classes, confidence) = decided(classification, near, vote, sample, v)?;
        let right = classes.iter().any(|class| truth.contains(class));
        (!truth.is_empty()).then_some(Judged { sample, confidence, right })
    };
    (0..classification.truth.len()).filter_map(judged).collect()
}

/// What is predicted of a query with its confidence: the stated classes, and those of the vote where they were withheld. None
/// where no neighbour votes.
pub(crate) fn decided(
    classification: &Classification,
    near: &RankedNeighbours,
    vote: Vote,
    query: usize,
    v: usize,
) -> Option<(Vec<i32>, f64)> {
    let ballot = ballot(classification, near, vote, query, v);
    let stated = classification.predictions.classes(query, v);
    let shares = stated.iter().map(|&class| ballot.share_of(class));
    let decided = match stated {
        [] => (ballot.winners(), ballot.confidence()),
        stated => (stated.to_vec(), shares.fold(1.0, f64::min)),
    };
    (!ballot.classes.is_empty()).then_some(decided)
}

/// What is said of a query on variable `v`.
fn ballot(classification: &Classification, near: &RankedNeighbours, vote: Vote, query: usize, v: usize) -> Ballot {
    let neighbours = query * near.k..(query + 1) * near.k;
    let counted =
        vote.count(neighbours.map(|neighbour| (near.distances[neighbour], near.labels.classes(neighbour, v))));
    match &classification.shares {
        Some(shares) => shares.applied(&counted, query, v),
        None => counted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::classification;
    use silknow_records::MISSING;

    fn judged(of: &[(f64, bool)]) -> Vec<Judged> {
        of.iter().enumerate().map(|(sample, &(confidence, right))| Judged { sample, confidence, right }).collect()
    }

    #[test]
    fn the_error_is_the_mean_distance_of_accuracy_and_confidence() {
        // Bin (2/15, 3/15]: confidence 0.2 twice, one right. Bin (14/15, 1]: 1.0 twice, both right, and 0.97, wrong.
        let calibration =
            Calibration::count(&judged(&[(0.2, true), (0.2, false), (1.0, true), (1.0, true), (0.97, false)]), 10);
        let error = (2.0 * (0.5_f64 - 0.2) + 3.0 * (2.97_f64 / 3.0 - 2.0 / 3.0)) / 5.0;
        assert!((calibration.expected_calibration_error - error).abs() < 1e-12, "{calibration:?}");
        assert!((calibration.overconfidence - (3.37 / 5.0 - 0.6)).abs() < 1e-12);
        assert_eq!(calibration.reliability.iter().map(|bin| bin.samples).collect::<Vec<_>>(), [2, 3]);
        let at = |step: usize| calibration.coverage[step];
        assert_eq!((at(0).coverage, at(0).accuracy), (0.5, Some(0.6)));
        assert_eq!((at(4).coverage, at(5).coverage), (0.5, 0.3));
        assert_eq!((at(20).threshold, at(20).coverage, at(20).accuracy), (1.0, 0.2, Some(1.0)));
    }

    #[test]
    fn a_bound_belongs_to_the_bin_below() {
        assert_eq!([0.0, 1.0 / 15.0, 1.0 / 3.0, 0.34, 2.0 / 3.0, 1.0].map(bin_of), [0, 0, 4, 5, 9, 14]);
    }

    #[test]
    fn nothing_is_left_at_a_threshold_that_nothing_reaches() {
        let calibration = Calibration::count(&judged(&[(0.4, true)]), 1);
        assert_eq!((calibration.coverage[20].coverage, calibration.coverage[20].accuracy), (0.0, None));
    }

    #[test]
    fn confidences_are_those_of_the_stated_predictions_and_of_withheld_ones() {
        let mut classification = classification();
        // Neighbours of `place`: 0 and unknown; 0 and 1; 1 and 0; 1 and 1. Truth 0, 1, 1, unknown; predictions 0, 0, 1, 1.
        let expected = [(0, 1.0, true), (1, 0.5, false), (2, 0.5, true)];
        let found = |classification: &Classification| -> Vec<(usize, f64, bool)> {
            judge(classification, 0).iter().map(|it| (it.sample, it.confidence, it.right)).collect()
        };
        assert_eq!(found(&classification), expected);
        classification.predictions.set(1, 0, &[]);
        assert_eq!(found(&classification), expected);
        assert_eq!(Calibration::of(&classification, 1), None);
        classification.truth.set(0, 0, &[MISSING; 0]);
        assert_eq!(judge(&classification, 0).len(), 2);
        classification.neighbours = None;
        assert_eq!(Calibration::of(&classification, 0), None);
    }
}
