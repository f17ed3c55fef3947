//! What an objective gives for one batch.

use std::collections::BTreeMap;

use super::Batch;

/// The value of an objective for one batch, with its gradient.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// What is minimised: [`sum`](Self::sum) over [`averaged`](Self::averaged), 0 where nothing is averaged.
    pub loss: f64,
    /// The sum of the averaged terms. With `averaged` it lets several batches be averaged as one.
    pub sum: f64,
    /// The number of terms averaged: pairs about which something is known, say, or active triplets.
    pub averaged: u64,
    /// The number of terms that pull or push.
    pub active: u64,
    /// The number of terms that could: pairs about which something is known, triplets with a margin above 0.
    pub candidates: u64,
    /// The gradient of `loss` with respect to the descriptors, `[B, D]` row by row.
    pub gradient: Vec<f32>,
    /// The gradient of `loss` with respect to the descriptors of the second view, `[B, D]` row by row; empty for none.
    pub second_view_gradient: Vec<f32>,
    /// The gradients of `loss` with respect to the outputs of the heads, `[B, width]` row by row, by the names of the heads.
    /// A head that is not among them has none.
    pub head_gradients: BTreeMap<String, Vec<f32>>,
    /// The parts that the loss is made of, for the log; empty when it has none. The logs show them in this order.
    pub terms: Vec<Term>,
}

/// A named part of a loss, for the log: it is written down and not minimised by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// The name, not empty, and different from that of every other term of the objective.
    pub name: String,
    /// The value for one batch, a finite number.
    pub value: f64,
}

impl Outcome {
    /// The mean of `averaged` terms that add up to `sum`, all of them active, with the gradient `[B, D]` of the mean.
    pub fn mean(sum: f64, averaged: u64, gradient: Vec<f32>) -> Self {
        let loss = sum * weight(averaged);
        Self {
            loss,
            sum,
            averaged,
            active: averaged,
            candidates: averaged,
            gradient,
            second_view_gradient: Vec::new(),
            head_gradients: BTreeMap::new(),
            terms: Vec::new(),
        }
    }

    /// The same outcome with another loss, which is the mean of so many terms, all of them active.
    pub(super) fn with_mean(self, loss: f64, averaged: u64) -> Self {
        let sum = loss * averaged as f64;
        Self { loss, sum, averaged, active: averaged, candidates: averaged, ..self }
    }

    /// The same outcome with the gradient `[B, D]` of the second view's descriptors.
    #[must_use]
    pub fn with_second_view_gradient(mut self, gradient: Vec<f32>) -> Self {
        self.second_view_gradient = gradient;
        self
    }

    /// The same outcome with the gradient `[B, width]` of what the head of this name gives.
    #[must_use]
    pub fn with_head_gradient(mut self, head: impl Into<String>, gradient: Vec<f32>) -> Self {
        self.head_gradients.insert(head.into(), gradient);
        self
    }

    /// The same outcome with one more named part of the loss, for the log.
    #[must_use]
    pub fn with_term(mut self, name: impl Into<String>, value: f64) -> Self {
        self.terms.push(Term { name: name.into(), value });
        self
    }

    /// The same outcome with the number of active terms, and of those that could be.
    #[must_use]
    pub fn with_active(mut self, active: u64, candidates: u64) -> Self {
        self.active = active;
        self.candidates = candidates;
        self
    }

    /// True when the loss, every slope and every term are finite numbers.
    pub(crate) fn is_finite(&self) -> bool {
        let gradients = [&self.gradient, &self.second_view_gradient].into_iter().chain(self.head_gradients.values());
        self.loss.is_finite()
            && gradients.flatten().all(|slope| slope.is_finite())
            && self.terms.iter().all(|term| term.value.is_finite())
    }

    /// What does not fit the batch that this is the outcome of; none where all does.
    pub(crate) fn misfit(&self, batch: &Batch<'_>) -> Option<String> {
        let (given, due) = (self.gradient.len(), batch.descriptors.len());
        if given != due {
            return Some(format!("the gradient has {given} values, but the descriptors have {due}"));
        }
        let (given, due) = (self.second_view_gradient.len(), batch.second_view.len());
        if given != 0 && given != due {
            return Some(format!("the gradient of the second view has {given} values, but its descriptors have {due}"));
        }
        for (head, gradient) in &self.head_gradients {
            match batch.heads.and_then(|heads| heads.get(head)) {
                None => return Some(format!("there is a gradient of the head `{head}`, which was not asked for")),
                Some(outputs) if outputs.len() != gradient.len() => {
                    let (given, due) = (gradient.len(), outputs.len());
                    return Some(format!("the gradient of the head `{head}` has {given} values, but it gives {due}"));
                }
                Some(_) => {}
            }
        }
        let named_twice = |(position, term): (usize, &Term)| {
            term.name.is_empty() || self.terms[..position].iter().any(|other| other.name == term.name)
        };
        self.terms.iter().enumerate().any(named_twice).then(|| "a term has no name, or that of another".to_owned())
    }

    /// The share of active terms among the candidates, in `[0, 1]`; 0 without candidates.
    pub fn active_share(&self) -> f64 {
        if self.candidates == 0 { 0.0 } else { self.active as f64 / self.candidates as f64 }
    }
}

/// What each of `averaged` terms counts in their mean.
pub(super) fn weight(averaged: u64) -> f64 {
    if averaged == 0 { 0.0 } else { 1.0 / averaged as f64 }
}
