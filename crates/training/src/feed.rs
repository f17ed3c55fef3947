//! The batches of a training, with the features of their images asked for ahead.

use std::collections::VecDeque;

use silknow_config::TrainingParameters;
use silknow_errors::{Error, Result};
use silknow_progress::Observer;

use crate::batches::{Batches, Draw};
use crate::features::{FeatureStore, SampleView};

/// Images whose features are asked for ahead, so that the loader has enough to work on while the backbone runs.
const IMAGES_AHEAD: usize = 600;

/// The batches to come.
pub(crate) struct Feed<'a> {
    /// The samples that batches are drawn from.
    train: &'a [usize],
    second_view: bool,
    batches: Batches,
    ahead: VecDeque<Vec<Draw>>,
    /// Batches that were not drawn yet.
    remaining: usize,
}

/// A batch of B samples.
pub(crate) struct Drawn {
    /// `[B]`
    pub samples: Vec<usize>,
    /// `[B, C·H·W]`; with second views, those of the samples in the same order follow: `[2 B, C·H·W]`.
    pub features: Vec<f32>,
}

impl<'a> Feed<'a> {
    /// The batches that follow the first `done` ones, up to the number of training steps. With `second_view` every image
    /// is seen twice; the store has an augmentation then.
    pub fn after(done: usize, train: &'a [usize], parameters: &TrainingParameters, second_view: bool) -> Self {
        let mut batches = Batches::new(parameters.seed, train.len(), parameters.train_batch_size);
        batches.skip(done);
        let remaining = parameters.how_many_training_steps.saturating_sub(done);
        Self { train, second_view, batches, ahead: VecDeque::new(), remaining }
    }

    /// The next batch.
    pub fn next(&mut self, store: &mut FeatureStore, observer: &dyn Observer) -> Result<Drawn> {
        if self.ahead.is_empty() {
            let count = IMAGES_AHEAD.div_ceil(self.batches.batch_size()).min(self.remaining);
            self.ahead.extend((0..count).map(|_| self.batches.draw()));
            self.remaining -= count;
            let wanted: Vec<SampleView> = self.ahead.iter().flat_map(|batch| self.views(batch, store)).collect();
            store.prepare(&wanted, observer)?;
        }
        let batch = self.ahead.pop_front().ok_or_else(|| Error::internal("more steps than batches"))?;
        let wanted = self.views(&batch, store);
        let features = store.read(&wanted)?;
        store.release(&wanted);
        Ok(Drawn { samples: batch.iter().map(|draw| self.train[draw.sample]).collect(), features })
    }

    /// What a batch sees: the first view of every image, then the second ones.
    fn views(&self, batch: &[Draw], store: &FeatureStore) -> Vec<SampleView> {
        let sample = |draw: &Draw| self.train[draw.sample];
        let mut views: Vec<SampleView> =
            batch.iter().map(|draw| (sample(draw), store.training_view(draw.epoch))).collect();
        if self.second_view {
            views.extend(batch.iter().filter_map(|draw| Some((sample(draw), store.second_view(draw.epoch)?))));
        }
        views
    }
}
