//! Where a training stands between two steps, and how that goes into a checkpoint and comes back.

use burn::module::Module;
use burn::tensor::Device;
use silknow_config::{ModelSelection, OptimiserParameters};
use silknow_errors::Result;
use silknow_network::TopNetwork;

use crate::adam::Adam;
use crate::checkpoint::{Checkpoint, NamedTensors};
use crate::metrics::{StepMetrics, ValidationMetrics};

/// The device that a network is on, without autodiff.
pub(crate) fn device_of(top: &TopNetwork) -> Device {
    // A network without any parameter has no device and computes on whatever it is given.
    top.devices().into_iter().next().unwrap_or_else(Device::flex).without_autodiff()
}

/// Where a training stands between two steps.
pub(crate) struct Progressed {
    pub top: TopNetwork,
    pub adam: Adam,
    /// The running means of the parameters, where these are kept in place of the last ones.
    pub average: Option<Average>,
    /// A row per step done.
    pub history: Vec<StepMetrics>,
    /// The best network so far.
    pub best: Option<Snapshot>,
    /// How good it is.
    pub best_score: f64,
    /// The network before the last step, whose loss was a number.
    pub before: Option<Snapshot>,
}

/// The network after a step, without autodiff.
#[derive(Clone)]
pub(crate) struct Snapshot {
    pub step: usize,
    pub top: TopNetwork,
    /// The part that the frozen features shall have in its descriptors.
    pub frozen_share: f64,
}

/// A step that is computed, and not yet part of the state.
pub(crate) struct Moved {
    pub top: TopNetwork,
    pub adam: Adam,
    pub average: Option<Average>,
    pub row: StepMetrics,
}

impl Moved {
    /// The network that is kept when training ends here.
    pub fn network(&self) -> Result<TopNetwork> {
        network_of(&self.top, self.average.as_ref())
    }
}

/// The network that is kept of these parameters.
fn network_of(top: &TopNetwork, average: Option<&Average>) -> Result<TopNetwork> {
    let mut top = top.valid();
    if let Some(average) = average {
        top.load_named_tensors(&average.means)?;
    }
    Ok(top)
}

/// Running means of a network's parameters.
#[derive(Clone)]
pub(crate) struct Average {
    decay: f64,
    means: NamedTensors,
}

impl Average {
    /// None where the decay is 0.
    fn begin(decay: f64, top: &TopNetwork) -> Option<Self> {
        (decay > 0.0).then(|| Self { decay, means: top.to_named_tensors() })
    }

    /// Follows the parameters after a step, counted from 1: in the first steps faster, so that the beginning is forgotten.
    pub fn follow(&mut self, top: &TopNetwork, step: usize) {
        let step = step as f64;
        let decay = self.decay.min((1.0 + step) / (10.0 + step)) as f32;
        for (name, tensor) in top.to_named_tensors() {
            let Some(mean) = self.means.get_mut(&name) else { continue };
            for (mean, value) in mean.data.iter_mut().zip(tensor.data) {
                *mean = decay * *mean + (1.0 - decay) * value;
            }
        }
    }
}

/// How good a network is by what validation measured, the higher the better; none where that was not measured.
pub(crate) fn score(selection: ModelSelection, measured: &ValidationMetrics) -> Option<f64> {
    match selection {
        ModelSelection::Loss => measured.loss.map(|loss| -loss),
        ModelSelection::Vote => measured.mean_f1,
    }
}

impl Progressed {
    pub fn begin(top: TopNetwork, parameters: &OptimiserParameters) -> Self {
        Self {
            average: Average::begin(parameters.weight_average, &top),
            top: top.train(),
            adam: Adam::default(),
            history: Vec::new(),
            best: None,
            best_score: f64::NEG_INFINITY,
            before: None,
        }
    }

    /// Continues with a network of the same architecture, whose parameters are replaced.
    pub fn restore(checkpoint: Checkpoint, top: TopNetwork, parameters: &OptimiserParameters) -> Result<Self> {
        let mut top = top.train();
        let device = device_of(&top);
        let mut best = None;
        if let Some((step, tensors)) = checkpoint.best {
            let mut top = top.valid();
            top.load_named_tensors(&tensors)?;
            best = Some(Snapshot { step, top, frozen_share: checkpoint.best_share });
        }
        let validations = checkpoint.history.iter().filter_map(|row| row.validation);
        let scores = validations.filter_map(|measured| score(parameters.model_selection, &measured));
        let best_score = scores.fold(f64::NEG_INFINITY, f64::max);
        top.load_named_tensors(&checkpoint.model)?;
        let adam = Adam::from_named_tensors(checkpoint.adam_steps, &checkpoint.adam, &top, &device)?;
        let mut average = Average::begin(parameters.weight_average, &top);
        if let Some(average) = &mut average {
            average.means = checkpoint.average;
        }
        Ok(Self { top, adam, average, history: checkpoint.history, best, best_score, before: None })
    }

    /// The network that is kept when training ends here.
    pub fn network(&self) -> Result<TopNetwork> {
        network_of(&self.top, self.average.as_ref())
    }

    /// Keeps a network if it is the best so far.
    pub fn remember_best(&mut self, validated: Snapshot, score: Option<f64>) {
        if let Some(score) = score
            && score > self.best_score
        {
            self.best_score = score;
            self.best = Some(validated);
        }
    }

    pub fn take_over(&mut self, moved: Moved, before: Snapshot) {
        self.top = moved.top;
        self.adam = moved.adam;
        self.average = moved.average;
        self.history.push(moved.row);
        self.before = Some(before);
    }

    pub fn to_checkpoint(&self, unreadable: &[usize]) -> Checkpoint {
        Checkpoint {
            history: self.history.clone(),
            model: self.top.to_named_tensors(),
            adam: self.adam.to_named_tensors(),
            adam_steps: self.adam.steps(),
            best: self.best.as_ref().map(|best| (best.step, best.top.to_named_tensors())),
            best_share: self.best.as_ref().map_or(0.0, |best| best.frozen_share),
            average: self.average.as_ref().map(|average| average.means.clone()).unwrap_or_default(),
            unreadable: unreadable.to_vec(),
        }
    }
}
