//! The choice of queries that a report shows: some good, some middling, some failed, always the same.
//!
//! The same classification always gives the same choice, so that two reports can be compared.

use silknow_index::classification::Classification;
use silknow_records::MISSING;

/// How well a query was classified, over its variables with known truth and prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grade {
    /// All are right.
    Good,
    /// More than a third is right, but not all.
    Middling,
    /// At most a third is right.
    Failed,
}

impl Grade {
    /// All grades, best first.
    pub(crate) const ALL: [Self; 3] = [Self::Good, Self::Middling, Self::Failed];

    /// The grade of a query; none where no variable has both truth and prediction.
    fn of(classification: &Classification, query: usize) -> Option<Self> {
        let (truth, predictions) = (classification.truth.row(query), classification.predictions.row(query));
        let known = truth.iter().zip(predictions).filter(|&(&truth, &guess)| truth != MISSING && guess != MISSING);
        let (right, known) =
            known.fold((0, 0), |(right, known), (truth, guess)| (right + usize::from(truth == guess), known + 1));
        match (right, known) {
            (_, 0) => None,
            (right, known) if right == known => Some(Self::Good),
            (right, known) if 3 * right > known => Some(Self::Middling),
            _ => Some(Self::Failed),
        }
    }
}

/// About `wanted` queries by grade, best first: equally many of each grade, evenly spread over the queries. What a
/// grade lacks, the others fill.
pub(crate) fn choose(classification: &Classification, wanted: usize) -> Vec<(Grade, Vec<usize>)> {
    let queries = 0..classification.names.len();
    let grades: Vec<_> = queries.map(|query| Grade::of(classification, query)).collect();
    let of_grade = |grade| -> Vec<usize> {
        grades.iter().enumerate().filter(|&(_, &it)| it == Some(grade)).map(|(query, _)| query).collect()
    };
    let groups = Grade::ALL.map(of_grade);
    let mut shares = [0; 3];
    // The grades take turns, so that the places that a small grade cannot fill go to the others.
    while shares.iter().sum::<usize>() < wanted {
        let before = shares;
        for (share, group) in shares.iter_mut().zip(&groups) {
            *share = (*share + 1).min(group.len());
        }
        if shares == before {
            break;
        }
    }
    Grade::ALL.into_iter().zip(groups.iter().zip(shares)).map(|(grade, (group, n))| (grade, spread(group, n))).collect()
}

/// `count` of the queries, evenly spread.
fn spread(queries: &[usize], count: usize) -> Vec<usize> {
    (0..count).map(|number| queries[(2 * number + 1) * queries.len() / (2 * count)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::variable;
    use silknow_records::{LabelMatrix, Vocabulary};

    fn graded(right: &[i32]) -> Classification {
        let truth = right.iter().flat_map(|_| [0, 0, 0]).collect();
        let predictions = right.iter().flat_map(|&right| [0, 1, 2].map(|v| i32::from(v >= right))).collect();
        let classes = ["a", "b"];
        Classification {
            vocabulary: Vocabulary { variables: ["x", "y", "z"].map(|name| variable(name, &classes)).to_vec() },
            names: right.iter().map(|right| format!("{right}.jpg")).collect(),
            truth: LabelMatrix::from_indices(3, truth).unwrap(),
            predictions: LabelMatrix::from_indices(3, predictions).unwrap(),
            neighbours: None,
            shares: None,
            meta: String::new(),
        }
    }

    #[test]
    fn every_grade_is_shown_and_spread_over_the_queries() {
        let classification = graded(&[3, 2, 1, 0].repeat(25));
        let chosen = choose(&classification, 12);
        assert_eq!(chosen.iter().map(|(_, queries)| queries.len()).collect::<Vec<_>>(), [4, 4, 4]);
        assert!(chosen[0].1.iter().all(|query| query % 4 == 0), "{chosen:?}");
        assert!(chosen[2].1.iter().all(|query| query % 4 >= 2), "{chosen:?}");
        assert!(chosen[1].1[0] < 25 && chosen[1].1[3] > 75, "{chosen:?}");
    }

    #[test]
    fn a_missing_grade_leaves_its_share_to_the_others() {
        let chosen = choose(&graded(&[3; 20]), 12);
        assert_eq!(chosen[0].1.len(), 12);
        let few = choose(&graded(&[3, 0]), 12);
        assert_eq!(few.iter().map(|(_, queries)| queries.len()).collect::<Vec<_>>(), [1, 0, 1]);
    }

    #[test]
    fn queries_without_known_labels_are_not_chosen() {
        let mut classification = graded(&[3, 3]);
        classification.predictions = LabelMatrix::from_indices(3, vec![MISSING; 6]).unwrap();
        assert!(choose(&classification, 12).iter().all(|(_, queries)| queries.is_empty()));
    }
}
