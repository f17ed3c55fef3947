//! Intervals of confidence by the bootstrap: what the figures would be for other works of the same kind.
//!
//! Objects are drawn with replacement, not images, because images of one object are not independent of each other. The draws
//! depend on a fixed seed alone, so that the same classification has the same intervals.

use std::collections::HashMap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use silknow_index::classification::Classification;
use silknow_records::object_key;

use crate::averages::ratio;
use crate::metrics::{VariableMetrics, pair_of};

/// How often the objects are drawn.
pub const RESAMPLES: usize = 1000;

/// The probability with which an interval should hold the true figure.
pub const LEVEL: f64 = 0.95;

/// The seed of the draws.
pub const SEED: u64 = 1;

/// A figure with the interval of its resampled values, from their 2.5 % to their 97.5 % quantile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Estimate {
    /// The figure of the samples as they are.
    pub value: f64,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

impl Estimate {
    /// The figure with the quantiles of its resampled values; none without any.
    pub(crate) fn of(value: f64, resampled: &[f64]) -> Option<Self> {
        let mut sorted = resampled.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (quantile(&sorted, (1.0 - LEVEL) / 2.0)?, quantile(&sorted, (1.0 + LEVEL) / 2.0)?);
        Some(Self { value, low, high })
    }
}

/// The quantile of sorted values, between two of them in proportion.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

/// The accuracy and the mean F1 of one variable, or the means over variables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    pub accuracy: f64,
    pub mean_f1: f64,
}

/// The samples of a variable with known truth and prediction, each with the number of its object.
struct Pairs {
    classes: usize,
    /// Object, true class, predicted class.
    pairs: Vec<[u32; 3]>,
}

impl Pairs {
    /// The figures when every object counts as often as `weights` says; none where no pair is left.
    fn figures(&self, weights: &[u32]) -> Option<Figures> {
        let mut counts = vec![[0_u64; 3]; self.classes];
        let (mut right, mut total) = (0, 0);
        for &[object, truth, guess] in &self.pairs {
            let weight = u64::from(weights[object as usize]);
            let is_right = truth == guess;
            counts[truth as usize][0] += weight;
            counts[guess as usize][1] += weight;
            counts[truth as usize][2] += if is_right { weight } else { 0 };
            right += if is_right { weight } else { 0 };
            total += weight;
        }
        let (mut sum, mut occurring) = (0.0, 0_u32);
        for [truly, predicted, right] in counts.into_iter().filter(|[truly, predicted, _]| truly + predicted > 0) {
            sum += ratio(2 * right, truly + predicted);
            occurring += 1;
        }
        (total > 0).then(|| Figures { accuracy: ratio(right, total), mean_f1: sum / f64::from(occurring) })
    }
}

/// What is resampled: the samples of one classification by their objects.
pub(crate) struct Samples {
    pub object_count: usize,
    variables: Vec<Pairs>,
    /// Whether a variable enters the means.
    counted: Vec<bool>,
}

/// The figures of one drawing of objects.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    /// Per variable; none where no pair was drawn.
    pub variables: Vec<Option<Figures>>,
    /// The means over the variables that count; none where none has a pair.
    pub means: Option<Figures>,
}

impl Samples {
    /// The samples of a classification. `counted` tells which variables enter the means.
    pub fn of(classification: &Classification, counted: Vec<bool>) -> Self {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut objects = Vec::with_capacity(classification.names.len());
        for name in &classification.names {
            let next = numbers.len() as u32;
            objects.push(*numbers.entry(object_key(name)).or_insert(next));
        }
        let pairs = |v: usize| {
            let known = (0..objects.len()).filter_map(|sample| {
                let (truth, guess) = pair_of(classification, sample, v)?;
                Some([objects[sample], truth as u32, guess as u32])
            });
            Pairs { classes: classification.vocabulary.variables[v].classes.len(), pairs: known.collect() }
        };
        let variables = (0..classification.vocabulary.len()).map(pairs).collect();
        Self { object_count: numbers.len(), variables, counted }
    }

    /// The samples of a classification, whose metrics tell which variables enter the means.
    pub fn with_metrics(classification: &Classification, metrics: &[VariableMetrics]) -> Self {
        Self::of(classification, metrics.iter().map(VariableMetrics::enters_means).collect())
    }

    /// The figures of the samples as they are.
    pub fn undrawn(&self) -> Drawn {
        self.figures(&vec![1; self.object_count])
    }

    /// The figures when every object counts as often as `weights` says.
    pub fn figures(&self, weights: &[u32]) -> Drawn {
        let variables: Vec<Option<Figures>> = self.variables.iter().map(|pairs| pairs.figures(weights)).collect();
        let counted = variables.iter().zip(&self.counted).filter_map(|(figures, counts)| figures.filter(|_| *counts));
        let (sum, count) = counted.fold((Figures { accuracy: 0.0, mean_f1: 0.0 }, 0_u32), |(sum, count), figures| {
            let sum = Figures { accuracy: sum.accuracy + figures.accuracy, mean_f1: sum.mean_f1 + figures.mean_f1 };
            (sum, count + 1)
        });
        let over = f64::from(count);
        let means = (count > 0).then(|| Figures { accuracy: sum.accuracy / over, mean_f1: sum.mean_f1 / over });
        Drawn { variables, means }
    }
}

/// How often each of `objects` objects is drawn, of as many draws with replacement.
pub(crate) fn draw(objects: usize, number: usize) -> Vec<u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    rng.set_stream(number as u64);
    let mut weights = vec![0; objects];
    for _ in 0..objects {
        weights[rng.random_range(0..objects as u32) as usize] += 1;
    }
    weights
}

/// One figure of all drawings that have it.
pub(crate) fn column(drawn: &[Drawn], figure: impl Fn(&Drawn) -> Option<f64>) -> Vec<f64> {
    drawn.iter().filter_map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::classification;

    #[test]
    fn quantiles_lie_between_values() {
        let sorted: Vec<f64> = (0..=40).map(f64::from).collect();
        assert_eq!(
            (quantile(&sorted, 0.025), quantile(&sorted, 0.975), quantile(&[], 0.5)),
            (Some(1.0), Some(39.0), None)
        );
        assert_eq!(quantile(&[1.0, 2.0], 0.25), Some(1.25));
        assert_eq!(Estimate::of(0.5, &[]), None);
    }

    #[test]
    fn as_many_objects_are_drawn_as_there_are_and_always_the_same() {
        let drawn = draw(50, 7);
        assert_eq!((drawn.iter().sum::<u32>(), drawn.len()), (50, 50));
        assert_eq!(drawn, draw(50, 7));
        assert_ne!(drawn, draw(50, 8));
        assert!(draw(0, 0).is_empty());
    }

    #[test]
    fn undrawn_figures_are_those_of_the_metrics() {
        let classification = classification();
        let metrics = VariableMetrics::of(&classification, 0);
        let samples = Samples::of(&classification, vec![true, true]);
        let drawn = samples.undrawn();
        let expected = Figures { accuracy: metrics.accuracy, mean_f1: metrics.mean_f1 };
        assert_eq!((drawn.variables[0], drawn.variables[1], drawn.means), (Some(expected), None, Some(expected)));
        assert_eq!(Samples::of(&classification, vec![false, true]).undrawn().means, None);
    }

    #[test]
    fn images_of_one_object_are_drawn_together() {
        let mut classification = classification();
        classification.names = ["m__1__a.jpg", "x/m__1__b.jpg", "m__2.jpg", "plain.jpg"].map(str::to_owned).to_vec();
        let samples = Samples::of(&classification, vec![true; 2]);
        assert_eq!(samples.object_count, 3);
        // Twice the first object: one right and one wrong image, each twice.
        assert_eq!(samples.figures(&[2, 0, 1]).variables[0].unwrap().accuracy, 0.5);
        assert_eq!(samples.figures(&[0, 0, 3]).variables[0], None);
    }
}
