//! `soft_triplet_incomp_loss`: the triplet objective for samples with missing labels.

use super::terms::compared;
use super::triples::over_triples;
use super::{Asks, Batch, Objective, Outcome, Samples};

/// The mean over the active triplets of max(0, d(a,p) - d(a,n) + m) with m = min( Y+(a,p), Y-(a,n) ).
///
/// Triplets are the ordered triples of distinct samples with m > 0; active are those whose term is above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftTripletIncomp;

impl Objective for SoftTripletIncomp {
    fn name(&self) -> &str {
        "soft_triplet_incomp_loss"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Labelled, 3)
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        compared(batch, |similarities, distances| {
            over_triples(similarities, distances, |anchor| similarities.different(anchor), i32::min)
        })
    }
}
