//! What became of the images.

use std::path::Path;

use silknow_errors::Result;
use silknow_files as files;

/// An image that could not be fetched or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) address: String,
    pub(crate) object: String,
    pub(crate) reason: String,
}

/// How a fetched image comes to be on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    Fetched,
    /// Fetched in place of another picture.
    Replaced,
    AlreadyThere,
}

/// What became of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing yet: the work was stopped before.
    Open,
    /// It is there.
    Here(Arrival),
    /// It cannot be used: how its file arrived, where there is one, and the reason.
    Lost(Option<Arrival>, String),
}

/// Writes the list of failures. Without failures it has only its header.
pub(crate) fn write_failures(path: &Path, failures: &[Failure]) -> Result<()> {
    files::write_with(path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        let rows =
            failures.iter().map(|failure| [&failure.address, &failure.object, &failure.reason].map(String::as_str));
        std::iter::once(["address", "object", "reason"])
            .chain(rows)
            .try_for_each(|row| writer.write_record(row))
            .and_then(|()| writer.flush().map_err(csv::Error::from))
            .map_err(|cause| files::refused("cannot write", path, cause.into()))
    })
}
