//! Which samples take part in a training, and why the others do not. The split into training and validation is given.

use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use silknow_config::TrainingParameters;
use silknow_errors::{Error, Result};
use silknow_progress::Observer;
use silknow_records::{LabelMatrix, MISSING, Record};

use crate::features::FeatureStore;
use crate::objective::{Asks, ImageValues, Objective, Samples};

/// At most so many training samples vote on the validation samples. More would cost a large collection with
/// retrained blocks more than the training itself, and change the score little.
const MOST_REFERENCES: usize = 2000;

/// Stream of the seed's random numbers that the choice of the voting samples uses; batches use low ones.
const REFERENCE_STREAM: u64 = u64::MAX;

/// What is known of the images of a feature store, and which of them train and validate, by their numbers in the store.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TrainingInputs<'a> {
    /// The labels of all images of the store, `[N, V]`, in the order of the parameters' `relevant_variables`.
    pub labels: &'a LabelMatrix,
    /// The samples to train with.
    pub train: &'a [usize],
    /// The samples to validate with, none of them among the others; empty: no validation.
    pub validation: &'a [usize],
    /// The records of all images of the store, for objectives that ask for them; else empty.
    pub records: &'a [Arc<Record>],
    /// Values of all images of the store, for objectives that ask for some.
    pub values: Option<&'a ImageValues>,
}

impl<'a> TrainingInputs<'a> {
    /// Samples with labels and nothing else.
    pub fn new(labels: &'a LabelMatrix, train: &'a [usize], validation: &'a [usize]) -> Self {
        Self { labels, train, validation, records: &[], values: None }
    }

    /// The same samples with the records of all images of the store.
    #[must_use]
    pub fn with_records(mut self, records: &'a [Arc<Record>]) -> Self {
        self.records = records;
        self
    }

    /// The same samples with values of all images of the store.
    #[must_use]
    pub fn with_values(mut self, values: &'a ImageValues) -> Self {
        self.values = Some(values);
        self
    }
}

/// How many samples were left out of a training, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Training samples without any label.
    pub unlabelled: usize,
    /// Further training samples with a missing label, for the objectives that need complete ones.
    pub incomplete: usize,
    /// Training and validation samples whose image cannot be read.
    pub unreadable: Vec<usize>,
}

/// The samples by what they are used for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Make up the batches.
    pub train: Vec<usize>,
    /// Make up the validation batches.
    pub validation: Vec<usize>,
    /// Are described in validation: those of the batches, and those whose labels are compared with their neighbours'.
    pub queries: Vec<usize>,
    /// Are those neighbours.
    pub references: Vec<usize>,
    /// The samples that are not used, and why.
    pub left_out: LeftOut,
}

impl Selection {
    /// Chooses by the labels alone.
    ///
    /// # Errors
    /// Labels, records or values that do not fit the parameters, the store or what the objective asks for.
    pub fn by_labels(
        inputs: &TrainingInputs<'_>,
        parameters: &TrainingParameters,
        objective: &dyn Objective,
        samples: usize,
    ) -> Result<Self> {
        let labels = inputs.labels;
        if labels.variables() != parameters.relevant_variables.len() || labels.len() != samples {
            return Err(Error::internal(format!(
                "labels of {} samples and {} variables for {samples} images and {} variables",
                labels.len(),
                labels.variables(),
                parameters.relevant_variables.len()
            )));
        }
        let asks = objective.asks();
        check_given(inputs, &asks, objective.name(), samples)?;
        let labelled = |sample: &usize| labels.row(*sample).iter().any(|&label| label != MISSING);
        let complete = |sample: &usize| labels.row(*sample).iter().all(|&label| label != MISSING);
        let usable = |sample: &usize| match asks.samples {
            Samples::Complete => complete(sample),
            Samples::Labelled => labelled(sample),
            Samples::Any => true,
        };
        let chosen = |from: &[usize], rule: &dyn Fn(&usize) -> bool| -> Vec<usize> {
            from.iter().copied().filter(|sample| rule(sample)).collect()
        };
        let train = chosen(inputs.train, &usable);
        let labelled_train = chosen(inputs.train, &labelled);
        let takes_unlabelled = asks.samples == Samples::Any;
        let left_out = LeftOut {
            unlabelled: if takes_unlabelled { 0 } else { inputs.train.len() - labelled_train.len() },
            incomplete: if takes_unlabelled { 0 } else { labelled_train.len() - train.len() },
            unreadable: Vec::new(),
        };
        let validates = !inputs.validation.is_empty();
        Ok(Self {
            train,
            validation: chosen(inputs.validation, &usable),
            queries: chosen(inputs.validation, &|sample| labelled(sample) || usable(sample)),
            references: if validates { some(labelled_train, MOST_REFERENCES, parameters.seed) } else { Vec::new() },
            left_out,
        })
    }

    /// Takes out the samples whose images turned out to be unreadable.
    pub fn drop_unreadable(&mut self, store: &FeatureStore) {
        let mut dropped = Vec::new();
        for samples in [&mut self.train, &mut self.validation, &mut self.queries, &mut self.references] {
            samples.retain(|&sample| {
                let readable = store.unreadable(sample).is_none();
                if !readable {
                    dropped.push(sample);
                }
                readable
            });
        }
        dropped.sort_unstable();
        dropped.dedup();
        self.left_out.unreadable = dropped;
    }

    /// Checks that the objective has something to work with, and says what was left out.
    ///
    /// # Errors
    /// Fewer training samples, or a smaller batch, than the objective compares; no variable with two classes.
    pub fn check(
        &self,
        inputs: &TrainingInputs<'_>,
        parameters: &TrainingParameters,
        objective: &dyn Objective,
        observer: &dyn Observer,
    ) -> Result<()> {
        let (name, asks) = (objective.name(), objective.asks());
        if parameters.train_batch_size < asks.smallest_batch {
            let (size, needed) = (parameters.train_batch_size, asks.smallest_batch);
            let message = format!("train_batch_size is {size}, but {name} compares {needed} samples");
            return Err(Error::configuration(message).hint(format!("give a train_batch_size of {needed} or more")));
        }
        self.check_number(inputs, name, asks.smallest_batch)?;
        if asks.samples != Samples::Any {
            self.check_classes(inputs.labels, parameters, observer)?;
        }
        if self.left_out.incomplete > 0 {
            observer.info(&format!(
                "{name} uses complete samples only: {} of {} train, {} with a missing label are left out",
                self.train.len(),
                inputs.train.len(),
                self.left_out.incomplete
            ));
        }
        if self.left_out.unlabelled > 0 {
            observer.info(&format!("{} training samples have no label and are left out", self.left_out.unlabelled));
        }
        if parameters.train_batch_size > self.train.len() {
            observer.warning(&format!(
                "train_batch_size is {}, but only {} samples train; every batch holds all of them",
                parameters.train_batch_size,
                self.train.len()
            ));
        }
        if !inputs.validation.is_empty() && self.validation.len() < asks.smallest_batch {
            observer.warning(&format!(
                "only {} of {} validation samples suit {name}: there is no validation loss, the final model is kept",
                self.validation.len(),
                inputs.validation.len(),
            ));
        }
        Ok(())
    }

    fn check_number(&self, inputs: &TrainingInputs<'_>, name: &str, needed: usize) -> Result<()> {
        if self.train.len() >= needed {
            return Ok(());
        }
        let LeftOut { unlabelled, incomplete, unreadable } = &self.left_out;
        let error = Error::data(format!(
            "{name} compares {needed} samples, but {} of {} training samples can be used \
             (left out: {unlabelled} without any label, {incomplete} with a missing label, {} unreadable in all)",
            self.train.len(),
            inputs.train.len(),
            unreadable.len()
        ));
        Err(if *incomplete > 0 {
            error.hint("use a loss for missing labels (soft_contrastive_incomp_loss, soft_triplet_incomp_loss)")
        } else {
            error.hint("check the collection files and relevant_variables: more labelled images are needed")
        })
    }

    fn check_classes(
        &self,
        labels: &LabelMatrix,
        parameters: &TrainingParameters,
        observer: &dyn Observer,
    ) -> Result<()> {
        let mut distinguishing = 0;
        for (variable, name) in parameters.relevant_variables.iter().enumerate() {
            let sets = self.train.iter().map(|&sample| labels.classes(sample, variable));
            let mut known = sets.filter(|classes| !classes.is_empty());
            match known.next() {
                None => observer.warning(&format!("no training sample has a label for `{name}`")),
                Some(first) if known.all(|classes| classes == first) => {
                    observer.warning(&format!("all training samples with a label for `{name}` are of one class"));
                }
                Some(_) => distinguishing += 1,
            }
        }
        if distinguishing > 0 {
            return Ok(());
        }
        Err(Error::data("no variable has two classes among the training samples: there is nothing to tell apart")
            .hint("choose other relevant_variables, or add samples of further classes"))
    }
}

/// Checks that the inputs hold what the objective asks for beside labels, for all `samples` of the store.
fn check_given(inputs: &TrainingInputs<'_>, asks: &Asks, name: &str, samples: usize) -> Result<()> {
    if asks.records && inputs.records.len() != samples {
        let given = inputs.records.len();
        return Err(Error::configuration(format!(
            "{name} needs the records of {samples} images, but {given} are given"
        )));
    }
    for (values, width) in &asks.values {
        let given = inputs.values.filter(|given| given.images() == samples).and_then(|given| given.width(values));
        if given != Some(*width) {
            let message = format!("{name} needs {width} values `{values}` for each of {samples} images");
            return Err(Error::configuration(message));
        }
    }
    Ok(())
}

/// At most `most` of the samples, in their order.
fn some(samples: Vec<usize>, most: usize, seed: u64) -> Vec<usize> {
    if samples.len() <= most {
        return samples;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(REFERENCE_STREAM);
    let mut positions: Vec<usize> = (0..samples.len()).collect();
    positions.shuffle(&mut rng);
    positions.truncate(most);
    positions.sort_unstable();
    positions.into_iter().map(|position| samples[position]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_samples_some_vote_in_their_order_and_of_few_all() {
        let many: Vec<usize> = (0..50).map(|sample| 3 * sample).collect();
        let chosen = some(many.clone(), 20, 7);
        assert_eq!(chosen.len(), 20);
        assert!(chosen.is_sorted() && chosen.iter().all(|sample| many.contains(sample)));
        assert_eq!(chosen, some(many.clone(), 20, 7));
        assert_ne!(chosen, some(many.clone(), 20, 8));
        assert_eq!(some(many.clone(), 50, 7), many);
    }
}
