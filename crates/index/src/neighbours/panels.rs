//! The scores of descriptors for queries: the numeric kernel of the scan.
//!
//! The order in which descriptors and queries lie in memory decides the speed, and is decided here. `lines` encodes the values,
//! `selection` acts on the scores, and `scan` shares the work among cores.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::lines::{Line, PANEL, Shortened, Whole, first_lanes, parts};
use super::positions::Positions;
use super::selection::{Selection, is_above, squared_norm};

/// Queries that are scored together: as many sums as fit into the registers of AVX2, with two vectors of descriptors.
pub(super) const GROUP: usize = 6;

/// Descriptors in panels of [`PANEL`], dimension by dimension: a sum over dimensions then runs in as many
/// descriptors at once as a vector holds, and nothing has to be added across a vector.
#[derive(Debug)]
pub(super) struct Panels {
    /// The number of descriptors N.
    pub count: usize,
    dims: usize,
    /// Squared norms `[panels]`; infinite where there is no descriptor.
    square_norms: Vec<Whole>,
    /// The largest length of a descriptor.
    pub largest_norm: f64,
    /// For many queries.
    pub whole: Encoded<Whole>,
    /// For one query.
    pub shortened: Encoded<Shortened>,
}

/// The descriptors of all panels in one encoding.
#[derive(Debug)]
pub(super) struct Encoded<L> {
    /// `[panels, D]`
    lines: Vec<L>,
    /// The largest distance of a descriptor from what is stored of it.
    pub largest_error: f64,
}

impl Panels {
    /// Lays out descriptors `[N, D]`.
    pub fn new(descriptors: &[f32], dims: usize) -> Self {
        let count = descriptors.len() / dims;
        let norms: Vec<_> = descriptors.chunks_exact(dims).map(squared_norm).collect();
        let lanes =
            |rows: &[f64]| std::array::from_fn(|lane| rows.get(lane).map_or(f32::INFINITY, |&square| square as f32));
        Self {
            count,
            dims,
            square_norms: norms.chunks(PANEL).map(|rows| Whole::encode(lanes(rows))).collect(),
            largest_norm: norms.iter().copied().fold(0.0, f64::max).sqrt(),
            whole: Encoded::new(descriptors, dims),
            shortened: Encoded::new(descriptors, dims),
        }
    }

    /// The number of panels.
    pub fn len(&self) -> usize {
        self.square_norms.len()
    }
}

impl<L: Line> Encoded<L> {
    fn new(descriptors: &[f32], dims: usize) -> Self {
        let mut lines = Vec::with_capacity(descriptors.len().div_ceil(PANEL * dims) * dims);
        let mut largest_square = 0.0f64;
        for panel in descriptors.chunks(PANEL * dims) {
            let mut squares = [0.0; PANEL];
            for dim in 0..dims {
                let values = std::array::from_fn(|lane| panel.get(lane * dims + dim).copied().unwrap_or(0.0));
                let line = L::encode(values);
                for (square, (value, stored)) in squares.iter_mut().zip(values.iter().zip(line.decode())) {
                    *square += (f64::from(*value) - f64::from(stored)).powi(2);
                }
                lines.push(line);
            }
            largest_square = squares.into_iter().fold(largest_square, f64::max);
        }
        Self { lines, largest_error: largest_square.sqrt() }
    }
}

/// Queries in groups of Q, dimension by dimension, each value times -2 (which rounds nothing).
pub(super) struct PackedQueries<const Q: usize> {
    /// `[groups, D]`
    values: Vec<[f32; Q]>,
}

impl<const Q: usize> PackedQueries<Q> {
    /// Packs queries `[Q', D]`; the last group is filled with zeros.
    pub fn new(queries: &[f32], dims: usize) -> Self {
        let groups = (queries.len() / dims).div_ceil(Q);
        let mut values = vec![[0.0; Q]; groups * dims];
        for (number, query) in queries.chunks_exact(dims).enumerate() {
            for (column, &value) in values[number / Q * dims..][..dims].iter_mut().zip(query) {
                column[number % Q] = -2.0 * value;
            }
        }
        Self { values }
    }
}

/// Offers to every selection the descriptors of some panels that may be among its nearest.
pub(super) struct Offer<'a, 'b, L, const Q: usize> {
    pub panels: &'a Panels,
    /// One of the encodings of `panels`.
    pub encoded: &'a Encoded<L>,
    /// The panels to look at.
    pub range: Range<usize>,
    /// The descriptors that may be offered; `None` allows all.
    pub allowed: Option<&'a Positions>,
    pub queries: &'a PackedQueries<Q>,
    /// One per query, in their order.
    pub selections: &'a mut [Selection<'b>],
}

impl<L: Line, const Q: usize> WithSimd for Offer<'_, '_, L, Q> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { panels, encoded, range, allowed, queries, selections } = self;
        let dims = panels.dims;
        // The inner loop is over queries, so that a panel stays in the first-level cache for all of them.
        for panel in range {
            if let Some(allowed) = allowed
                && !allowed.meets(panel * PANEL..((panel + 1) * PANEL).min(panels.count))
            {
                continue;
            }
            let lines = &encoded.lines[panel * dims..][..dims];
            for (group, selections) in queries.values.chunks_exact(dims).zip(selections.chunks_mut(Q)) {
                for part in 0..parts::<S>() {
                    let products = products(simd, lines, group, part);
                    let norms = panels.square_norms[panel].vectors(simd, part);
                    for (half, lane) in first_lanes::<S>(part).into_iter().enumerate() {
                        let first = panel * PANEL + lane;
                        for (selection, products) in selections.iter_mut().zip(products) {
                            let scores = simd.add_f32s(norms[half], products[half]);
                            offer(simd, scores, first..panels.count, allowed, selection);
                        }
                    }
                }
            }
        }
    }
}

/// The products of two vectors of descriptors with each query of a group.
#[inline(always)]
fn products<S: Simd, L: Line, const Q: usize>(
    simd: S,
    lines: &[L],
    group: &[[f32; Q]],
    part: usize,
) -> [[S::f32s; 2]; Q] {
    let mut sums = [[simd.splat_f32s(0.0); 2]; Q];
    for (line, query) in lines.iter().zip(group) {
        let values = line.vectors(simd, part);
        for (sums, &query) in sums.iter_mut().zip(query) {
            let query = simd.splat_f32s(query);
            for half in 0..2 {
                sums[half] = simd.mul_add_e_f32s(query, values[half], sums[half]);
            }
        }
    }
    sums
}

/// Offers those of `positions` whose score is not above the bound.
#[inline(always)]
fn offer<S: Simd>(
    simd: S,
    scores: S::f32s,
    positions: Range<usize>,
    allowed: Option<&Positions>,
    selection: &mut Selection<'_>,
) {
    // The comparison is "not above" instead of "at most", because a score that is not a number must not be left out.
    let kept = simd.not_m32s(simd.greater_than_f32s(scores, simd.splat_f32s(selection.bound())));
    if simd.first_true_m32s(kept) < S::F32_LANES {
        offer_kept::<S>(scores, positions, allowed, selection);
    }
}

/// Rare, hence kept out of the loop's registers.
#[inline(never)]
fn offer_kept<S: Simd>(
    scores: S::f32s,
    positions: Range<usize>,
    allowed: Option<&Positions>,
    selection: &mut Selection<'_>,
) {
    let mut lanes = [0.0; PANEL];
    S::as_mut_simd_f32s(&mut lanes).0[0] = scores;
    for (position, &score) in positions.zip(&lanes[..S::F32_LANES]) {
        if !is_above(score, selection.bound()) && allowed.is_none_or(|allowed| allowed.contains(position as u32)) {
            selection.offer(score, position as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::tests::{Level, levels};
    use super::super::selection::Stored;
    use super::*;

    const DIMS: usize = 5;

    /// The positions of the 4 nearest of each query.
    fn positions<L: Line, const Q: usize>(
        level: Level,
        panels: &Panels,
        encoded: &Encoded<L>,
        rows: &[f32],
        queries: &[f32],
    ) -> Vec<u32> {
        let stored = Stored { largest_norm: panels.largest_norm, largest_error: encoded.largest_error };
        let mut selections: Vec<_> =
            queries.chunks_exact(DIMS).map(|query| Selection::new(4, query, rows, stored)).collect();
        let packed = PackedQueries::<Q>::new(queries, DIMS);
        let range = 0..panels.len();
        level.run(Offer { panels, encoded, range, allowed: None, queries: &packed, selections: &mut selections });
        selections.into_iter().flat_map(Selection::finish).map(|candidate| candidate.position).collect()
    }

    #[test]
    fn every_set_of_instructions_finds_the_same() {
        // Not a whole number of panels, nor of groups of queries.
        let rows: Vec<f32> = (0..211 * DIMS).map(|number| (number as f32 * 0.7).sin()).collect();
        let queries: Vec<f32> = (0..8 * DIMS).map(|number| (number as f32 * 1.3).cos()).collect();
        let panels = Panels::new(&rows, DIMS);
        let expected: Vec<u32> = queries
            .chunks_exact(DIMS)
            .flat_map(|query| {
                let distance = |row: &[f32]| super::super::exact::squared_distance(query, row);
                let mut all: Vec<(f64, u32)> = rows.chunks_exact(DIMS).map(distance).zip(0..).collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0));
                all.into_iter().take(4).map(|(_, position)| position)
            })
            .collect();
        for level in levels() {
            let found = positions::<_, GROUP>(level, &panels, &panels.whole, &rows, &queries);
            assert_eq!(found, expected, "{level:?}");
            let found = positions::<_, 1>(level, &panels, &panels.shortened, &rows, &queries);
            assert_eq!(found, expected, "{level:?}");
        }
    }
}
