//! What a network is worth on samples it was not trained with: the loss, and the classes of their neighbours.
//!
//! Owns the validation batches and the mean F1 score. Leaves the losses to `loss`, neighbours and their vote to
//! `silknow-index`, and the full evaluation to the evaluation crate.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use silknow_config::TrainingParameters;
use silknow_errors::Result;
use silknow_image::View;
use silknow_index::{SearchIndex, vote};
use silknow_network::TopNetwork;
use silknow_progress::Observer;
use silknow_records::{LabelMatrix, MISSING};

use crate::features::{FeatureStore, SampleView};
use crate::loss;
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

/// A fixed plan by which networks are measured.
#[derive(Debug)]
pub(crate) struct Validation<'a> {
    parameters: &'a TrainingParameters,
    labels: &'a LabelMatrix,
    selection: &'a Selection,
    /// Positions among the queries; drawn once, so that every validation sees the same pairs and triplets.
    batches: Vec<Vec<usize>>,
}

impl<'a> Validation<'a> {
    pub fn new(parameters: &'a TrainingParameters, labels: &'a LabelMatrix, selection: &'a Selection) -> Self {
        let feeds_loss: BTreeSet<usize> = selection.validation.iter().copied().collect();
        let mut positions: Vec<usize> =
            (0..selection.queries.len()).filter(|&query| feeds_loss.contains(&selection.queries[query])).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(parameters.seed);
        rng.set_stream(BATCH_STREAM);
        // In the order of the files, a batch would hold the images of few objects.
        positions.shuffle(&mut rng);
        Self { parameters, labels, selection, batches: even_parts(&positions, BATCH) }
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
            loss: self.loss(&queries, top.dims()),
            mean_f1: self.mean_f1(queries, references, top.dims())?,
        })
    }

    /// The loss over all batches: all terms count alike, however they are spread over the batches.
    fn loss(&self, descriptors: &[f32], dims: usize) -> Option<f64> {
        let (mut sum, mut averaged, mut candidates) = (0.0, 0, 0);
        for batch in &self.batches {
            let rows: Vec<f32> =
                batch.iter().flat_map(|&query| &descriptors[query * dims..][..dims]).copied().collect();
            let samples: Vec<usize> = batch.iter().map(|&query| self.selection.queries[query]).collect();
            let labels = self.labels.select(&samples);
            let margin = f64::from(self.parameters.margin);
            let outcome = loss::evaluate(self.parameters.loss_ind, margin, &rows, dims, &labels);
            sum += outcome.sum;
            averaged += outcome.averaged;
            candidates += outcome.candidates;
        }
        // Triplets none of which is active any more are a loss of 0, the best there is; no triplets are none.
        (candidates > 0).then(|| if averaged == 0 { 0.0 } else { sum / averaged as f64 })
    }

    fn mean_f1(&self, queries: Vec<f32>, references: Vec<f32>, dims: usize) -> Result<Option<f64>> {
        if references.is_empty() {
            return Ok(None);
        }
        let neighbours = SearchIndex::new(references, dims)?.nearest(&queries, NEIGHBOURS)?;
        let predictions = vote::predict_from(&self.labels.select(&self.selection.references), &neighbours);
        Ok(mean_f1(&self.labels.select(&self.selection.queries), &predictions))
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

/// The mean over the variables of the unweighted mean F1 score over the classes, where truth and prediction are
/// both known; variables without such a sample do not count.
fn mean_f1(truth: &LabelMatrix, predictions: &LabelMatrix) -> Option<f64> {
    let scores: Vec<f64> = (0..truth.variables())
        .filter_map(|variable| {
            let pairs: Vec<(i32, i32)> = (0..truth.len())
                .map(|sample| (truth.row(sample)[variable], predictions.row(sample)[variable]))
                .filter(|&(truth, prediction)| truth != MISSING && prediction != MISSING)
                .collect();
            f1_of_variable(&pairs)
        })
        .collect();
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

/// The unweighted mean F1 score over the classes that occur among (truth, prediction) pairs.
fn f1_of_variable(pairs: &[(i32, i32)]) -> Option<f64> {
    let classes: BTreeSet<i32> = pairs.iter().flat_map(|&(truth, prediction)| [truth, prediction]).collect();
    let scores = classes.iter().map(|&class| {
        let hits = pairs.iter().filter(|&&pair| pair == (class, class)).count();
        let named = pairs.iter().map(|&(t, p)| usize::from(t == class) + usize::from(p == class)).sum::<usize>();
        2.0 * hits as f64 / named as f64
    });
    (!classes.is_empty()).then(|| scores.sum::<f64>() / classes.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_f1_is_unweighted_over_classes_and_variables() {
        // Variable 0: class 0 F1 2*2/(2+3) = 0.8, class 1 F1 2*1/(2+1) = 2/3; variable 1: one known pair, right.
        let truth = LabelMatrix::from_indices(2, vec![0, 5, 0, MISSING, 1, 1, 1, MISSING]).unwrap();
        let predictions = LabelMatrix::from_indices(2, vec![0, 5, 0, 2, 0, MISSING, 1, MISSING]).unwrap();
        let expected = ((0.8 + 2.0 / 3.0) / 2.0 + 1.0) / 2.0;
        assert!((mean_f1(&truth, &predictions).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn without_a_known_pair_there_is_no_score() {
        let missing = LabelMatrix::from_indices(1, vec![MISSING]).unwrap();
        assert_eq!(mean_f1(&missing, &LabelMatrix::from_indices(1, vec![3]).unwrap()), None);
    }

    #[test]
    fn parts_are_even_and_lose_nothing() {
        let positions: Vec<usize> = (0..151).collect();
        let parts = even_parts(&positions, 150);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [75, 76]);
        assert_eq!(parts.concat(), positions);
        assert!(even_parts(&[], 150).is_empty());
    }
}
