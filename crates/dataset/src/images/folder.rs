//! Where the images of a dataset lie.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use silknow_errors::Result;
use silknow_fetch::{Client, Policy};
use silknow_files::FolderLock;

use crate::samples::{Candidate, file_digest};

/// The folder of the images as fetched, in the image folder.
const UNSCALED: &str = "img_unscaled";

/// The folder of the rescaled images, in the image folder.
const RESCALED: &str = "img";

/// Where the images of a dataset lie, and the means to fill it.
#[derive(Clone, Debug)]
pub(crate) struct ImageFolder {
    pub(super) folder: PathBuf,
    pub(super) client: Client,
}

impl ImageFolder {
    pub(crate) fn new(folder: &Path, policy: Policy) -> Result<Self> {
        Ok(Self { folder: folder.to_path_buf(), client: Client::new(policy)? })
    }

    /// Removes what a killed run left unfinished among the images of a folder.
    pub(crate) fn remove_abandoned(lock: &FolderLock) {
        lock.remove_abandoned_in(UNSCALED);
        lock.remove_abandoned_in(RESCALED);
    }

    /// The fetched image of a sample.
    pub(crate) fn unscaled(&self, sample: &Candidate) -> PathBuf {
        self.folder.join(UNSCALED).join(format!("{}{}", sample.id(), sample.ending()))
    }

    /// The rescaled image of a sample.
    pub(crate) fn rescaled(&self, sample: &Candidate) -> PathBuf {
        self.folder.join(RESCALED).join(&sample.record.name)
    }
}

/// The files of a folder, listed at once: most images of a large table are not there, and need no look of their own.
pub(super) struct Listing(Option<HashSet<u64>>);

impl Listing {
    /// The files of the fetched images.
    pub(super) fn of_unscaled(folder: &ImageFolder) -> Self {
        let digest =
            |file: std::io::Result<fs::DirEntry>| file.map(|it| file_digest(&it.file_name().to_string_lossy()));
        Self(match fs::read_dir(folder.folder.join(UNSCALED)) {
            Ok(files) => files.map(digest).collect::<std::io::Result<_>>().ok(),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Some(HashSet::new()),
            Err(_) => None,
        })
    }

    /// Whether a file may be there. A folder that cannot be listed may have any.
    pub(super) fn may_have(&self, file: &Path) -> bool {
        let name = || file.file_name().map(|name| file_digest(&name.to_string_lossy()));
        self.0.as_ref().is_none_or(|files| name().is_some_and(|name| files.contains(&name)))
    }
}
