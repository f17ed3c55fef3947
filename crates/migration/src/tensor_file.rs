//! A file of named tensors, whatever its format.

use std::path::Path;

use silknow_errors::{Error, Result, suggest};

use crate::checkpoint::{self, Checkpoint, Found};
use crate::keras::KerasFile;
use crate::tensor::{Tensor, TensorInfo};

/// The format of a file of tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TensorFormat {
    /// A TensorFlow checkpoint of version 1: one file.
    CheckpointV1,
    /// A TensorFlow checkpoint of version 2: an index and its data files.
    CheckpointV2,
    /// A Keras file `.h5`, with the names of layers.
    KerasH5,
    /// A Keras file `.weights.h5` or `.keras`, with the kinds of layers and numbers.
    KerasV3,
}

/// An open file of named tensors. Names are listed when it is opened; a tensor's elements are read when it is asked for.
#[derive(Debug)]
pub struct TensorFile {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Checkpoint(Checkpoint),
    Keras(KerasFile),
}

impl TensorFile {
    /// Opens the tensors that a path stands for: a file, the prefix of a checkpoint, a folder with `checkpoint`, a TF-Hub
    /// module, a SavedModel. None where the path is a file of another kind.
    ///
    /// # Errors
    /// A path at which there is nothing, a folder without such a file or with several, a damaged file.
    pub fn open(path: impl AsRef<Path>) -> Result<Option<Self>> {
        let source = match checkpoint::find(path.as_ref())? {
            None => return Ok(None),
            Some(Found::Checkpoint(table)) => Source::Checkpoint(Checkpoint::open(&table)?),
            Some(Found::Hdf5(file)) => Source::Keras(KerasFile::open(&file)?),
            Some(Found::KerasArchive(file)) => Source::Keras(KerasFile::open_archive(&file)?),
        };
        Ok(Some(Self { source }))
    }

    /// The format.
    pub fn format(&self) -> TensorFormat {
        match &self.source {
            Source::Checkpoint(Checkpoint::Single(_)) => TensorFormat::CheckpointV1,
            Source::Checkpoint(Checkpoint::Bundle(_)) => TensorFormat::CheckpointV2,
            Source::Keras(file) if file.has_layer_names() => TensorFormat::KerasH5,
            Source::Keras(_) => TensorFormat::KerasV3,
        }
    }

    /// The tensors that can be read, in the file's order.
    pub fn tensors(&self) -> &[TensorInfo] {
        match &self.source {
            Source::Checkpoint(checkpoint) => &checkpoint.listing().tensors,
            Source::Keras(file) => &file.listing().tensors,
        }
    }

    /// The names of the tensors that cannot be read, each with the reason.
    pub fn passed_over(&self) -> &[(String, String)] {
        match &self.source {
            Source::Checkpoint(checkpoint) => &checkpoint.listing().passed_over,
            Source::Keras(file) => &file.listing().passed_over,
        }
    }

    /// Reads a tensor.
    ///
    /// # Errors
    /// A name that is not there, with the nearest that is; a damaged file.
    pub fn read(&mut self, name: &str) -> Result<Tensor> {
        let Some(position) = self.tensors().iter().position(|tensor| tensor.name == name) else {
            if let Some((_, why)) = self.passed_over().iter().find(|(passed_over, _)| passed_over == name) {
                return Err(Error::data(format!("the tensor `{name}` {why}")));
            }
            let error = Error::data(format!("there is no tensor `{name}`"));
            return Err(match suggest::nearest(name, self.tensors().iter().map(|tensor| tensor.name.as_str())) {
                Some(near) => error.hint(format!("there is `{near}`")),
                None => error,
            });
        };
        self.read_at(position)
    }

    /// Reads the tensor at a position of [`tensors`](Self::tensors).
    ///
    /// # Errors
    /// A damaged file.
    ///
    /// # Panics
    /// When there is no such position.
    pub fn read_at(&mut self, position: usize) -> Result<Tensor> {
        match &mut self.source {
            Source::Checkpoint(checkpoint) => checkpoint.read(position),
            Source::Keras(file) => file.read(position),
        }
    }
}
