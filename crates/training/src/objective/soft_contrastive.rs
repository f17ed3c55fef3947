//! `soft_contrastive`: equal labels pull two images together, different labels push them apart up to a margin.

use super::pairs::over_pairs;
use super::terms::compared;
use super::{Asks, Batch, Objective, Outcome, Samples};

/// The mean over all pairs of 1/2 [ S d² + (1 - S) max(0, M - d)² ] with S = Y+ and M = `margin`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftContrastive {
    /// The distance M from which on different images are left alone, above 0.
    pub margin: f64,
}

impl Objective for SoftContrastive {
    fn name(&self) -> &str {
        "soft_contrastive"
    }

    /// Complete samples, for which Y+ = 1 - Y-.
    fn asks(&self) -> Asks {
        Asks::new(Samples::Complete, 2)
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        compared(batch, |similarities, distances| {
            over_pairs(similarities, distances, |i, j, d| {
                let s = similarities.positive(i, j);
                let gap = (self.margin - d).max(0.0);
                Some((0.5 * (s * d * d + (1.0 - s) * gap * gap), s * d - (1.0 - s) * gap))
            })
        })
    }
}
