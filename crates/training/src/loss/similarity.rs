//! How similar two samples are by their labels: Y+, Y- and u of every pair of a batch.
//!
//! Owns the counting; the weight 1/V and the rule that missing equals nothing live here alone. Does not own
//! what a loss makes of it.

use silknow_records::{LabelMatrix, MISSING};

/// The label similarities of all pairs of B samples with V variables.
///
/// Kept as whole numbers of variables, so that "is this pair more similar than that one?" has an exact answer;
/// in floats, 3/5 - 2/5 and 2/5 - 1/5 differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similarities {
    samples: usize,
    variables: usize,
    equal: Vec<i32>,
    different: Vec<i32>,
}

impl Similarities {
    /// Compares every sample with every other, in O(B² V).
    pub fn of(labels: &LabelMatrix) -> Self {
        let samples = labels.len();
        let mut equal = Vec::with_capacity(samples * samples);
        let mut different = Vec::with_capacity(samples * samples);
        for i in 0..samples {
            for j in 0..samples {
                let known = labels.row(i).iter().zip(labels.row(j)).filter(|(a, b)| **a != MISSING && **b != MISSING);
                let (mut same, mut both) = (0, 0);
                for (a, b) in known {
                    both += 1;
                    same += i32::from(a == b);
                }
                equal.push(same);
                different.push(both - same);
            }
        }
        Self { samples, variables: labels.variables(), equal, different }
    }

    /// The number of samples B.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The number of variables V; every count below is out of this.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// For one sample, the number of variables known in both and equal, per sample `[B]`.
    pub fn equal(&self, sample: usize) -> &[i32] {
        &self.equal[sample * self.samples..][..self.samples]
    }

    /// For one sample, the number of variables known in both and different, per sample `[B]`.
    pub fn different(&self, sample: usize) -> &[i32] {
        &self.different[sample * self.samples..][..self.samples]
    }

    /// Y+(i, j): the certain similarity, in `[0, 1]`.
    pub fn positive(&self, i: usize, j: usize) -> f64 {
        f64::from(self.equal(i)[j]) / self.variables as f64
    }

    /// Y-(i, j): the certain dissimilarity, in `[0, 1]`.
    pub fn negative(&self, i: usize, j: usize) -> f64 {
        f64::from(self.different(i)[j]) / self.variables as f64
    }

    /// u(i, j) = 1 - Y+ - Y-: the share of variables that are missing in at least one of the two.
    pub fn unknown(&self, i: usize, j: usize) -> f64 {
        let known = self.equal(i)[j] + self.different(i)[j];
        (self.variables as f64 - f64::from(known)) / self.variables as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_labels_count_as_unknown_even_when_both_are_missing() {
        let labels = LabelMatrix::from_indices(5, vec![0, 1, 2, 3, -1, 0, 1, 0, -1, -1]).unwrap();
        let similarities = Similarities::of(&labels);
        assert_eq!(similarities.positive(0, 1), 0.4);
        assert_eq!(similarities.negative(0, 1), 0.2);
        assert_eq!(similarities.unknown(0, 1), 0.4);
        assert_eq!(similarities.positive(1, 0), 0.4);
    }

    #[test]
    fn a_sample_is_as_similar_to_itself_as_its_labels_are_known() {
        let labels = LabelMatrix::from_indices(2, vec![7, -1]).unwrap();
        let similarities = Similarities::of(&labels);
        assert_eq!((similarities.positive(0, 0), similarities.negative(0, 0)), (0.5, 0.0));
    }
}
