//! Weight files from the Hugging Face hub: fetched once, checked against a pinned checksum, kept in a folder.
//!
//! Which file belongs to an architecture, and its checksum, stand with its [design](crate::Design).

use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_fetch::{Client, Policy};
use silknow_files::remove_abandoned;
use silknow_progress::Observer;

/// No weights are larger, in bytes: those of resnet152 have 242 million.
const LIMIT_BYTES: u64 = 500_000_000;

/// Where PyTorch keeps the original files.
const PYTORCH: &str = "https://download.pytorch.org";

/// Where ImageNet weights are fetched from and kept.
#[derive(Clone, Debug)]
pub struct Hub<'a> {
    /// Base address, without a slash at its end: [`Hub::HUGGING_FACE`].
    pub address: &'a str,
    /// Folder for the fetched files, created where missing.
    pub cache_folder: &'a Path,
    /// Time-outs, retries and proxies.
    pub policy: Policy,
}

impl Hub<'_> {
    /// The public hub.
    pub const HUGGING_FACE: &'static str = "https://huggingface.co";
}

/// A weight file that never changes: its address names a revision, and its content is compared with a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pinned {
    /// Who keeps it.
    pub host: Host,
    /// Its path there, without a slash at the beginning; on the hub it holds a commit, never a branch.
    pub path: &'static str,
    /// Name of the file in the cache folder; its ending tells the format.
    pub kept_as: &'static str,
    /// Its SHA-256: 64 hexadecimal digits, lower case.
    pub sha256: &'static str,
}

/// Who keeps a weight file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// The hub at [`Hub::address`].
    Hub,
    /// PyTorch's own server, whatever the hub.
    PyTorch,
}

impl Pinned {
    /// Where it is fetched from.
    pub fn address(&self, hub: &Hub<'_>) -> String {
        let host = match self.host {
            Host::Hub => hub.address,
            Host::PyTorch => PYTORCH,
        };
        format!("{host}/{}", self.path)
    }

    /// Where it is kept on this machine.
    pub fn cached_path(&self, hub: &Hub<'_>) -> PathBuf {
        hub.cache_folder.join(self.kept_as)
    }

    /// The file on this machine, in the cache folder or fetched into it; `weights` is what messages call it.
    ///
    /// # Errors
    /// Without network and without the file: an error that says which file to put where.
    pub(crate) fn fetch(&self, weights: &str, hub: &Hub<'_>, observer: &dyn Observer) -> Result<PathBuf> {
        let (address, path) = (self.address(hub), self.cached_path(hub));
        if !path.exists() {
            let client = Client::new(hub.policy.clone())?;
            // A download that was killed left a file as large as the weights. The folder is not locked: several runs may
            // fetch at once.
            remove_abandoned(hub.cache_folder);
            let task = format!("fetching {weights}");
            if let Err(error) = client.download(&address, &path, LIMIT_BYTES, Some(self.sha256), &task, observer) {
                return Err(if error.is_interruption() { error } else { without_network(error, &address, &path) });
            }
        }
        Ok(path)
    }
}

fn without_network(error: Error, address: &str, path: &Path) -> Error {
    let hint = format!(
        "fetch {address} on another machine and put it at {}, or use other weights: a file, or `builtin` with resnet18",
        path.display()
    );
    Error::io("the ImageNet weights are not here and cannot be fetched")
        .caused_by(error.message().to_owned())
        .hint(hint)
}
