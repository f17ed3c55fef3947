//! Training in memory: pictures with their records in, a model out.

use std::sync::Arc;

use silknow_config::TrainingParameters;
use silknow_dataset::likeness_groups::kept_together;
use silknow_errors::{Error, Result};
use silknow_image::Source;
use silknow_network::{Model, Placement, StoredModel};
use silknow_records::{Record, Vocabulary, object_key};
use silknow_training::StepMetrics;
use silknow_training::objective::Objective;

use crate::context::Context;
use crate::training_session::{Trained, TrainingSession, Works};

/// Trains models on pictures from memory or from files, for a loss of the library or one of your own.
pub struct Trainer {
    parameters: TrainingParameters,
    /// None: that of the parameters.
    objective: Option<Box<dyn Objective>>,
}

/// A model that was trained.
#[non_exhaustive]
pub struct TrainedModel {
    /// The model as it is stored. [`save`](StoredModel::save) writes it into a folder.
    pub stored: StoredModel,
    /// All steps of the training.
    pub steps: Vec<StepMetrics>,
    /// The step whose network was kept: the one with the lowest validation loss, the last one without validation.
    pub kept_step: usize,
}

impl TrainedModel {
    /// The model, ready to describe where it was trained.
    ///
    /// # Errors
    /// A device or a precision that is not there.
    pub fn into_model(self, parameters: &TrainingParameters) -> Result<Model> {
        self.stored.open(&Placement::choose(parameters.device, parameters.precision)?)
    }
}

impl Trainer {
    /// A trainer for the loss that the parameters name.
    pub fn new(parameters: TrainingParameters) -> Self {
        Self { parameters, objective: None }
    }

    /// The same trainer for another objective. The loss that the parameters name is then not used.
    #[must_use]
    pub fn with_objective(mut self, objective: Box<dyn Objective>) -> Self {
        self.objective = Some(objective);
        self
    }

    /// Trains on works whose labels are written with this vocabulary; its variables count, those of the parameters do not.
    /// A part of the works validates, as the parameters say; the works of one object stay together. Pictures that cannot be
    /// read are warned of and left out.
    ///
    /// # Errors
    /// Labels of other variables; weights that cannot be read; too few usable works; a loss that is not a number; an
    /// interruption.
    pub fn train(
        &self,
        vocabulary: &Vocabulary,
        works: Vec<(Source, Record)>,
        context: &Context<'_>,
    ) -> Result<TrainedModel> {
        if let Some((_, record)) = works.iter().find(|(_, record)| record.labels.variables() != vocabulary.len()) {
            let (found, due) = (record.labels.variables(), vocabulary.len());
            return Err(Error::data(format!("`{}` has labels for {found} variables instead of {due}", record.name)));
        }
        let parameters = TrainingParameters { relevant_variables: vocabulary.names(), ..self.parameters.clone() };
        let images: Vec<_> = works.into_iter().map(|(source, record)| (source, Arc::new(record))).collect();
        let samples: Vec<usize> = (0..images.len()).collect();
        let objects: Vec<&str> = images.iter().map(|(_, record)| object_key(&record.name)).collect();
        let kept_together = kept_together(&objects, std::iter::empty());
        let works = Works { vocabulary: vocabulary.clone(), images, kept_together };
        let mut session = TrainingSession::open(&parameters, works, context.hub.cache_folder, false, context)?;
        let Trained { model, mut outcome } = session.train(&samples, self.objective.as_deref(), None)?;
        match outcome.diverged.take() {
            Some(error) => Err(error),
            None => Ok(TrainedModel { stored: model, steps: outcome.history, kept_step: outcome.best_step }),
        }
    }
}
