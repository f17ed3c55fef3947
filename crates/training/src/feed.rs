//! The batches of a training, with the features of their images asked for ahead.

use std::collections::{BTreeMap, VecDeque};

use silknow_config::TrainingParameters;
use silknow_errors::{Error, Result};
use silknow_progress::Observer;
use silknow_records::{LabelMatrix, MISSING};

use crate::batches::Draw;
use crate::drawing::{Drawing, Plan};
use crate::features::{FeatureStore, SampleView};
use crate::goal::Goal;

/// Images whose features are asked for ahead, so that the loader has enough to work on while the backbone runs.
const IMAGES_AHEAD: usize = 600;

/// The batches to come.
pub(crate) struct Feed<'a> {
    /// The samples that batches are drawn from.
    train: &'a [usize],
    second_view: bool,
    batches: Drawing,
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
    /// The batches that follow the first `done` ones, up to the number of training steps. Where the objective asks for second
    /// views, every image is seen twice; the store has an augmentation then.
    pub fn after(done: usize, train: &'a [usize], parameters: &TrainingParameters, goal: Goal<'_>) -> Self {
        let plan = plan(train, parameters, goal);
        let mut batches = Drawing::new(parameters.seed, train.len(), parameters.train_batch_size, &plan);
        batches.skip(done);
        let remaining = parameters.how_many_training_steps.saturating_sub(done);
        Self { train, second_view: goal.asks.second_view, batches, ahead: VecDeque::new(), remaining }
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

/// What the parameters want batches to be made of, by positions among the training samples.
fn plan(train: &[usize], parameters: &TrainingParameters, goal: Goal<'_>) -> Plan {
    let settings = &parameters.objective;
    let positions = parameters.relevant_variables.iter().zip(0..);
    let balanced = positions.filter(|(name, _)| settings.balanced_variables.contains(name));
    let favours = |&position: &usize| {
        goal.inputs.records.get(train[position]).is_some_and(|record| goal.objective.favours(record))
    };
    Plan {
        classes: balanced.map(|(_, variable)| samples_by_class(train, goal.inputs.labels, variable)).collect(),
        favoured: if settings.rule_share > 0.0 { (0..train.len()).filter(favours).collect() } else { Vec::new() },
        share: settings.rule_share,
    }
}

/// The positions of the training samples of each class of a variable. Those whose label is missing make up one more class,
/// so that they keep taking part.
fn samples_by_class(train: &[usize], labels: &LabelMatrix, variable: usize) -> Vec<Vec<usize>> {
    let mut by_class: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (position, &sample) in train.iter().enumerate() {
        match labels.classes(sample, variable) {
            [] => by_class.entry(MISSING).or_default().push(position),
            classes => classes.iter().for_each(|class| by_class.entry(*class).or_default().push(position)),
        }
    }
    by_class.into_values().collect()
}
