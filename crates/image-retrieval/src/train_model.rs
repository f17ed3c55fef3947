//! `train-model`: a model from the samples of a master file.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use silknow_config::TrainModelParameters;
use silknow_dataset::read_master;
use silknow_errors::Result;
use silknow_files::FolderLock;

use crate::context::Context;
use crate::stated;
use crate::training_session::{TrainingSession, Works};

/// What `train-model` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TrainModelSummary {
    /// The model folder.
    pub model: PathBuf,
    /// What tells the model from others.
    pub fingerprint: String,
    /// Samples in the master file.
    pub samples: usize,
    /// Samples that made up the batches.
    pub samples_trained: usize,
    /// Training samples without any label, which were left out.
    pub left_out_unlabelled: usize,
    /// Training samples with a missing label, which the loss could not use.
    pub left_out_incomplete: usize,
    /// Samples whose images could not be read.
    pub left_out_unreadable: usize,
    /// Steps of the training.
    pub steps: usize,
    /// The step whose network was kept.
    pub kept_step: usize,
    /// The loss of the last step.
    pub last_loss: Option<f64>,
    /// The validation loss of the kept step.
    pub validation_loss: Option<f64>,
    /// Images that the backbone was run on.
    pub backbone_images: u64,
}

impl fmt::Display for TrainModelSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model of step {} of {} in {}", self.kept_step, self.steps, self.model.display())?;
        write!(f, "\n  trained with {} of {} samples", self.samples_trained, self.samples)?;
        for (number, reason) in [
            (self.left_out_unlabelled, "without a label"),
            (self.left_out_incomplete, "with a missing label"),
            (self.left_out_unreadable, "without a readable image"),
        ] {
            if number > 0 {
                write!(f, "; {number} {reason} left out")?;
            }
        }
        if let Some(loss) = self.last_loss {
            write!(f, "\n  loss of the last step {loss:.4}")?;
        }
        if let Some(loss) = self.validation_loss {
            write!(f, ", validation loss of the kept step {loss:.4}")?;
        }
        write!(f, "\n  the backbone ran on {} images", self.backbone_images)
    }
}

/// Trains a descriptor with the samples of a master file and saves the model into `logpath`, with TensorBoard event
/// files and `metrics.csv`.
///
/// With `resume`, a checkpoint in `logpath` is continued; without one, training begins at the first step.
///
/// # Errors
/// A master file, weights or a checkpoint that cannot be used, too few usable samples, a loss that stopped being a
/// number (the last good model is saved), a folder that is not writable, an interruption (a checkpoint is saved).
pub fn train_model(parameters: &TrainModelParameters, context: &Context<'_>) -> Result<TrainModelSummary> {
    let folder = &parameters.logpath;
    let _lock = FolderLock::take(folder)?;
    let training = &parameters.training;
    let collections = read_master(
        &parameters.master_dir,
        &parameters.master_file_name,
        Some(&training.relevant_variables),
        context.observer,
    )?;
    let samples: Vec<usize> = (0..collections.samples.len()).collect();
    let mut session = TrainingSession::open(training, Works::of(&collections)?, folder, false, context)?;
    stated::write_recipe(parameters, training, folder)?;
    let trained = session.train_into(&samples, folder, parameters.resume)?;
    let outcome = &trained.outcome;
    let kept = outcome.best_step.checked_sub(1).and_then(|position| outcome.history.get(position));
    Ok(TrainModelSummary {
        model: folder.clone(),
        fingerprint: trained.model.fingerprint().to_owned(),
        samples: samples.len(),
        samples_trained: outcome.samples_used,
        left_out_unlabelled: outcome.left_out.unlabelled,
        left_out_incomplete: outcome.left_out.incomplete,
        left_out_unreadable: outcome.left_out.unreadable.len(),
        steps: outcome.history.len(),
        kept_step: outcome.best_step,
        last_loss: outcome.history.last().map(|step| step.loss),
        validation_loss: kept.and_then(|step| step.validation.as_ref()).and_then(|validation| validation.loss),
        backbone_images: session.backbone_images(),
    })
}
