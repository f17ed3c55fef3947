//! The objective of a training together with the inputs that its batches are taken from.

use std::sync::Arc;

use silknow_errors::{Error, Result};
use silknow_records::{LabelMatrix, Record};

use crate::objective::{Batch, ImageValues, Objective, Outcome};
use crate::selection::TrainingInputs;

/// An objective with the inputs that its batches are taken from.
#[derive(Clone, Copy)]
pub(crate) struct Goal<'a> {
    pub objective: &'a dyn Objective,
    pub inputs: &'a TrainingInputs<'a>,
}

impl Goal<'_> {
    /// The objective for some samples with their descriptors `[samples.len(), dims]`, which are finite.
    ///
    /// # Errors
    /// A gradient of another length than the descriptors, which an objective of this crate never gives.
    pub fn evaluate(&self, samples: &[usize], descriptors: &[f32], dims: usize) -> Result<Outcome> {
        let asks = self.objective.asks();
        let labels: LabelMatrix = self.inputs.labels.select(samples);
        let records: Vec<Arc<Record>> = match asks.records {
            true => samples.iter().map(|&sample| Arc::clone(&self.inputs.records[sample])).collect(),
            false => Vec::new(),
        };
        let values: Option<ImageValues> =
            self.inputs.values.filter(|_| !asks.values.is_empty()).map(|values| values.select(samples));
        let mut batch = Batch::new(&labels, descriptors, dims);
        if asks.records {
            batch = batch.with_records(&records);
        }
        if let Some(values) = &values {
            batch = batch.with_values(values);
        }
        let outcome = self.objective.evaluate(&batch);
        if outcome.gradient.len() != descriptors.len() {
            let (name, given, due) = (self.objective.name(), outcome.gradient.len(), descriptors.len());
            return Err(Error::internal(format!("{name} gives a gradient of {given} values for {due} of descriptors")));
        }
        Ok(outcome)
    }
}
