//! Sums over all ordered triples of a batch: the search for active triplets.

use rayon::prelude::*;

use super::terms::Terms;
use super::{Distances, Similarities};

/// What one anchor finds among its B² pairs of a positive and a negative.
struct Found {
    /// Triples with m > 0.
    candidates: u64,
    /// Active triples.
    active: u64,
    /// The sum of m over the active triples, in the unit of the similarities.
    margins: u64,
    /// Per sample `[B]`: how often it is the positive, minus how often it is the negative, of an active triple.
    balance: Vec<i32>,
}

/// Sums max(0, d(a,p) - d(a,n) + m) over all ordered triples of distinct samples with m > 0.
///
/// `margin` makes m, as a count in the unit of the similarities, of the anchor's count of equal labels with p and the
/// anchor's `negatives` row at n. It must not be positive for n = a. This holds for both objectives: no sample is more
/// similar to the anchor than itself, and none differs from itself.
///
/// The sum is linear in the distances, so whole numbers suffice: with K(a,s) = times positive - times negative,
/// the sum is Σ K(a,s) d(a,s) + Σ m, and K is the slope. Nothing depends on the order of summation.
pub(super) fn over_triples<'a>(
    similarities: &'a Similarities,
    distances: &Distances,
    negatives: impl Fn(usize) -> &'a [i32] + Sync,
    margin: impl Fn(i32, i32) -> i32 + Sync,
) -> Terms {
    let samples = similarities.samples();
    let whole = similarities.whole() as f32;
    let per_anchor: Vec<Found> = (0..samples)
        .into_par_iter()
        .map(|index| {
            let (equal, negatives, distances) = (similarities.equal(index), negatives(index), distances.row(index));
            Anchor { index, equal, negatives, distances, whole }.search(&margin)
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
    terms.sum += margins as f64 / similarities.whole() as f64;
    terms.averaged = terms.active;
    terms
}

/// An anchor with its rows of similarities and distances, `[B]` each.
struct Anchor<'a> {
    index: usize,
    equal: &'a [i32],
    negatives: &'a [i32],
    distances: &'a [f32],
    /// The count that stands for a similarity of 1.
    whole: f32,
}

impl Anchor<'_> {
    fn search(&self, margin: &impl Fn(i32, i32) -> i32) -> Found {
        let samples = self.equal.len();
        let mut found = Found { candidates: 0, active: 0, margins: 0, balance: vec![0; samples] };
        for positive in (0..samples).filter(|&positive| positive != self.index && self.equal[positive] > 0) {
            // A sample cannot be both the positive and the negative: the row is walked before and after it.
            let (before, from) = found.balance.split_at_mut(positive);
            let mut active = 0;
            for (range, balance) in [(0..positive, before), (positive + 1..samples, &mut from[1..])] {
                let stretch = Stretch { negatives: &self.negatives[range.clone()], distances: &self.distances[range] };
                let counts = stretch.walk(self.equal[positive], self.distances[positive], self.whole, balance, margin);
                found.candidates += counts.candidates as u64;
                found.margins += counts.margins as u64;
                active += counts.active;
            }
            found.active += active as u64;
            found.balance[positive] += active;
        }
        found
    }
}

/// Neighbouring samples as negatives of an anchor.
struct Stretch<'a> {
    negatives: &'a [i32],
    distances: &'a [f32],
}

/// What a stretch of negatives holds for one positive.
#[derive(Default)]
struct Counts {
    candidates: i32,
    active: i32,
    /// The sum of m over the active ones. The unit of the similarities is chosen so that it fits.
    margins: i32,
}

impl Stretch<'_> {
    /// Counts the triples of a positive, whose count of equal labels and distance are given, and takes the active ones
    /// off the `balance` of their negatives.
    ///
    /// There are no branches, so that the compiler makes vector code of it: this loop runs B³ times.
    #[inline]
    fn walk(
        &self,
        equal: i32,
        distance: f32,
        whole: f32,
        balance: &mut [i32],
        margin: &impl Fn(i32, i32) -> i32,
    ) -> Counts {
        let mut counts = Counts::default();
        for ((&negative, &other), balance) in self.negatives.iter().zip(self.distances).zip(balance) {
            let margin = margin(equal, negative);
            let candidate = margin > 0;
            let active = candidate & (distance - other + margin as f32 / whole > 0.0);
            counts.candidates += i32::from(candidate);
            counts.active += i32::from(active);
            counts.margins += if active { margin } else { 0 };
            *balance -= i32::from(active);
        }
        counts
    }
}
