//! How similar two samples are by their labels: Y+, Y- and u of every pair of a batch.

use silknow_records::{LabelMatrix, MISSING};

use super::Batch;

/// The label similarities of all pairs of B samples with V variables.
///
/// For a variable that is known in both, two samples agree by the share |A and B| / max(|A|, |B|) of their sets of
/// classes, which for single classes is 1 or 0. Missing never agrees and never differs.
///
/// Shares are kept as whole numbers, so that "is this pair more similar than that one?" has an exact answer; in
/// floats, 3/5 - 2/5 and 2/5 - 1/5 differ. The count [`whole`](Self::whole) stands for a similarity of 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similarities {
    samples: usize,
    /// The count that stands for a similarity of 1.
    whole: i32,
    equal: Vec<i32>,
    different: Vec<i32>,
}

impl Similarities {
    /// Compares every sample with every other, in O(B² V). All variables count alike.
    pub fn of(labels: &LabelMatrix) -> Self {
        Self::weighted(labels, &[])
    }

    /// As [`of`](Self::of), where a variable counts by its weight, `[V]`; without weights all count alike.
    pub fn weighted(labels: &LabelMatrix, weights: &[f64]) -> Self {
        let alike = weights.windows(2).all(|pair| pair[0] == pair[1]);
        if alike && !labels.has_larger_sets() {
            Self::of_single_classes(labels)
        } else {
            Self::of_sets(labels, if alike { &[] } else { weights })
        }
    }

    pub(super) fn of_batch(batch: &Batch<'_>) -> Self {
        Self::weighted(batch.labels, batch.variable_weights)
    }

    fn of_single_classes(labels: &LabelMatrix) -> Self {
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
        Self { samples, whole: labels.variables() as i32, equal, different }
    }

    fn of_sets(labels: &LabelMatrix, weights: &[f64]) -> Self {
        let (samples, variables) = (labels.len(), labels.variables());
        let sets: Vec<&[i32]> = (0..samples)
            .flat_map(|sample| (0..variables).map(move |variable| labels.classes(sample, variable)))
            .collect();
        let sizes = sets.iter().map(|set| set.len());
        let units = match weights {
            [] => vec![unit(samples, variables, sizes); variables],
            weights => weighted_units(samples, weights, sizes),
        };
        let mut equal = vec![0; samples * samples];
        let mut different = vec![0; samples * samples];
        for i in 0..samples {
            for j in i..samples {
                let (mut same, mut both) = (0, 0);
                for (variable, &unit) in units.iter().enumerate() {
                    let (a, b) = (sets[i * variables + variable], sets[j * variables + variable]);
                    if !a.is_empty() && !b.is_empty() {
                        both += unit;
                        same += agreement(a, b, unit);
                    }
                }
                for position in [i * samples + j, j * samples + i] {
                    equal[position] = same;
                    different[position] = both - same;
                }
            }
        }
        Self { samples, whole: units.iter().sum(), equal, different }
    }

    /// The number of samples B.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The count that stands for a similarity of 1: V for single classes, a multiple of it for sets.
    pub fn whole(&self) -> i32 {
        self.whole
    }

    /// For one sample, the variables known in both that agree, per sample `[B]`, as counts out of
    /// [`whole`](Self::whole).
    pub fn equal(&self, sample: usize) -> &[i32] {
        &self.equal[sample * self.samples..][..self.samples]
    }

    /// For one sample, the variables known in both that differ, per sample `[B]`, as counts out of
    /// [`whole`](Self::whole).
    pub fn different(&self, sample: usize) -> &[i32] {
        &self.different[sample * self.samples..][..self.samples]
    }

    /// Y+(i, j): the certain similarity, in `[0, 1]`.
    pub fn positive(&self, i: usize, j: usize) -> f64 {
        f64::from(self.equal(i)[j]) / f64::from(self.whole)
    }

    /// Y-(i, j): the certain dissimilarity, in `[0, 1]`.
    pub fn negative(&self, i: usize, j: usize) -> f64 {
        f64::from(self.different(i)[j]) / f64::from(self.whole)
    }

    /// u(i, j) = 1 - Y+ - Y-: the share of variables that are missing in at least one of the two.
    pub fn unknown(&self, i: usize, j: usize) -> f64 {
        let known = self.equal(i)[j] + self.different(i)[j];
        (f64::from(self.whole) - f64::from(known)) / f64::from(self.whole)
    }
}

/// The largest count that an `f32`, in which margins are compared with distances, holds exactly.
const LARGEST_EXACT: usize = 1 << 24;

/// A count for agreement in one variable by which every share of sets of these sizes is a whole number: the least
/// common multiple of the sizes. Where sums over a row of B samples would not fit into an `i32`, it is the largest that
/// does, and shares are rounded to it.
fn unit(samples: usize, variables: usize, sizes: impl Iterator<Item = usize>) -> i32 {
    let per_row = i32::MAX as usize / samples.saturating_mul(variables).max(1);
    let most = per_row.min(LARGEST_EXACT / variables.max(1)).max(1);
    let common = sizes.filter(|&size| size > 1).try_fold(1, |multiple: usize, size| {
        let next = multiple / greatest_common_divisor(multiple, size) * size;
        (next <= most).then_some(next)
    });
    common.unwrap_or(most) as i32
}

/// A count for agreement in each variable, in the ratio of the weights. Weights of up to three decimals, as people write
/// them, keep their ratio exactly; others are rounded to what the range of whole numbers allows.
fn weighted_units(samples: usize, weights: &[f64], sizes: impl Iterator<Item = usize>) -> Vec<i32> {
    let most = (i32::MAX as usize / samples.max(1)).min(LARGEST_EXACT) as f64;
    let unit = f64::from(unit(samples, weights.len(), sizes));
    let exact = |scale: f64| {
        let units: Vec<f64> = weights.iter().map(|weight| (weight * scale).round()).collect();
        let is_exact = units.iter().zip(weights).all(|(unit, weight)| (unit - weight * scale).abs() < 1e-6);
        (is_exact && unit * units.iter().sum::<f64>() <= most)
            .then(|| units.iter().map(|of| (of * unit) as i32).collect())
    };
    [1.0, 10.0, 100.0, 1000.0].into_iter().find_map(exact).unwrap_or_else(|| {
        let sum: f64 = weights.iter().sum();
        // Rounded down, so that the sum stays within the range.
        weights.iter().map(|weight| (weight / sum * most) as i32).collect()
    })
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// |A and B| / max(|A|, |B|) of two ascending sets, neither empty, as a count out of `unit`.
fn agreement(a: &[i32], b: &[i32], unit: i32) -> i32 {
    let common = a.iter().filter(|class| b.binary_search(class).is_ok()).count() as i64;
    let larger = a.len().max(b.len()) as i64;
    // Rounded to the nearest; exact wherever `unit` is a multiple of the larger size.
    ((2 * common * i64::from(unit) + larger) / (2 * larger)) as i32
}

/// |A and B| / max(|A|, |B|) of two ascending sets, neither empty.
pub(super) fn shared(a: &[i32], b: &[i32]) -> f64 {
    match (a, b) {
        ([a], [b]) => f64::from(u8::from(a == b)),
        _ => {
            let common = a.iter().filter(|class| b.binary_search(class).is_ok()).count();
            common as f64 / a.len().max(b.len()) as f64
        }
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

    #[test]
    fn sets_agree_by_the_share_of_the_larger_one() {
        let mut labels = LabelMatrix::from_indices(2, vec![0, 5, 1, 5, 0, -1, 0, 6]).unwrap();
        labels.set(0, 0, &[0, 1, 2]);
        labels.set(1, 0, &[1, 3]);
        let similarities = Similarities::of(&labels);
        // {0 1 2} and {1 3} share one of three; the second variable is equal.
        assert_eq!(similarities.whole(), 12);
        assert_eq!((similarities.equal(0)[1], similarities.different(0)[1]), (2 + 6, 4));
        assert_eq!((similarities.equal(1)[0], similarities.different(1)[0]), (2 + 6, 4));
        assert_eq!(similarities.positive(0, 2), 1.0 / 6.0);
        assert_eq!(similarities.unknown(0, 2), 0.5);
        assert_eq!((similarities.positive(0, 0), similarities.negative(0, 0)), (1.0, 0.0));
        assert_eq!(similarities.negative(1, 3), 1.0);
    }

    #[test]
    fn sets_of_one_class_agree_as_single_classes_do() {
        let indices = vec![0, 1, 0, -1, 2, 1, 2, 2, -1, -1];
        let single = LabelMatrix::from_indices(2, indices.clone()).unwrap();
        let mut labels = single.clone();
        labels.push(&[0, 0]);
        labels.set(5, 0, &[0, 7]);
        let (expected, similarities) = (Similarities::of(&single), Similarities::of(&labels));
        for (i, j) in (0..5).flat_map(|i| (0..5).map(move |j| (i, j))) {
            assert_eq!(similarities.positive(i, j), expected.positive(i, j));
            assert_eq!(similarities.negative(i, j), expected.negative(i, j));
        }
    }

    #[test]
    fn the_unit_of_large_sets_keeps_sums_in_range() {
        assert_eq!(unit(150, 5, [1, 2, 3, 4, 6, 0].into_iter()), 12);
        let rounded = unit(150, 5, 1..60);
        assert!(i64::from(rounded) * 5 * 150 <= i64::from(i32::MAX) && rounded > 1_000_000);
        assert_eq!(agreement(&[1, 2, 3], &[1, 2, 3], rounded), rounded);
        assert_eq!(agreement(&[1, 2], &[3], rounded), 0);
    }

    #[test]
    fn variables_count_by_their_weights() {
        let labels = LabelMatrix::from_indices(3, vec![0, 1, 2, 0, 5, -1]).unwrap();
        let similarities = Similarities::weighted(&labels, &[2.0, 0.5, 1.5]);
        assert_eq!(similarities.whole(), 40);
        assert_eq!((similarities.equal(0)[1], similarities.different(0)[1]), (20, 5));
        assert_eq!((similarities.positive(0, 1), similarities.unknown(0, 1)), (0.5, 0.375));
        assert_eq!(Similarities::weighted(&labels, &[3.0; 3]), Similarities::of(&labels));
        let ignored = Similarities::weighted(&labels, &[0.0, 1.0, 0.0]);
        assert_eq!((ignored.positive(0, 1), ignored.negative(0, 1)), (0.0, 1.0));
        let odd = Similarities::weighted(&labels, &[1.0 / 3.0, 2.0 / 3.0, 1e-9]);
        assert!((odd.positive(0, 1) - 1.0 / 3.0).abs() < 1e-6 && (odd.negative(0, 1) - 2.0 / 3.0).abs() < 1e-6);
        assert!(i64::from(odd.whole()) * 2 <= i64::from(i32::MAX));
    }
}
