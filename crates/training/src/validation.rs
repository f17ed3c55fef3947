//! How good a network is for samples that it was not trained with: the objective, and the classes of their neighbours.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use silknow_config::FrozenShare;
use silknow_errors::Result;
use silknow_evaluation::metrics::mean_f1;
use silknow_image::View;
use silknow_index::{SearchIndex, Vote};
use silknow_network::{Outputs, TopNetwork};
use silknow_progress::Observer;

use crate::features::{FeatureStore, SampleView};
use crate::goal::{Described, Goal};
use crate::metrics::ValidationMetrics;
use crate::selection::Selection;
use crate::standard::Standard;
use crate::state::device_of;

/// Samples per validation batch, whatever the training batch: losses stay comparable between settings.
const BATCH: usize = 150;

/// Neighbours that vote on a validation sample, as many as `get-knn` uses by default.
const NEIGHBOURS: usize = 6;

/// Images whose descriptors are computed at once.
const DESCRIBED_AT_ONCE: usize = 256;

/// The parts of the frozen features in a descriptor that are tried where the vote chooses; the first of equally good ones is
/// taken.
const SHARES: [f64; 5] = [0.0, 0.3, 0.5, 0.7, 1.0];

/// Stream of the seed's random numbers that the validation batches use; training batches use low ones.
const BATCH_STREAM: u64 = u64::MAX - 1;

/// The samples and batches by which networks are measured, the same for every network.
pub(crate) struct Validation<'a> {
    goal: Goal<'a>,
    selection: &'a Selection,
    /// For every query its position among the samples that make up the batches, if it is one of them.
    place_in_validation: Vec<Option<usize>>,
    /// Positions among the queries; drawn once, so that every validation sees the same pairs and triplets.
    batches: Vec<Vec<usize>>,
    /// The part of the frozen features in the descriptors that vote.
    frozen_share: FrozenShare,
    /// How features are changed before the head.
    standard: Option<Standard>,
}

/// What was measured of a network, and with which part of the frozen features its vote was the best.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub metrics: ValidationMetrics,
    pub frozen_share: f64,
}

impl<'a> Validation<'a> {
    pub fn new(goal: Goal<'a>, seed: u64, selection: &'a Selection) -> Self {
        let usable: BTreeMap<usize, usize> = selection.validation.iter().copied().zip(0..).collect();
        let place_in_validation: Vec<Option<usize>> =
            selection.queries.iter().map(|sample| usable.get(sample).copied()).collect();
        let mut positions: Vec<usize> =
            (0..selection.queries.len()).filter(|&query| place_in_validation[query].is_some()).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(BATCH_STREAM);
        // In the order of the files, a batch would hold the images of few objects.
        positions.shuffle(&mut rng);
        Self {
            goal,
            selection,
            place_in_validation,
            batches: even_parts(&positions, BATCH),
            frozen_share: FrozenShare::Share(0.0),
            standard: None,
        }
    }

    /// The same for descriptors with a part of the frozen features, and a head on changed features.
    pub fn with(mut self, frozen_share: FrozenShare, standard: Option<Standard>) -> Self {
        self.frozen_share = frozen_share;
        self.standard = standard;
        self
    }

    /// True when nothing can be measured.
    pub fn is_empty(&self) -> bool {
        self.selection.queries.is_empty()
    }

    /// The features that measuring needs.
    pub fn sample_views(&self) -> Vec<SampleView> {
        let plain = self.selection.queries.iter().chain(&self.selection.references);
        plain.map(|&sample| (sample, View::Plain)).chain(self.second_views()).collect()
    }

    /// The second views of the samples of the batches, where the objective asks for them: always the same.
    fn second_views(&self) -> impl Iterator<Item = SampleView> {
        let samples = if self.goal.asks.second_view { &*self.selection.validation } else { &[] };
        samples.iter().map(|&sample| (sample, View::Augmented(0)))
    }

    /// Measures a network. The loss is NaN when a descriptor is not finite.
    pub fn measure(&self, top: &TopNetwork, store: &mut FeatureStore, observer: &dyn Observer) -> Result<Measured> {
        let plain = |samples: &[usize]| samples.iter().map(|&sample| (sample, View::Plain)).collect::<Vec<_>>();
        let standard = self.standard.as_ref();
        let Outputs { descriptors, extra } = describe(top, &plain(&self.selection.queries), store, standard, observer)?;
        let second_views: Vec<SampleView> = self.second_views().collect();
        let second_view = describe(top, &second_views, store, standard, observer)?.descriptors;
        let queries = Described { descriptors, second_view, heads: extra };
        let references = describe(top, &plain(&self.selection.references), store, standard, observer)?.descriptors;
        if !queries.is_finite() || !references.iter().all(|value| value.is_finite()) {
            let metrics = ValidationMetrics { loss: Some(f64::NAN), mean_f1: None };
            return Ok(Measured { metrics, frozen_share: 0.0 });
        }
        let loss = self.loss(&queries, top.dims())?;
        let dims = top.dims();
        let shares: &[f64] = match &self.frozen_share {
            FrozenShare::Auto => &SHARES,
            FrozenShare::Share(share) => std::slice::from_ref(share),
        };
        if shares == [0.0] || references.is_empty() {
            let mean_f1 = self.mean_f1(queries.descriptors, references, dims)?;
            return Ok(Measured { metrics: ValidationMetrics { loss, mean_f1 }, frozen_share: 0.0 });
        }
        let frozen = top.clone().with_frozen_share(1.0);
        let pooled = |samples: &[usize], store: &mut FeatureStore| {
            describe(&frozen, &plain(samples), store, None, observer).map(|outputs| outputs.descriptors)
        };
        let frozen_queries = pooled(&self.selection.queries, store)?;
        let frozen_references = pooled(&self.selection.references, store)?;
        let mut best: (Option<f64>, f64) = (None, shares[0]);
        for &share in shares {
            observer.check()?;
            let join = |trained: &[f32], pooled: &[f32]| joined((trained, dims), (pooled, frozen.dims()), share);
            let queries = join(&queries.descriptors, &frozen_queries);
            let references = join(&references, &frozen_references);
            let mean_f1 = self.mean_f1(queries, references, dims + frozen.dims())?;
            if mean_f1 > best.0 {
                best = (mean_f1, share);
            }
        }
        Ok(Measured { metrics: ValidationMetrics { loss, mean_f1: best.0 }, frozen_share: best.1 })
    }

    /// The loss over all batches: all terms count alike, however they are spread over the batches.
    ///
    /// The second views are those of the samples of the batches, the rest is of all queries.
    fn loss(&self, queries: &Described, dims: usize) -> Result<Option<f64>> {
        let (mut sum, mut averaged, mut candidates) = (0.0, 0, 0);
        for batch in &self.batches {
            let samples: Vec<usize> = batch.iter().map(|&query| self.selection.queries[query]).collect();
            let outcome = self.goal.evaluate(&samples, &self.of_batch(queries, batch, dims), dims)?;
            sum += outcome.sum;
            averaged += outcome.averaged;
            candidates += outcome.candidates;
        }
        // Where no triplet is active any more, the loss is 0, the best there is. Where there are no triplets, there is none.
        Ok((candidates > 0).then(|| if averaged == 0 { 0.0 } else { sum / averaged as f64 }))
    }

    /// What belongs to the samples of a batch, which are positions among the queries.
    fn of_batch(&self, queries: &Described, batch: &[usize], dims: usize) -> Described {
        let rows = |values: &[f32], width: usize, positions: &[usize]| -> Vec<f32> {
            positions.iter().flat_map(|&position| &values[position * width..][..width]).copied().collect()
        };
        let widths = self.goal.asks.heads.iter().map(|(_, width)| *width);
        let second_view = match self.goal.asks.second_view {
            false => Vec::new(),
            true => {
                let place = |&query: &usize| self.place_in_validation[query];
                rows(&queries.second_view, dims, &batch.iter().filter_map(place).collect::<Vec<_>>())
            }
        };
        Described {
            descriptors: rows(&queries.descriptors, dims, batch),
            second_view,
            heads: queries.heads.iter().zip(widths).map(|(values, width)| rows(values, width, batch)).collect(),
        }
    }

    fn mean_f1(&self, queries: Vec<f32>, references: Vec<f32>, dims: usize) -> Result<Option<f64>> {
        if references.is_empty() {
            return Ok(None);
        }
        let neighbours = SearchIndex::new(references, dims)?.nearest(&queries, NEIGHBOURS)?;
        let labels = self.goal.inputs.labels;
        let predictions =
            Vote::majority().predict_from(&labels.select(&self.selection.references), &neighbours, NEIGHBOURS);
        Ok(mean_f1(&labels.select(&self.selection.queries), &predictions))
    }
}

/// Descriptors and outputs of the extra heads for views of samples.
fn describe(
    top: &TopNetwork,
    views: &[SampleView],
    store: &mut FeatureStore,
    standard: Option<&Standard>,
    observer: &dyn Observer,
) -> Result<Outputs> {
    let shape = store.feature_shape();
    let device = device_of(top);
    let extra = top.extra.names().map(|_| Vec::new()).collect();
    let mut all = Outputs { descriptors: Vec::with_capacity(views.len() * top.dims()), extra };
    for views in views.chunks(DESCRIBED_AT_ONCE) {
        observer.check()?;
        let mut features = store.read(views)?;
        if let Some(standard) = standard {
            standard.apply(&mut features);
        }
        let outputs = top.describe_with_extra(&features, shape, &device)?;
        all.descriptors.extend(outputs.descriptors);
        all.extra.iter_mut().zip(outputs.extra).for_each(|(all, outputs)| all.extend(outputs));
    }
    Ok(all)
}

/// Descriptors `[N, T + F]` of the trained `[N, T]` and the frozen ones `[N, F]`, which are of unit length; given with T and F.
fn joined((trained, trained_dims): (&[f32], usize), (frozen, frozen_dims): (&[f32], usize), share: f64) -> Vec<f32> {
    let (of_trained, of_frozen) = ((1.0 - share).sqrt() as f32, share.sqrt() as f32);
    let rows = trained.chunks_exact(trained_dims).zip(frozen.chunks_exact(frozen_dims));
    rows.flat_map(|(trained, frozen)| {
        trained.iter().map(move |value| value * of_trained).chain(frozen.iter().map(move |value| value * of_frozen))
    })
    .collect()
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
