//! A whole model: the network from pixels to descriptors, with everything that retrieval must know about it.
//!
//! Owns what a model is and how it describes pixels. Leaves its files to `folder`, images to `describe`.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use silknow_config::{Architecture, TrainingParameters};
use silknow_foundation::{Error, Result, Vocabulary};
use silknow_image::Pipeline;

use crate::backbone::{FrozenBackbone, frozen_backbone};
use crate::top::{BACKBONE_PREFIX, TopNetwork};
use crate::weights::{WeightFile, WeightTensor};

mod describe;
mod folder;

pub use describe::Described;

/// A network in its inference form, with its image pipeline, its vocabulary and how it was made.
pub struct Model {
    facts: Facts,
    /// The content of `model.safetensors`.
    file: Vec<u8>,
    fingerprint: String,
    backbone: Box<dyn FrozenBackbone>,
    /// The head alone: the retrained blocks are part of the backbone here.
    head: TopNetwork,
    device: Device,
}

/// What a model knows about itself beside its tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Depth of the backbone.
    pub architecture: Architecture,
    /// Widths of the fully connected layers; empty: no head.
    pub add_fc: Vec<usize>,
    /// How an image file becomes the pixels that the network sees.
    pub pipeline: Pipeline,
    /// The variables that it was trained for, with their classes in index order; empty when untrained.
    pub vocabulary: Vocabulary,
    /// How it was trained; none when untrained.
    pub training: Option<TrainingParameters>,
    /// Where the backbone's weights came from.
    pub weights: Provenance,
}

/// Where weights came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// A path, an address, `builtin` or `none`.
    pub source: String,
    /// SHA-256 of the file, hexadecimal; empty for random weights.
    pub sha256: String,
}

impl Model {
    /// The model that training made: the pre-trained weights, with the trained kernels and the head in place.
    ///
    /// # Errors
    /// Weights or a trained part that do not fit the architecture.
    pub fn trained(
        weights: &WeightFile,
        top: &TopNetwork,
        pipeline: Pipeline,
        vocabulary: Vocabulary,
        training: TrainingParameters,
        device: &Device,
    ) -> Result<Self> {
        let facts = Facts {
            architecture: training.backbone,
            add_fc: training.add_fc.clone(),
            pipeline,
            vocabulary,
            training: Some(training),
            weights: provenance(weights),
        };
        let mut tensors = prefixed(weights);
        for (name, tensor) in top.to_named_tensors() {
            tensors.insert(name, tensor);
        }
        Self::assemble(facts, tensors, device)
    }

    /// A backbone as it is, with a random head where `add_fc` asks for one, for descriptors without training.
    ///
    /// # Errors
    /// Weights that do not fit the architecture.
    pub fn untrained(
        weights: &WeightFile,
        architecture: Architecture,
        add_fc: &[usize],
        seed: u64,
        input_px: usize,
        device: &Device,
    ) -> Result<Self> {
        let top = TopNetwork::new(weights, architecture, 0, add_fc, seed, &Device::flex())?;
        let facts = Facts {
            architecture,
            add_fc: add_fc.to_vec(),
            pipeline: Pipeline { input_size: input_px, mean: weights.mean, std: weights.std },
            vocabulary: Vocabulary::default(),
            training: None,
            weights: provenance(weights),
        };
        let mut tensors = prefixed(weights);
        tensors.extend(top.to_named_tensors());
        Self::assemble(facts, tensors, device)
    }

    /// Builds the network from its complete set of tensors and writes their file form.
    fn assemble(facts: Facts, tensors: BTreeMap<String, WeightTensor>, device: &Device) -> Result<Self> {
        let file = folder::tensors_to_bytes(&tensors)?;
        Self::build(facts, tensors, file, device)
    }

    /// Builds the network from its complete set of tensors, whose file form is `file`.
    fn build(
        facts: Facts,
        mut tensors: BTreeMap<String, WeightTensor>,
        file: Vec<u8>,
        device: &Device,
    ) -> Result<Self> {
        let device = device.clone().without_autodiff();
        let head_tensors = tensors.split_off("head.");
        let weights = backbone_weights(&facts, tensors)?;
        let backbone = frozen_backbone(&weights, facts.architecture, 0, facts.pipeline.input_size, &device)?;
        let mut head = TopNetwork::new(&weights, facts.architecture, 0, &facts.add_fc, 0, &device)?;
        head.load_named_tensors(&head_tensors)?;
        let expected = head.to_named_tensors();
        if let Some(name) = head_tensors.keys().find(|name| !expected.contains_key(*name)) {
            return Err(Error::data(format!("the tensor `{name}` does not belong to the head {:?}", facts.add_fc)));
        }
        let fingerprint = folder::fingerprint(&file, &facts.pipeline)?;
        Ok(Self { facts, file, fingerprint, backbone, head, device })
    }

    /// Describes `n` images: normalised pixels `[n, 3, S, S]` to unit descriptors `[n, D]`, both row by row.
    ///
    /// # Errors
    /// When `pixels` has another length.
    pub fn describe_pixels(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        let pooled = self.backbone.run(pixels, n)?;
        let shape = self.backbone.feature_shape();
        let pooled = Tensor::<2>::from_data(TensorData::new(pooled, [n, shape.len()]), &self.device);
        let descriptors = self.head.forward(pooled, shape).into_data();
        descriptors
            .try_into_vec()
            .map_err(|cause| Error::internal(format!("the descriptors are not of type f32: {cause:?}")))
    }

    /// Length D of the descriptors.
    pub fn dims(&self) -> usize {
        self.head.dims()
    }

    /// What tells this model from any other that describes differently: SHA-256 over its tensors and its image
    /// pipeline, hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The variables that it was trained for, with their classes in index order.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.facts.vocabulary
    }

    /// How an image file becomes the pixels that the network sees.
    pub fn pipeline(&self) -> &Pipeline {
        &self.facts.pipeline
    }

    /// What the model knows about itself.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("facts", &self.facts)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

fn provenance(weights: &WeightFile) -> Provenance {
    Provenance { source: weights.source.clone(), sha256: weights.sha256.clone() }
}

/// The backbone's tensors under the names of the model folder.
fn prefixed(weights: &WeightFile) -> BTreeMap<String, WeightTensor> {
    weights.tensors.iter().map(|(name, tensor)| (format!("{BACKBONE_PREFIX}{name}"), tensor.clone())).collect()
}

/// The backbone's tensors under torchvision's names, checked against the architecture.
fn backbone_weights(facts: &Facts, tensors: BTreeMap<String, WeightTensor>) -> Result<WeightFile> {
    let strip = |(name, tensor): (String, WeightTensor)| match name.strip_prefix(BACKBONE_PREFIX) {
        Some(plain) => Ok((plain.to_owned(), tensor)),
        None => Err(Error::data(format!("the tensor `{name}` does not belong to a model"))),
    };
    let weights = WeightFile {
        tensors: tensors.into_iter().map(strip).collect::<Result<_>>()?,
        mean: facts.pipeline.mean,
        std: facts.pipeline.std,
        source: facts.weights.source.clone(),
        sha256: facts.weights.sha256.clone(),
    };
    weights.check(facts.architecture)?;
    Ok(weights)
}
