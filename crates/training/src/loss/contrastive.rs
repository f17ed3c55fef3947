//! The two contrastive losses: a term per pair, averaged over the pairs that carry something.
//!
//! Owns the terms and their slopes. Does not own similarities, distances, or the way to the descriptors.

use super::similarity::Similarities;
use super::{Terms, distances::Distances};

/// `soft_contrastive`: 1/2 [ S d² + (1 - S) max(0, M - d)² ] with S = Y+ and M = `margin`.
///
/// Meant for complete samples, where Y+ = 1 - Y-. Every pair counts.
pub(super) fn complete(similarities: &Similarities, distances: &Distances, margin: f64) -> Terms {
    over_pairs(similarities, distances, |i, j, d| {
        let s = similarities.positive(i, j);
        let gap = (margin - d).max(0.0);
        Some((0.5 * (s * d * d + (1.0 - s) * gap * gap), s * d - (1.0 - s) * gap))
    })
}

/// `soft_contrastive_incomp_loss`: Y+ max(0, d - u) + Y- max(0, 2 - u - d).
///
/// What is unknown about a pair widens the band in which its distance is left alone. A pair about which nothing
/// is known (Y+ = Y- = 0) is left out.
pub(super) fn incomplete(similarities: &Similarities, distances: &Distances) -> Terms {
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
}

/// Sums `term(i, j, d)`, a value and its derivative with respect to d, over all pairs i < j that have one.
///
/// A batch of 150 has 11,175 pairs: too few to be worth a second thread.
fn over_pairs(
    similarities: &Similarities,
    distances: &Distances,
    term: impl Fn(usize, usize, f64) -> Option<(f64, f64)>,
) -> Terms {
    let samples = similarities.samples();
    let mut terms = Terms::none(samples);
    for i in 0..samples {
        for j in i + 1..samples {
            let Some((value, slope)) = term(i, j, f64::from(distances.row(i)[j])) else { continue };
            terms.sum += value;
            terms.averaged += 1;
            terms.candidates += 1;
            terms.active += u64::from(value > 0.0);
            terms.slopes[i * samples + j] = slope;
        }
    }
    terms
}
