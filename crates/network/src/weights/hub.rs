//! ImageNet weights from the Hugging Face hub: fetched once, checked, kept in a folder.
//!
//! Owns names, addresses and what to do without a network. Leaves the transfer and the checksum to
//! `silknow-fetch`; the caller says which address and which folder.

use std::path::{Path, PathBuf};

use silknow_config::Architecture;
use silknow_errors::{Error, Result};
use silknow_fetch::{Client, Policy};
use silknow_progress::Observer;

use super::WeightFile;

/// No weights are larger, in bytes: those of resnet152 have 242 million.
const LIMIT_BYTES: u64 = 500_000_000;

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

/// Where the weights are on the hub.
pub fn address(architecture: Architecture, hub: &Hub<'_>) -> String {
    format!("{}/timm/{architecture}.tv_in1k/resolve/main/model.safetensors", hub.address)
}

/// Where the weights are kept on this machine.
pub fn cached_path(architecture: Architecture, hub: &Hub<'_>) -> PathBuf {
    hub.cache_folder.join(format!("{architecture}.tv_in1k.safetensors"))
}

/// The weights that torchvision trained on ImageNet (version 1), as the hub keeps them.
///
/// # Errors
/// Without network and without the file in the folder: an error that says which file to put where. A file in
/// the folder that is cut or not the architecture's: as [`WeightFile::load`].
pub fn imagenet(architecture: Architecture, hub: &Hub<'_>, observer: &dyn Observer) -> Result<WeightFile> {
    let (address, path) = (address(architecture, hub), cached_path(architecture, hub));
    if !path.exists() {
        let task = format!("fetching the ImageNet weights of {architecture}");
        let fetched = Client::new(hub.policy.clone())?.download(&address, &path, LIMIT_BYTES, None, &task, observer);
        if let Err(error) = fetched {
            return Err(if error.is_interruption() { error } else { without_network(error, &address, &path) });
        }
    }
    let weights = WeightFile::load(&path, architecture)?;
    Ok(WeightFile { source: address, ..weights })
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

    use super::super::{BUILTIN, sha256_hex};
    use super::*;

    const ARCHITECTURE: Architecture = Architecture::ResNet18;

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
        let head = if request.starts_with("GET /timm/resnet18.tv_in1k/resolve/main/model.safetensors ") {
            format!("302 Found\r\nLocation: /content\r\nX-Linked-Etag: \"{linked_etag}\"\r\nContent-Length: 0")
        } else {
            sent.fetch_add(1, Ordering::SeqCst);
            format!("200 OK\r\nContent-Length: {}", BUILTIN.len())
        };
        let body = if head.starts_with("200") { BUILTIN } else { &[] };
        // A client that has gone is not this server's business.
        let _ = write!(stream, "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").and_then(|()| stream.write_all(body));
    }

    fn one_attempt() -> Policy {
        Policy { attempts: 1, ..Policy::default() }
    }

    #[test]
    fn weights_are_fetched_once_and_then_read_from_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (address, sent) = serve(sha256_hex(BUILTIN));
        let hub = Hub { address: &address, cache_folder: &folder.path().join("cache"), policy: one_attempt() };
        let first = imagenet(ARCHITECTURE, &hub, &Silent).unwrap();
        let second = imagenet(ARCHITECTURE, &hub, &Silent).unwrap();
        assert_eq!(first, second);
        assert_eq!(sent.load(Ordering::SeqCst), 1);
        assert_eq!(first.tensors, WeightFile::builtin(ARCHITECTURE).unwrap().tensors);
        assert!(first.source.ends_with("/timm/resnet18.tv_in1k/resolve/main/model.safetensors"), "{}", first.source);
    }

    #[test]
    fn content_with_another_checksum_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (address, _) = serve("0".repeat(64));
        let hub = Hub { address: &address, cache_folder: folder.path(), policy: one_attempt() };
        let error = imagenet(ARCHITECTURE, &hub, &Silent).unwrap_err();
        assert!(error.to_string().contains("SHA-256"), "{error}");
        assert!(!cached_path(ARCHITECTURE, &hub).exists());
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
        assert!(hint.contains(&super::address(ARCHITECTURE, &hub)), "{hint}");
        assert!(hint.contains(cached_path(ARCHITECTURE, &hub).to_str().unwrap()), "{hint}");
    }
}
