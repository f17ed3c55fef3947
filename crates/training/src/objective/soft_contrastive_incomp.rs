//! `soft_contrastive_incomp_loss`: the contrastive objective for samples with missing labels.

use super::pairs::over_pairs;
use super::terms::compared;
use super::{Asks, Batch, Objective, Outcome, Samples};

/// The mean over pairs of Y+ max(0, d - u) + Y- max(0, 2 - u - d).
///
/// What is unknown about a pair widens the band in which its distance is left alone. A pair about which nothing is
/// known (Y+ = Y- = 0) is left out of the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftContrastiveIncomp;

impl Objective for SoftContrastiveIncomp {
    fn name(&self) -> &str {
        "soft_contrastive_incomp_loss"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Labelled, 2)
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        compared(batch, |similarities, distances| {
            over_pairs(similarities, distances, |i, j, d| {
                let (positive, negative) = (similarities.positive(i, j), similarities.negative(i, j));
                if positive == 0.0 && negative == 0.0 {
                    return None;
                }
                let unknown = similarities.unknown(i, j);
                let too_far = d - unknown;
                let too_near = 2.0 - unknown - d;
                let mut slope = 0.0;
                if too_far > 0.0 {
                    slope += positive;
                }
                if too_near > 0.0 {
                    slope -= negative;
                }
                Some((positive * too_far.max(0.0) + negative * too_near.max(0.0), slope))
            })
        })
    }
}
