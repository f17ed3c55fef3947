//! What a classification is worth: metrics, confusion matrices as pictures, and the report page.
//!
//! Truth, predictions and neighbours are read from a `Classification` of `silknow-index`, where classes are predicted. Every
//! file that an evaluation writes is written here.

mod averages;
pub mod bootstrap;
pub mod calibration;
pub mod cards;
pub mod chart;
mod choice;
pub mod compare;
pub mod confusions;
pub mod details;
mod evaluate;
#[cfg(test)]
mod examples;
pub mod explained;
pub mod folds;
mod glow;
pub mod graded;
pub mod learning_curve;
pub mod matrix;
pub mod metrics;
pub mod museums;
pub mod page;
pub mod ranking;
mod raster;
pub mod report;
pub mod results_text;
pub mod sets;
pub mod summary;
mod text_table;
mod thumbnails;
pub mod vote_fit;

pub use cards::{Answer, Neighbour, Picture, SearchHit, Work};
pub use evaluate::{evaluate, evaluate_folds};
pub use explained::{Asked, Explain, ExplainedHit, PairShares};
pub use folds::Fold;
pub use glow::PlaceShares;
pub use page::{Page, Section, search_page};
pub use summary::EvaluationSummary;
