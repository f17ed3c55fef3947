//! The one way in which a distance is computed and two neighbours are compared.
//!
//! Every method ends here, which is why all of them give the same answer.

use std::cmp::Ordering;

/// A neighbour: how far it is and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub squared_distance: f64,
    pub position: u32,
}

/// Nearer first; at the same distance, the lower position first.
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.squared_distance.total_cmp(&other.squared_distance).then(self.position.cmp(&other.position))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

/// Partial sums of a distance: wide enough to fill the vector units, and a fixed number, so that the result is the
/// same on every processor.
const LANES: usize = 16;

/// The sum of squared differences of two rows of the same length, in double precision and a fixed order.
///
/// Each step of it grows with every difference, also after rounding: moving one row away from the other in any
/// dimension never makes the result smaller. The kd-tree's bounds rest on that.
#[inline(always)]
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            let difference = f64::from(a[lane]) - f64::from(b[lane]);
            sums[lane] += difference * difference;
        }
    }
    for (sum, (a, b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        let difference = f64::from(*a) - f64::from(*b);
        *sum += difference * difference;
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_every_dimension() {
        for dims in [1, 7, 16, 17, 33, 130] {
            let a: Vec<f32> = (0..dims).map(|d| d as f32).collect();
            let b: Vec<f32> = (0..dims).map(|d| 2.0 * d as f32 + 1.0).collect();
            let expected: usize = (0..dims).map(|d| (d + 1) * (d + 1)).sum();
            assert_eq!(squared_distance(&a, &b), expected as f64);
            assert_eq!(squared_distance(&a, &a), 0.0);
        }
    }

    #[test]
    fn candidates_are_ordered_by_distance_and_then_by_position() {
        let at = |squared_distance, position| Candidate { squared_distance, position };
        let mut candidates = [at(2.0, 0), at(1.0, 7), at(1.0, 3)];
        candidates.sort();
        assert_eq!(candidates.map(|candidate| candidate.position), [3, 7, 0]);
    }
}
