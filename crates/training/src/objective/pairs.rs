//! Sums over all pairs of a batch.

use super::terms::Terms;
use super::{Distances, Similarities};

/// Sums `term(i, j, d)`, a value and its derivative with respect to d, over all pairs i < j that have one.
///
/// A batch of 150 has 11,175 pairs: too few to be worth a second thread.
pub(super) fn over_pairs(
    similarities: &Similarities,
    distances: &Distances,
    term: impl Fn(usize, usize, f64) -> Option<(f64, f64)>,
) -> Terms {
    let samples = similarities.samples();
    let mut terms = Terms::none(samples);
    for i in 0..samples {
        for j in i + 1..samples {
            let Some((value, slope)) = term(i, j, f64::from(distances.row(i)[j])) else { continue };
            terms.add(i, j, value, slope);
        }
    }
    terms
}
