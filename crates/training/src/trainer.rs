//! The training loop: draw, describe, compare, move; validate, remember the best, be ready to stop.
//!
//! Owns the order of these. Leaves every one of them to its own module.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use silknow_config::TrainingParameters;
use silknow_errors::{Error, Result};
use silknow_network::TopNetwork;
use silknow_network::device::numbers;
use silknow_progress::Observer;

use crate::adam::Adam;
use crate::batches::{Batches, Draw};
use crate::checkpoint::{Checkpoint, Run};
use crate::features::{FeatureStore, SampleView};
use crate::loss;
use crate::metrics::{self, EventLog, StepMetrics};
use crate::selection::{LeftOut, Selection, TrainingInputs};
use crate::validation::Validation;

/// At least this much time between two checkpoints: less work is lost than that, whatever a step takes.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(60);

/// Images whose features are asked for ahead, so that the loader has enough to work on while the backbone runs.
const IMAGES_AHEAD: usize = 600;

/// What a training leaves behind.
#[derive(Debug)]
pub struct TrainingOutcome {
    /// The network of [`best_step`](Self::best_step), without autodiff.
    pub top: TopNetwork,
    /// The step after which the network was taken: the one with the lowest validation loss, the last one without
    /// validation, 0 when there was nothing to train.
    pub best_step: usize,
    /// All steps.
    pub history: Vec<StepMetrics>,
    /// Images that the backbone was run on for this training; features that the store had already do not count.
    pub backbone_images: u64,
    /// The number of samples that made up the batches.
    pub samples_used: usize,
    /// Why the other samples did not.
    pub left_out: LeftOut,
    /// Set when the loss stopped being a number. [`top`](Self::top) is then the last network that was good: store
    /// it, then pass this error on.
    pub diverged: Option<Error>,
}

/// Trains `top` on the features of the store.
///
/// Checkpoints, `metrics.csv` and TensorBoard's event files (`train`, `val`) go to `log_folder`, where given. With
/// `resume`, training continues from the checkpoint there, if there is one, and ends with the same bits as if it
/// had not been interrupted.
///
/// On the CPU the result depends on the inputs alone, not on the number of threads.
///
/// # Errors
/// Too few usable samples, or of one class only; a loss that is not a number from the start; a checkpoint of another
/// training, naming the parameter that differs; a full disk. On interruption a checkpoint is written first.
pub fn train(
    inputs: &TrainingInputs<'_>,
    parameters: &TrainingParameters,
    store: &mut FeatureStore,
    top: TopNetwork,
    log_folder: Option<&Path>,
    resume: bool,
    observer: &dyn Observer,
) -> Result<TrainingOutcome> {
    let backbone_images_before = store.backbone_images();
    let run = Run::new(parameters, inputs, store)?;
    let found = match log_folder {
        Some(folder) if resume => Checkpoint::read(folder, &run)?,
        _ => None,
    };
    for &sample in found.iter().flat_map(|checkpoint| &checkpoint.unreadable) {
        store.mark_unreadable(sample, "it could not be read when the training began");
    }
    let selection = select(inputs, parameters, store, found.is_none(), observer)?;
    let validation = Validation::new(parameters, inputs.labels, &selection);
    let state = match found {
        Some(checkpoint) => {
            observer.info(&format!("continuing after step {}", checkpoint.history.len()));
            Progressed::restore(checkpoint, top)?
        }
        None => Progressed::begin(top),
    };
    let mut trainer = Trainer {
        inputs,
        parameters,
        selection: &selection,
        validation: &validation,
        events: log_folder.map(|folder| EventLog::begin(folder, &state.history)).transpose()?,
        state,
        saving: log_folder.map(|folder| Saving { folder, run: &run, last: Instant::now() }),
    };
    let diverged = trainer.run(store, observer)?;
    let Progressed { top, best, history, .. } = trainer.state;
    let (best_step, top, diverged) = match (diverged, best) {
        (Some(Diverged { last_good, error }), _) => (last_good.step, last_good.top, Some(error)),
        (None, Some(best)) => (best.step, best.top, None),
        (None, None) => (history.len(), top.valid(), None),
    };
    Ok(TrainingOutcome {
        top,
        best_step,
        history,
        backbone_images: store.backbone_images() - backbone_images_before,
        samples_used: selection.train.len(),
        left_out: selection.left_out.clone(),
        diverged,
    })
}

/// The device that a network is on, without autodiff.
pub(crate) fn device_of(top: &TopNetwork) -> Device {
    // A network without any parameter has no device and computes on whatever it is given.
    top.devices().into_iter().next().unwrap_or_else(Device::flex).without_autodiff()
}

/// Chooses the samples, and computes the features by which it is known which images can be read.
fn select(
    inputs: &TrainingInputs<'_>,
    parameters: &TrainingParameters,
    store: &mut FeatureStore,
    from_the_start: bool,
    observer: &dyn Observer,
) -> Result<Selection> {
    let mut selection = Selection::by_labels(inputs, parameters, store.len())?;
    let mut wanted = Validation::new(parameters, inputs.labels, &selection).sample_views();
    // What the first epoch sees; a resumed training is past it, and its checkpoint knows which are unreadable.
    if from_the_start {
        wanted.extend(selection.train.iter().map(|&sample| (sample, store.training_view(0))));
    }
    store.prepare(&wanted, observer)?;
    selection.drop_unreadable(store);
    selection.check(inputs, parameters, observer)?;
    Ok(selection)
}

/// Where a training stands between two steps.
struct Progressed {
    top: TopNetwork,
    adam: Adam,
    /// A row per step done.
    history: Vec<StepMetrics>,
    /// The network with the lowest validation loss so far.
    best: Option<Snapshot>,
    best_loss: f64,
    /// The network before the last step, whose loss was a number.
    before: Option<Snapshot>,
}

/// The network after a step, without autodiff.
#[derive(Clone)]
struct Snapshot {
    step: usize,
    top: TopNetwork,
}

/// The end of a training whose loss stopped being a number.
struct Diverged {
    last_good: Snapshot,
    error: Error,
}

impl Progressed {
    fn begin(top: TopNetwork) -> Self {
        Self {
            top: top.train(),
            adam: Adam::default(),
            history: Vec::new(),
            best: None,
            best_loss: f64::INFINITY,
            before: None,
        }
    }

    /// Continues with a network of the same architecture, whose parameters are replaced.
    fn restore(checkpoint: Checkpoint, top: TopNetwork) -> Result<Self> {
        let mut top = top.train();
        let device = device_of(&top);
        let mut best = None;
        if let Some((step, tensors)) = checkpoint.best {
            let mut top = top.valid();
            top.load_named_tensors(&tensors)?;
            best = Some(Snapshot { step, top });
        }
        let losses = checkpoint.history.iter().filter_map(|row| row.validation?.loss);
        let best_loss = losses.fold(f64::INFINITY, f64::min);
        top.load_named_tensors(&checkpoint.model)?;
        let adam = Adam::from_named_tensors(checkpoint.adam_steps, &checkpoint.adam, &device)?;
        Ok(Self { top, adam, history: checkpoint.history, best, best_loss, before: None })
    }

    fn to_checkpoint(&self, unreadable: &[usize]) -> Checkpoint {
        Checkpoint {
            history: self.history.clone(),
            model: self.top.to_named_tensors(),
            adam: self.adam.to_named_tensors(),
            adam_steps: self.adam.steps(),
            best: self.best.as_ref().map(|best| (best.step, best.top.to_named_tensors())),
            unreadable: unreadable.to_vec(),
        }
    }
}

/// Where and when checkpoints are written.
struct Saving<'a> {
    folder: &'a Path,
    run: &'a Run,
    last: Instant,
}

/// The batches to come, with their features asked for ahead.
struct Feed {
    batches: Batches,
    ahead: VecDeque<Vec<Draw>>,
    /// Batches that were not drawn yet.
    remaining: usize,
}

impl Feed {
    /// The next batch's samples and features `[B, C·H·W]`.
    fn next(
        &mut self,
        train: &[usize],
        store: &mut FeatureStore,
        observer: &dyn Observer,
    ) -> Result<(Vec<usize>, Vec<f32>)> {
        let sample_view = |draw: &Draw, store: &FeatureStore| (train[draw.sample], store.training_view(draw.epoch));
        if self.ahead.is_empty() {
            let count = IMAGES_AHEAD.div_ceil(self.batches.batch_size()).min(self.remaining);
            self.ahead.extend((0..count).map(|_| self.batches.draw()));
            self.remaining -= count;
            let wanted: Vec<SampleView> = self.ahead.iter().flatten().map(|draw| sample_view(draw, store)).collect();
            store.prepare(&wanted, observer)?;
        }
        let batch = self.ahead.pop_front().ok_or_else(|| Error::internal("more steps than batches"))?;
        let wanted: Vec<SampleView> = batch.iter().map(|draw| sample_view(draw, store)).collect();
        let features = store.read(&wanted)?;
        store.release(&wanted);
        Ok((wanted.into_iter().map(|(sample, _)| sample).collect(), features))
    }
}

/// A training on its way.
struct Trainer<'a> {
    inputs: &'a TrainingInputs<'a>,
    parameters: &'a TrainingParameters,
    selection: &'a Selection,
    validation: &'a Validation<'a>,
    events: Option<EventLog<'a>>,
    state: Progressed,
    saving: Option<Saving<'a>>,
}

impl Trainer<'_> {
    /// Runs all remaining steps, or up to the one whose loss is not a number.
    fn run(&mut self, store: &mut FeatureStore, observer: &dyn Observer) -> Result<Option<Diverged>> {
        if self.state.top.num_params() == 0 {
            observer.warning("add_fc is empty and hub_num_retrain is 0: there is nothing to train");
            return Ok(None);
        }
        let steps = self.parameters.how_many_training_steps;
        let done = self.state.history.len();
        let mut batches =
            Batches::new(self.parameters.seed, self.selection.train.len(), self.parameters.train_batch_size);
        batches.skip(done);
        let mut feed = Feed { batches, ahead: VecDeque::new(), remaining: steps.saturating_sub(done) };
        let progress = observer.begin("training", steps as u64);
        progress.advance(done as u64);
        for step in done + 1..=steps {
            match self.step(step, &mut feed, store, observer) {
                Ok(None) => {}
                Ok(Some(diverged)) => {
                    self.write_table()?;
                    return Ok(Some(diverged));
                }
                Err(error) if error.is_interruption() => {
                    self.save()?;
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
            progress.advance(1);
            progress.detail(&self.detail());
            if self.saving.as_ref().is_some_and(|saving| saving.last.elapsed() >= CHECKPOINT_INTERVAL) {
                self.save()?;
            }
        }
        if done < steps {
            self.save()?;
        }
        Ok(None)
    }

    /// One step, with its validation where due. The state changes at the end or not at all, so that an interruption
    /// finds it between two steps.
    fn step(
        &mut self,
        step: usize,
        feed: &mut Feed,
        store: &mut FeatureStore,
        observer: &dyn Observer,
    ) -> Result<Option<Diverged>> {
        observer.check()?;
        let (samples, features) = feed.next(&self.selection.train, store, observer)?;
        let top = &self.state.top;
        let shape = store.feature_shape();
        let features = TensorData::new(features, [samples.len(), shape.len()]);
        let pass = top.forward_to_train(Tensor::from_data(features, &device_of(top)), shape);
        let values = numbers(pass.descriptors.clone())?;
        let parameters = self.parameters;
        let labels = self.inputs.labels.select(&samples);
        let outcome = loss::evaluate(parameters.loss_ind, parameters.margin.into(), &values, top.dims(), &labels);
        if !outcome.loss.is_finite() {
            // The last step led here, so what was good is what it began with.
            return diverged_at(step, self.state.best.clone().or_else(|| self.state.before.clone())).map(Some);
        }
        let before = Snapshot { step: step - 1, top: top.valid() };
        let mut row = StepMetrics {
            step,
            loss: outcome.loss,
            learning_rate: parameters.learning_rate,
            active_share: outcome.active_share(),
            validation: None,
        };
        let mut gradients = top.gradients(pass, outcome.gradient);
        let mut adam = self.state.adam.clone();
        let moved = adam.step(top.clone(), &mut gradients, parameters.learning_rate);
        let due = step.is_multiple_of(parameters.how_often_validation) || step == parameters.how_many_training_steps;
        if due && !self.validation.is_empty() {
            let plain = moved.valid();
            let measured = self.validation.measure(&plain, store, observer)?;
            row.validation = Some(measured);
            if let Some(loss) = measured.loss {
                if !loss.is_finite() {
                    return diverged_at(step, self.state.best.clone().or(Some(before))).map(Some);
                }
                if loss < self.state.best_loss {
                    self.state.best_loss = loss;
                    self.state.best = Some(Snapshot { step, top: plain });
                }
            }
        }
        self.state.top = moved;
        self.state.before = Some(before);
        self.state.adam = adam;
        self.state.history.push(row);
        if let Some(events) = &mut self.events {
            events.add(&row)?;
        }
        Ok(None)
    }

    fn detail(&self) -> String {
        let loss = self.state.history.last().map_or(f64::NAN, |row| row.loss);
        match &self.state.best {
            None => format!("loss {loss:.4}"),
            Some(best) => {
                format!("loss {loss:.4}, best validation loss {:.4} (step {})", self.state.best_loss, best.step)
            }
        }
    }

    /// Writes checkpoint and table.
    fn save(&mut self) -> Result<()> {
        if let Some(saving) = &mut self.saving {
            let checkpoint = self.state.to_checkpoint(&self.selection.left_out.unreadable);
            checkpoint.write(saving.folder, saving.run)?;
            saving.last = Instant::now();
        }
        self.write_table()
    }

    fn write_table(&self) -> Result<()> {
        match &self.saving {
            Some(saving) => metrics::write_table(saving.folder, &self.state.history),
            None => Ok(()),
        }
    }
}

/// The end of a training at a step whose loss is not a number.
///
/// # Errors
/// When no network before was good.
fn diverged_at(step: usize, last_good: Option<Snapshot>) -> Result<Diverged> {
    let Some(last_good) = last_good else {
        return Err(Error::data(format!("the loss of step {step}, the first of this run, is not a number"))
            .hint("the weights of the backbone may be damaged, or the learning_rate was too high before"));
    };
    let message = format!("the loss of step {step} is not a number; the network of step {} is kept", last_good.step);
    Ok(Diverged { last_good, error: Error::data(message).hint("lower the learning_rate") })
}
