//! Which samples take part in a training, and why the others do not.
//!
//! Owns the rules of the losses on labels, and the errors where nothing useful is left. Does not own the split
//! into training and validation.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use silknow_config::{LossKind, TrainingParameters};
use silknow_errors::{Error, Result};
use silknow_progress::Observer;
use silknow_records::{LabelMatrix, MISSING};

use crate::features::FeatureStore;

/// At most so many training samples vote on the validation samples. More would cost a large collection with
/// retrained blocks more than the training itself, and change the score little.
const MOST_REFERENCES: usize = 2000;

/// Stream of the seed's random numbers that the choice of the voting samples uses; batches use low ones.
const REFERENCE_STREAM: u64 = u64::MAX;

/// The samples of a training, as numbers into the feature store.
#[derive(Clone, Copy, Debug)]
pub struct TrainingInputs<'a> {
    /// Class indices of all samples of the store, `[N, V]`, in the order of the parameters' `relevant_variables`.
    pub labels: &'a LabelMatrix,
    /// The samples to train with.
    pub train: &'a [usize],
    /// The samples to validate with, none of them among the others; empty: no validation.
    pub validation: &'a [usize],
}

/// How many samples were left out of a training, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Training samples without any label.
    pub unlabelled: usize,
    /// Further training samples with a missing label, for the losses that need complete ones.
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
    /// Are classified by their neighbours.
    pub queries: Vec<usize>,
    /// Are those neighbours.
    pub references: Vec<usize>,
    /// The samples that are none of these.
    pub left_out: LeftOut,
}

impl Selection {
    /// Chooses by the labels alone.
    ///
    /// # Errors
    /// Labels that do not fit the parameters or the store.
    pub fn by_labels(inputs: &TrainingInputs<'_>, parameters: &TrainingParameters, samples: usize) -> Result<Self> {
        let labels = inputs.labels;
        if labels.variables() != parameters.relevant_variables.len() || labels.len() != samples {
            return Err(Error::internal(format!(
                "labels of {} samples and {} variables for {samples} images and {} variables",
                labels.len(),
                labels.variables(),
                parameters.relevant_variables.len()
            )));
        }
        let labelled = |sample: &usize| labels.row(*sample).iter().any(|&label| label != MISSING);
        let complete = |sample: &usize| labels.row(*sample).iter().all(|&label| label != MISSING);
        let feeds_loss = |sample: &usize| {
            if parameters.loss_ind.needs_complete_samples() { complete(sample) } else { labelled(sample) }
        };
        let chosen = |from: &[usize], rule: &dyn Fn(&usize) -> bool| -> Vec<usize> {
            from.iter().copied().filter(|sample| rule(sample)).collect()
        };
        let train = chosen(inputs.train, &feeds_loss);
        let labelled_train = chosen(inputs.train, &labelled);
        let left_out = LeftOut {
            unlabelled: inputs.train.len() - labelled_train.len(),
            incomplete: labelled_train.len() - train.len(),
            unreadable: Vec::new(),
        };
        let validates = !inputs.validation.is_empty();
        Ok(Self {
            train,
            validation: chosen(inputs.validation, &feeds_loss),
            queries: chosen(inputs.validation, &labelled),
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

    /// Checks that the loss has something to work with, and says what was left out.
    ///
    /// # Errors
    /// Fewer training samples than the loss compares; no variable with two classes.
    pub fn check(
        &self,
        inputs: &TrainingInputs<'_>,
        parameters: &TrainingParameters,
        observer: &dyn Observer,
    ) -> Result<()> {
        self.check_number(inputs, parameters.loss_ind)?;
        self.check_classes(inputs.labels, parameters, observer)?;
        if self.left_out.incomplete > 0 {
            observer.info(&format!(
                "{} uses complete samples only: {} of {} train, {} with a missing label are left out",
                parameters.loss_ind,
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
        if !inputs.validation.is_empty() && self.validation.len() < samples_compared(parameters.loss_ind) {
            observer.warning(&format!(
                "only {} of {} validation samples suit {}: there is no validation loss, the final model is kept",
                self.validation.len(),
                inputs.validation.len(),
                parameters.loss_ind
            ));
        }
        Ok(())
    }

    fn check_number(&self, inputs: &TrainingInputs<'_>, loss: LossKind) -> Result<()> {
        let needed = samples_compared(loss);
        if self.train.len() >= needed {
            return Ok(());
        }
        let LeftOut { unlabelled, incomplete, unreadable } = &self.left_out;
        let error = Error::data(format!(
            "{loss} compares {needed} samples, but {} of {} training samples can be used \
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
            let mut known = self.train.iter().map(|&sample| labels.row(sample)[variable]).filter(|&l| l != MISSING);
            match known.next() {
                None => observer.warning(&format!("no training sample has a label for `{name}`")),
                Some(first) if known.all(|label| label == first) => {
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

/// How many samples a term of the loss compares.
fn samples_compared(loss: LossKind) -> usize {
    if loss.is_triplet() { 3 } else { 2 }
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
