//! Euclidean distances of all pairs of descriptors, and the way back: from slopes of a loss with respect to
//! distances to its gradient with respect to descriptors.

use rayon::prelude::*;

use super::products::{dot, summed_by_rows};

/// The distances of all pairs of B descriptors, `[B, B]`.
#[derive(Clone, Debug)]
pub struct Distances {
    samples: usize,
    values: Vec<f32>,
}

impl Distances {
    /// Distances from the Gram matrix, d² = f_i·f_i + f_j·f_j - 2 f_i·f_j, clamped at 0.
    ///
    /// `descriptors` is `[B, dimensions]`, row by row. Products are summed in f64 (where a product of two f32 is
    /// exact), because the difference above cancels for near descriptors; equal descriptors have distance 0 exactly.
    pub fn between(descriptors: &[f32], dimensions: usize) -> Self {
        let rows: Vec<&[f32]> = descriptors.chunks_exact(dimensions).collect();
        let samples = rows.len();
        let squares: Vec<f64> = rows.iter().map(|row| dot(row, row)).collect();
        let mut values = vec![0.0; samples * samples];
        values.par_chunks_exact_mut(samples.max(1)).enumerate().for_each(|(i, distances)| {
            for j in (0..samples).filter(|&j| j != i) {
                // The same order of operands for (i, j) and (j, i) keeps the matrix symmetric to the bit.
                let (low, high) = (i.min(j), i.max(j));
                let squared = squares[low] + squares[high] - 2.0 * dot(rows[low], rows[high]);
                distances[j] = squared.max(0.0).sqrt() as f32;
            }
        });
        Self { samples, values }
    }

    /// The distances of one sample from all, `[B]`.
    pub fn row(&self, sample: usize) -> &[f32] {
        &self.values[sample * self.samples..][..self.samples]
    }

    /// The gradient `[B, dimensions]` of a loss with respect to the descriptors.
    ///
    /// `slopes` is `[B, B]`: entry (i, j) is the derivative of the loss with respect to d(i, j), where the pair's
    /// two entries add up (fill one half, or both). A pair at distance 0 has no direction and adds nothing, so
    /// identical descriptors never give NaN.
    pub fn gradient(&self, descriptors: &[f32], dimensions: usize, slopes: &[f64]) -> Vec<f32> {
        let rows: Vec<&[f32]> = descriptors.chunks_exact(dimensions).collect();
        summed_by_rows(descriptors.len(), dimensions, |i, sum| {
            for j in 0..self.samples {
                let slope = slopes[i * self.samples + j] + slopes[j * self.samples + i];
                let distance = f64::from(self.row(i)[j]);
                if slope == 0.0 || distance == 0.0 {
                    continue;
                }
                let factor = slope / distance;
                for ((sum, &own), &other) in sum.iter_mut().zip(rows[i]).zip(rows[j]) {
                    *sum += factor * (f64::from(own) - f64::from(other));
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_plane() {
        let distances = Distances::between(&[1.0, 0.0, 0.0, 1.0, -1.0, 0.0], 2);
        assert_eq!(distances.row(0), [0.0, 2f32.sqrt(), 2.0]);
        assert_eq!(distances.row(1), [2f32.sqrt(), 0.0, 2f32.sqrt()]);
    }

    #[test]
    fn near_descriptors_keep_their_distance() {
        let step = 1e-5f32;
        let distances = Distances::between(&[1.0, 0.0, 1.0, step], 2);
        assert!((distances.row(0)[1] - step).abs() < 1e-9, "{}", distances.row(0)[1]);
    }

    #[test]
    fn identical_descriptors_have_a_zero_gradient() {
        let descriptors = [0.6, 0.8, 0.6, 0.8];
        let distances = Distances::between(&descriptors, 2);
        assert_eq!(distances.gradient(&descriptors, 2, &[0.0, 1.0, 0.0, 0.0]), [0.0; 4]);
    }

    #[test]
    fn the_gradient_of_one_distance_is_the_unit_direction() {
        let descriptors = [1.0, 0.0, 0.0, 0.0];
        let distances = Distances::between(&descriptors, 2);
        assert_eq!(distances.gradient(&descriptors, 2, &[0.0, 1.0, 0.0, 0.0]), [1.0, 0.0, -1.0, 0.0]);
        assert_eq!(distances.gradient(&descriptors, 2, &[0.0, 0.5, 0.5, 0.0]), [1.0, 0.0, -1.0, 0.0]);
    }
}
