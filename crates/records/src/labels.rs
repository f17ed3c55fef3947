//! The labels of one image.

use crate::MISSING;

/// The labels of one image: for every variable the set of its classes, by their indices. The empty set is a missing
/// label.
///
/// A set of one class, which most sets are, takes four bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels {
    /// The lowest class of every variable's set, [`MISSING`] for the empty set.
    lowest: Box<[i32]>,
    /// The sets of two or more classes, by variable. Boxed, because most images have none.
    larger: Option<Box<LargerSets>>,
}

/// Variables with their sets of two or more classes, each ascending.
type LargerSets = Vec<(usize, Box<[i32]>)>;

impl Labels {
    /// The labels of an image of which nothing is known.
    pub fn missing(variables: usize) -> Self {
        Self { lowest: vec![MISSING; variables].into(), larger: None }
    }

    /// Labels with at most one class per variable: the class's index, or [`MISSING`].
    pub fn single(indices: impl Into<Box<[i32]>>) -> Self {
        Self { lowest: indices.into(), larger: None }
    }

    /// The number of variables V.
    pub fn variables(&self) -> usize {
        self.lowest.len()
    }

    /// The classes of a variable, ascending; empty where the label is missing.
    pub fn classes(&self, variable: usize) -> &[i32] {
        if let Some(larger) = &self.larger
            && let Some((_, classes)) = larger.iter().find(|(it, _)| *it == variable)
        {
            return classes;
        }
        match &self.lowest[variable] {
            &MISSING => &[],
            only => std::slice::from_ref(only),
        }
    }

    /// The lowest class of every variable's set, [`MISSING`] for the empty set: `[V]`.
    pub fn lowest(&self) -> &[i32] {
        &self.lowest
    }

    /// The sets of two or more classes, with their variables.
    pub fn larger_sets(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.larger.iter().flat_map(|larger| larger.iter()).map(|(variable, classes)| (*variable, &**classes))
    }

    /// The number of variables with a known label.
    pub fn known(&self) -> usize {
        self.lowest.iter().filter(|&&class| class != MISSING).count()
    }

    /// Replaces the classes of a variable. Their order and repetitions do not count; none is a missing label.
    pub fn set(&mut self, variable: usize, classes: &[i32]) {
        let mut classes = classes.to_vec();
        classes.sort_unstable();
        classes.dedup();
        self.lowest[variable] = classes.first().copied().unwrap_or(MISSING);
        let mut larger = self.larger.take().map_or_else(Vec::new, |larger| *larger);
        larger.retain(|(it, _)| *it != variable);
        if classes.len() > 1 {
            larger.push((variable, classes.into()));
            // One order, so that equal labels compare equal whatever they were made from.
            larger.sort_unstable_by_key(|(variable, _)| *variable);
        }
        self.larger = (!larger.is_empty()).then(|| Box::new(larger));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_ascending_without_repetitions_and_may_shrink_again() {
        let mut labels = Labels::missing(3);
        labels.set(1, &[5, 2, 5]);
        labels.set(2, &[0]);
        assert_eq!(
            (labels.classes(0), labels.classes(1), labels.classes(2)),
            ([].as_slice(), [2, 5].as_slice(), [0].as_slice())
        );
        assert_eq!(labels.lowest(), [MISSING, 2, 0]);
        assert_eq!(labels.larger_sets().collect::<Vec<_>>(), [(1, [2, 5].as_slice())]);
        assert_eq!(labels.known(), 2);
        labels.set(1, &[]);
        assert_eq!(labels, Labels::single([MISSING, MISSING, 0]));
    }
}
