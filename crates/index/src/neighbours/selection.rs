//! The k nearest of one query, chosen from approximate scores without losing any of them.
//!
//! A bound on the rounding errors of the scores says which descriptors could still be among the nearest; these are compared
//! exactly.

use super::exact::{Candidate, squared_distance};

/// Half the distance between 1 and the next `float32`: the largest relative error of one rounding.
const UNIT_ROUNDOFF: f64 = 1.0 / (1 << 24) as f64;

/// How far a score may be from what it stands for.
///
/// The score of a descriptor b for a query a is |b|^2 - 2 ab, which is the squared distance without |a|^2. It is
/// computed in `float32`: a sum of D products, each of at most one rounding before and one after it is added, has an
/// error of at most D u / (1 - D u) times the sum of the products' magnitudes (Higham, Accuracy and Stability of
/// Numerical Algorithms, section 3.1), in any order; that sum is at most 2 |a| |b|. |b|^2 is rounded once and its sum
/// with the products once. Where b is stored with an error e, the products are off by 2 |a| |e| at most. To this come
/// the errors of the exact distances, which are double precision, and what gets lost below the smallest normal
/// number. Where a score could overflow, nothing is known about it: infinity.
pub(super) fn score_margin(dims: usize, query_norm: f64, stored: Stored) -> f64 {
    let dims = dims as f64;
    let largest_norm = stored.largest_norm + stored.largest_error;
    let products = 2.0 * query_norm * largest_norm;
    let square = largest_norm * largest_norm;
    // The comparison is written so that it is false for something that is not a number.
    let is_safe = square + products + 2.0 * query_norm < 0.99 * f64::from(f32::MAX) && dims * UNIT_ROUNDOFF < 0.01;
    if !is_safe {
        return f64::INFINITY;
    }
    let of_products = 1.02 * dims * UNIT_ROUNDOFF * products;
    let of_storing = 2.0 * query_norm * stored.largest_error;
    let of_sums = UNIT_ROUNDOFF * (2.0 * square + products);
    let of_exact = (dims + 32.0) * f64::EPSILON * (query_norm + largest_norm).powi(2);
    let of_underflow = (dims + 2.0) * f64::from(f32::MIN_POSITIVE) * f64::from(f32::EPSILON);
    1.01 * (of_products + of_storing + of_sums + of_exact) + of_underflow
}

/// What is known of the descriptors that scores are computed from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    /// The largest length of a descriptor.
    pub largest_norm: f64,
    /// The largest distance of a descriptor from what is stored of it.
    pub largest_error: f64,
}

/// The nearest descriptors of one query so far.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    k: usize,
    query: &'a [f32],
    /// The descriptors `[N, D]`.
    rows: &'a [f32],
    square_norm: f64,
    margin: f64,
    /// A descriptor with a higher score is not among the k nearest.
    bound: f32,
    /// Descriptors that may be among them, by their score.
    pending: Vec<(f32, u32)>,
    /// The nearest of those that have left `pending`, in order.
    nearest: Vec<Candidate>,
}

impl<'a> Selection<'a> {
    /// The selection for `query` from `rows`, whose scores are computed from what is stored of them.
    pub fn new(k: usize, query: &'a [f32], rows: &'a [f32], stored: Stored) -> Self {
        let square_norm = squared_norm(query);
        Self {
            k,
            query,
            rows,
            square_norm,
            margin: score_margin(query.len(), square_norm.sqrt(), stored),
            bound: f32::INFINITY,
            pending: Vec::with_capacity(Self::most_pending(k)),
            nearest: Vec::new(),
        }
    }

    /// Enough to put off exact distances until most of what comes early is out again.
    fn most_pending(k: usize) -> usize {
        (4 * k).max(64)
    }

    /// A descriptor is left out when its score is above this; a score that is not a number is not.
    #[inline(always)]
    pub fn bound(&self) -> f32 {
        self.bound
    }

    /// Takes a descriptor whose score is not above the [bound](Self::bound).
    pub fn offer(&mut self, score: f32, position: u32) {
        self.pending.push((score, position));
        if self.pending.len() == Self::most_pending(self.k) {
            self.tighten();
            if self.pending.len() > Self::most_pending(self.k) / 2 {
                self.resolve();
            }
        }
    }

    /// Lowers the bound by what the scores alone tell, and drops the descriptors above it.
    fn tighten(&mut self) {
        if self.pending.len() < self.k {
            return;
        }
        let (_, &mut (kth, _), _) = self.pending.select_nth_unstable_by(self.k - 1, |a, b| a.0.total_cmp(&b.0));
        // k descriptors are truly no farther than this score plus one margin; one above it by two is farther.
        self.bound = self.bound.min(round_up(f64::from(kth) + 2.0 * self.margin));
        let bound = self.bound;
        self.pending.retain(|&(score, _)| !is_above(score, bound));
    }

    /// Computes the exact distances of all that is pending.
    fn resolve(&mut self) {
        let Self { query, rows, pending, nearest, .. } = self;
        let dims = query.len();
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                nearest.extend(pending.drain(..).map(|(_, position)| Candidate {
                    squared_distance: squared_distance(query, &rows[position as usize * dims..][..dims]),
                    position,
                }));
            },
        );
        self.nearest.sort_unstable();
        self.nearest.truncate(self.k);
        if self.nearest.len() == self.k {
            let kth = self.nearest[self.k - 1].squared_distance;
            self.bound = self.bound.min(round_up(kth - self.square_norm + self.margin));
        }
    }

    /// The k nearest of all that was offered, in order.
    pub fn finish(mut self) -> Vec<Candidate> {
        self.tighten();
        self.resolve();
        self.nearest
    }
}

/// Whether a score rules its descriptor out; one that is not a number tells nothing.
#[inline(always)]
pub(super) fn is_above(score: f32, bound: f32) -> bool {
    score > bound
}

/// The squared length of a row, in double precision.
pub(super) fn squared_norm(row: &[f32]) -> f64 {
    row.iter().map(|&value| f64::from(value) * f64::from(value)).sum()
}

/// The nearest `float32` that is not less.
fn round_up(value: f64) -> f32 {
    let rounded = value as f32;
    if f64::from(rounded) < value { rounded.next_up() } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_up_never_goes_below() {
        for value in [0.1, -0.1, 1.0, 1e-300, -1e-300, 3e38, 1.0 + 1e-12] {
            assert!(f64::from(round_up(value)) >= value, "{value}");
        }
        assert_eq!(round_up(1.0), 1.0);
    }

    fn exactly(largest_norm: f64) -> Stored {
        Stored { largest_norm, largest_error: 0.0 }
    }

    #[test]
    fn a_score_that_could_overflow_may_be_off_by_anything() {
        assert_eq!(score_margin(4, 1e20, exactly(1e20)), f64::INFINITY);
        assert_eq!(score_margin(4, 1.0, Stored { largest_norm: 1.0, largest_error: f64::INFINITY }), f64::INFINITY);
        assert_eq!(score_margin(4, 0.0, Stored { largest_norm: 1.0, largest_error: f64::INFINITY }), f64::INFINITY);
    }

    #[test]
    fn a_score_of_unit_vectors_is_off_by_little() {
        assert!(score_margin(128, 1.0, exactly(1.0)) < 2e-5);
        assert!(score_margin(128, 1.0, Stored { largest_norm: 1.0, largest_error: 0.001 }) > 0.002);
    }

    #[test]
    fn descriptors_are_chosen_by_distance_though_their_scores_are_off_by_the_margin() {
        // Two descriptors closer together than the margin, whose scores stand in the wrong order.
        let rows = [1.0, 1.0 - f32::EPSILON, 5.0];
        let query = [0.5];
        let mut selection = Selection::new(1, &query, &rows, exactly(5.0));
        let margin = selection.margin as f32;
        selection.offer(0.0, 0);
        selection.offer(0.5 * margin, 1);
        selection.offer(20.0, 2);
        assert_eq!(selection.finish()[0].position, 1);
    }
}
