//! The two triplet losses: all ordered triples of a batch, averaged over the active ones.
//!
//! Owns the search for active triples. Does not own similarities, distances, or the way to the descriptors.

use rayon::prelude::*;

use super::similarity::Similarities;
use super::{Terms, distances::Distances};

/// `soft_triplet`: m = S(a,p) - S(a,n), S = Y+; meant for complete samples.
pub(super) fn complete(similarities: &Similarities, distances: &Distances) -> Terms {
    over_triples(similarities, distances, |anchor| similarities.equal(anchor), |positive, negative| positive - negative)
}

/// `soft_triplet_incomp_loss`: m = min( Y+(a,p), Y-(a,n) ).
pub(super) fn incomplete(similarities: &Similarities, distances: &Distances) -> Terms {
    over_triples(similarities, distances, |anchor| similarities.different(anchor), i32::min)
}

/// What one anchor finds among its B² pairs of a positive and a negative.
struct Found {
    /// Triples with m > 0.
    candidates: u64,
    /// Active triples.
    active: u64,
    /// The sum of m over the active triples, in variables (V times m).
    margins: u64,
    /// Per sample `[B]`: how often it is the positive, minus how often it is the negative, of an active triple.
    balance: Vec<i32>,
}

/// Sums max(0, d(a,p) - d(a,n) + m) over all ordered triples of distinct samples with m > 0.
///
/// `margin` makes V·m of the anchor's count of equal labels with p and the anchor's `negatives` row at n.
/// It must not be positive for n = a, which holds for both losses: no sample is more similar to the anchor than
/// itself, and none differs from itself.
///
/// The sum is linear in the distances, so whole numbers suffice: with K(a,s) = times positive - times negative,
/// the sum is Σ K(a,s) d(a,s) + Σ m, and K is the slope. Nothing depends on the order of summation.
fn over_triples<'a>(
    similarities: &'a Similarities,
    distances: &Distances,
    negatives: impl Fn(usize) -> &'a [i32] + Sync,
    margin: impl Fn(i32, i32) -> i32 + Sync,
) -> Terms {
    let samples = similarities.samples();
    let variables = similarities.variables() as f32;
    let per_anchor: Vec<Found> = (0..samples)
        .into_par_iter()
        .map(|anchor| {
            of_anchor(anchor, similarities.equal(anchor), negatives(anchor), distances.row(anchor), variables, &margin)
        })
        .collect();
    let mut terms = Terms::none(samples);
    let mut margins = 0;
    for (anchor, found) in per_anchor.iter().enumerate() {
        terms.candidates += found.candidates;
        terms.active += found.active;
        margins += found.margins;
        for (sample, &balance) in found.balance.iter().enumerate() {
            terms.sum += f64::from(balance) * f64::from(distances.row(anchor)[sample]);
            terms.slopes[anchor * samples + sample] = f64::from(balance);
        }
    }
    terms.sum += margins as f64 / similarities.variables() as f64;
    terms.averaged = terms.active;
    terms
}

fn of_anchor(
    anchor: usize,
    equal: &[i32],
    negatives: &[i32],
    distances: &[f32],
    variables: f32,
    margin: &impl Fn(i32, i32) -> i32,
) -> Found {
    let samples = equal.len();
    let mut found = Found { candidates: 0, active: 0, margins: 0, balance: vec![0; samples] };
    for positive in (0..samples).filter(|&positive| positive != anchor && equal[positive] > 0) {
        // A sample cannot be both the positive and the negative: the row is walked before and after it.
        let (before, from) = found.balance.split_at_mut(positive);
        let parts = [(0..positive, before), (positive + 1..samples, &mut from[1..])];
        let mut active = 0;
        for (range, balance) in parts {
            let counts = walk(
                equal[positive],
                distances[positive],
                &negatives[range.clone()],
                &distances[range],
                balance,
                variables,
                margin,
            );
            found.candidates += counts[0] as u64;
            found.margins += counts[2] as u64;
            active += counts[1];
        }
        found.active += active as u64;
        found.balance[positive] += active;
    }
    found
}

/// Counts [candidates, active, V·m of the active] over a stretch of negatives, without branches, so that the
/// compiler makes vector code of it: this loop runs B³ times.
fn walk(
    equal: i32,
    distance: f32,
    negatives: &[i32],
    distances: &[f32],
    balance: &mut [i32],
    variables: f32,
    margin: &impl Fn(i32, i32) -> i32,
) -> [i32; 3] {
    let mut counts = [0; 3];
    for ((&negative, &other), balance) in negatives.iter().zip(distances).zip(balance) {
        let margin = margin(equal, negative);
        let candidate = margin > 0;
        let active = candidate & (distance - other + margin as f32 / variables > 0.0);
        counts[0] += i32::from(candidate);
        counts[1] += i32::from(active);
        counts[2] += if active { margin } else { 0 };
        *balance -= i32::from(active);
    }
    counts
}
