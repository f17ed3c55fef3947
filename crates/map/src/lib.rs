//! A collection on a plane: similar works lie close together.
//!
//! A [`Map`] has one point for every image of an index. It is laid out from the exact neighbours, as UMAP does it, and stored in
//! `map.npz` beside the index. The same index and seed give the same map.

mod graph;
mod layout;
mod store;

use silknow_errors::{Error, Result};
use silknow_index::{Index, MemoryIndex};
use silknow_progress::Observer;

pub use store::FILE_NAME;

/// Neighbours that an image is laid out by.
pub const DEFAULT_NEIGHBOURS: usize = 15;

/// The points of the images of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// The names of the images, in the order of the index.
    pub names: Vec<String>,
    /// Their points; both coordinates lie in `[0, 1]`.
    pub points: Vec<[f32; 2]>,
}

impl Map {
    /// Lays out the images of an index by their `neighbours` nearest ones.
    ///
    /// # Errors
    /// An index of fewer than three images; no neighbour; an interruption.
    pub fn of(index: &MemoryIndex, neighbours: usize, seed: u64, observer: &dyn Observer) -> Result<Self> {
        if index.len() < 3 || neighbours == 0 {
            return Err(Error::data(format!("an index of {} images cannot be laid out", index.len()))
                .hint("a map needs three images or more, and one neighbour or more"));
        }
        let edges = graph::edges(index, neighbours.min(index.len() - 1), observer)?;
        let points = layout::points(index, &edges, seed, observer)?;
        Ok(Self { names: index.records().iter().map(|record| record.name.clone()).collect(), points })
    }
}
