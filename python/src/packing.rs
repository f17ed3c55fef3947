//! Models and indices as bytes, for pickle: what they save into a folder, file by file.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A folder that is removed again; Python makes it, where its settings say.
pub(crate) struct Temporary<'py> {
    folder: Bound<'py, PyAny>,
    path: PathBuf,
}

impl<'py> Temporary<'py> {
    /// An empty folder.
    pub(crate) fn new(py: Python<'py>) -> PyResult<Self> {
        let folder = py.import("tempfile")?.call_method0("TemporaryDirectory")?;
        let path = folder.getattr("name")?.extract()?;
        Ok(Self { folder, path })
    }

    /// A folder with these files, by their names.
    pub(crate) fn unpack(files: &Bound<'py, PyDict>) -> PyResult<Self> {
        let temporary = Self::new(files.py())?;
        files.py().import("silknow_image_retrieval._packing")?.call_method1("unpack", (&temporary.path, files))?;
        Ok(temporary)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The files of the folder by their names, and the end of the folder.
    pub(crate) fn pack(self) -> PyResult<Bound<'py, PyAny>> {
        let files = self.folder.py().import("silknow_image_retrieval._packing")?.call_method1("pack", (&self.path,))?;
        self.close()?;
        Ok(files)
    }

    /// Removes the folder.
    pub(crate) fn close(self) -> PyResult<()> {
        self.folder.call_method0("cleanup").map(drop)
    }
}
