//! Indexes of other programs that come in, and indexes that go out to them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyo3::prelude::*;
use silknow_image_retrieval::{ExportFormat, ImportIndexParameters, Index as _, MemoryIndex, read_index, write_index};

use crate::arguments;
use crate::model::Model;
use crate::work::{self, Leaves};

/// The arguments of an import, as they were given.
pub(crate) struct Foreign<'a, 'py> {
    pub(crate) path: &'a Bound<'py, PyAny>,
    pub(crate) images_root: Option<&'a Bound<'py, PyAny>>,
    pub(crate) table: Option<&'a Bound<'py, PyAny>>,
    pub(crate) model: Option<&'a Bound<'py, Model>>,
}

impl Foreign<'_, '_> {
    /// Reads the index, whose image paths are then relative to the working directory. A warning tells how many images are not
    /// where the paths lead.
    pub(crate) fn read(self) -> PyResult<MemoryIndex> {
        let optional = |name, value: Option<&Bound<'_, PyAny>>| {
            value.filter(|value| !value.is_none()).map(|value| arguments::path(name, value)).transpose()
        };
        let parameters = ImportIndexParameters {
            path: arguments::path("path", self.path)?,
            out: PathBuf::from("."),
            images_root: optional("images_root", self.images_root)?.unwrap_or_else(|| PathBuf::from(".")),
            table: optional("table", self.table)?,
            model_path: None,
            variables: None,
        };
        let model = self.model.map(|model| (model.get().fingerprint().to_owned(), model.get().dimensions()));
        work::run(self.path.py(), 1, Leaves::Nothing, move |context| {
            let model = model.as_ref().map(|(fingerprint, dims)| (fingerprint.as_str(), *dims));
            let (index, missing) = read_index(&parameters, model)?;
            if let Some(first) = missing.first() {
                context.observer.warning(&format!(
                    "{} of {} images are not where their paths say, such as `{}`; `images_root` tells where they are",
                    missing.len(),
                    index.len(),
                    first.display()
                ));
            }
            Ok(index)
        })
    }
}

/// Writes an index in a format of other programs. The image paths are relative to `folder`, where there is one.
pub(crate) fn export(
    path: &Bound<'_, PyAny>,
    index: Arc<MemoryIndex>,
    folder: Option<&Path>,
    format: ExportFormat,
) -> PyResult<()> {
    let out = arguments::path("path", path)?;
    let folder = folder.map(Path::to_path_buf);
    work::run(path.py(), 1, Leaves::Files, move |_| {
        write_index(&index, folder.as_deref(), &out, format)?;
        Ok(())
    })
}
