//! The class of a query, by the votes of its neighbours.
//!
//! Owns the rule; does not own who the neighbours are (neighbours).

use silknow_records::{LabelMatrix, MISSING};

use crate::neighbours::Neighbours;

/// Predicts the classes `[Q, V]` of queries from the labels `[N, V]` of what they are compared with.
///
/// Per variable the class of most neighbours wins, among those whose label is known; of several with the same number
/// of votes the one that has the nearest neighbour. Where no neighbour's label is known, the prediction is missing.
///
/// # Panics
/// When a neighbour's position is not one of `labels`.
pub fn predict(labels: &LabelMatrix, neighbours: &Neighbours) -> LabelMatrix {
    let mut predictions = LabelMatrix::new(labels.variables());
    let mut row = vec![MISSING; labels.variables()];
    for query in 0..neighbours.len() {
        let (positions, _) = neighbours.of(query);
        for (variable, class) in row.iter_mut().enumerate() {
            *class = majority(positions.iter().map(|&position| labels.row(position as usize)[variable]));
        }
        predictions.push(&row);
    }
    predictions
}

/// The class that occurs most often, and first among those that occur as often; missing labels do not count.
fn majority(nearest_first: impl Iterator<Item = i32>) -> i32 {
    let mut votes: Vec<(i32, usize)> = Vec::new();
    for class in nearest_first.filter(|&class| class != MISSING) {
        match votes.iter_mut().find(|(voted, _)| *voted == class) {
            Some((_, count)) => *count += 1,
            None => votes.push((class, 1)),
        }
    }
    // The classes stand in the order of their nearest neighbours, and of equals `max_by_key` takes the last.
    votes.into_iter().rev().max_by_key(|&(_, count)| count).map_or(MISSING, |(class, _)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_of_the_known_labels_wins() {
        assert_eq!(majority([0, 2, 2].into_iter()), 2);
        assert_eq!(majority([MISSING, MISSING, MISSING, 4].into_iter()), 4);
    }

    #[test]
    fn a_tie_goes_to_the_class_with_the_nearest_neighbour() {
        assert_eq!(majority([5, 1, 1, 5].into_iter()), 5);
        assert_eq!(majority([MISSING, 1, 5, 5, 1, 0].into_iter()), 1);
        assert_eq!(majority([3, 1, 2].into_iter()), 3);
    }

    #[test]
    fn without_a_known_label_the_prediction_is_missing() {
        assert_eq!(majority([MISSING, MISSING].into_iter()), MISSING);
        assert_eq!(majority(std::iter::empty()), MISSING);
    }

    #[test]
    fn every_variable_is_voted_on_by_itself() {
        let labels = LabelMatrix::from_indices(2, vec![0, MISSING, 1, 7, 1, MISSING]).unwrap();
        let neighbours = Neighbours { k: 3, positions: vec![0, 1, 2, 2, 0, 1], distances: vec![0.0; 6] };
        assert_eq!(predict(&labels, &neighbours).indices(), [1, 7, 1, 7]);
    }
}
