//! An exact kd-tree: boxes around ever smaller groups of descriptors, of which a search opens only the near ones.
//!
//! It is fast in few dimensions. In many dimensions no box is far enough from a query to be skipped.

use std::collections::BinaryHeap;

use pulp::Arch;
use rayon::prelude::*;

use super::answer::Neighbours;
use super::exact::{Candidate, squared_distance};
use super::positions::Positions;

/// Descriptors in a leaf: fewer make the tree deeper than the distances that it saves are worth.
const LEAF_SIZE: usize = 16;

/// Queries that one task answers: enough to be worth handing over, few enough to share them evenly.
const QUERIES_PER_TASK: usize = 32;

/// A balanced tree over N descriptors.
#[derive(Debug)]
pub(super) struct KdTree {
    dims: usize,
    /// The descriptors in the order of the leaves, `[N, D]`.
    points: Vec<f32>,
    /// Where each of them stands in the index `[N]`.
    positions: Vec<u32>,
    /// In depth-first order: a node's first child follows it.
    nodes: Vec<Node>,
    /// Per node the least and then the largest value of every dimension, `[nodes, 2, D]`.
    boxes: Vec<f32>,
}

#[derive(Debug)]
struct Node {
    /// Its descriptors in the order of the leaves.
    start: u32,
    end: u32,
    /// The lowest of their positions in the index. Among descriptors at the same distance it decides, so that a
    /// heap of duplicates is not searched to its end.
    lowest_position: u32,
    /// The second child; none in a leaf.
    second: Option<u32>,
}

impl KdTree {
    /// Builds the tree over descriptors `[N, D]`, N at least 1.
    pub fn new(descriptors: &[f32], dims: usize) -> Self {
        let count = descriptors.len() / dims;
        let mut tree = Self {
            dims,
            points: Vec::with_capacity(descriptors.len()),
            positions: Vec::new(),
            nodes: Vec::new(),
            boxes: Vec::new(),
        };
        let mut positions: Vec<u32> = (0..count as u32).collect();
        tree.add_node(descriptors, &mut positions, 0);
        for &position in &positions {
            tree.points.extend_from_slice(row(descriptors, dims, position));
        }
        tree.positions = positions;
        tree
    }

    /// The number of descriptors.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Adds the node of `positions` (which start at `start` in the order of the leaves) and all below it; returns
    /// its number.
    fn add_node(&mut self, descriptors: &[f32], positions: &mut [u32], start: usize) -> u32 {
        let dims = self.dims;
        let number = self.nodes.len();
        let (low, high) = bounding_box(descriptors, dims, positions);
        let widest =
            (0..dims).max_by(|&a, &b| (high[a] - low[a]).total_cmp(&(high[b] - low[b]))).expect("there is a dimension");
        self.boxes.extend(low);
        self.boxes.extend(high);
        self.nodes.push(Node {
            start: start as u32,
            end: (start + positions.len()) as u32,
            lowest_position: *positions.iter().min().expect("a node has descriptors"),
            second: None,
        });
        if positions.len() > LEAF_SIZE {
            let value = |position: u32| row(descriptors, dims, position)[widest];
            let middle = positions.len() / 2;
            // Split by count, not by value: equal descriptors go to both sides, in the order of their positions,
            // and the tree is balanced whatever it holds.
            positions.select_nth_unstable_by(middle, |&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
            let (first, second) = positions.split_at_mut(middle);
            self.add_node(descriptors, first, start);
            let second = self.add_node(descriptors, second, start + middle);
            self.nodes[number].second = Some(second);
        }
        number as u32
    }

    /// The `k` nearest of each query, 1 <= k <= N, among the allowed ones.
    pub fn nearest(&self, queries: &[f32], k: usize, allowed: Option<&Positions>) -> Neighbours {
        let arch = Arch::new();
        let answer = |queries: &[f32]| {
            let mut answer = Neighbours::new(k);
            let mut walk = Walk { to_visit: Vec::new(), nearest: BinaryHeap::new(), corner: vec![0.0; self.dims] };
            for query in queries.chunks_exact(self.dims) {
                arch.dispatch(
                    #[inline(always)]
                    || self.find(query, k, allowed, &mut walk),
                );
                answer.push(&std::mem::take(&mut walk.nearest).into_sorted_vec());
            }
            answer
        };
        let per_task = QUERIES_PER_TASK * self.dims;
        if queries.len() <= per_task {
            return answer(queries);
        }
        let answers: Vec<_> = queries.par_chunks(per_task).map(answer).collect();
        let mut all = Neighbours::new(k);
        for answer in answers {
            all.append(answer);
        }
        all
    }

    /// Leaves the `k` nearest of `query` in `walk.nearest`.
    #[inline(always)]
    fn find(&self, query: &[f32], k: usize, allowed: Option<&Positions>, walk: &mut Walk) {
        let Walk { to_visit, nearest, corner } = walk;
        to_visit.push((self.bound(0, query, corner), 0));
        while let Some((bound, number)) = to_visit.pop() {
            let worst = || *nearest.peek().expect("the heap is full");
            if nearest.len() == k && bound > worst() {
                continue;
            }
            let node = &self.nodes[number as usize];
            if let Some(second) = node.second {
                let first = (self.bound(number + 1, query, corner), number + 1);
                let second = (self.bound(second, query, corner), second);
                // The nearer one is visited next: what it holds may rule the other out.
                let (near, far) = if second.0 < first.0 { (second, first) } else { (first, second) };
                to_visit.extend([far, near]);
            } else {
                for place in node.start..node.end {
                    if allowed.is_some_and(|allowed| !allowed.contains(self.positions[place as usize])) {
                        continue;
                    }
                    let point = row(&self.points, self.dims, place);
                    let candidate = Candidate {
                        squared_distance: squared_distance(query, point),
                        position: self.positions[place as usize],
                    };
                    if nearest.len() < k {
                        nearest.push(candidate);
                    } else if let Some(mut worst) = nearest.peek_mut()
                        && candidate < *worst
                    {
                        *worst = candidate;
                    }
                }
            }
        }
    }

    /// No descriptor of a node comes before this in the order of neighbours.
    ///
    /// The distance is that to the nearest point of the node's box. As it is computed like every other distance and
    /// that computation is monotone, it holds without a margin for rounding.
    #[inline(always)]
    fn bound(&self, node: u32, query: &[f32], corner: &mut [f32]) -> Candidate {
        let (low, high) = row(&self.boxes, 2 * self.dims, node).split_at(self.dims);
        for (corner, (value, (low, high))) in corner.iter_mut().zip(query.iter().zip(low.iter().zip(high))) {
            *corner = value.max(*low).min(*high);
        }
        Candidate {
            squared_distance: squared_distance(query, corner),
            position: self.nodes[node as usize].lowest_position,
        }
    }
}

/// What a walk through the tree needs; kept between queries.
struct Walk {
    to_visit: Vec<(Candidate, u32)>,
    nearest: BinaryHeap<Candidate>,
    /// The point of a box that is nearest to the query.
    corner: Vec<f32>,
}

#[inline(always)]
fn row(values: &[f32], width: usize, number: u32) -> &[f32] {
    &values[number as usize * width..][..width]
}

/// The least and the largest value of every dimension.
fn bounding_box(descriptors: &[f32], dims: usize, positions: &[u32]) -> (Vec<f32>, Vec<f32>) {
    let mut low = vec![f32::INFINITY; dims];
    let mut high = vec![f32::NEG_INFINITY; dims];
    for &position in positions {
        for (d, value) in row(descriptors, dims, position).iter().enumerate() {
            low[d] = low[d].min(*value);
            high[d] = high[d].max(*value);
        }
    }
    (low, high)
}
