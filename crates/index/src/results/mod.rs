//! The answers to queries as text for people and tables: what the writers need, and what they have in common.
//!
//! Owns how a distance is written. Does not own the arrays for evaluation (classification).

pub mod knn_list;
pub mod lookup_table;

use silknow_records::{LabelMatrix, Vocabulary};

use crate::neighbours::Neighbours;

/// The neighbours and predictions of Q queries, with the names and labels of the N images that were searched.
#[derive(Clone, Copy, Debug)]
pub struct Answers<'a> {
    /// The variables and classes of truth, predictions and index alike.
    pub vocabulary: &'a Vocabulary,
    /// Query image paths `[Q]`, relative to the folder of the output.
    pub query_names: &'a [String],
    /// True class indices `[Q, V]` of labelled queries.
    pub truth: Option<&'a LabelMatrix>,
    /// Predicted class indices `[Q, V]`.
    pub predictions: &'a LabelMatrix,
    /// The neighbours of each query.
    pub neighbours: &'a Neighbours,
    /// Image paths of the index `[N]`, relative to the folder of the output.
    pub index_names: &'a [String],
    /// Class indices of the index `[N, V]`.
    pub index_labels: &'a LabelMatrix,
}

/// A distance in the fewest digits that read back as the same `float32`, always with a point or an exponent.
fn distance_text(distance: f32) -> String {
    format!("{distance:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_written_short_and_reads_back() {
        assert_eq!(distance_text(0.0), "0.0");
        assert_eq!(distance_text(0.1), "0.1");
        for distance in [1.1920929e-7, 0.33333334, 1.7320508, 2.0] {
            assert_eq!(distance_text(distance).parse(), Ok(distance));
        }
    }
}
