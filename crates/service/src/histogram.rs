//! A histogram of distances.

use schemars::JsonSchema;
use serde::Serialize;

/// Classes of a histogram.
const CLASSES: usize = 24;

/// How many works lie at which distance.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Histogram {
    /// The ends of the classes, ascending, one more than there are classes; empty without works.
    pub edges: Vec<f32>,
    /// Works of every class; one at an end belongs to the class above it, and at the last end to the last class.
    pub counts: Vec<usize>,
}

impl Histogram {
    /// Counts distances, which come in ascending order.
    pub fn of(distances: impl ExactSizeIterator<Item = f32> + Clone) -> Self {
        let (Some(least), Some(most)) = (distances.clone().next(), distances.clone().last()) else {
            return Self { edges: Vec::new(), counts: Vec::new() };
        };
        if most <= least {
            return Self { edges: vec![least, most], counts: vec![distances.len()] };
        }
        let width = (most - least) / CLASSES as f32;
        let mut counts = vec![0; CLASSES];
        for distance in distances {
            counts[(((distance - least) / width) as usize).min(CLASSES - 1)] += 1;
        }
        let edge = |number: usize| if number == CLASSES { most } else { least + width * number as f32 };
        Self { edges: (0..=CLASSES).map(edge).collect(), counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_distance_is_counted_once() {
        let distances: Vec<f32> = (0..=100).map(|number| 0.2 + number as f32 / 100.0).collect();
        let histogram = Histogram::of(distances.iter().copied());
        assert_eq!((histogram.edges.len(), histogram.counts.len()), (CLASSES + 1, CLASSES));
        assert_eq!(histogram.counts.iter().sum::<usize>(), 101);
        assert_eq!((histogram.edges[0], histogram.edges[CLASSES]), (0.2, 1.2));
        assert!(histogram.counts.iter().all(|&count| (4..=6).contains(&count)), "{:?}", histogram.counts);
    }

    #[test]
    fn one_distance_is_one_class_and_none_is_none() {
        assert_eq!(Histogram::of([0.5, 0.5].into_iter()), Histogram { edges: vec![0.5, 0.5], counts: vec![2] });
        assert_eq!(Histogram::of([].into_iter()), Histogram { edges: vec![], counts: vec![] });
    }
}
