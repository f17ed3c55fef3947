//! Features that do not fit into memory, in a temporary file. It has no name, so the system removes it when it is closed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files::{create_folder, refused};

/// A place in the file, in entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpillPosition(u64);

/// A temporary file of entries of equal length.
#[derive(Debug)]
pub(super) struct Spill {
    folder: PathBuf,
    file: File,
    values_per_entry: usize,
    entries: u64,
    /// Places that are free again. They are used first.
    free: Vec<SpillPosition>,
    buffer: Vec<u8>,
}

impl Spill {
    /// An empty file in `folder`, which is created where missing.
    pub fn create(folder: &Path, values_per_entry: usize) -> Result<Self> {
        create_folder(folder)?;
        let file = tempfile::tempfile_in(folder)
            .map_err(|cause| refused("cannot create a temporary file in", folder, cause))?;
        let folder = folder.to_path_buf();
        Ok(Self { folder, file, values_per_entry, entries: 0, free: Vec::new(), buffer: Vec::new() })
    }

    /// Stores an entry.
    pub fn write(&mut self, values: &[f32]) -> Result<SpillPosition> {
        if values.len() != self.values_per_entry {
            return Err(Error::internal(format!(
                "an entry has {} features instead of {}",
                values.len(),
                self.values_per_entry
            )));
        }
        self.buffer.clear();
        self.buffer.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let position = self.free.last().copied().unwrap_or(SpillPosition(self.entries));
        self.seek(position)
            .and_then(|()| self.file.write_all(&self.buffer))
            .map_err(|cause| refused("cannot write features into a temporary file in", &self.folder, cause))?;
        if self.free.pop().is_none() {
            self.entries += 1;
        }
        Ok(position)
    }

    /// Appends an entry to `features`.
    pub fn read(&mut self, position: SpillPosition, features: &mut Vec<f32>) -> Result<()> {
        self.buffer.resize(self.values_per_entry * size_of::<f32>(), 0);
        self.seek(position)
            .and_then(|()| self.file.read_exact(&mut self.buffer))
            .map_err(|cause| refused("cannot read features from a temporary file in", &self.folder, cause))?;
        let (values, _) = self.buffer.as_chunks();
        features.extend(values.iter().map(|&bytes| f32::from_le_bytes(bytes)));
        Ok(())
    }

    /// Frees an entry's place for another entry.
    pub fn free(&mut self, position: SpillPosition) {
        self.free.push(position);
    }

    fn seek(&mut self, position: SpillPosition) -> std::io::Result<()> {
        let bytes_per_entry = (self.values_per_entry * size_of::<f32>()) as u64;
        self.file.seek(SeekFrom::Start(position.0 * bytes_per_entry)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back_and_their_places_are_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::create(folder.path(), 2).unwrap();
        let first = spill.write(&[1.0, 2.0]).unwrap();
        let second = spill.write(&[3.0, f32::MIN_POSITIVE]).unwrap();
        spill.free(first);
        let third = spill.write(&[5.0, 6.0]).unwrap();
        assert_eq!(third, first);
        assert_eq!(spill.entries, 2);
        let mut features = Vec::new();
        spill.read(second, &mut features).unwrap();
        spill.read(third, &mut features).unwrap();
        assert_eq!(features, [3.0, f32::MIN_POSITIVE, 5.0, 6.0]);
        assert!(spill.write(&[1.0]).is_err());
    }
}
