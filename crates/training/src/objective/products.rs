//! Scalar products of all pairs of descriptors, and the way back: from slopes of a loss with respect to products to its
//! gradient with respect to descriptors.

use rayon::prelude::*;

/// The scalar products of all pairs of B descriptors, `[B, B]`; of unit descriptors they are the cosines.
pub(super) struct Products {
    samples: usize,
    values: Vec<f64>,
}

impl Products {
    /// `descriptors` is `[B, dimensions]`, row by row.
    pub fn between(descriptors: &[f32], dimensions: usize) -> Self {
        let rows: Vec<&[f32]> = descriptors.chunks_exact(dimensions).collect();
        let samples = rows.len();
        let mut values = vec![0.0; samples * samples];
        values.par_chunks_exact_mut(samples.max(1)).enumerate().for_each(|(i, products)| {
            for (product, row) in products.iter_mut().zip(&rows) {
                *product = dot(rows[i], row);
            }
        });
        Self { samples, values }
    }

    /// The products of one sample with all, `[B]`.
    pub fn row(&self, sample: usize) -> &[f64] {
        &self.values[sample * self.samples..][..self.samples]
    }

    /// The gradient `[B, dimensions]` of a loss with respect to the descriptors; `slopes` is `[B, B]`: entry (i, j) is the
    /// derivative of the loss with respect to the product of i and j, where the pair's two entries add up.
    pub fn gradient(&self, descriptors: &[f32], dimensions: usize, slopes: &[f64]) -> Vec<f32> {
        let rows: Vec<&[f32]> = descriptors.chunks_exact(dimensions).collect();
        summed_by_rows(descriptors.len(), dimensions, |i, sum| {
            for (j, row) in rows.iter().enumerate() {
                let slope = slopes[i * self.samples + j] + slopes[j * self.samples + i];
                if slope != 0.0 {
                    for (sum, &value) in sum.iter_mut().zip(*row) {
                        *sum += slope * f64::from(value);
                    }
                }
            }
        })
    }
}

/// A gradient `[B, dimensions]` of `length` numbers: `add` adds what makes up the row of this number to zeros.
///
/// One row is summed by one thread in one order, so the number of threads cannot change a bit.
pub(super) fn summed_by_rows(length: usize, dimensions: usize, add: impl Fn(usize, &mut [f64]) + Sync) -> Vec<f32> {
    let mut gradient = vec![0.0; length];
    gradient.par_chunks_exact_mut(dimensions).enumerate().for_each(|(row, target)| {
        let mut sum = vec![0.0; dimensions];
        add(row, &mut sum);
        for (target, sum) in target.iter_mut().zip(sum) {
            *target = sum as f32;
        }
    });
    gradient
}

/// The scalar product, summed in eight lanes that the compiler keeps in vector registers.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0f64; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            lanes[lane] += f64::from(a[lane]) * f64::from(b[lane]);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    lanes.iter().sum::<f64>() + rest
}
