//! The figures of every museum by itself.
//!
//! The museum of an image is the first part of a file name such as `museum__object__file.jpg`.

use std::collections::BTreeMap;

use serde::Serialize;
use silknow_index::classification::Classification;
use silknow_records::Object;

use crate::averages::ratio;
use crate::metrics::{ConfusionMatrix, VariableMetrics, pair_of};

/// The figures of one museum's images for one variable.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MuseumMetrics {
    /// The museum; none for the images whose names tell of none.
    pub museum: Option<String>,
    /// Its images.
    pub samples: u64,
    /// Those with a known truth and a prediction.
    pub evaluated: u64,
    /// `evaluated / samples`.
    pub share_evaluated: f64,
    /// The share of correct predictions, 0 without any.
    pub accuracy: f64,
    /// The unweighted mean F1 over the classes that occur there, 0 without any.
    pub mean_f1: f64,
}

/// The samples of every museum by its name, those without a museum last; empty where no name tells of a museum.
pub(crate) fn by_museum(classification: &Classification) -> Vec<(Option<String>, Vec<usize>)> {
    let mut museums: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut others = Vec::new();
    for (sample, name) in classification.names.iter().enumerate() {
        match Object::of_image_name(name).museum {
            Some(museum) => museums.entry(museum.into()).or_default().push(sample),
            None => others.push(sample),
        }
    }
    if museums.is_empty() {
        return Vec::new();
    }
    let mut named: Vec<_> = museums.into_iter().map(|(museum, samples)| (Some(museum), samples)).collect();
    named.extend((!others.is_empty()).then_some((None, others)));
    named
}

impl MuseumMetrics {
    /// The figures of variable `v` for the samples of one museum.
    pub(crate) fn of(classification: &Classification, v: usize, museum: &Option<String>, samples: &[usize]) -> Self {
        let variable = &classification.vocabulary.variables[v];
        let pairs = samples.iter().filter_map(|&sample| pair_of(classification, sample, v));
        let metrics = VariableMetrics::from_matrix(&variable.name, ConfusionMatrix::count(variable, pairs));
        Self {
            museum: museum.clone(),
            samples: samples.len() as u64,
            evaluated: metrics.evaluated,
            share_evaluated: ratio(metrics.evaluated, samples.len() as u64),
            accuracy: metrics.accuracy,
            mean_f1: metrics.mean_f1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::classification;

    #[test]
    fn every_museum_has_its_own_figures() {
        let mut classification = classification();
        assert!(by_museum(&classification).is_empty());
        classification.names = ["b__1__x.jpg", "a__7.jpg", "q/a__8.jpg", "plain.jpg"].map(str::to_owned).to_vec();
        let museums = by_museum(&classification);
        let expected = [(Some("a".to_owned()), vec![1, 2]), (Some("b".to_owned()), vec![0]), (None, vec![3])];
        assert_eq!(museums, expected);
        let [a, b, none] = [0, 1, 2].map(|it| MuseumMetrics::of(&classification, 0, &museums[it].0, &museums[it].1));
        assert_eq!((a.samples, a.evaluated, a.accuracy), (2, 2, 0.5));
        assert_eq!((b.accuracy, b.mean_f1, b.share_evaluated), (1.0, 1.0, 1.0));
        assert_eq!((none.samples, none.evaluated, none.accuracy), (1, 0, 0.0));
    }
}
