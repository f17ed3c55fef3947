//! What training minimises.
//!
//! An [`Objective`] takes a batch of descriptors with what is known of their images, and gives a value with its
//! gradient. Training knows objectives by this trait alone. [`of_parameters`] is the one place that maps the values of
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

mod asks;
mod batch;
mod check;
mod classification;
mod colour;
mod combined;
mod distances;
mod image_values;
mod outcome;
mod pairs;
mod products;
mod registry;
mod rule_lists;
mod rules;
mod self_similarity;
mod semantic;
mod similarity;
mod soft_contrastive;
mod soft_contrastive_incomp;
mod soft_triplet;
mod soft_triplet_incomp;
mod supervised_contrastive;
mod terms;
#[cfg(test)]
mod tests;
mod triples;
mod values;

use silknow_records::Record;

pub use asks::{Asks, Samples};
pub use batch::Batch;
pub use check::check;
pub use classification::Classification;
pub use colour::{COLOUR_BINS, COLOURS, Colour, colours_of};
pub use combined::Combined;
pub use distances::Distances;
pub use image_values::values_of_images;
pub use outcome::{Outcome, Term};
pub use registry::of_parameters;
pub use rules::Rules;
pub use self_similarity::SelfSimilarity;
pub use semantic::Semantic;
pub use similarity::Similarities;
pub use soft_contrastive::SoftContrastive;
pub use soft_contrastive_incomp::SoftContrastiveIncomp;
pub use soft_triplet::SoftTriplet;
pub use soft_triplet_incomp::SoftTripletIncomp;
pub use supervised_contrastive::SupervisedContrastive;
pub use values::ImageValues;

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

    /// True for an image that says more than others, so that a part of every batch (`rule_share`) is drawn from such images. By
    /// default there are none.
    fn favours(&self, _record: &Record) -> bool {
        false
    }
}
