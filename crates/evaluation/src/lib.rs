//! What a classification is worth: metrics, confusion matrices as pictures, and the report page.
//!
//! Owns every file that an evaluation writes. Reads truth, predictions and neighbours from the index room's
//! `Classification`; leaves how a class is predicted to that room, and the running of folds to the operations.

mod averages;
pub mod cards;
mod choice;
mod evaluate;
#[cfg(test)]
mod examples;
pub mod folds;
pub mod matrix;
pub mod metrics;
pub mod page;
pub mod ranking;
mod raster;
pub mod report;
pub mod results_text;
pub mod summary;
mod text_table;
mod thumbnails;

pub use cards::{Answer, Neighbour, Picture, SearchHit, Work};
pub use evaluate::{evaluate, evaluate_folds};
pub use folds::Fold;
pub use page::{Page, search_page};
pub use summary::EvaluationSummary;
