//! What a search gives.

use super::exact::Candidate;

/// The k nearest descriptors of each of Q queries, nearest first.
///
/// Neighbours are ordered by distance; descriptors at the same distance by their position in the index. Both are
/// decided on the sum of squared differences in double precision, before it is rounded to a `float32` distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    /// Neighbours per query: what was asked for, or the size of the index where that is less.
    pub k: usize,
    /// Positions in the index `[Q * k]`.
    pub positions: Vec<u32>,
    /// Euclidean distances `[Q * k]`.
    pub distances: Vec<f32>,
}

impl Neighbours {
    /// Without any query yet.
    pub fn new(k: usize) -> Self {
        Self { k, positions: Vec::new(), distances: Vec::new() }
    }

    /// The number of queries Q.
    pub fn len(&self) -> usize {
        self.positions.len().checked_div(self.k).unwrap_or(0)
    }

    /// True without queries.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Positions and distances of the neighbours of one query.
    pub fn of(&self, query: usize) -> (&[u32], &[f32]) {
        let range = query * self.k..(query + 1) * self.k;
        (&self.positions[range.clone()], &self.distances[range])
    }

    /// Appends the answers to further queries.
    ///
    /// # Panics
    /// When `further` has another number of neighbours per query.
    pub fn append(&mut self, mut further: Self) {
        assert_eq!(self.k, further.k, "answers of one search have the same number of neighbours");
        self.positions.append(&mut further.positions);
        self.distances.append(&mut further.distances);
    }

    pub(super) fn push(&mut self, nearest: &[Candidate]) {
        self.positions.extend(nearest.iter().map(|candidate| candidate.position));
        self.distances.extend(nearest.iter().map(|candidate| candidate.squared_distance.sqrt() as f32));
    }
}
