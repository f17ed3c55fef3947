//! The objective of a training together with the inputs that its batches are taken from.

use std::sync::Arc;

use silknow_errors::{Error, Result};
use silknow_records::{LabelMatrix, Record};

use crate::objective::{Asks, Batch, ImageValues, Objective, Outcome};
use crate::selection::TrainingInputs;

/// An objective with the inputs that its batches are taken from.
#[derive(Clone, Copy)]
pub(crate) struct Goal<'a> {
    pub objective: &'a dyn Objective,
    /// What the objective asks for.
    pub asks: &'a Asks,
    pub inputs: &'a TrainingInputs<'a>,
    /// The weights of the variables, `[V]`.
    pub variable_weights: &'a [f64],
}

/// What a network gives for B samples, as far as the objective asks for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Described {
    /// `[B, D]`
    pub descriptors: Vec<f32>,
    /// `[B, D]`, or empty.
    pub second_view: Vec<f32>,
    /// `[B, width]` of every head, in the order in which the objective asks for them.
    pub heads: Vec<Vec<f32>>,
}

impl Described {
    pub fn is_finite(&self) -> bool {
        let all = [&self.descriptors, &self.second_view].into_iter().chain(&self.heads);
        all.flatten().all(|value| value.is_finite())
    }
}

impl Goal<'_> {
    /// The objective for some samples, described by finite numbers, with descriptors of length `dims`.
    ///
    /// # Errors
    /// Gradients of another length than what they belong to, which an objective of this crate never gives.
    pub fn evaluate(&self, samples: &[usize], described: &Described, dims: usize) -> Result<Outcome> {
        let asks = self.asks;
        let labels: LabelMatrix = self.inputs.labels.select(samples);
        let records: Vec<Arc<Record>> = match asks.records {
            true => samples.iter().map(|&sample| Arc::clone(&self.inputs.records[sample])).collect(),
            false => Vec::new(),
        };
        let values: Option<ImageValues> =
            self.inputs.values.filter(|_| !asks.values.is_empty()).map(|values| values.select(samples));
        let mut heads = ImageValues::new(samples.len());
        for ((name, width), outputs) in asks.heads.iter().zip(&described.heads) {
            heads.insert(name.clone(), *width, outputs.clone())?;
        }
        let mut batch = Batch::new(&labels, &described.descriptors, dims).with_variable_weights(self.variable_weights);
        if asks.second_view {
            batch = batch.with_second_view(&described.second_view);
        }
        if !asks.heads.is_empty() {
            batch = batch.with_heads(&heads);
        }
        if asks.records {
            batch = batch.with_records(&records);
        }
        if let Some(values) = &values {
            batch = batch.with_values(values);
        }
        let outcome = self.objective.evaluate(&batch);
        match outcome.misfit(&batch) {
            Some(what) => Err(Error::internal(format!("the outcome of {} is wrong: {what}", self.objective.name()))),
            None => Ok(outcome),
        }
    }
}
