//! The scores of descriptors for queries: the numeric kernel of the scan.
//!
//! Owns the order in which descriptors and queries lie in memory, and the loops over them. Does not own what a
//! score decides (selection) or how the work is shared among cores (scan).

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::selection::{Selection, is_above, squared_norm};

/// Descriptors in a panel: two of the widest vectors.
pub(super) const PANEL: usize = 32;

/// Queries that are scored together: as many sums as fit into the registers of AVX2, with two vectors of descriptors.
pub(super) const GROUP: usize = 6;

/// One value of each descriptor of a panel, in one cache line each half.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([f32; PANEL]);

/// Descriptors in panels of [`PANEL`], dimension by dimension: a sum over dimensions then runs in as many
/// descriptors at once as a vector holds, and nothing has to be added across a vector.
#[derive(Debug)]
pub(super) struct Panels {
    count: usize,
    dims: usize,
    /// `[panels, D]`
    lines: Vec<Line>,
    /// Squared norms `[panels]`; infinite where there is no descriptor.
    square_norms: Vec<Line>,
    largest_norm: f64,
}

impl Panels {
    /// Lays out descriptors `[N, D]`.
    pub fn new(descriptors: &[f32], dims: usize) -> Self {
        let count = descriptors.len() / dims;
        let panels = count.div_ceil(PANEL);
        let mut lines = vec![Line([0.0; PANEL]); panels * dims];
        let mut square_norms = vec![Line([f32::INFINITY; PANEL]); panels];
        let mut largest_square = 0.0f64;
        for (number, row) in descriptors.chunks_exact(dims).enumerate() {
            let (panel, lane) = (number / PANEL, number % PANEL);
            for (line, &value) in lines[panel * dims..][..dims].iter_mut().zip(row) {
                line.0[lane] = value;
            }
            let square = squared_norm(row);
            square_norms[panel].0[lane] = square as f32;
            largest_square = largest_square.max(square);
        }
        Self { count, dims, lines, square_norms, largest_norm: largest_square.sqrt() }
    }

    /// The number of panels.
    pub fn len(&self) -> usize {
        self.square_norms.len()
    }

    /// The number of descriptors N.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The largest length of a descriptor.
    pub fn largest_norm(&self) -> f64 {
        self.largest_norm
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
pub(super) struct Offer<'a, 'b, const Q: usize> {
    pub panels: &'a Panels,
    pub range: Range<usize>,
    pub queries: &'a PackedQueries<Q>,
    /// One per query, in their order.
    pub selections: &'a mut [Selection<'b>],
}

impl<const Q: usize> WithSimd for Offer<'_, '_, Q> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { panels, range, queries, selections } = self;
        let dims = panels.dims;
        // A panel stays in the first-level cache while all queries pass over it.
        for panel in range {
            let lines = &panels.lines[panel * dims..][..dims];
            let norms = &panels.square_norms[panel];
            let first = panel * PANEL;
            for (group, selections) in queries.values.chunks_exact(dims).zip(selections.chunks_mut(Q)) {
                for part in 0..PANEL / (2 * S::F32_LANES) {
                    score_part(simd, lines, norms, group, selections, part, first, panels.count);
                }
            }
        }
    }
}

/// Scores two vectors of descriptors of one panel for one group of queries.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the body of the innermost loops, kept apart to be read")]
fn score_part<S: Simd, const Q: usize>(
    simd: S,
    lines: &[Line],
    norms: &Line,
    group: &[[f32; Q]],
    selections: &mut [Selection<'_>],
    part: usize,
    first: usize,
    count: usize,
) {
    let mut sums = [[simd.splat_f32s(0.0); 2]; Q];
    for (line, query) in lines.iter().zip(group) {
        let [low, high] = pair::<S>(line, part);
        for (sums, &value) in sums.iter_mut().zip(query) {
            let value = simd.splat_f32s(value);
            sums[0] = simd.mul_add_e_f32s(value, low, sums[0]);
            sums[1] = simd.mul_add_e_f32s(value, high, sums[1]);
        }
    }
    let norms = pair::<S>(norms, part);
    let first = first + part * 2 * S::F32_LANES;
    for (selection, sums) in selections.iter_mut().zip(sums) {
        let bound = simd.splat_f32s(selection.bound());
        for half in 0..2 {
            let scores = simd.add_f32s(norms[half], sums[half]);
            // "Not above" rather than "at most": a score that is not a number must not be left out.
            let kept = simd.not_m32s(simd.greater_than_f32s(scores, bound));
            if simd.first_true_m32s(kept) < S::F32_LANES {
                offer_kept::<S>(scores, first + half * S::F32_LANES, count, selection);
            }
        }
    }
}

/// The two vectors number `part` of a line.
#[inline(always)]
fn pair<S: Simd>(line: &Line, part: usize) -> [S::f32s; 2] {
    let (vectors, _) = S::as_simd_f32s(&line.0);
    [vectors[2 * part], vectors[2 * part + 1]]
}

/// Offers the descriptors from number `first` on whose score is not above the bound. Rare, hence kept out of the
/// loop's registers.
#[inline(never)]
fn offer_kept<S: Simd>(scores: S::f32s, first: usize, count: usize, selection: &mut Selection<'_>) {
    let mut lanes = [0.0; PANEL];
    S::as_mut_simd_f32s(&mut lanes).0[0] = scores;
    for (position, &score) in (first..count).zip(&lanes[..S::F32_LANES]) {
        if !is_above(score, selection.bound()) {
            selection.offer(score, position as u32);
        }
    }
}
