//! Keras files: `.h5` with the names of layers, `.weights.h5` with numbered layers, and `.keras`, an archive with the latter.
//!
//! The tensors of a ResNet v2 get the names that slim gives them, so that one table of names serves all files.

mod hdf5;
mod names;

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;

use crate::storage::Storage;
use crate::tensor::{Listing, Tensor};
use hdf5::Hdf5;

/// The weights in a `.keras` archive.
pub(crate) const WEIGHTS_IN_ARCHIVE: &str = "model.weights.h5";

/// The most that compressed weights may grow. Keras stores them as they are, and floating-point numbers hardly shrink.
const INFLATED_RATIO: u64 = 8;

/// An open Keras file.
#[derive(Debug)]
pub(crate) struct KerasFile {
    path: PathBuf,
    file: Hdf5,
    /// What the file holds, with slim's names.
    listing: Listing,
    layer_names: bool,
}

impl KerasFile {
    /// Opens a file `.h5` or `.weights.h5`.
    ///
    /// # Errors
    /// A damaged or cut file.
    pub fn open(path: &Path) -> Result<Self> {
        Self::of(path, Storage::open(path)?)
    }

    /// Opens a `.keras` archive.
    ///
    /// # Errors
    /// A damaged or cut file.
    pub fn open_archive(path: &Path) -> Result<Self> {
        let broken = |cause: zip::result::ZipError| {
            Error::data("not a complete .keras archive").in_file(path).caused_by(cause).hint("copy the file again")
        };
        let file = files::open(path)?;
        let length = file.get_ref().metadata().map_err(|cause| files::refused("cannot read", path, cause))?.len();
        let mut archive = zip::ZipArchive::new(file).map_err(broken)?;
        let mut member = archive.by_name(WEIGHTS_IN_ARCHIVE).map_err(broken)?;
        let stored = member.compression() == zip::CompressionMethod::Stored;
        let start = member
            .data_start()
            .filter(|start| stored && start.checked_add(member.size()).is_some_and(|end| end <= length));
        let storage = if let Some(start) = start {
            Storage::Part { length: member.size(), start, file: files::open(path)? }
        } else {
            let most = length.saturating_mul(INFLATED_RATIO);
            let mut bytes = Vec::new();
            let read = (&mut member).take(most).read_to_end(&mut bytes);
            read.map_err(|cause| files::refused("cannot read", path, cause))?;
            Storage::Memory(bytes)
        };
        Self::of(path, storage)
    }

    /// Opens the bytes of a file `.h5`, which messages call by `path`.
    pub fn of(path: &Path, storage: Storage) -> Result<Self> {
        let file = Hdf5::open(storage).map_err(|error| error.in_file(path))?;
        let mut listing = file.listing.clone();
        let paths = || file.listing.tensors.iter().map(|tensor| tensor.name.as_str());
        let numbered = names::of_numbered_layers(paths());
        let layer_names = !paths().any(|path| path.contains("/vars/"));
        let in_slim: BTreeMap<&str, String> = paths()
            .filter_map(|path| {
                let (layer, tensor) = match numbered.get(path) {
                    Some((layer, tensor)) => (layer.as_str(), *tensor),
                    None => names::layer_and_tensor(path)?,
                };
                Some((path, names::in_slim(layer, tensor)?))
            })
            .collect();
        let distinct: HashSet<&String> = in_slim.values().collect();
        // Two networks in one file would take each other's names.
        if distinct.len() == in_slim.len() {
            let units = distinct.iter().filter(|name| name.ends_with("conv2/weights")).count();
            let network = names::network(units);
            for tensor in &mut listing.tensors {
                if let Some(name) = in_slim.get(tensor.name.as_str()) {
                    tensor.name = format!("{network}/{name}");
                }
            }
        }
        Ok(Self { path: path.to_path_buf(), file, listing, layer_names })
    }

    /// True when the file names its layers instead of numbering them.
    pub fn has_layer_names(&self) -> bool {
        self.layer_names
    }

    /// What it holds.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Reads the tensor at a position of the listing.
    pub fn read(&mut self, position: usize) -> Result<Tensor> {
        let mut tensor = self.file.read(position).map_err(|error| error.in_file(&self.path))?;
        tensor.name.clone_from(&self.listing.tensors[position].name);
        Ok(tensor)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::hostile::{survive_damage, survive_damage_on_disk};

    #[test]
    fn damaged_files_are_survived() {
        for name in ["small.h5", "small.weights.h5"] {
            let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap();
            survive_damage(&bytes, 8, |bytes| {
                if let Ok(mut file) = KerasFile::of(Path::new("x.h5"), Storage::Memory(bytes)) {
                    for position in 0..file.listing().tensors.len().min(5) {
                        let _ = file.read(position);
                    }
                }
            });
        }
    }

    #[test]
    fn damaged_archives_are_survived() {
        let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/small.weights.h5");
        let weights = std::fs::read(weights).unwrap();
        for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
            let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            for (name, content) in [("config.json", b"{}".as_slice()), (WEIGHTS_IN_ARCHIVE, &weights)] {
                archive.start_file(name, options).unwrap();
                archive.write_all(content).unwrap();
            }
            let original = archive.finish().unwrap().into_inner();
            survive_damage_on_disk(&original, 20, |path| {
                if let Ok(mut file) = KerasFile::open_archive(path) {
                    for position in 0..file.listing().tensors.len().min(5) {
                        let _ = file.read(position);
                    }
                }
            });
        }
    }
}
