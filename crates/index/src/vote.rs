//! The class of a query, by the votes of its neighbours.
//!

use silknow_records::{LabelMatrix, MISSING};

use crate::index::{Hit, Hits};
use crate::neighbours::Neighbours;

/// Predicts the classes `[Q, V]` of queries from the labels of what was found for them.
///
/// Per variable the class of most neighbours wins, among those whose label is known; of several with the same number
/// of votes the one that has the nearest neighbour. Where no neighbour's label is known, the prediction is missing. A
/// neighbour with several classes votes for each of them.
///
/// # Panics
/// When a hit has labels for fewer variables.
pub fn predict(hits: &Hits, variables: usize) -> LabelMatrix {
    let mut predictions = LabelMatrix::new(variables);
    for hits in hits.iter() {
        let row: Vec<i32> = (0..variables).map(|variable| winner(&votes(hits, variable))).collect();
        predictions.push(&row);
    }
    predictions
}

/// Predicts as [`predict`] does, from the neighbours of queries among images of which no more than the labels `[N, V]` is
/// at hand.
///
/// # Panics
/// When a neighbour's position is not one of `labels`.
pub fn predict_from(labels: &LabelMatrix, neighbours: &Neighbours) -> LabelMatrix {
    let mut predictions = LabelMatrix::new(labels.variables());
    for query in 0..neighbours.len() {
        let (positions, _) = neighbours.of(query);
        let classes =
            |variable| positions.iter().flat_map(move |&position| labels.classes(position as usize, variable));
        let row: Vec<i32> = (0..labels.variables()).map(|variable| winner(&counted(classes(variable)))).collect();
        predictions.push(&row);
    }
    predictions
}

/// The votes of neighbours, nearest first, for the classes of a variable: each class with its number of votes, in the order
/// of the classes' nearest neighbours.
pub fn votes(hits: &[Hit], variable: usize) -> Vec<(i32, usize)> {
    counted(hits.iter().flat_map(|hit| hit.record.labels.classes(variable)))
}

fn counted<'a>(classes: impl Iterator<Item = &'a i32>) -> Vec<(i32, usize)> {
    let mut votes: Vec<(i32, usize)> = Vec::new();
    for &class in classes {
        match votes.iter_mut().find(|(voted, _)| *voted == class) {
            Some((_, count)) => *count += 1,
            None => votes.push((class, 1)),
        }
    }
    votes
}

/// The class with most votes, and first among those with as many; [`MISSING`] without votes.
fn winner(votes: &[(i32, usize)]) -> i32 {
    // `max_by_key` takes the last of several equal ones.
    votes.iter().rev().max_by_key(|&&(_, count)| count).map_or(MISSING, |&(class, _)| class)
}

/// Tests of the rule, on neighbours with labels for one variable.
#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use silknow_records::Record;

    use super::*;

    fn hits(classes: &[&[i32]]) -> Vec<Hit> {
        let hit = |(position, classes): (u64, &&[i32])| {
            let mut record = Record::new(position.to_string(), 1);
            record.labels.set(0, classes);
            Hit { position, distance: position as f32, record: Arc::new(record) }
        };
        (0..).zip(classes).map(hit).collect()
    }

    fn predicted(classes: &[&[i32]]) -> i32 {
        predict(&[hits(classes)].into_iter().collect(), 1).row(0)[0]
    }

    #[test]
    fn the_majority_of_the_known_labels_wins() {
        assert_eq!(predicted(&[&[0], &[2], &[2]]), 2);
        assert_eq!(predicted(&[&[], &[], &[], &[4]]), 4);
    }

    #[test]
    fn a_tie_goes_to_the_class_with_the_nearest_neighbour() {
        assert_eq!(predicted(&[&[5], &[1], &[1], &[5]]), 5);
        assert_eq!(predicted(&[&[], &[1], &[5], &[5], &[1], &[0]]), 1);
        assert_eq!(predicted(&[&[3], &[1], &[2]]), 3);
    }

    #[test]
    fn without_a_known_label_the_prediction_is_missing() {
        assert_eq!(predicted(&[&[], &[]]), MISSING);
        assert_eq!(predicted(&[]), MISSING);
    }

    #[test]
    fn every_variable_is_voted_on_by_itself() {
        let labels = LabelMatrix::from_indices(2, vec![0, MISSING, 1, 7, 1, MISSING]).unwrap();
        let neighbours = Neighbours { k: 3, positions: vec![0, 1, 2, 2, 0, 1], distances: vec![0.0; 6] };
        assert_eq!(predict_from(&labels, &neighbours).indices(), [1, 7, 1, 7]);
    }

    #[test]
    fn a_neighbour_with_several_classes_votes_for_each() {
        assert_eq!(votes(&hits(&[&[0, 3], &[3], &[]]), 0), [(0, 1), (3, 2)]);
        assert_eq!(predicted(&[&[0, 3], &[3]]), 3);
    }
}
