//! The four training losses with their gradients, exact and fast; the definition is in `losses.md` of the
//! specification.
//!
//! Owns value and gradient with respect to descriptors. Does not own the network behind the descriptors, nor
//! which samples take part.
//!
//! Value and gradient are worked out here rather than by automatic differentiation: a batch of 150 holds 3.3
//! million triples, which as tensors are 13 MB per intermediate result, while one pass of whole-number counting
//! gives value and slope at once, the same to the bit for any number of threads. `TopNetwork::gradients`
//! takes the gradient on into the network.

mod contrastive;
mod distances;
mod similarity;
mod triplet;

use silknow_config::LossKind;
use silknow_records::LabelMatrix;

use distances::Distances;
pub use similarity::Similarities;

/// A loss of one batch and its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct LossOutcome {
    /// The loss: [`sum`](Self::sum) over [`averaged`](Self::averaged), 0 where nothing is averaged; NaN when a
    /// descriptor is not finite.
    pub loss: f64,
    /// The sum of the averaged terms; with `averaged` it lets several batches be averaged as one.
    pub sum: f64,
    /// The number of terms averaged: pairs about which something is known, or active triplets.
    pub averaged: u64,
    /// The number of terms above 0.
    pub active: u64,
    /// The number of pairs about which something is known, or of triplets with m > 0.
    pub candidates: u64,
    /// The gradient of `loss` with respect to the descriptors, `[B, D]`.
    pub gradient: Vec<f32>,
}

impl LossOutcome {
    /// The share of active terms among the candidates, in `[0, 1]`; 0 without candidates.
    pub fn active_share(&self) -> f64 {
        if self.candidates == 0 { 0.0 } else { self.active as f64 / self.candidates as f64 }
    }
}

/// Sums over the terms of a batch, before they become a mean.
struct Terms {
    sum: f64,
    averaged: u64,
    active: u64,
    candidates: u64,
    /// The derivative of `sum` with respect to d(i, j), `[B, B]`; the two entries of a pair add up.
    slopes: Vec<f64>,
}

impl Terms {
    fn none(samples: usize) -> Self {
        Self { sum: 0.0, averaged: 0, active: 0, candidates: 0, slopes: vec![0.0; samples * samples] }
    }
}

/// The loss of a batch.
///
/// `descriptors` is `[B, dimensions]` row by row, `labels` has the B samples' class indices, `margin` is M of
/// `soft_contrastive` (the others do not use it).
///
/// # Panics
/// When the descriptors are not B rows of `dimensions`.
pub fn evaluate(
    kind: LossKind,
    margin: f64,
    descriptors: &[f32],
    dimensions: usize,
    labels: &LabelMatrix,
) -> LossOutcome {
    assert_eq!(descriptors.len(), labels.len() * dimensions, "one descriptor per label row");
    if !descriptors.iter().all(|value| value.is_finite()) {
        // Comparisons with NaN are false, so that a triplet loss would quietly be 0.
        return LossOutcome {
            loss: f64::NAN,
            sum: f64::NAN,
            averaged: 0,
            active: 0,
            candidates: 0,
            gradient: vec![f32::NAN; descriptors.len()],
        };
    }
    let similarities = Similarities::of(labels);
    let distances = Distances::between(descriptors, dimensions);
    let mut terms = match kind {
        LossKind::SoftContrastive => contrastive::complete(&similarities, &distances, margin),
        LossKind::SoftContrastiveIncomp => contrastive::incomplete(&similarities, &distances),
        LossKind::SoftTriplet => triplet::complete(&similarities, &distances),
        LossKind::SoftTripletIncomp => triplet::incomplete(&similarities, &distances),
    };
    let weight = if terms.averaged == 0 { 0.0 } else { 1.0 / terms.averaged as f64 };
    for slope in &mut terms.slopes {
        *slope *= weight;
    }
    LossOutcome {
        loss: terms.sum * weight,
        sum: terms.sum,
        averaged: terms.averaged,
        active: terms.active,
        candidates: terms.candidates,
        gradient: distances.gradient(descriptors, dimensions, &terms.slopes),
    }
}

#[cfg(test)]
mod tests;
