//! A backbone's weights as named numbers, and the four places they come from.
//!
//! `read` has the file formats, `hub` the download; which tensors there must be, the family says.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};
use silknow_config::{Architecture, Weights};
use silknow_errors::{Error, Result};
use silknow_progress::Observer;

use crate::choosing::shipped_for;
use crate::families::{Design, design_of, designs};

pub mod hub;
mod read;

pub use hub::Hub;
pub(crate) use read::{read_bounded, safetensors_by_name, safetensors_shapes};

/// Mean per colour of ImageNet, on pixels in [0, 1].
pub const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];

/// Standard deviation per colour of ImageNet, on pixels in [0, 1].
pub const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// Numbers with a shape, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightTensor {
    /// Lengths of the dimensions; as many numbers as their product.
    pub shape: Vec<usize>,
    /// The numbers.
    pub data: Vec<f32>,
}

/// The weights of a whole backbone in torchvision's naming, checked against an architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightFile {
    /// The tensors by name, for example `layer1.0.conv1.weight`; no classifier.
    pub tensors: BTreeMap<String, WeightTensor>,
    /// Mean per colour that pixels in [0, 1] are reduced by.
    pub mean: [f32; 3],
    /// Standard deviation per colour that they are then divided by.
    pub std: [f32; 3],
    /// Where the weights come from, for people: a path, an address, `builtin` or `none`.
    pub source: String,
    /// SHA-256 of the file, hexadecimal; empty for random weights.
    pub sha256: String,
}

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

    /// As [`load`](Self::load), for a file with this SHA-256.
    ///
    /// # Errors
    /// Another SHA-256, and as [`load`](Self::load).
    pub(crate) fn load_pinned(path: &Path, architecture: Architecture, sha256: &str) -> Result<Self> {
        Self::read(path, architecture, Some(sha256))
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
        let content = read::content(path, &bytes)?;
        Self::checked(content, architecture, path.display().to_string(), sha256).map_err(|error| error.in_file(path))
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
        let content = read::safetensors(file)?;
        Self::checked(content, architecture, "builtin".to_owned(), sha256_hex(file))
    }

    /// Random weights for a seed, that a network can be trained from.
    ///
    /// # Errors
    /// An unknown backbone.
    pub fn random(architecture: Architecture, seed: u64) -> Result<Self> {
        let tensors = design_of(architecture)?.random(seed);
        let source = format!("none (random, seed {seed})");
        Ok(Self { tensors, mean: IMAGENET_MEAN, std: IMAGENET_STD, source, sha256: String::new() })
    }

    /// The weights that the parameters ask for.
    ///
    /// `hub` says where ImageNet's weights are fetched from and kept; `seed` feeds random ones, for which the
    /// observer gets a warning.
    ///
    /// # Errors
    /// As [`load`](Self::load), [`builtin`](Self::builtin) and [`hub::imagenet`].
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
            Weights::ImageNet => hub::imagenet(architecture, hub, observer),
            Weights::None => {
                observer
                    .warning("the backbone's weights are random: descriptors will hardly tell what a picture shows");
                Self::random(architecture, seed)
            }
        }
    }

    /// The numbers of a tensor of the given shape.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<&[f32]> {
        let tensor = self.tensors.get(name).ok_or_else(|| missing(name))?;
        if tensor.shape != shape || tensor.data.len() != shape.iter().product::<usize>() {
            return Err(misshapen(name, &tensor.shape, shape));
        }
        Ok(&tensor.data)
    }

    fn checked(content: read::Content, architecture: Architecture, source: String, sha256: String) -> Result<Self> {
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

/// # Errors
/// A number that is infinite or none, with the tensor's name.
pub(crate) fn check_finite(name: &str, values: &[f32]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(position) => Err(damaged(format!("the tensor `{name}` holds {} at {position}", values[position]))),
    }
}

fn damaged(message: String) -> Error {
    Error::data(message).hint("the file is damaged; get it again")
}

pub(crate) fn missing(name: &str) -> Error {
    Error::data(format!("the tensor `{name}` is missing"))
}

pub(crate) fn misshapen(name: &str, shape: &[usize], expected: &[usize]) -> Error {
    Error::data(format!("the tensor `{name}` has the shape {shape:?}, expected {expected:?}"))
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) use silknow_files::digest::hexadecimal as hex;
