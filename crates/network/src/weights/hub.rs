//! ImageNet weights from the Hugging Face hub: fetched once, checked against a pinned checksum, kept in a folder.
//!
//! Which file belongs to an architecture, and its checksum, stand with its [design](crate::families::Design).

use std::path::{Path, PathBuf};

use silknow_config::Architecture;
use silknow_errors::{Error, Result};
use silknow_fetch::{Client, Policy};
use silknow_progress::Observer;

use super::WeightFile;
use crate::families::design_of;

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

    /// The weights, from the cache folder or fetched into it.
    fn obtain(&self, architecture: Architecture, hub: &Hub<'_>, observer: &dyn Observer) -> Result<WeightFile> {
        let (address, path) = (self.address(hub), self.cached_path(hub));
        if !path.exists() {
            let task = format!("fetching the ImageNet weights of {architecture}");
            let client = Client::new(hub.policy.clone())?;
            if let Err(error) = client.download(&address, &path, LIMIT_BYTES, Some(self.sha256), &task, observer) {
                return Err(if error.is_interruption() { error } else { without_network(error, &address, &path) });
            }
        }
        let weights = WeightFile::load_pinned(&path, architecture, self.sha256)?;
        Ok(WeightFile { source: address, ..weights })
    }
}

/// The weights that were trained on ImageNet, always the same bytes: the address names a revision, and the SHA-256 that
/// stands in this program is compared after fetching and whenever the kept file is read.
///
/// # Errors
/// Without network and without the file in the folder: an error that says which file to put where. Content with
/// another SHA-256; a file that is not the architecture's: as [`WeightFile::load`].
pub fn imagenet(architecture: Architecture, hub: &Hub<'_>, observer: &dyn Observer) -> Result<WeightFile> {
    let pinned = design_of(architecture)?.imagenet().ok_or_else(|| {
        Error::configuration(format!("there are no ImageNet weights for {architecture}"))
            .hint("give a weight file, or `none` for random weights")
    })?;
    pinned.obtain(architecture, hub, observer)
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use silknow_errors::ErrorKind;
    use silknow_progress::Silent;

    use super::super::sha256_hex;
    use super::*;
    use crate::families::{Design, designs};

    const ARCHITECTURE: Architecture = Architecture::RESNET18;

    fn published() -> Pinned {
        design_of(ARCHITECTURE).unwrap().imagenet().unwrap()
    }

    /// The content that the test's hub has: the built-in weights.
    fn content() -> &'static [u8] {
        design_of(ARCHITECTURE).unwrap().builtin().unwrap()
    }

    /// A pin like those of the program, for that content or for another.
    fn pinned(sha256: String) -> Pinned {
        Pinned { sha256: sha256.leak(), ..published() }
    }

    /// A hub that redirects to the content, as the public one does, and counts the contents it sent.
    fn serve(linked_etag: String) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&sent);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&mut stream.unwrap(), &linked_etag, &counter);
            }
        });
        (address, sent)
    }

    fn answer(stream: &mut TcpStream, linked_etag: &str, sent: &AtomicUsize) {
        let lines: Vec<String> =
            BufReader::new(&*stream).lines().map_while(|line| line.ok().filter(|line| !line.is_empty())).collect();
        let Some(request) = lines.first() else { return };
        let head = if request.starts_with("GET /timm/resnet18.tv_in1k/resolve/bbd144b") {
            format!("302 Found\r\nLocation: /content\r\nX-Linked-Etag: \"{linked_etag}\"\r\nContent-Length: 0")
        } else {
            sent.fetch_add(1, Ordering::SeqCst);
            format!("200 OK\r\nContent-Length: {}", content().len())
        };
        let body = if head.starts_with("200") { content() } else { &[] };
        // A client may close the connection early, as it does when it refuses the content.
        let _ = write!(stream, "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").and_then(|()| stream.write_all(body));
    }

    fn one_attempt() -> Policy {
        Policy { attempts: 1, ..Policy::default() }
    }

    #[test]
    fn weights_are_fetched_once_and_then_read_from_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (address, sent) = serve(sha256_hex(content()));
        let hub = Hub { address: &address, cache_folder: &folder.path().join("cache"), policy: one_attempt() };
        let pinned = pinned(sha256_hex(content()));
        let first = pinned.obtain(ARCHITECTURE, &hub, &Silent).unwrap();
        let second = pinned.obtain(ARCHITECTURE, &hub, &Silent).unwrap();
        assert_eq!(first, second);
        assert_eq!(sent.load(Ordering::SeqCst), 1);
        assert_eq!(first.tensors, WeightFile::builtin(ARCHITECTURE).unwrap().tensors);
        assert_eq!(first.source, published().address(&hub));
    }

    #[test]
    fn content_with_another_checksum_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        // The hub states the checksum of what it sends, but the program expects another one.
        let (address, _) = serve(sha256_hex(content()));
        let hub = Hub { address: &address, cache_folder: folder.path(), policy: one_attempt() };
        let error = imagenet(ARCHITECTURE, &hub, &Silent).unwrap_err();
        for digest in [published().sha256, &sha256_hex(content())] {
            assert!(error.to_string().contains(digest), "{error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something was left behind");
    }

    #[test]
    fn a_kept_file_with_another_checksum_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub { address: "http://127.0.0.1:9", cache_folder: folder.path(), policy: one_attempt() };
        std::fs::write(published().cached_path(&hub), content()).unwrap();
        let error = imagenet(ARCHITECTURE, &hub, &Silent).unwrap_err();
        assert!(error.message().contains("is not the published one"), "{error}");
        assert!(error.hint_text().unwrap().contains("delete"), "{error}");
        assert!(pinned(sha256_hex(content())).obtain(ARCHITECTURE, &hub, &Silent).is_ok());
    }

    #[test]
    fn every_pin_names_a_revision_and_a_checksum() {
        let lower_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        for pinned in designs().into_iter().filter_map(Design::imagenet) {
            assert!(pinned.sha256.len() == 64 && lower_hex(pinned.sha256), "{pinned:?}");
            match pinned.host {
                Host::Hub => {
                    let revision = pinned.path.split('/').nth(3).unwrap();
                    assert!(revision.len() == 40 && lower_hex(revision), "{pinned:?}");
                }
                Host::PyTorch => assert!(pinned.path.contains(&pinned.sha256[..8]), "{pinned:?}"),
            }
        }
    }

    #[test]
    fn without_a_network_the_error_says_which_file_to_put_where() {
        let folder = tempfile::tempdir().unwrap();
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("http://127.0.0.1:{port}");
        let hub = Hub { address: &address, cache_folder: folder.path(), policy: one_attempt() };
        let error = imagenet(ARCHITECTURE, &hub, &Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        let hint = error.hint_text().unwrap();
        assert!(hint.contains(&published().address(&hub)), "{hint}");
        assert!(hint.contains(published().cached_path(&hub).to_str().unwrap()), "{hint}");
    }
}
