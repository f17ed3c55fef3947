//! The answers to queries as text for people and tables: what the writers need, and what they have in common.
//!
//! Owns how a distance is written. Does not own the arrays for evaluation (classification).

pub(crate) mod knn_list;
pub(crate) mod lookup_table;

use crate::retrieve::{FoundNames, Retrieval};

/// What was found for queries, with the names that the files state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers<'a> {
    pub retrieval: &'a Retrieval,
    pub names: &'a FoundNames,
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
