//! From sums over the pairs or triplets of a batch to the outcome of an objective.

use super::outcome::weight;
use super::{Batch, Distances, Outcome, Similarities};

/// Sums over the terms of a batch, before they become a mean.
pub(super) struct Terms {
    pub sum: f64,
    pub averaged: u64,
    pub active: u64,
    pub candidates: u64,
    /// The derivative of `sum` with respect to d(i, j), `[B, B]`; the two entries of a pair add up.
    pub slopes: Vec<f64>,
}

impl Terms {
    pub fn none(samples: usize) -> Self {
        Self { sum: 0.0, averaged: 0, active: 0, candidates: 0, slopes: vec![0.0; samples * samples] }
    }
}

/// The outcome of an objective that compares label similarities with distances.
pub(super) fn compared(batch: &Batch<'_>, terms: impl FnOnce(&Similarities, &Distances) -> Terms) -> Outcome {
    let similarities = Similarities::of(batch.labels);
    let distances = Distances::between(batch.descriptors, batch.dims);
    let mut terms = terms(&similarities, &distances);
    let weight = weight(terms.averaged);
    for slope in &mut terms.slopes {
        *slope *= weight;
    }
    let gradient = distances.gradient(batch.descriptors, batch.dims, &terms.slopes);
    Outcome::mean(terms.sum, terms.averaged, gradient).with_active(terms.active, terms.candidates)
}
