//! The figures of ranked neighbours: precision at k, mean average precision, and how many neighbours are labelled.
//!
//! The definitions say what a missing label counts for: nothing.

use serde::Serialize;
use silknow_index::classification::RankedNeighbours;
use silknow_records::LabelMatrix;

use crate::averages::ratio;

/// How well the neighbours of a query share its label of one variable.
///
/// A neighbour whose label is unknown can be judged neither way and is passed over: the ranks of those after it
/// move up. Queries whose true label is unknown, or none of whose neighbours has a known label, are left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankingMetrics {
    /// Neighbours per query.
    pub k: u64,
    /// Queries that count.
    pub queries: u64,
    /// Mean over the queries of (neighbours with the true label) / (neighbours with a known label), in `[0, 1]`.
    pub precision_at_k: f64,
    /// Mean over the queries of the average precision: the mean, over the neighbours with the true label, of the
    /// precision among the labelled neighbours up to and with that one; 0 without such a neighbour. In `[0, 1]`.
    pub mean_average_precision: f64,
}

impl RankingMetrics {
    /// The figures of variable `v`; truth `[S, V]`, neighbours of the same S queries.
    pub fn of(truth: &LabelMatrix, near: &RankedNeighbours, v: usize) -> Self {
        let (mut queries, mut precision, mut average_precision) = (0, 0.0, 0.0);
        for (query, label) in labels(truth, v).enumerate().filter(|(_, label)| !label.is_empty()) {
            let judged: Vec<bool> = labels_near(near, query, v)
                .filter(|near| !near.is_empty())
                .map(|near| share_a_class(near, label))
                .collect();
            if !judged.is_empty() {
                queries += 1;
                precision += ratio(judged.iter().filter(|&&right| right).count() as u64, judged.len() as u64);
                average_precision += self::average_precision(&judged);
            }
        }
        let mean = |sum: f64| if queries == 0 { 0.0 } else { sum / queries as f64 };
        Self {
            k: near.k as u64,
            queries,
            precision_at_k: mean(precision),
            mean_average_precision: mean(average_precision),
        }
    }
}

/// How the neighbours of a variable are labelled, over a whole run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NeighbourStatistics {
    /// Neighbours per sample.
    pub k: u64,
    /// Samples in all.
    pub samples: u64,
    /// Samples whose true label is known.
    pub labelled: u64,
    /// Mean over the labelled samples of (neighbours with the true label) / k, in `[0, 1]`.
    pub share_with_true_label: f64,
    /// The share of all samples whose neighbours are all unlabelled.
    pub share_all_unlabelled: f64,
    /// The share of all samples with at least k/2 unlabelled neighbours.
    pub share_half_unlabelled: f64,
}

impl NeighbourStatistics {
    /// The statistics of variable `v`; truth `[S, V]`, neighbours of the same S samples.
    pub fn of(truth: &LabelMatrix, near: &RankedNeighbours, v: usize) -> Self {
        let k = near.k as u64;
        let (mut labelled, mut matching, mut all_unlabelled, mut half_unlabelled) = (0, 0, 0, 0);
        for (sample, label) in labels(truth, v).enumerate() {
            if !label.is_empty() {
                labelled += 1;
                matching += labels_near(near, sample, v).filter(|near| share_a_class(near, label)).count() as u64;
            }
            let unlabelled = labels_near(near, sample, v).filter(|near| near.is_empty()).count() as u64;
            all_unlabelled += u64::from(unlabelled == k);
            half_unlabelled += u64::from(2 * unlabelled >= k);
        }
        let samples = truth.len() as u64;
        Self {
            k,
            samples,
            labelled,
            share_with_true_label: ratio(matching, labelled * k),
            share_all_unlabelled: ratio(all_unlabelled, samples),
            share_half_unlabelled: ratio(half_unlabelled, samples),
        }
    }

    /// The content of `top_k_statistics/<variable>_kNN_statistics.txt`.
    pub fn to_text(&self, variable: &str) -> String {
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        format!(
            "Nearest neighbours ({variable})\n\
             k: {}\n\
             Samples: {}, of which with a known label: {}\n\
             Mean share of neighbours with the true label (over samples with a known label): {}\n\
             Share of samples whose neighbours are all unlabelled: {}\n\
             Share of samples with at least k/2 unlabelled neighbours: {}\n",
            self.k,
            self.samples,
            self.labelled,
            percent(self.share_with_true_label),
            percent(self.share_all_unlabelled),
            percent(self.share_half_unlabelled),
        )
    }
}

/// The classes of variable `v`, sample by sample.
fn labels(labels: &LabelMatrix, v: usize) -> impl Iterator<Item = &[i32]> {
    (0..labels.len()).map(move |sample| labels.classes(sample, v))
}

/// The classes of a query's neighbours, nearest first.
fn labels_near(near: &RankedNeighbours, query: usize, v: usize) -> impl Iterator<Item = &[i32]> {
    (query * near.k..(query + 1) * near.k).map(move |neighbour| near.labels.classes(neighbour, v))
}

/// Two sets of classes match when they have one in common.
fn share_a_class(a: &[i32], b: &[i32]) -> bool {
    a.iter().any(|class| b.contains(class))
}

/// The mean precision at the ranks of the right ones; 0 without one.
fn average_precision(judged: &[bool]) -> f64 {
    let mut right = 0;
    let mut sum = 0.0;
    for (rank, _) in (1..).zip(judged).filter(|&(_, &is_right)| is_right) {
        right += 1;
        sum += ratio(right, rank);
    }
    if right == 0 { 0.0 } else { sum / right as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_records::MISSING;

    fn neighbours(k: usize, labels: &[i32]) -> RankedNeighbours {
        RankedNeighbours {
            k,
            names: labels.iter().map(|label| format!("{label}.jpg")).collect(),
            distances: vec![0.5; labels.len()],
            labels: LabelMatrix::from_indices(1, labels.to_vec()).unwrap(),
        }
    }

    #[test]
    fn unknown_neighbours_are_passed_over_and_unknown_queries_left_out() {
        let truth = LabelMatrix::from_indices(1, vec![0, MISSING, 1, 1]).unwrap();
        let near = neighbours(3, &[0, MISSING, 0, 0, 0, 0, 0, 1, 1, MISSING, MISSING, MISSING]);
        let metrics = RankingMetrics::of(&truth, &near, 0);
        // Query 0: both judged neighbours right. Query 2: right at ranks 2 and 3, (1/2 + 2/3) / 2.
        assert_eq!(metrics.queries, 2);
        assert!((metrics.precision_at_k - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert!((metrics.mean_average_precision - (1.0 + 7.0 / 12.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn no_right_neighbour_has_average_precision_zero() {
        assert_eq!(average_precision(&[false, false]), 0.0);
        assert_eq!(average_precision(&[]), 0.0);
        assert_eq!(average_precision(&[true, false]), 1.0);
    }

    #[test]
    fn the_statistics_count_unlabelled_neighbours() {
        let truth = LabelMatrix::from_indices(1, vec![0, 1, MISSING, 0]).unwrap();
        let near = neighbours(2, &[0, MISSING, 0, 0, MISSING, MISSING, 0, 0]);
        let statistics = NeighbourStatistics::of(&truth, &near, 0);
        assert_eq!(statistics.share_with_true_label, 3.0 / 6.0);
        assert_eq!(statistics.share_all_unlabelled, 0.25);
        assert_eq!(statistics.share_half_unlabelled, 0.5);
        assert!(statistics.to_text("place").contains("k: 2\n"));
    }
}
