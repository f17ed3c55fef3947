//! How good a network is for samples that it was not trained with: the objective, and the classes of their neighbours.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use silknow_errors::Result;
use silknow_evaluation::metrics::mean_f1;
use silknow_image::View;
use silknow_index::{SearchIndex, vote};
use silknow_network::TopNetwork;
use silknow_progress::Observer;

use crate::features::{FeatureStore, SampleView};
use crate::goal::Goal;
use crate::metrics::ValidationMetrics;
use crate::selection::Selection;
use crate::trainer::device_of;

/// Samples per validation batch, whatever the training batch: losses stay comparable between settings.
const BATCH: usize = 150;

/// Neighbours that vote on a validation sample, as many as `get-knn` uses by default.
const NEIGHBOURS: usize = 6;

/// Images whose descriptors are computed at once.
const DESCRIBED_AT_ONCE: usize = 256;

/// Stream of the seed's random numbers that the validation batches use; training batches use low ones.
const BATCH_STREAM: u64 = u64::MAX - 1;

/// The samples and batches by which networks are measured, the same for every network.
pub(crate) struct Validation<'a> {
    goal: Goal<'a>,
    selection: &'a Selection,
    /// Positions among the queries; drawn once, so that every validation sees the same pairs and triplets.
    batches: Vec<Vec<usize>>,
}

impl<'a> Validation<'a> {
    pub fn new(goal: Goal<'a>, seed: u64, selection: &'a Selection) -> Self {
        let usable: BTreeSet<usize> = selection.validation.iter().copied().collect();
        let mut positions: Vec<usize> =
            (0..selection.queries.len()).filter(|&query| usable.contains(&selection.queries[query])).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(BATCH_STREAM);
        // In the order of the files, a batch would hold the images of few objects.
        positions.shuffle(&mut rng);
        Self { goal, selection, batches: even_parts(&positions, BATCH) }
    }

    /// True when nothing can be measured.
    pub fn is_empty(&self) -> bool {
        self.selection.queries.is_empty()
    }

    /// The features that measuring needs.
    pub fn sample_views(&self) -> Vec<SampleView> {
        self.selection.queries.iter().chain(&self.selection.references).map(|&sample| (sample, View::Plain)).collect()
    }

    /// Measures a network. The loss is NaN when a descriptor is not finite.
    pub fn measure(
        &self,
        top: &TopNetwork,
        store: &mut FeatureStore,
        observer: &dyn Observer,
    ) -> Result<ValidationMetrics> {
        let queries = describe(top, &self.selection.queries, store, observer)?;
        let references = describe(top, &self.selection.references, store, observer)?;
        if !queries.iter().chain(&references).all(|value| value.is_finite()) {
            return Ok(ValidationMetrics { loss: Some(f64::NAN), mean_f1: None });
        }
        Ok(ValidationMetrics {
            loss: self.loss(&queries, top.dims())?,
            mean_f1: self.mean_f1(queries, references, top.dims())?,
        })
    }

    /// The loss over all batches: all terms count alike, however they are spread over the batches.
    fn loss(&self, descriptors: &[f32], dims: usize) -> Result<Option<f64>> {
        let (mut sum, mut averaged, mut candidates) = (0.0, 0, 0);
        for batch in &self.batches {
            let rows: Vec<f32> =
                batch.iter().flat_map(|&query| &descriptors[query * dims..][..dims]).copied().collect();
            let samples: Vec<usize> = batch.iter().map(|&query| self.selection.queries[query]).collect();
            let outcome = self.goal.evaluate(&samples, &rows, dims)?;
            sum += outcome.sum;
            averaged += outcome.averaged;
            candidates += outcome.candidates;
        }
        // Where no triplet is active any more, the loss is 0, the best there is. Where there are no triplets, there is none.
        Ok((candidates > 0).then(|| if averaged == 0 { 0.0 } else { sum / averaged as f64 }))
    }

    fn mean_f1(&self, queries: Vec<f32>, references: Vec<f32>, dims: usize) -> Result<Option<f64>> {
        if references.is_empty() {
            return Ok(None);
        }
        let neighbours = SearchIndex::new(references, dims)?.nearest(&queries, NEIGHBOURS)?;
        let labels = self.goal.inputs.labels;
        let predictions = vote::predict_from(&labels.select(&self.selection.references), &neighbours);
        Ok(mean_f1(&labels.select(&self.selection.queries), &predictions))
    }
}

/// Descriptors `[samples.len(), D]` of the plain views of samples.
fn describe(
    top: &TopNetwork,
    samples: &[usize],
    store: &mut FeatureStore,
    observer: &dyn Observer,
) -> Result<Vec<f32>> {
    let shape = store.feature_shape();
    let device = device_of(top);
    let mut descriptors = Vec::with_capacity(samples.len() * top.dims());
    for samples in samples.chunks(DESCRIBED_AT_ONCE) {
        observer.check()?;
        let wanted: Vec<SampleView> = samples.iter().map(|&sample| (sample, View::Plain)).collect();
        descriptors.extend(top.describe(&store.read(&wanted)?, shape, &device)?);
    }
    Ok(descriptors)
}

/// Cuts into as few parts of at most `most` as possible, of nearly equal length: a short last batch would hold
/// few triplets, or none.
fn even_parts(positions: &[usize], most: usize) -> Vec<Vec<usize>> {
    let parts = positions.len().div_ceil(most);
    (0..parts)
        .map(|part| positions[part * positions.len() / parts..(part + 1) * positions.len() / parts].to_vec())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_even_and_lose_nothing() {
        let positions: Vec<usize> = (0..151).collect();
        let parts = even_parts(&positions, 150);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [75, 76]);
        assert_eq!(parts.concat(), positions);
        assert!(even_parts(&[], 150).is_empty());
    }
}
