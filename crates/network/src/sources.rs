//! The four places that a backbone's weights come from, and the check that they are that backbone's.
//!
//! Which tensors there must be, which file is ImageNet's and what is shipped, the [design](Design) says.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};
use silknow_config::{Architecture, Weights};
use silknow_errors::{Error, Result};
use silknow_files::digest::hexadecimal;
use silknow_progress::Observer;

use crate::design::Design;
use crate::families::{alternatives, architectures, design_of, designs, shipped_for};
use crate::weights::hub::Pinned;
use crate::weights::{
    Content, Hub, WeightFile, WeightTensor, backbone_file, backbone_in_memory, check_finite, damaged, missing,
    read_bounded,
};

impl WeightFile {
    /// Loads weights in torchvision's naming from a `.safetensors` file (f16, bf16, f32, f64) or a PyTorch
    /// checkpoint (`.pth`, `.pt`). The classifier `fc.*` and the counters `num_batches_tracked` are ignored, the
    /// prefixes `state_dict.`, `model.` and `module.` are taken off.
    ///
    /// The metadata `mean` and `std` of a safetensors file (three numbers each) hold where they are stated, else
    /// ImageNet's.
    ///
    /// # Errors
    /// A file that is missing, cut or of another kind; a tensor that is missing, foreign or of another shape,
    /// named.
    pub fn load(path: &Path, architecture: Architecture) -> Result<Self> {
        Self::read(path, architecture, None)
    }

    /// As [`load`](Self::load), of whichever backbone the tensors are.
    ///
    /// # Errors
    /// As [`load`](Self::load); tensors that are those of no backbone.
    pub fn load_any(path: &Path) -> Result<(Self, Architecture)> {
        let bytes = read_bounded(path)?;
        let content = backbone_file(path, &bytes)?;
        let named_alike = |design: &&dyn Design| design.tensors().keys().eq(content.tensors.keys());
        let Some(design) = designs().into_iter().find(named_alike) else {
            return Err(Error::data("the tensors are not those of a backbone that this program has")
                .in_file(path)
                .hint(format!("it has {}", alternatives(&architectures()))));
        };
        let file = Self::checked(content, design.name(), path.display().to_string(), sha256_hex(&bytes));
        Ok((file.map_err(|error| error.in_file(path))?, design.name()))
    }

    /// The weights of a backbone that were read elsewhere, with the normalisation of pixels that it was made for. The
    /// checksum is that of their names, shapes and values.
    ///
    /// # Errors
    /// A tensor that is missing, foreign, of another shape, or with numbers that weights do not have, named.
    pub fn of_tensors(
        tensors: BTreeMap<String, WeightTensor>,
        architecture: Architecture,
        source: String,
    ) -> Result<Self> {
        let (mean, std) = design_of(architecture)?.colours();
        let mut digest = Sha256::new();
        for (name, tensor) in &tensors {
            digest.update(format!("{name}{:?}", tensor.shape));
            tensor.data.iter().for_each(|value| digest.update(value.to_le_bytes()));
        }
        Self::checked(Content { tensors, mean, std }, architecture, source, hexadecimal(&digest.finalize()))
    }

    fn read(path: &Path, architecture: Architecture, pinned: Option<&str>) -> Result<Self> {
        let bytes = read_bounded(path)?;
        let sha256 = sha256_hex(&bytes);
        if let Some(pinned) = pinned.filter(|&pinned| pinned != sha256) {
            return Err(Error::data(format!(
                "the file is not the published one: its SHA-256 is {sha256}, and not {pinned}"
            ))
            .in_file(path)
            .hint("delete it, so that it is fetched again; to use it as it is, give its path as `weights`"));
        }
        let content = backbone_file(path, &bytes)?;
        Self::checked(content, architecture, path.display().to_string(), sha256).map_err(|error| error.in_file(path))
    }

    /// The weights that were trained on ImageNet, always the same bytes: the address names a revision, and the SHA-256 that
    /// stands in this program is compared after fetching and whenever the kept file is read.
    ///
    /// # Errors
    /// Without network and without the file in the folder: an error that says which file to put where. Content with
    /// another SHA-256; a file that is not the architecture's: as [`load`](Self::load).
    pub fn imagenet(architecture: Architecture, hub: &Hub<'_>, observer: &dyn Observer) -> Result<Self> {
        let pinned = design_of(architecture)?.imagenet().ok_or_else(|| {
            Error::configuration(format!("there are no ImageNet weights for {architecture}"))
                .hint("give a weight file, or `none` for random weights")
        })?;
        Self::fetched(&pinned, architecture, hub, observer)
    }

    fn fetched(pinned: &Pinned, architecture: Architecture, hub: &Hub<'_>, observer: &dyn Observer) -> Result<Self> {
        let path = pinned.fetch(&format!("the ImageNet weights of {architecture}"), hub, observer)?;
        let weights = Self::read(&path, architecture, Some(pinned.sha256))?;
        Ok(Self { source: pinned.address(hub), ..weights })
    }

    /// The weights that are shipped with the program.
    ///
    /// # Errors
    /// A backbone that none are shipped for.
    pub fn builtin(architecture: Architecture) -> Result<Self> {
        let Some(file) = design_of(architecture)?.builtin() else {
            return Err(Error::configuration(format!("there are no built-in weights for {architecture}")).hint(
                format!(
                    "use the backbone {} with `weights; builtin`, or `weights; imagenet`, or give a weight file",
                    shipped_for()
                ),
            ));
        };
        let content = backbone_in_memory(file)?;
        Self::checked(content, architecture, "builtin".to_owned(), sha256_hex(file))
    }

    /// Random weights for a seed, that a network can be trained from.
    ///
    /// # Errors
    /// An unknown backbone.
    pub fn random(architecture: Architecture, seed: u64) -> Result<Self> {
        let design = design_of(architecture)?;
        let (mean, std) = design.colours();
        let tensors = design.random(seed);
        let source = format!("none (random, seed {seed})");
        Ok(Self { tensors, mean, std, source, sha256: String::new() })
    }

    /// The weights that the parameters ask for.
    ///
    /// `hub` says where ImageNet's weights are fetched from and kept; `seed` feeds random ones, for which the
    /// observer gets a warning.
    ///
    /// # Errors
    /// As [`load`](Self::load), [`builtin`](Self::builtin) and [`imagenet`](Self::imagenet).
    pub fn resolve(
        weights: &Weights,
        architecture: Architecture,
        seed: u64,
        hub: &Hub<'_>,
        observer: &dyn Observer,
    ) -> Result<Self> {
        match weights {
            Weights::Path(path) => Self::load(path, architecture),
            Weights::Builtin => Self::builtin(architecture),
            Weights::ImageNet => Self::imagenet(architecture, hub, observer),
            Weights::None => {
                observer
                    .warning("the backbone's weights are random: descriptors will hardly tell what a picture shows");
                Self::random(architecture, seed)
            }
        }
    }

    fn checked(content: Content, architecture: Architecture, source: String, sha256: String) -> Result<Self> {
        let file = Self { tensors: content.tensors, mean: content.mean, std: content.std, source, sha256 };
        file.check(architecture)?;
        Ok(file)
    }

    /// Checks that the tensors are those of the architecture, no fewer and no more, each with its shape, with finite
    /// numbers, and without negative variances.
    ///
    /// # Errors
    /// The first tensor that is not as it should be, named.
    pub fn check(&self, architecture: Architecture) -> Result<()> {
        let design = design_of(architecture)?;
        let expected = design.tensors();
        self.check_names(&expected, architecture)?;
        for (name, shape) in &expected {
            let values = self.values(name, shape)?;
            check_finite(name, values)?;
            if design.holds_variances(name)
                && let Some(position) = values.iter().position(|&value| value < 0.0)
            {
                return Err(damaged(format!(
                    "the tensor `{name}` holds the negative variance {} at {position}",
                    values[position]
                )));
            }
        }
        Ok(())
    }

    fn check_names(&self, expected: &BTreeMap<String, Vec<usize>>, architecture: Architecture) -> Result<()> {
        let absent = expected.keys().find(|name| !self.tensors.contains_key(*name)).map(|name| missing(name));
        let foreign = || {
            let name = self.tensors.keys().find(|name| !expected.contains_key(*name))?;
            Some(Error::data(format!("the tensor `{name}` does not belong to {architecture}")))
        };
        match absent.or_else(foreign) {
            None => Ok(()),
            Some(error) => Err(error.hint(match self.architecture() {
                Some(other) => format!("these are the weights of {other}; choose that backbone or another file"),
                None => format!("give the weights of a {architecture} in torchvision's naming"),
            })),
        }
    }

    /// The known architecture whose names these tensors have, if there is one.
    fn architecture(&self) -> Option<Architecture> {
        let named_alike = |design: &&dyn Design| design.tensors().keys().eq(self.tensors.keys());
        designs().into_iter().find(named_alike).map(Design::name)
    }
}

/// SHA-256 in hexadecimal.
fn sha256_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use silknow_errors::ErrorKind;
    use silknow_fetch::Policy;
    use silknow_progress::Silent;

    use super::*;
    use crate::weights::hub::Host;

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
        let first = WeightFile::fetched(&pinned, ARCHITECTURE, &hub, &Silent).unwrap();
        let second = WeightFile::fetched(&pinned, ARCHITECTURE, &hub, &Silent).unwrap();
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
        let error = WeightFile::imagenet(ARCHITECTURE, &hub, &Silent).unwrap_err();
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
        let error = WeightFile::imagenet(ARCHITECTURE, &hub, &Silent).unwrap_err();
        assert!(error.message().contains("is not the published one"), "{error}");
        assert!(error.hint_text().unwrap().contains("delete"), "{error}");
        assert!(WeightFile::fetched(&pinned(sha256_hex(content())), ARCHITECTURE, &hub, &Silent).is_ok());
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
        let error = WeightFile::imagenet(ARCHITECTURE, &hub, &Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        let hint = error.hint_text().unwrap();
        assert!(hint.contains(&published().address(&hub)), "{hint}");
        assert!(hint.contains(published().cached_path(&hub).to_str().unwrap()), "{hint}");
    }
}
