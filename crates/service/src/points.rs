//! The map beside an index.

use std::path::Path;
use std::sync::Arc;

use silknow_image_retrieval::{MAP_FILE, Map, Record};

/// The points beside an index; none where there is no map, or that of another index.
pub(crate) fn points(folder: &Path, records: &[Arc<Record>]) -> Option<Vec<[f32; 2]>> {
    if !folder.join(MAP_FILE).exists() {
        return None;
    }
    match Map::read(folder) {
        Ok(map) if map.names.iter().eq(records.iter().map(|record| &record.name)) => Some(map.points),
        Ok(_) => {
            tracing::warn!("the map beside an index belongs to another one: run build-map again");
            None
        }
        Err(error) => {
            tracing::warn!(reason = error.in_one_line(), "a map cannot be read");
            None
        }
    }
}
