//! What a training works on: images with what is known of them, and a store of features that no training on the same
//! images computes twice.
//!
//! `train-model` and the trainer in memory open a session for one training, `crossvalidation` one for all its folds.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use silknow_config::TrainingParameters;
use silknow_dataset::collection::Collections;
use silknow_dataset::duplicates::samples_kept_together;
use silknow_dataset::split::split_validation;
use silknow_errors::Result;
use silknow_evaluation::vote_fit::fit_weighted;
use silknow_image::{Source, View};
use silknow_index::{SearchIndex, Weights};
use silknow_network::{Backbone, ChosenVote, Outputs, Placement, StoredModel, TopNetwork};
use silknow_records::{LabelMatrix, Record, Vocabulary};
use silknow_training::objective::{self, ImageValues, Objective, values_of_images};
use silknow_training::{
    DEFAULT_MEMORY_LIMIT_BYTES, FeatureStore, Logs, SourceImage, StoreSettings, TrainingInputs, TrainingOutcome,
    checkpoint, difference, metrics,
};

use crate::brought_weights;
use crate::context::Context;

/// Samples whose features are in memory at once while they are described.
const SAMPLES_PER_STEP: usize = 256;

/// The numbers of voting neighbours that are tried when the vote of a model is looked for.
const VOTERS: [usize; 5] = [6, 10, 15, 20, 30];

/// At most so many training samples are among these neighbours. More would cost a large collection many runs of the backbone
/// on images of which training needs augmented views alone.
const MOST_CANDIDATES: usize = 2000;

/// What is trained on.
pub(crate) struct Works {
    /// The variables, which are those of the training parameters, with the classes of the records.
    pub(crate) vocabulary: Vocabulary,
    /// The images, each with what is known of it.
    pub(crate) images: Vec<(Source, Arc<Record>)>,
    /// A number per image that is the same for images that stay on one side of the validation split.
    pub(crate) kept_together: Vec<usize>,
}

impl Works {
    /// All samples of some collections.
    ///
    /// # Errors
    /// A list of equal images that cannot be read.
    pub(crate) fn of(collections: &Collections) -> Result<Self> {
        let images = collections
            .samples
            .iter()
            .map(|sample| (Source::File(collections.image(sample)), Arc::clone(&sample.record)))
            .collect();
        let kept_together = samples_kept_together(collections)?;
        Ok(Self { vocabulary: collections.vocabulary.clone(), images, kept_together })
    }
}

/// Works that are ready to be trained on.
pub(crate) struct TrainingSession<'a> {
    parameters: &'a TrainingParameters,
    vocabulary: Vocabulary,
    records: Vec<Arc<Record>>,
    labels: LabelMatrix,
    kept_together: Vec<usize>,
    backbone: Backbone,
    store: FeatureStore,
    /// What objectives ask for of every image beside labels; computed once, when it is first asked for.
    values: Option<ImageValues>,
    device: Device,
    context: &'a Context<'a>,
}

/// A trained model with the network that training left, which works on features.
pub(crate) struct Trained {
    pub(crate) model: StoredModel,
    pub(crate) outcome: TrainingOutcome,
}

impl<'a> TrainingSession<'a> {
    /// Reads the weights. Features that do not fit into memory go to `spill_folder`; `shared` says that several trainings
    /// will use the features.
    pub(crate) fn open(
        parameters: &'a TrainingParameters,
        works: Works,
        spill_folder: &Path,
        shared: bool,
        context: &'a Context<'a>,
    ) -> Result<Self> {
        let placement = Placement::choose(parameters.device, parameters.precision)?;
        let weights = brought_weights::resolve(&parameters.weights, parameters.backbone, parameters.seed, context)?;
        let backbone = Backbone::new(weights, parameters.backbone, parameters.hub_num_retrain, parameters.input_size)?;
        let frozen = backbone.frozen(&placement)?;
        let Works { vocabulary, images, kept_together } = works;
        let records: Vec<Arc<Record>> = images.iter().map(|(_, record)| Arc::clone(record)).collect();
        let images =
            images.into_iter().map(|(source, record)| SourceImage { source, identity: record.name.clone() }).collect();
        let settings = StoreSettings {
            pipeline: backbone.pixels(),
            augmentation: parameters.augmentation.clone(),
            augmented_views: parameters.augmented_views,
            seed: parameters.seed,
            shared,
            memory_limit_bytes: DEFAULT_MEMORY_LIMIT_BYTES,
            spill_folder: spill_folder.to_path_buf(),
        };
        Ok(Self {
            parameters,
            labels: LabelMatrix::of(vocabulary.len(), records.iter().map(|record| &record.labels)),
            vocabulary,
            kept_together,
            records,
            store: FeatureStore::new(images, frozen, settings),
            values: None,
            backbone,
            device: placement.device().clone(),
            context,
        })
    }

    /// Trains with the given samples for the loss of the parameters, and saves the model into `folder`.
    ///
    /// A loss that stops being a number is an error, but the last good model is saved first. With `resume`, a finished
    /// model of other parameters is not overwritten.
    pub(crate) fn train_into(&mut self, samples: &[usize], folder: &Path, resume: bool) -> Result<Trained> {
        if resume {
            self.check_finished(folder)?;
        }
        let mut trained = self.train(samples, None, Some(Logs { folder, resume }))?;
        // A run that was killed right after its last checkpoint has not come to the table.
        metrics::write_table(folder, &trained.outcome.history)?;
        trained.model.save(folder)?;
        if let Some(error) = trained.outcome.diverged.take() {
            return Err(error);
        }
        checkpoint::remove(folder)?;
        Ok(trained)
    }

    /// Trains with the given samples, of which a part validates, for an objective, or else for the one of the parameters.
    pub(crate) fn train(
        &mut self,
        samples: &[usize],
        objective: Option<&dyn Objective>,
        logs: Option<Logs<'_>>,
    ) -> Result<Trained> {
        let kept_together: Vec<usize> = samples.iter().map(|&sample| self.kept_together[sample]).collect();
        let percentage = f64::from(self.parameters.val_percentage);
        let split = split_validation(&kept_together, &self.labels.select(samples), percentage, self.parameters.seed);
        let among_all = |positions: &[usize]| positions.iter().map(|&position| samples[position]).collect::<Vec<_>>();
        let (train, validation) = (among_all(&split.training), among_all(&split.validation));
        let mut inputs = TrainingInputs::new(&self.labels, &train, &validation).with_records(&self.records);
        let of_parameters;
        let objective = match objective {
            Some(given) => given,
            None => {
                let observer = self.context.observer;
                of_parameters = objective::of_parameters(self.parameters, &self.vocabulary, &inputs, observer)?;
                &*of_parameters
            }
        };
        if self.values.is_none() {
            self.values = values_of_images(&objective.asks(), self.store.images(), self.context.observer)?;
        }
        if let Some(values) = &self.values {
            inputs = inputs.with_values(values);
        }
        let top = TopNetwork::new(
            self.backbone.weights(),
            self.parameters.backbone,
            self.parameters.hub_num_retrain,
            &self.parameters.add_fc,
            self.parameters.seed,
            &self.device.clone().autodiff(),
        )?;
        let outcome = silknow_training::train(
            &inputs,
            self.parameters,
            objective,
            &mut self.store,
            top,
            logs,
            self.context.observer,
        )?;
        let model = StoredModel::trained(
            self.backbone.weights(),
            &outcome.top,
            self.backbone.pixels(),
            self.vocabulary.clone(),
            self.parameters.clone(),
        )?;
        let judged = outcome.chosen.as_ref().unwrap_or(&outcome.top);
        let model = match self.best_vote(judged, &train, &validation)? {
            Some(vote) => model.with_vote(vote)?,
            None => model,
        };
        Ok(Trained { model, outcome })
    }

    /// The weighted vote of the training samples that is best for the validation samples; none where these have no labels.
    fn best_vote(&mut self, top: &TopNetwork, train: &[usize], validation: &[usize]) -> Result<Option<ChosenVote>> {
        if train.is_empty() || validation.is_empty() || self.labels.variables() == 0 {
            return Ok(None);
        }
        let step = train.len().div_ceil(MOST_CANDIDATES);
        let candidates: Vec<usize> = train.iter().copied().step_by(step).collect();
        let (voters, Outputs { descriptors, .. }) = self.describe(top, &candidates)?;
        let (queries, Outputs { descriptors: asked, .. }) = self.describe(top, validation)?;
        if voters.is_empty() || queries.is_empty() || !descriptors.iter().chain(&asked).all(|value| value.is_finite()) {
            return Ok(None);
        }
        let dims = descriptors.len() / voters.len();
        let most = VOTERS[VOTERS.len() - 1].min(voters.len());
        let neighbours = SearchIndex::new(descriptors, dims)?.nearest(&asked, most)?;
        let mut ks = VOTERS.map(|k| k.min(most)).to_vec();
        ks.dedup();
        let (truth, labels) = (self.labels.select(&queries), self.labels.select(&voters));
        let Some(fitted) = fit_weighted(&truth, &labels, &neighbours, &ks) else { return Ok(None) };
        let Weights::ByDistance { temperature } = fitted.vote.weights else { return Ok(None) };
        self.context.observer.info(&format!(
            "weighted votes are best with the temperature {temperature} and {} neighbours: mean F1 {:.4} on the validation images",
            fitted.k, fitted.mean_f1
        ));
        Ok(Some(ChosenVote { temperature, neighbours: fitted.k }))
    }

    /// What the network gives for those of the given samples whose images can be read, which are returned too.
    pub(crate) fn describe(&mut self, top: &TopNetwork, samples: &[usize]) -> Result<(Vec<usize>, Outputs)> {
        let views = |samples: &[usize]| samples.iter().map(|&sample| (sample, View::Plain)).collect::<Vec<_>>();
        self.store.prepare(&views(samples), self.context.observer)?;
        let readable: Vec<usize> =
            samples.iter().copied().filter(|&sample| self.store.unreadable(sample).is_none()).collect();
        let shape = self.store.feature_shape();
        let mut outputs = Outputs {
            descriptors: Vec::with_capacity(readable.len() * top.dims()),
            extra: top.extra.names().map(|_| Vec::new()).collect(),
        };
        for step in readable.chunks(SAMPLES_PER_STEP) {
            self.context.observer.check()?;
            let further = top.describe_with_extra(&self.store.read(&views(step))?, shape, &self.device)?;
            outputs.descriptors.extend(further.descriptors);
            outputs.extra.iter_mut().zip(further.extra).for_each(|(all, further)| all.extend(further));
        }
        Ok((readable, outputs))
    }

    /// The model in `folder`, if it is whole and was trained with parameters that give the same result as these.
    pub(crate) fn finished_model(&self, folder: &Path) -> Option<StoredModel> {
        let model = StoredModel::read(folder).ok()?;
        let same = difference(model.facts().training.as_ref()?, self.parameters).ok()?.is_none();
        same.then_some(model)
    }

    /// Refuses to continue in a folder that holds the finished model of another training.
    ///
    /// A checkpoint, which an unfinished training leaves beside an older model, is what a training continues from; it is
    /// compared when it is read.
    fn check_finished(&self, folder: &Path) -> Result<()> {
        if checkpoint::exists_in(folder) {
            return Ok(());
        }
        let Ok(model) = StoredModel::read(folder) else { return Ok(()) };
        let Some(then) = &model.facts().training else { return Ok(()) };
        match difference(then, self.parameters)? {
            Some(difference) => Err(difference.refusal("the finished model").in_file(folder.join("model.json"))),
            None => Ok(()),
        }
    }

    /// Images that the backbone was run on so far.
    pub(crate) fn backbone_images(&self) -> u64 {
        self.store.backbone_images()
    }
}
