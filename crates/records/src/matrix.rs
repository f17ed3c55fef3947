//! The labels of many images in the form that files and losses use: a matrix of class indices.

use std::collections::BTreeMap;

use silknow_errors::{Error, Result};

use crate::MISSING;
use crate::labels::Labels;

/// The labels of N images for V variables: a matrix of class indices `[N, V]`, row by row, [`MISSING`] where a label is not
/// known. The few sets of two or more classes stand beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelMatrix {
    samples: usize,
    variables: usize,
    /// The lowest class of every set.
    indices: Vec<i32>,
    /// The sets of two or more classes, ascending, by sample and variable.
    larger: BTreeMap<(usize, usize), Box<[i32]>>,
}

impl LabelMatrix {
    /// An empty matrix of V variables.
    pub fn new(variables: usize) -> Self {
        Self { variables, ..Self::default() }
    }

    /// A matrix from its indices, row by row.
    ///
    /// # Errors
    /// When the indices are not a whole number of rows, as those of no variable never are.
    pub fn from_indices(variables: usize, indices: Vec<i32>) -> Result<Self> {
        Self::from_rows(indices.len().checked_div(variables).unwrap_or(0), variables, indices)
    }

    /// A matrix of so many images from its indices, row by row; there may be no variables.
    ///
    /// # Errors
    /// When the indices are not so many rows.
    pub fn from_rows(samples: usize, variables: usize, indices: Vec<i32>) -> Result<Self> {
        if indices.len() != samples * variables {
            return Err(Error::data(format!("{} label indices are no whole rows of {variables}", indices.len())));
        }
        Ok(Self { samples, variables, indices, larger: BTreeMap::new() })
    }

    /// The labels of images, in their order.
    ///
    /// # Panics
    /// When an image has labels of another number of variables.
    pub fn of<'a>(variables: usize, labels: impl IntoIterator<Item = &'a Labels>) -> Self {
        let mut matrix = Self::new(variables);
        labels.into_iter().for_each(|labels| matrix.push_labels(labels));
        matrix
    }

    /// Appends the class indices of one image, at most one class per variable.
    ///
    /// # Panics
    /// When `row` has not V entries.
    pub fn push(&mut self, row: &[i32]) {
        assert_eq!(row.len(), self.variables, "a label row has one entry per variable");
        self.indices.extend_from_slice(row);
        self.samples += 1;
    }

    /// Appends the labels of one image.
    ///
    /// # Panics
    /// When they are not those of V variables.
    pub fn push_labels(&mut self, labels: &Labels) {
        self.push(labels.lowest());
        let sample = self.samples - 1;
        self.larger.extend(labels.larger_sets().map(|(variable, classes)| ((sample, variable), classes.into())));
    }

    /// The number of images N.
    pub fn len(&self) -> usize {
        self.samples
    }

    /// True without images.
    pub fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// The number of variables V.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// The class indices of one image: the lowest of every set, [`MISSING`] for the empty set.
    pub fn row(&self, sample: usize) -> &[i32] {
        &self.indices[sample * self.variables..][..self.variables]
    }

    /// The classes of one image for one variable, ascending; empty where the label is missing.
    pub fn classes(&self, sample: usize, variable: usize) -> &[i32] {
        if !self.larger.is_empty()
            && let Some(classes) = self.larger.get(&(sample, variable))
        {
            return classes;
        }
        match &self.row(sample)[variable] {
            &MISSING => &[],
            only => std::slice::from_ref(only),
        }
    }

    /// The labels of one image.
    pub fn labels(&self, sample: usize) -> Labels {
        let mut labels = Labels::single(self.row(sample));
        for ((_, variable), classes) in self.larger.range((sample, 0)..(sample + 1, 0)) {
            labels.set(*variable, classes);
        }
        labels
    }

    /// Replaces the classes of an image for a variable; their order and repetitions do not count.
    pub fn set(&mut self, sample: usize, variable: usize, classes: &[i32]) {
        let mut labels = Labels::missing(1);
        labels.set(0, classes);
        self.indices[sample * self.variables + variable] = labels.lowest()[0];
        match labels.larger_sets().next() {
            Some((_, classes)) => self.larger.insert((sample, variable), classes.into()),
            None => self.larger.remove(&(sample, variable)),
        };
    }

    /// True when a label is a set of two or more classes.
    pub fn has_larger_sets(&self) -> bool {
        !self.larger.is_empty()
    }

    /// The sets of two or more classes, each with its image and its variable, in that order.
    pub fn larger_sets(&self) -> impl Iterator<Item = (usize, usize, &[i32])> {
        self.larger.iter().map(|(&(sample, variable), classes)| (sample, variable, &**classes))
    }

    /// All class indices, row by row, as [`row`](Self::row) gives them.
    pub fn indices(&self) -> &[i32] {
        &self.indices
    }

    /// The rows of the given images, in their order.
    #[must_use]
    pub fn select(&self, samples: &[usize]) -> Self {
        if self.larger.is_empty() {
            let indices = samples.iter().flat_map(|&sample| self.row(sample)).copied().collect();
            return Self { samples: samples.len(), variables: self.variables, indices, larger: BTreeMap::new() };
        }
        let rows: Vec<Labels> = samples.iter().map(|&sample| self.labels(sample)).collect();
        Self::of(self.variables, &rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_stand_beside_the_matrix_and_follow_their_rows() {
        let mut matrix = LabelMatrix::from_indices(2, vec![0, MISSING, 1, 3]).unwrap();
        matrix.set(1, 1, &[4, 3]);
        assert_eq!(matrix.row(1), [1, 3]);
        assert_eq!(matrix.classes(1, 1), [3, 4]);
        assert_eq!(matrix.classes(0, 1), [] as [i32; 0]);
        let turned = matrix.select(&[1, 0, 1]);
        assert_eq!(
            (turned.classes(0, 1), turned.classes(2, 1), turned.len()),
            ([3, 4].as_slice(), [3, 4].as_slice(), 3)
        );
        assert_eq!(LabelMatrix::of(2, [&matrix.labels(0), &matrix.labels(1)]), matrix);
        matrix.set(1, 1, &[]);
        assert!(!matrix.has_larger_sets());
        assert_eq!(matrix.indices(), [0, MISSING, 1, MISSING]);
    }

    #[test]
    fn images_are_counted_without_variables_too() {
        let matrix = LabelMatrix::of(0, [&Labels::missing(0), &Labels::missing(0)]);
        assert_eq!((matrix.len(), matrix.row(1).len()), (2, 0));
    }
}
