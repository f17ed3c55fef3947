//! `map.npz`: its writer and its reader.
//!
//! `points` `[N, 2]` are the points, `names` `[N]` the images as the index names them, by which a map is known to belong to its index.

use std::path::Path;

use silknow_arrays::npz::{self, Array, Reader};
use silknow_errors::{Error, Result};

use crate::Map;

/// The name of the file, beside `kdtree.npz`.
pub const FILE_NAME: &str = "map.npz";

impl Map {
    /// Writes `map.npz` into a folder.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<()> {
        let count = self.points.len();
        let points = Array::f32([count, 2], self.points.as_flattened().to_vec());
        npz::write(
            folder.as_ref().join(FILE_NAME),
            &[("points", points), ("names", Array::text([count], self.names.clone()))],
        )
    }

    /// Reads `map.npz` from a folder.
    ///
    /// # Errors
    /// A missing or cut file, arrays of another layout, points outside of the unit square.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let path = folder.as_ref().join(FILE_NAME);
        let mut file = Reader::open(&path)?;
        let (shape, points) = file.f32("points")?;
        let (_, names) = file.text("names")?;
        let is_point = |value: &f32| (0.0..=1.0).contains(value);
        if shape != [names.len(), 2] || !points.iter().all(is_point) {
            return Err(Error::data("the file is no map").in_file(path).hint("run build-map again"));
        }
        Ok(Self { names, points: points.as_chunks::<2>().0.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_index::{IndexMeta, MemoryIndex};
    use silknow_progress::Silent;
    use silknow_records::{Record, Vocabulary};

    /// Two groups of images, each around a direction of its own.
    fn index() -> MemoryIndex {
        let row = |number: usize| {
            let (near, turn) = (number as f32 * 0.37 % 1.0 * 0.2, number.is_multiple_of(2));
            let along = (1.0 - near * near).sqrt();
            if turn { [along, near, 0.0, 0.0] } else { [0.0, 0.0, along, near] }
        };
        let records = (0..60).map(|number| Record::new(format!("{number}.jpg"), 0).into()).collect();
        let descriptors = (0..60).flat_map(row).collect();
        MemoryIndex::new(Vocabulary::default(), records, descriptors, 4, IndexMeta::new("")).unwrap()
    }

    #[test]
    fn neighbours_lie_together_and_a_seed_gives_the_same_map() {
        let map = Map::of(&index(), 8, 3, &Silent).unwrap();
        assert_eq!(Map::of(&index(), 8, 3, &Silent).unwrap(), map);
        let distance = |a: usize, b: usize| {
            let ([ax, ay], [bx, by]) = (map.points[a], map.points[b]);
            (ax - bx).hypot(ay - by)
        };
        let mean = |others: &dyn Fn(usize) -> usize| (0..20).map(|a| distance(a, others(a))).sum::<f32>() / 20.0;
        let (within, between) = (mean(&|a| a + 20), mean(&|a| a + 21));
        assert!(2.0 * within < between, "within {within}, between {between}");
    }

    #[test]
    fn what_is_written_is_read_and_other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let map = Map { names: vec!["a".into(), "b".into()], points: vec![[0.0, 0.5], [1.0, 0.25]] };
        map.write(&folder).unwrap();
        assert_eq!(Map::read(&folder).unwrap(), map);
        let outside = Map { points: vec![[0.0, 0.5], [1.5, 0.25]], ..map };
        outside.write(&folder).unwrap();
        assert!(Map::read(&folder).unwrap_err().to_string().contains("run build-map again"));
    }
}
