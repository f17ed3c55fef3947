//! Where a training stands between two steps, and how that goes into a checkpoint and comes back.

use burn::module::Module;
use burn::tensor::Device;
use silknow_errors::Result;
use silknow_network::TopNetwork;

use crate::adam::Adam;
use crate::checkpoint::Checkpoint;
use crate::metrics::StepMetrics;

/// The device that a network is on, without autodiff.
pub(crate) fn device_of(top: &TopNetwork) -> Device {
    // A network without any parameter has no device and computes on whatever it is given.
    top.devices().into_iter().next().unwrap_or_else(Device::flex).without_autodiff()
}

/// Where a training stands between two steps.
pub(crate) struct Progressed {
    pub top: TopNetwork,
    pub adam: Adam,
    /// A row per step done.
    pub history: Vec<StepMetrics>,
    /// The network with the lowest validation loss so far.
    pub best: Option<Snapshot>,
    pub best_loss: f64,
    /// The network before the last step, whose loss was a number.
    pub before: Option<Snapshot>,
}

/// The network after a step, without autodiff.
#[derive(Clone)]
pub(crate) struct Snapshot {
    pub step: usize,
    pub top: TopNetwork,
}

/// A step that is computed, and not yet part of the state.
pub(crate) struct Moved {
    pub top: TopNetwork,
    pub adam: Adam,
    pub row: StepMetrics,
}

impl Progressed {
    pub fn begin(top: TopNetwork) -> Self {
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
    pub fn restore(checkpoint: Checkpoint, top: TopNetwork) -> Result<Self> {
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
        let adam = Adam::from_named_tensors(checkpoint.adam_steps, &checkpoint.adam, &top, &device)?;
        Ok(Self { top, adam, history: checkpoint.history, best, best_loss, before: None })
    }

    /// Keeps a network if its validation loss is the lowest so far.
    pub fn remember_best(&mut self, validated: Snapshot, loss: Option<f64>) {
        if let Some(loss) = loss
            && loss < self.best_loss
        {
            self.best_loss = loss;
            self.best = Some(validated);
        }
    }

    pub fn take_over(&mut self, moved: Moved, before: Snapshot) {
        self.top = moved.top;
        self.adam = moved.adam;
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
            unreadable: unreadable.to_vec(),
        }
    }
}
