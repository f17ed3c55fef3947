//! `semantic`: the triplet objective whose margin is what is certain of the difference of two similarities.

use super::terms::compared;
use super::triples::over_triples;
use super::{Asks, Batch, Objective, Outcome, Samples};

/// The mean over the active triplets of max(0, d(a,p) - d(a,n) + m) with m = Y+(a,p) + Y-(a,n) - 1.
///
/// The similarity of a and p is at least Y+(a,p), that of a and n at most 1 - Y-(a,n), whatever the missing labels are:
/// p is more similar to a than n by m or more. Triplets are the ordered triples of distinct samples with m > 0; active are
/// those whose term is above 0. Without missing labels it is `soft_triplet`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Semantic;

impl Objective for Semantic {
    fn name(&self) -> &str {
        "semantic"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Labelled, 3)
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        compared(batch, |similarities, distances| {
            let whole = similarities.whole();
            over_triples(
                similarities,
                distances,
                |anchor| similarities.different(anchor),
                |positive, negative| positive + negative - whole,
            )
        })
    }
}
