//! Paths that outlive a change of the working directory.

use std::path::{Path, PathBuf};

use silknow_image_retrieval::{Error, Result};

/// A path that does not depend on the working directory.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|cause| Error::io("the working directory is gone").in_file(path).caused_by(cause))
}
