//! `soft_triplet`: what is more similar to an image shall be nearer to it, by the difference of the similarities.

use super::terms::compared;
use super::triples::over_triples;
use super::{Asks, Batch, Objective, Outcome, Samples};

/// The mean over the active triplets of max(0, d(a,p) - d(a,n) + m) with m = S(a,p) - S(a,n), S = Y+.
///
/// Triplets are the ordered triples of distinct samples with m > 0; active are those whose term is above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftTriplet;

impl Objective for SoftTriplet {
    fn name(&self) -> &str {
        "soft_triplet"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Complete, 3)
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        compared(batch, |similarities, distances| {
            over_triples(
                similarities,
                distances,
                |anchor| similarities.equal(anchor),
                |positive, negative| positive - negative,
            )
        })
    }
}
