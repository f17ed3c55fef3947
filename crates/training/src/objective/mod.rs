//! What training minimises.
//!
//! An [`Objective`] takes a batch of descriptors with what is known of their images, and gives a value with its
//! gradient. Training knows objectives by this trait alone. [`of_loss`] is the one place that maps the values of
//! `loss_ind` to objectives; each objective has a file of its own in this folder. [`check`] tests any objective, also
//! one from outside this crate, against what training relies on.
//!
//! The objectives here work out value and gradient together instead of differentiating automatically: a batch of 150
//! holds 3.3 million triples, which as tensors are 13 MB per intermediate result, while one pass of counting whole
//! numbers gives value and slope at once, the same to the bit for any number of threads.
//!
//! ```
//! use silknow_training::objective::{Asks, Batch, Objective, Outcome, Samples, check};
//!
//! /// Pulls all descriptors of a batch together: half the mean squared distance from their centre.
//! struct Gather;
//!
//! impl Objective for Gather {
//!     fn name(&self) -> &str {
//!         "gather"
//!     }
//!
//!     fn asks(&self) -> Asks {
//!         Asks::new(Samples::Any, 2)
//!     }
//!
//!     fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
//!         let (rows, dims) = (batch.len(), batch.dims);
//!         let centre: Vec<f64> = (0..dims)
//!             .map(|d| (0..rows).map(|i| f64::from(batch.descriptor(i)[d])).sum::<f64>() / rows as f64)
//!             .collect();
//!         let mut sum = 0.0;
//!         let mut gradient = Vec::with_capacity(rows * dims);
//!         for row in 0..rows {
//!             for (&value, centre) in batch.descriptor(row).iter().zip(&centre) {
//!                 let away = f64::from(value) - centre;
//!                 sum += 0.5 * away * away;
//!                 gradient.push((away / rows as f64) as f32);
//!             }
//!         }
//!         Outcome::mean(sum, rows as u64, gradient)
//!     }
//! }
//!
//! check(&Gather).unwrap();
//! ```

mod check;
mod classification;
mod distances;
mod pairs;
mod similarity;
mod soft_contrastive;
mod soft_contrastive_incomp;
mod soft_triplet;
mod soft_triplet_incomp;
mod terms;
#[cfg(test)]
mod tests;
mod triples;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use silknow_config::LossKind;
use silknow_errors::{Error, Result};
use silknow_records::{LabelMatrix, Record};

pub use check::check;
pub use classification::Classification;
pub use distances::Distances;
pub use similarity::Similarities;
pub use soft_contrastive::SoftContrastive;
pub use soft_contrastive_incomp::SoftContrastiveIncomp;
pub use soft_triplet::SoftTriplet;
pub use soft_triplet_incomp::SoftTripletIncomp;
pub use values::ImageValues;

/// The objective that a value of `loss_ind` names. `margin` is M of `soft_contrastive`; the others do not use it.
pub fn of_loss(loss: LossKind, margin: f32) -> Box<dyn Objective> {
    match loss {
        LossKind::SoftContrastive => Box::new(SoftContrastive { margin: margin.into() }),
        LossKind::SoftContrastiveIncomp => Box::new(SoftContrastiveIncomp),
        LossKind::SoftTriplet => Box::new(SoftTriplet),
        LossKind::SoftTripletIncomp => Box::new(SoftTripletIncomp),
    }
}

/// Something that training minimises.
///
/// The value must depend on the batch alone, not on time, threads or earlier batches: a training is repeatable to the
/// bit, and one that was interrupted continues to the same result. [`check`] tests an objective.
pub trait Objective: Send + Sync {
    /// A name for messages and checkpoints. A training continues from a checkpoint only under the same name, so a
    /// name should tell settings that are not among the training parameters, as `my_loss(temperature=0.1)` does.
    fn name(&self) -> &str;

    /// What the objective needs. It is asked once, before training.
    fn asks(&self) -> Asks;

    /// The value and the gradient for a batch. Its samples are of the kind that [`asks`](Self::asks) names, at least
    /// `smallest_batch` of them in training, and its descriptors are finite. Batches of validation may be smaller.
    fn evaluate(&self, batch: &Batch<'_>) -> Outcome;
}

/// The samples that an objective can learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// Those with a label for every variable.
    Complete,
    /// Those with a label for at least one variable.
    Labelled,
    /// All.
    Any,
}

/// What an objective needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asks {
    /// The samples that it can learn from. The others are left out of the batches.
    pub samples: Samples,
    /// The fewest samples that it can compare, at least 1.
    pub smallest_batch: usize,
    /// True when it needs [`Batch::records`].
    pub records: bool,
    /// The names of the [`Batch::values`] that it needs, each with the number of values of an image.
    pub values: Vec<(String, usize)>,
    /// The extra heads whose outputs it needs, by name, each with the number of outputs for an image.
    pub heads: Vec<(String, usize)>,
    /// True when it needs [`Batch::second_view`].
    pub second_view: bool,
}

impl Asks {
    /// An objective that needs labels and descriptors alone.
    pub fn new(samples: Samples, smallest_batch: usize) -> Self {
        Self { samples, smallest_batch, records: false, values: Vec::new(), heads: Vec::new(), second_view: false }
    }

    /// Asks for the records too.
    #[must_use]
    pub fn with_records(mut self) -> Self {
        self.records = true;
        self
    }

    /// Asks for `width` values of every image, which are known under this name.
    #[must_use]
    pub fn with_values(mut self, name: impl Into<String>, width: usize) -> Self {
        self.values.push((name.into(), width));
        self
    }

    /// Asks for a linear layer of this name with `width` outputs for every image. It is trained with the network, and takes
    /// what the last fully connected layer gives before that is brought to unit length; without such layers, the values
    /// of the backbone.
    #[must_use]
    pub fn with_head(mut self, name: impl Into<String>, width: usize) -> Self {
        self.heads.push((name.into(), width));
        self
    }

    /// Asks for the descriptors of a second view of every image, which is augmented in another way than the first. The
    /// training then needs an augmentation. In validation the first view is the image as it is.
    #[must_use]
    pub fn with_second_view(mut self) -> Self {
        self.second_view = true;
        self
    }

    /// Checks that the objective of this name asks for what can be given.
    ///
    /// # Errors
    /// No name, a smallest batch without samples, heads without outputs, two heads of one name.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        if name.is_empty() || self.smallest_batch == 0 {
            return Err(Error::internal("an objective has a name, and a smallest batch of at least one sample"));
        }
        for (position, (head, width)) in self.heads.iter().enumerate() {
            let twice = self.heads[..position].iter().any(|(other, _)| other == head);
            if head.is_empty() || *width == 0 || twice {
                let message = format!("{name} asks for a head `{head}` with {width} outputs");
                let hint = "every head has a name of its own, and at least one output";
                return Err(Error::internal(message).hint(hint));
            }
        }
        Ok(())
    }
}

/// Descriptors of B images, and what is known of these.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Batch<'a> {
    /// The labels of the images, `[B, V]`, in the order of `relevant_variables`.
    pub labels: &'a LabelMatrix,
    /// The descriptors, `[B, dims]` row by row; those of training have unit length.
    pub descriptors: &'a [f32],
    /// Length D of a descriptor.
    pub dims: usize,
    /// The records of the images, `[B]`; empty when the objective does not ask for them.
    pub records: &'a [Arc<Record>],
    /// The descriptors of a second view of every image, `[B, dims]` row by row; empty when the objective does not ask for
    /// them.
    pub second_view: &'a [f32],
    values: Option<&'a ImageValues>,
    heads: Option<&'a ImageValues>,
}

impl<'a> Batch<'a> {
    /// A batch of labels and descriptors.
    ///
    /// # Panics
    /// When the descriptors are not one row of `dims` values for every row of labels.
    pub fn new(labels: &'a LabelMatrix, descriptors: &'a [f32], dims: usize) -> Self {
        assert_eq!(descriptors.len(), labels.len() * dims, "a batch has one descriptor for every row of labels");
        Self { labels, descriptors, dims, records: &[], second_view: &[], values: None, heads: None }
    }

    /// The same batch with records.
    ///
    /// # Panics
    /// When there is not one record for every row of labels.
    #[must_use]
    pub fn with_records(mut self, records: &'a [Arc<Record>]) -> Self {
        assert_eq!(records.len(), self.len(), "a batch has one record for every row of labels");
        self.records = records;
        self
    }

    /// The same batch with values of the images.
    ///
    /// # Panics
    /// When they are not those of B images.
    #[must_use]
    pub fn with_values(mut self, values: &'a ImageValues) -> Self {
        assert_eq!(values.images(), self.len(), "a batch has values of every image");
        self.values = Some(values);
        self
    }

    /// The same batch with the descriptors of a second view of every image.
    ///
    /// # Panics
    /// When they are not as many as those of the first.
    #[must_use]
    pub fn with_second_view(mut self, descriptors: &'a [f32]) -> Self {
        assert_eq!(descriptors.len(), self.descriptors.len(), "every image has two views or none");
        self.second_view = descriptors;
        self
    }

    /// The same batch with what extra heads give, by the names of the heads.
    ///
    /// # Panics
    /// When these are not the outputs for B images.
    #[must_use]
    pub fn with_heads(mut self, outputs: &'a ImageValues) -> Self {
        assert_eq!(outputs.images(), self.len(), "a batch has outputs of the heads for every image");
        self.heads = Some(outputs);
        self
    }

    /// The number of images B.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True without images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The descriptor of one image, `[D]`.
    pub fn descriptor(&self, image: usize) -> &'a [f32] {
        &self.descriptors[image * self.dims..][..self.dims]
    }

    /// The values that are known under a name, `[B, width]` row by row.
    ///
    /// # Panics
    /// When the objective did not ask for them.
    pub fn values(&self, name: &str) -> &'a [f32] {
        self.values
            .and_then(|values| values.get(name))
            .unwrap_or_else(|| panic!("the objective did not ask for the values `{name}`"))
    }

    /// What the head of this name gives, `[B, width]` row by row.
    ///
    /// # Panics
    /// When the objective did not ask for it.
    pub fn head(&self, name: &str) -> &'a [f32] {
        self.heads
            .and_then(|heads| heads.get(name))
            .unwrap_or_else(|| panic!("the objective did not ask for the head `{name}`"))
    }
}

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
fn weight(averaged: u64) -> f64 {
    if averaged == 0 { 0.0 } else { 1.0 / averaged as f64 }
}
