//! The scan: every descriptor is scored for every query, in blocks that fit the caches, on all cores.
//!
//! The work is cut into tasks for the cores here, and their results are merged. The scores come from `panels`, and `selection`
//! keeps the nearest.

use std::ops::Range;

use pulp::Arch;
use rayon::prelude::*;

use super::answer::Neighbours;
use super::exact::Candidate;
use super::lines::Line;
use super::panels::{Encoded, GROUP, Offer, PackedQueries, Panels};
use super::positions::Positions;
use super::selection::{Selection, Stored};

/// Bytes of packed queries in one task: they stay in the second-level cache while the descriptors pass.
const QUERY_BYTES: usize = 512 << 10;

/// Tasks per core, so that a core that is slowed down by other work does not hold up the rest.
const TASKS_PER_CORE: usize = 4;

/// Products that are worth waking another core for, which takes long where all cores are busy.
const PRODUCTS_PER_CORE: usize = 1 << 21;

/// What one search is about.
#[derive(Clone, Copy)]
struct Task<'a> {
    /// The descriptors `[N, D]`, for exact distances.
    rows: &'a [f32],
    k: usize,
    /// The descriptors that may be answers; `None` allows all.
    allowed: Option<&'a Positions>,
}

/// The work of one search, cut into tasks.
struct Cut<'q> {
    /// Queries in order, and for each of them all ranges of panels in order.
    tasks: Vec<(&'q [f32], Range<usize>)>,
    /// The number of those ranges.
    pieces: usize,
}

/// Descriptors ready to be scanned.
#[derive(Debug)]
pub(super) struct Scan {
    dims: usize,
    panels: Panels,
}

impl Scan {
    /// Prepares descriptors `[N, D]`, N at least 1.
    pub fn new(rows: &[f32], dims: usize) -> Self {
        Self { dims, panels: Panels::new(rows, dims) }
    }

    /// The number of descriptors.
    pub fn len(&self) -> usize {
        self.panels.count
    }

    /// The `k` nearest of each query, 1 <= k <= N, among the allowed ones. `rows` are the descriptors that were prepared.
    pub fn nearest(&self, rows: &[f32], queries: &[f32], k: usize, allowed: Option<&Positions>) -> Neighbours {
        let task = Task { rows, k, allowed };
        let mut answer = Neighbours::new(k);
        if queries.is_empty() {
            return answer;
        }
        let Cut { tasks, pieces } = self.cut(queries);
        let found: Vec<_> = match tasks.as_slice() {
            // A single task is done on this thread, because handing it over takes longer than a short scan.
            [(queries, range)] => vec![self.answer(queries, range.clone(), task)],
            _ => tasks.par_iter().map(|(queries, range)| self.answer(queries, range.clone(), task)).collect(),
        };
        for pieces in found.chunks(pieces) {
            if let [whole] = pieces {
                whole.iter().for_each(|nearest| answer.push(nearest));
            } else {
                merge(pieces, k).for_each(|nearest| answer.push(&nearest));
            }
        }
        answer
    }

    /// Cuts the work into as many tasks as keep the cores busy.
    fn cut<'q>(&self, queries: &'q [f32]) -> Cut<'q> {
        let cores = rayon::current_num_threads();
        let count = queries.len() / self.dims;
        let most = QUERY_BYTES / (self.dims * size_of::<f32>());
        let per_task = count.div_ceil(cores * TASKS_PER_CORE).min(most).max(1).next_multiple_of(GROUP);
        // With few queries, cores share the descriptors instead.
        let idle = cores / count.div_ceil(per_task);
        let worth = queries.len() * self.len() / PRODUCTS_PER_CORE;
        let panels = self.panels.len();
        let per_piece = panels.div_ceil(idle.min(worth).max(1));
        let ranges = (0..panels).step_by(per_piece).map(|start| start..(start + per_piece).min(panels));
        let tasks = queries
            .chunks(per_task * self.dims)
            .flat_map(|queries| ranges.clone().map(move |range| (queries, range)))
            .collect();
        Cut { tasks, pieces: ranges.len() }
    }

    /// The nearest within a range of panels, for each query in order.
    fn answer(&self, queries: &[f32], range: Range<usize>, task: Task<'_>) -> Vec<Vec<Candidate>> {
        if queries.len() == self.dims {
            self.choose::<_, 1>(&self.panels.shortened, queries, range, task)
        } else {
            self.choose::<_, GROUP>(&self.panels.whole, queries, range, task)
        }
    }

    fn choose<L: Line, const Q: usize>(
        &self,
        encoded: &Encoded<L>,
        queries: &[f32],
        range: Range<usize>,
        task: Task<'_>,
    ) -> Vec<Vec<Candidate>> {
        let Task { rows, k, allowed } = task;
        let stored = Stored { largest_norm: self.panels.largest_norm, largest_error: encoded.largest_error };
        let mut selections: Vec<_> =
            queries.chunks_exact(self.dims).map(|query| Selection::new(k, query, rows, stored)).collect();
        let packed = PackedQueries::<Q>::new(queries, self.dims);
        let panels = &self.panels;
        Arch::new().dispatch(Offer { panels, encoded, range, allowed, queries: &packed, selections: &mut selections });
        selections.into_iter().map(Selection::finish).collect()
    }
}

/// The nearest of each query from those of all pieces.
fn merge(pieces: &[Vec<Vec<Candidate>>], k: usize) -> impl Iterator<Item = Vec<Candidate>> {
    (0..pieces[0].len()).map(move |query| {
        let mut nearest: Vec<_> = pieces.iter().flat_map(|piece| &piece[query]).copied().collect();
        nearest.sort_unstable();
        nearest.truncate(k);
        nearest
    })
}
