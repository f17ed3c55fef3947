//! Features brought to mean 0 and deviation 1, on which a head learns in fewer steps.

use silknow_errors::Result;
use silknow_image::View;
use silknow_progress::Observer;

use crate::features::{FeatureStore, SampleView};

/// Samples whose features are in memory at once.
const READ_AT_ONCE: usize = 256;

/// A feature that varies less than this share of its mean, or than this, is not divided by its deviation.
const SMALLEST_DEVIATION: f64 = 1e-6;

/// The mean and the deviation of every feature over some samples.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standard {
    pub means: Vec<f32>,
    pub deviations: Vec<f32>,
}

impl Standard {
    /// Over the features of the samples as they are, without augmentation.
    pub fn of(samples: &[usize], store: &mut FeatureStore, observer: &dyn Observer) -> Result<Self> {
        let views: Vec<SampleView> = samples.iter().map(|&sample| (sample, View::Plain)).collect();
        store.prepare(&views, observer)?;
        let width = store.feature_shape().len();
        let (mut sums, mut squares) = (vec![0.0; width], vec![0.0; width]);
        for views in views.chunks(READ_AT_ONCE) {
            for row in store.read(views)?.chunks_exact(width) {
                for ((value, sum), square) in row.iter().zip(&mut sums).zip(&mut squares) {
                    *sum += f64::from(*value);
                    *square += f64::from(*value).powi(2);
                }
            }
        }
        let count = samples.len().max(1) as f64;
        let means: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
        let deviation = |(square, mean): (&f64, &f64)| {
            let deviation = (square / count - mean * mean).max(0.0).sqrt();
            if deviation > SMALLEST_DEVIATION * mean.abs().max(1.0) { deviation as f32 } else { 1.0 }
        };
        let deviations = squares.iter().zip(&means).map(deviation).collect();
        Ok(Self { means: means.iter().map(|&mean| mean as f32).collect(), deviations })
    }

    /// Changes features in place, row by row.
    pub fn apply(&self, features: &mut [f32]) {
        for row in features.chunks_exact_mut(self.means.len()) {
            for ((value, mean), deviation) in row.iter_mut().zip(&self.means).zip(&self.deviations) {
                *value = (*value - mean) / deviation;
            }
        }
    }
}
