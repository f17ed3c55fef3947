//! Figures of the ranked neighbours beyond precision: recall at k, and the normalised discounted cumulative gain by graded
//! similarity.
//!
//! As in `ranking`, what cannot be judged is passed over: a neighbour whose label is unknown, and one that has no variable
//! with a known label in common with the query.

use serde::Serialize;
use silknow_index::classification::{Classification, RankedNeighbours};
use silknow_records::LabelMatrix;

/// The share of queries that have a right neighbour at the front.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecallAt {
    /// Judged neighbours that are looked at.
    pub k: u64,
    /// The share of the queries with a known label, and a neighbour with one, that have a neighbour of their class among the
    /// first k of those with a known label; in `[0, 1]`.
    pub recall: f64,
}

/// The recall of variable `v` at 1, 2, 4, ... and at all neighbours; empty where no query counts.
pub fn recall_at(truth: &LabelMatrix, near: &RankedNeighbours, v: usize) -> Vec<RecallAt> {
    // Per query the place of the first right one among the judged neighbours.
    let mut first_right: Vec<Option<usize>> = Vec::new();
    for query in 0..truth.len() {
        let label = truth.classes(query, v);
        let labels = (query * near.k..(query + 1) * near.k).map(|neighbour| near.labels.classes(neighbour, v));
        let judged: Vec<&[i32]> = labels.filter(|classes| !classes.is_empty()).collect();
        if !label.is_empty() && !judged.is_empty() {
            first_right.push(judged.iter().position(|classes| classes.iter().any(|class| label.contains(class))));
        }
    }
    if first_right.is_empty() {
        return Vec::new();
    }
    let powers = std::iter::successors(Some(1), |k| Some(2 * k)).take_while(|&k| k < near.k);
    let recall = |k: usize| {
        let found = first_right.iter().filter(|first| first.is_some_and(|place| place < k)).count();
        RecallAt { k: k as u64, recall: found as f64 / first_right.len() as f64 }
    };
    powers.chain([near.k]).map(recall).collect()
}

/// How well the order of the neighbours follows their graded similarity to the query.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GradedRanking {
    /// Neighbours per query.
    pub k: u64,
    /// Queries with a neighbour that can be judged.
    pub queries: u64,
    /// The mean over these queries of the normalised discounted cumulative gain: the grades of the neighbours, each divided by
    /// the binary logarithm of its rank plus 1, as a share of the same with the best neighbours first; 0 where all grades are 0.
    /// In `[0, 1]`.
    pub ndcg: f64,
    /// The mean over these queries of the mean grade of their neighbours, in `[0, 1]`.
    pub mean_grade: f64,
}

impl GradedRanking {
    /// The figures of a classification, over all variables; none without neighbours or where nothing can be judged.
    ///
    /// The grade of a neighbour is its agreement with the query, mean over the variables that both have a known label of. Two
    /// labels agree by the classes they have in common as a share of the larger one: 1 or 0 where each is one class.
    pub fn of(classification: &Classification) -> Option<Self> {
        let near = classification.neighbours.as_ref()?;
        let (mut queries, mut gain, mut grades_sum) = (0_u64, 0.0, 0.0);
        for query in 0..classification.truth.len() {
            let neighbours = query * near.k..(query + 1) * near.k;
            let grades: Vec<f64> = neighbours
                .filter_map(|neighbour| grade(&classification.truth, query, &near.labels, neighbour))
                .collect();
            if !grades.is_empty() {
                queries += 1;
                gain += ndcg(&grades);
                grades_sum += grades.iter().sum::<f64>() / grades.len() as f64;
            }
        }
        let mean = |sum: f64| sum / queries as f64;
        (queries > 0).then(|| Self { k: near.k as u64, queries, ndcg: mean(gain), mean_grade: mean(grades_sum) })
    }
}

/// The grade of an image for a query; none where they have no variable with a known label in common.
fn grade(truth: &LabelMatrix, query: usize, labels: &LabelMatrix, image: usize) -> Option<f64> {
    let (mut sum, mut variables) = (0.0, 0_u32);
    for v in 0..truth.variables() {
        let (a, b) = (truth.classes(query, v), labels.classes(image, v));
        if !a.is_empty() && !b.is_empty() {
            let common = a.iter().filter(|class| b.contains(class)).count();
            sum += common as f64 / a.len().max(b.len()) as f64;
            variables += 1;
        }
    }
    (variables > 0).then(|| sum / f64::from(variables))
}

/// The discounted cumulative gain of grades in their order, as a share of that in the best order; 0 where all are 0.
fn ndcg(grades: &[f64]) -> f64 {
    let gain = |grades: &[f64]| -> f64 {
        grades.iter().enumerate().map(|(place, grade)| grade / (place as f64 + 2.0).log2()).sum()
    };
    let mut best = grades.to_vec();
    best.sort_by(|a, b| b.total_cmp(a));
    let most = gain(&best);
    if most > 0.0 { gain(grades) / most } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::classification;

    #[test]
    fn recall_counts_queries_with_a_right_neighbour_among_the_first_judged() {
        let classification = classification();
        // Neighbours of `place`: 0 and unknown; 0 and 1; 1 and 0. Truth 0, 1, 1; the fourth query is unknown.
        let recall = recall_at(&classification.truth, classification.neighbours.as_ref().unwrap(), 0);
        assert_eq!(recall.iter().map(|it| it.k).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((recall[0].recall, recall[1].recall), (2.0 / 3.0, 1.0));
        assert!(recall_at(&classification.truth, classification.neighbours.as_ref().unwrap(), 1).is_empty());
    }

    #[test]
    fn the_gain_is_a_share_of_that_of_the_best_order() {
        let log3 = 3.0_f64.log2();
        assert!((ndcg(&[0.0, 1.0]) - 1.0 / log3).abs() < 1e-12);
        assert!((ndcg(&[0.5, 1.0]) - (0.5 + 1.0 / log3) / (1.0 + 0.5 / log3)).abs() < 1e-12);
        assert_eq!((ndcg(&[1.0, 0.5]), ndcg(&[0.0, 0.0])), (1.0, 0.0));
    }

    #[test]
    fn grades_are_means_over_the_variables_that_both_know() {
        let mut truth = LabelMatrix::from_indices(3, vec![1, 2, -1]).unwrap();
        truth.set(0, 1, &[2, 3]);
        let labels = LabelMatrix::from_indices(3, vec![1, 2, 4, 0, -1, 4, -1, -1, 4]).unwrap();
        assert_eq!(grade(&truth, 0, &labels, 0), Some((1.0 + 0.5) / 2.0));
        assert_eq!(grade(&truth, 0, &labels, 1), Some(0.0));
        assert_eq!(grade(&truth, 0, &labels, 2), None);
    }

    #[test]
    fn queries_that_cannot_be_judged_are_left_out() {
        let ranking = GradedRanking::of(&classification()).unwrap();
        // Grades 1; 0 and 1; 1 and 0.
        assert_eq!((ranking.k, ranking.queries), (2, 3));
        assert!((ranking.ndcg - (2.0 + 1.0 / 3.0_f64.log2()) / 3.0).abs() < 1e-12);
        assert!((ranking.mean_grade - 2.0 / 3.0).abs() < 1e-12);
        let mut without = classification();
        without.neighbours = None;
        assert_eq!(GradedRanking::of(&without), None);
    }
}
