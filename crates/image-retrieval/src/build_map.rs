//! `build-map`: a collection on a plane, for the page of the service.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use silknow_errors::Result;
use silknow_files::FolderLock;
use silknow_index::MemoryIndex;
use silknow_map::Map;

use crate::context::Context;
use crate::path_text;

/// What `build-map` needs to know.
#[derive(Clone, Debug)]
pub struct BuildMapParameters {
    /// Folder of `kdtree.npz`, which takes the map.
    pub treepath: PathBuf,
    /// Neighbours that every image is laid out by.
    pub neighbours: usize,
    /// The same index and seed give the same map.
    pub seed: u64,
}

/// What `build-map` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct BuildMapSummary {
    /// Images on the map.
    pub images: usize,
    /// The file of the map.
    #[serde(serialize_with = "path_text::serialize")]
    pub map: PathBuf,
}

/// Lays out the images of an index on a plane and writes `map.npz` beside the index.
///
/// # Errors
/// An index that cannot be read or has fewer than three images, a folder in which another run works, an interruption.
pub fn build_map(parameters: &BuildMapParameters, context: &Context<'_>) -> Result<BuildMapSummary> {
    let _lock = FolderLock::take(&parameters.treepath)?;
    let index = MemoryIndex::read(&parameters.treepath)?;
    let map = Map::of(&index, parameters.neighbours, parameters.seed, context.observer)?;
    map.write(&parameters.treepath)?;
    Ok(BuildMapSummary { images: map.points.len(), map: parameters.treepath.join(silknow_map::FILE_NAME) })
}

impl fmt::Display for BuildMapSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} images laid out in {}", self.images, self.map.display())
    }
}
