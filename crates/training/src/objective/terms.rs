//! From sums over the pairs or triplets of a batch to the outcome of an objective.

use super::outcome::weight;
use super::{Batch, Distances, Outcome, Similarities};

/// Sums over the terms of a batch, before they become a mean.
pub(super) struct Terms {
    samples: usize,
    pub sum: f64,
    pub averaged: u64,
    pub active: u64,
    pub candidates: u64,
    /// The derivative of `sum` with respect to d(i, j), `[B, B]`; the two entries of a pair add up.
    pub slopes: Vec<f64>,
}

impl Terms {
    pub fn none(samples: usize) -> Self {
        Self { samples, sum: 0.0, averaged: 0, active: 0, candidates: 0, slopes: vec![0.0; samples * samples] }
    }

    /// Adds the term of a pair, with its derivative with respect to d(i, j).
    pub fn add(&mut self, i: usize, j: usize, value: f64, slope: f64) {
        self.sum += value;
        self.averaged += 1;
        self.candidates += 1;
        self.active += u64::from(value > 0.0);
        self.slopes[i * self.samples + j] += slope;
    }
}

/// The outcome of an objective that compares label similarities with distances.
pub(super) fn compared(batch: &Batch<'_>, terms: impl FnOnce(&Similarities, &Distances) -> Terms) -> Outcome {
    let similarities = Similarities::of_batch(batch);
    over_distances(batch, |distances| terms(&similarities, distances))
}

/// The outcome of an objective of distances.
pub(super) fn over_distances(batch: &Batch<'_>, terms: impl FnOnce(&Distances) -> Terms) -> Outcome {
    let distances = Distances::between(batch.descriptors, batch.dims);
    let mut terms = terms(&distances);
    let weight = weight(terms.averaged);
    for slope in &mut terms.slopes {
        *slope *= weight;
    }
    let gradient = distances.gradient(batch.descriptors, batch.dims, &terms.slopes);
    Outcome::mean(terms.sum, terms.averaged, gradient).with_active(terms.active, terms.candidates)
}
