//! The training loop: draw a batch, describe its images, compare them, move the parameters; validate, remember the best
//! network, and write checkpoints.

use std::path::Path;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use silknow_config::{FrozenShare, ModelSelection, TrainingParameters};
use silknow_errors::{Error, Result};
use silknow_network::device::numbers;
use silknow_network::top::Pass;
use silknow_network::{FeatureShape, TopNetwork};
use silknow_progress::Observer;

use crate::adam::Step;
use crate::checkpoint::{self, Checkpoint, Run};
use crate::features::FeatureStore;
use crate::feed::{Drawn, Feed};
use crate::goal::{Described, Goal};
use crate::metrics::{self, EventLog, StepMetrics};
use crate::objective::Objective;
use crate::schedule::learning_rate;
use crate::selection::{LeftOut, Selection, TrainingInputs};
use crate::standard::Standard;
use crate::state::{Moved, Progressed, Snapshot, device_of, score};
use crate::validation::{Measured, Validation};

/// At least this much time between two checkpoints: less work is lost than that, whatever a step takes.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(60);

/// What a training leaves behind.
#[derive(Debug)]
pub struct TrainingOutcome {
    /// The network of [`best_step`](Self::best_step), without autodiff.
    pub top: TopNetwork,
    /// The step after which the network was taken: the best by validation, the last one without validation, 0 when there
    /// was nothing to train.
    pub best_step: usize,
    /// The network that the validation samples chose, where [`top`](Self::top) was trained with these too (`train_on_all`): what
    /// is measured on them is measured with this one.
    pub chosen: Option<TopNetwork>,
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

/// Where a training logs to.
#[derive(Clone, Copy, Debug)]
pub struct Logs<'a> {
    /// The folder for the checkpoint, `metrics.csv` and TensorBoard's event files (`train`, `val`).
    pub folder: &'a Path,
    /// Continue from the checkpoint in the folder, if there is one.
    pub resume: bool,
}

/// Trains `top` on the features of the store, so that the objective becomes small.
///
/// The `loss_ind` of the parameters is not looked at: [`of_parameters`](crate::objective::of_parameters) gives its objective. With
/// `resume`, training continues from the checkpoint in the log folder, if there is one, and ends with the same bits as
/// if it had not been interrupted.
///
/// The heads that the objective asks for take the place of the extra ones of `top`, and are in the network that comes back.
///
/// On the CPU the result depends on the inputs alone, not on the number of threads.
///
/// # Errors
/// Too few usable samples, or of one class only; inputs without what the objective asks for, or no augmentation where it
/// asks for second views; a loss that is not a number from the start; a damaged checkpoint, or one of another training, naming the parameter that differs; a full disk. On
/// interruption a checkpoint is written first.
pub fn train(
    inputs: &TrainingInputs<'_>,
    parameters: &TrainingParameters,
    objective: &dyn Objective,
    store: &mut FeatureStore,
    top: TopNetwork,
    logs: Option<Logs<'_>>,
    observer: &dyn Observer,
) -> Result<TrainingOutcome> {
    let task = Task { inputs, parameters, objective, observer };
    if !parameters.optimiser.train_on_all || inputs.validation.is_empty() || top.num_params() == 0 {
        return train_once(task, store, top, logs, None);
    }
    let folder = logs.map(|logs| checkpoint::selection_folder(logs.folder));
    let choosing = logs.zip(folder.as_deref()).map(|(logs, folder)| Logs { folder, resume: logs.resume });
    let chosen = train_once(task, store, top.clone(), choosing, None)?;
    if chosen.diverged.is_some() {
        return Ok(chosen);
    }
    observer.info(&format!("training again with all samples, up to step {}", chosen.best_step));
    let mut all = [inputs.train, inputs.validation].concat();
    all.sort_unstable();
    let with_all = TrainingInputs { train: &all, validation: &[], ..*inputs };
    let settled = Settled { steps: chosen.best_step, frozen_share: chosen.top.frozen_share() };
    let mut outcome = train_once(Task { inputs: &with_all, ..task }, store, top, logs, Some(settled))?;
    outcome.backbone_images += chosen.backbone_images;
    outcome.chosen = Some(chosen.top);
    Ok(outcome)
}

/// What a training is to do, and who is told of it.
#[derive(Clone, Copy)]
struct Task<'a> {
    inputs: &'a TrainingInputs<'a>,
    parameters: &'a TrainingParameters,
    objective: &'a dyn Objective,
    observer: &'a dyn Observer,
}

/// What an earlier part of a training chose.
#[derive(Clone, Copy)]
struct Settled {
    steps: usize,
    frozen_share: f64,
}

/// Trains from the beginning, up to the last step or the one that is settled.
fn train_once(
    task: Task<'_>,
    store: &mut FeatureStore,
    top: TopNetwork,
    logs: Option<Logs<'_>>,
    settled: Option<Settled>,
) -> Result<TrainingOutcome> {
    let Task { inputs, parameters, objective, observer } = task;
    let backbone_images_before = store.backbone_images();
    let asks = objective.asks();
    asks.check(objective.name())?;
    let variable_weights = parameters.objective.weights_of(&parameters.relevant_variables);
    let goal = Goal { objective, asks: &asks, inputs, variable_weights: &variable_weights };
    let top = top.train();
    let device = device_of(&top).autodiff();
    let top = top.with_extra_heads(&asks.heads, parameters.seed, &device);
    let run = Run::new(parameters, goal, store)?;
    let found = match logs {
        Some(Logs { folder, resume: true }) => Checkpoint::read(folder, &run)?.map(|checkpoint| (folder, checkpoint)),
        _ => None,
    };
    for &sample in found.iter().flat_map(|(_, checkpoint)| &checkpoint.unreadable) {
        store.mark_unreadable(sample, "it could not be read when the training began");
    }
    let selection = select(goal, parameters, store, found.is_none(), observer)?;
    let settings = &parameters.optimiser;
    // Blocks that are retrained change the values that their features lead to.
    let standardised = settings.standardise_features && parameters.hub_num_retrain == 0 && !top.head.is_empty();
    let standard = standardised.then(|| Standard::of(&selection.train, store, observer)).transpose()?;
    let validation = Validation::new(goal, parameters.seed, &selection).with(settings.frozen_share, standard.clone());
    let state = match found {
        Some((folder, checkpoint)) => {
            observer.info(&format!("continuing after step {}", checkpoint.history.len()));
            Progressed::restore(checkpoint, top, settings)
                .map_err(|error| error.in_file(checkpoint::path_in(folder)))?
        }
        None => Progressed::begin(top, settings),
    };
    let mut trainer = Trainer {
        goal,
        parameters,
        selection: &selection,
        validation: &validation,
        standard: standard.as_ref(),
        last_step: settled.map_or(parameters.how_many_training_steps, |settled| settled.steps),
        events: logs.map(|logs| EventLog::begin(logs.folder, &state.history)).transpose()?,
        state,
        saving: logs.map(|logs| Saving { folder: logs.folder, run: &run, last: Instant::now() }),
    };
    let diverged = trainer.run(store, observer)?;
    let last = trainer.state.network()?;
    let Progressed { best, best_score, history, .. } = trainer.state;
    let share_of_last = match (settled, settings.frozen_share) {
        (Some(settled), _) => settled.frozen_share,
        (None, FrozenShare::Share(share)) => share,
        (None, FrozenShare::Auto) => 0.0,
    };
    let (kept, diverged) = match (diverged, best) {
        (Some(Diverged { last_good, error }), _) => (last_good, Some(error)),
        (None, Some(best)) => {
            observer.info(&chosen(settings.model_selection, best_score, &best));
            (best, None)
        }
        (None, None) => (Snapshot { step: history.len(), top: last, frozen_share: share_of_last }, None),
    };
    let Snapshot { step: best_step, mut top, frozen_share } = kept;
    if let Some(Standard { means, deviations }) = &standard {
        top = top.on_plain_values(means, deviations);
    }
    let top = top.with_frozen_share(frozen_share);
    Ok(TrainingOutcome {
        top,
        best_step,
        chosen: None,
        history,
        backbone_images: store.backbone_images() - backbone_images_before,
        samples_used: selection.train.len(),
        left_out: selection.left_out.clone(),
        diverged,
    })
}

/// What validation chose.
fn chosen(selection: ModelSelection, score: f64, best: &Snapshot) -> String {
    let measured = match selection {
        ModelSelection::Loss => format!("validation loss {:.4}", -score),
        ModelSelection::Vote => format!("mean F1 {score:.4} of the vote on the validation images"),
    };
    let share = match best.frozen_share {
        0.0 => String::new(),
        share => format!(" with a share of {share} of the frozen features"),
    };
    format!("chosen: the network of step {}{share} ({measured})", best.step)
}

/// Chooses the samples, and computes the features by which it is known which images can be read.
fn select(
    goal: Goal<'_>,
    parameters: &TrainingParameters,
    store: &mut FeatureStore,
    from_the_start: bool,
    observer: &dyn Observer,
) -> Result<Selection> {
    if goal.asks.second_view && store.second_view(0).is_none() {
        let message = format!("{} compares two views of every image, but images are not varied", goal.objective.name());
        return Err(Error::configuration(message).hint("switch on a key of the augmentation, such as random_crop"));
    }
    let mut selection = Selection::by_labels(goal.inputs, parameters, goal.objective, store.len())?;
    let mut wanted = Validation::new(goal, parameters.seed, &selection).sample_views();
    // What the first epoch sees; a resumed training is past it, and its checkpoint knows which are unreadable.
    if from_the_start {
        wanted.extend(selection.train.iter().map(|&sample| (sample, store.training_view(0))));
    }
    store.prepare(&wanted, observer)?;
    selection.drop_unreadable(store);
    selection.check(goal.inputs, parameters, goal.objective, observer)?;
    Ok(selection)
}

/// Where and when checkpoints are written.
struct Saving<'a> {
    folder: &'a Path,
    run: &'a Run,
    last: Instant,
}

/// The end of a training whose loss stopped being a number.
struct Diverged {
    last_good: Snapshot,
    error: Error,
}

/// A training that runs.
struct Trainer<'a> {
    goal: Goal<'a>,
    parameters: &'a TrainingParameters,
    selection: &'a Selection,
    validation: &'a Validation<'a>,
    /// How features are changed before the head.
    standard: Option<&'a Standard>,
    last_step: usize,
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
        let steps = self.last_step;
        let done = self.state.history.len();
        let mut feed = Feed::after(done, &self.selection.train, self.parameters, self.goal);
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

    /// One step, with its validation where due. The state changes when all of it is computed, so that an interruption
    /// finds it between two steps.
    fn step(
        &mut self,
        step: usize,
        feed: &mut Feed<'_>,
        store: &mut FeatureStore,
        observer: &dyn Observer,
    ) -> Result<Option<Diverged>> {
        observer.check()?;
        let mut drawn = feed.next(store, observer)?;
        if let Some(standard) = self.standard {
            standard.apply(&mut drawn.features);
        }
        let Some(mut moved) = self.moved(step, drawn, store.feature_shape())? else {
            // The last step led here, so the network before it was good.
            return self.diverged(step, self.state.before.clone()).map(Some);
        };
        let before = Snapshot { step: step - 1, top: self.state.network()?, frozen_share: self.share_so_far() };
        if self.validates_after(step) {
            let top = moved.network()?;
            let Measured { metrics: measured, frozen_share } = self.validation.measure(&top, store, observer)?;
            let validated = Snapshot { step, top, frozen_share };
            if measured.loss.is_some_and(|loss| !loss.is_finite()) {
                return self.diverged(step, Some(before)).map(Some);
            }
            moved.row.validation = Some(measured);
            self.state.remember_best(validated, score(self.parameters.optimiser.model_selection, &measured));
        }
        if let Some(events) = &mut self.events {
            events.add(&moved.row)?;
        }
        self.state.take_over(moved, before);
        Ok(None)
    }

    /// The network after a step with a batch; none where the loss or its gradient is not a number.
    fn moved(&self, step: usize, drawn: Drawn, shape: FeatureShape) -> Result<Option<Moved>> {
        let top = &self.state.top;
        let Drawn { samples, features } = drawn;
        let views = features.len() / shape.len();
        let features = TensorData::new(features, [views, shape.len()]);
        let pass = top.forward_to_train(Tensor::from_data(features, &device_of(top)), shape);
        let described = self.described(&pass, samples.len(), top.dims())?;
        // Comparisons with NaN are false, so an objective may take descriptors that are not numbers for good ones.
        if !described.is_finite() {
            return Ok(None);
        }
        let mut outcome = self.goal.evaluate(&samples, &described, top.dims())?;
        if !outcome.is_finite() {
            return Ok(None);
        }
        let settings = &self.parameters.optimiser;
        let learning_rate = learning_rate(self.parameters, step);
        let active_share = outcome.active_share();
        let (loss, terms) = (outcome.loss, outcome.terms);
        let row = StepMetrics { step, loss, learning_rate, active_share, validation: None, terms };
        let mut of_descriptors = outcome.gradient;
        of_descriptors.append(&mut outcome.second_view_gradient);
        of_descriptors.resize(views * top.dims(), 0.0);
        let of_heads = self.goal.asks.heads.iter().map(|(name, width)| {
            let mut gradient = outcome.head_gradients.remove(name).unwrap_or_default();
            gradient.resize(views * width, 0.0);
            gradient
        });
        let mut gradients = top.gradients(pass, of_descriptors, of_heads.collect());
        let mut adam = self.state.adam.clone();
        let movement =
            Step { learning_rate, weight_decay: settings.weight_decay, longest_gradient: settings.gradient_clipping };
        let top = adam.step(top.clone(), &mut gradients, movement);
        let mut average = self.state.average.clone();
        if let Some(average) = &mut average {
            average.follow(&top, step);
        }
        Ok(Some(Moved { top, adam, average, row }))
    }

    /// The part of the frozen features that a network has which validation did not measure.
    fn share_so_far(&self) -> f64 {
        match self.parameters.optimiser.frozen_share {
            FrozenShare::Share(share) => share,
            FrozenShare::Auto => self.state.best.as_ref().map_or(0.0, |best| best.frozen_share),
        }
    }

    /// What the network gave for the samples of a batch and, where there are such, their second views.
    fn described(&self, pass: &Pass, samples: usize, dims: usize) -> Result<Described> {
        let mut descriptors = numbers(pass.descriptors.clone())?;
        let second_view = descriptors.split_off(samples * dims);
        let mut heads = pass.extra_outputs()?;
        for (outputs, (_, width)) in heads.iter_mut().zip(&self.goal.asks.heads) {
            outputs.truncate(samples * width);
        }
        Ok(Described { descriptors, second_view, heads })
    }

    fn validates_after(&self, step: usize) -> bool {
        let parameters = self.parameters;
        let due = step.is_multiple_of(parameters.how_often_validation) || step == self.last_step;
        due && !self.validation.is_empty()
    }

    /// The end of the training at a step whose loss is not a number, with the best network, or else the one given.
    ///
    /// # Errors
    /// When there is neither.
    fn diverged(&self, step: usize, last_good: Option<Snapshot>) -> Result<Diverged> {
        let Some(last_good) = self.state.best.clone().or(last_good) else {
            return Err(Error::data(format!("the loss of step {step}, the first of this run, is not a number"))
                .hint("the weights of the backbone may be damaged, or the learning_rate was too high before"));
        };
        let message =
            format!("the loss of step {step} is not a number; the network of step {} is kept", last_good.step);
        Ok(Diverged { last_good, error: Error::data(message).hint("lower the learning_rate") })
    }

    fn detail(&self) -> String {
        let mut text = match self.state.history.last() {
            None => return String::new(),
            Some(row) => {
                let terms: Vec<String> =
                    row.terms.iter().map(|term| format!("{} {:.4}", term.name, term.value)).collect();
                let terms = if terms.is_empty() { String::new() } else { format!(" ({})", terms.join(", ")) };
                format!("loss {:.4}{terms}", row.loss)
            }
        };
        if let Some(best) = &self.state.best {
            text += &match self.parameters.optimiser.model_selection {
                ModelSelection::Loss => {
                    format!(", best validation loss {:.4} (step {})", -self.state.best_score, best.step)
                }
                ModelSelection::Vote => {
                    format!(", best validation mean F1 {:.4} (step {})", self.state.best_score, best.step)
                }
            };
        }
        text
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
