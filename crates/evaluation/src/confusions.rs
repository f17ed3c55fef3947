//! The classes that are taken for each other most often, with the images where the vote was surest of the wrong class.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;
use silknow_index::classification::Classification;

use crate::averages::ratio;
use crate::calibration;
use crate::metrics::pair_of;

/// How many pairs of classes are listed.
const LISTED: usize = 8;

/// How many images of a pair are named.
const EXAMPLES: usize = 4;

/// Images of one class that were taken for another.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Confusion {
    /// The name of the true class.
    pub truth: String,
    /// The name of the predicted class.
    pub taken_for: String,
    /// The number of images.
    pub images: u64,
    /// Their share of the images of the true class that were evaluated, in `[0, 1]`.
    pub share_of_class: f64,
    /// Some of them, those first where the vote was surest of the wrong class.
    pub examples: Vec<Example>,
}

/// An image that was taken for another class.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Example {
    /// Its name, relative to the folder of the classification.
    pub image: String,
    /// The confidence of the wrong prediction, where neighbours vote.
    pub confidence: Option<f64>,
    /// Its position among the queries.
    #[serde(skip)]
    pub query: usize,
}

/// The most frequent confusions of variable `v`: most images first, then by the order of the classes.
pub fn most_frequent(classification: &Classification, v: usize) -> Vec<Confusion> {
    let mut truly: BTreeMap<i32, u64> = BTreeMap::new();
    let mut confused: BTreeMap<(i32, i32), Vec<usize>> = BTreeMap::new();
    for sample in 0..classification.truth.len() {
        let Some((truth, guess)) = pair_of(classification, sample, v) else { continue };
        *truly.entry(truth).or_default() += 1;
        if truth != guess {
            confused.entry((truth, guess)).or_default().push(sample);
        }
    }
    let mut pairs: Vec<_> = confused.into_iter().collect();
    pairs.sort_by_key(|(classes, samples)| (Reverse(samples.len()), *classes));
    pairs.truncate(LISTED);
    let confidences: BTreeMap<usize, f64> =
        calibration::judge(classification, v).into_iter().map(|it| (it.sample, it.confidence)).collect();
    let variable = &classification.vocabulary.variables[v];
    let confusion = |((truth, guess), mut samples): ((i32, i32), Vec<usize>)| {
        let images = samples.len() as u64;
        let confidence = |sample: &usize| confidences.get(sample).copied();
        // Stable, so that equally sure ones keep their order.
        samples.sort_by(|a, b| confidence(b).unwrap_or(0.0).total_cmp(&confidence(a).unwrap_or(0.0)));
        let example = |&query: &usize| Example {
            image: classification.names[query].clone(),
            confidence: confidence(&query),
            query,
        };
        Confusion {
            truth: variable.class_name(truth).to_owned(),
            taken_for: variable.class_name(guess).to_owned(),
            images,
            share_of_class: ratio(images, truly[&truth]),
            examples: samples.iter().take(EXAMPLES).map(example).collect(),
        }
    };
    pairs.into_iter().map(confusion).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{classification, variable};
    use silknow_records::{LabelMatrix, Vocabulary};

    #[test]
    fn the_most_frequent_come_first_with_the_surest_mistakes() {
        let confusions = most_frequent(&classification(), 0);
        let [only] = confusions.as_slice() else { panic!("one confusion: {confusions:?}") };
        assert_eq!((&*only.truth, &*only.taken_for, only.images, only.share_of_class), ("ES", "DE", 1, 0.5));
        assert_eq!((&*only.examples[0].image, only.examples[0].confidence), ("images/query_1.jpg", Some(0.5)));
    }

    #[test]
    fn pairs_are_ordered_by_number_and_then_by_class() {
        let vocabulary = Vocabulary { variables: vec![variable("place", &["a", "b", "c"])] };
        let labels = |indices: &[i32]| LabelMatrix::from_indices(1, indices.to_vec()).unwrap();
        let truth = labels(&[0, 0, 1, 1, 2, 2, 2, -1]);
        let made = Classification::from_labels(vocabulary, truth, labels(&[0, 1, 0, 1, 1, 1, 0, 0])).unwrap();
        let confusions = most_frequent(&made, 0);
        let listed: Vec<(&str, &str, u64)> =
            confusions.iter().map(|it| (&*it.truth, &*it.taken_for, it.images)).collect();
        assert_eq!(listed, [("c", "b", 2), ("a", "b", 1), ("b", "a", 1), ("c", "a", 1)]);
        assert_eq!(confusions[0].examples.iter().map(|it| it.query).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(confusions[0].examples[0].confidence, None);
    }
}
