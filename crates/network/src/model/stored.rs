//! A model at rest: what it knows about itself, and its tensors in the form of their file.
//!
//! It is made here from what was trained. `folder` has the files.

use std::collections::BTreeMap;

use burn::tensor::Device;
use silknow_config::{Architecture, TrainingParameters};
use silknow_errors::{Error, Result};
use silknow_image::Pipeline;
use silknow_records::Vocabulary;

use super::checks::check_ranges;
use super::facts::{ChosenVote, Facts, Provenance};
use super::fingerprint::fingerprint;
use super::heads::StoredHeads;
use crate::backbone::Backbone;
use crate::extra_heads::EXTRA_HEADS_PREFIX;
use crate::families::family_of;
use crate::head::HEAD_PREFIX;
use crate::top::{BACKBONE_PREFIX, TopNetwork};
use crate::weights::{WeightFile, WeightTensor, check_finite, safetensors_by_name, safetensors_bytes};

/// A model as it is saved: nothing is computed with it before it is [opened](Self::open).
pub struct StoredModel {
    pub(super) facts: Facts,
    /// The content of `model.safetensors`.
    pub(super) file: Vec<u8>,
    pub(super) fingerprint: String,
    pub(super) heads: StoredHeads,
}

impl StoredModel {
    /// The model that training made: the pre-trained weights, with the trained kernels and the head in place, and the
    /// extra heads beside it.
    ///
    /// # Errors
    /// A fault of ours, when the tensors cannot be written as a file.
    pub fn trained(
        weights: &WeightFile,
        top: &TopNetwork,
        pipeline: Pipeline,
        vocabulary: Vocabulary,
        training: TrainingParameters,
    ) -> Result<Self> {
        let facts = Facts {
            architecture: training.backbone,
            add_fc: training.add_fc.clone(),
            frozen_share: top.frozen_share(),
            pipeline,
            vocabulary,
            training: Some(training),
            weights: provenance(weights),
            vote: None,
        };
        Self::assemble(facts, weights, top)
    }

    /// A model that another program made: the weights of its backbone, and its head in `top`, which trains nothing.
    ///
    /// # Errors
    /// Widths or an input size out of range.
    pub fn brought(
        weights: &WeightFile,
        top: &TopNetwork,
        (architecture, add_fc): (Architecture, &[usize]),
        pipeline: Pipeline,
        vocabulary: Vocabulary,
        training: Option<TrainingParameters>,
    ) -> Result<Self> {
        let facts = Facts { vocabulary, training, ..without_labels(weights, architecture, pipeline, add_fc) };
        check_ranges(&facts)?;
        Self::assemble(facts, weights, top)
    }

    /// A backbone as it is, with a random head where `add_fc` asks for one, for descriptors without training.
    ///
    /// # Errors
    /// Weights that do not fit the architecture; widths or an input size out of range.
    pub fn untrained(
        weights: &WeightFile,
        architecture: Architecture,
        add_fc: &[usize],
        seed: u64,
        input_px: usize,
    ) -> Result<Self> {
        let pipeline = Pipeline { input_size: input_px, mean: weights.mean, std: weights.std, ..Pipeline::default() };
        Self::without_training(weights, architecture, pipeline, add_fc, seed)
    }

    /// As [`untrained`](Self::untrained), of a backbone with all of its parts.
    fn of_backbone(backbone: &Backbone, add_fc: &[usize], seed: u64) -> Result<Self> {
        Self::without_training(backbone.weights(), backbone.design().name(), backbone.pixels(), add_fc, seed)
    }

    fn without_training(
        weights: &WeightFile,
        architecture: Architecture,
        pipeline: Pipeline,
        add_fc: &[usize],
        seed: u64,
    ) -> Result<Self> {
        let facts = without_labels(weights, architecture, pipeline, add_fc);
        check_ranges(&facts)?;
        let top = TopNetwork::new(weights, architecture, 0, add_fc, seed, &Device::flex())?;
        Self::assemble(facts, weights, &top)
    }

    /// Takes the trained tensors in place of those that they came from.
    fn assemble(facts: Facts, weights: &WeightFile, top: &TopNetwork) -> Result<Self> {
        // Extra heads change no descriptor, so they have a file of their own, and the fingerprint does not cover them.
        let mut trained = top.to_named_tensors();
        trained.retain(|name, _| !name.starts_with(EXTRA_HEADS_PREFIX));
        let prefixed = |(name, tensor)| (format!("{BACKBONE_PREFIX}{name}"), tensor);
        let mut tensors: BTreeMap<String, &WeightTensor> = weights.tensors.iter().map(prefixed).collect();
        tensors.extend(trained.iter().map(|(name, tensor)| (name.clone(), tensor)));
        let file = safetensors_bytes(&tensors, None)?;
        let fingerprint = fingerprint(&file, &facts.pipeline, family_of(facts.architecture)?.name, facts.frozen_share)?;
        Ok(Self { facts, file, fingerprint, heads: StoredHeads::of(top) })
    }

    /// The model with a vote that validation chose. It changes no descriptor, and not the fingerprint.
    ///
    /// # Errors
    /// A vote whose numbers are out of range.
    pub fn with_vote(mut self, vote: ChosenVote) -> Result<Self> {
        self.facts.vote = Some(vote);
        check_ranges(&self.facts)?;
        Ok(self)
    }

    /// What tells this model from any other that describes differently: SHA-256 over its tensors, its image pipeline
    /// and, where that is not `resnet`, its family, hexadecimal. Extra heads change no descriptor and are not covered.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// What the model knows about itself.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}

/// A stored model with its tensors apart.
pub(super) struct Unpacked {
    pub(super) facts: Facts,
    pub(super) fingerprint: String,
    pub(super) heads: StoredHeads,
    /// The tensors of the backbone.
    pub(super) backbone: WeightFile,
    /// Those of the head, by their names in the file.
    pub(super) head: BTreeMap<String, WeightTensor>,
}

impl StoredModel {
    /// Takes the tensors out of the file, which is given up.
    ///
    /// # Errors
    /// A foreign tensor, numbers in the head that are not finite.
    pub(super) fn unpack(self) -> Result<Unpacked> {
        let Self { facts, file, fingerprint, heads } = self;
        let mut tensors = safetensors_by_name(&file)?;
        drop(file);
        let head = tensors.split_off(HEAD_PREFIX);
        for (name, tensor) in &head {
            check_finite(name, &tensor.data)?;
        }
        let strip = |(name, tensor): (String, WeightTensor)| match name.strip_prefix(BACKBONE_PREFIX) {
            Some(plain) => Ok((plain.to_owned(), tensor)),
            None => Err(Error::data(format!("the tensor `{name}` does not belong to a model"))),
        };
        let backbone = WeightFile {
            tensors: tensors.into_iter().map(strip).collect::<Result<_>>()?,
            mean: facts.pipeline.mean,
            std: facts.pipeline.std,
            source: facts.weights.source.clone(),
            sha256: facts.weights.sha256.clone(),
        };
        Ok(Unpacked { facts, fingerprint, heads, backbone, head })
    }
}

impl Backbone {
    /// What tells it from any other that describes differently: the fingerprint of a model that has this backbone and no
    /// layers on top. It does not depend on the cut.
    ///
    /// # Errors
    /// A fault of ours, when the tensors cannot be written as a file.
    pub fn fingerprint(&self) -> Result<String> {
        Ok(StoredModel::of_backbone(self, &[], 0)?.fingerprint)
    }
}

/// What is known of a backbone with layers on top that was not trained here, and of no labels.
fn without_labels(weights: &WeightFile, architecture: Architecture, pipeline: Pipeline, add_fc: &[usize]) -> Facts {
    Facts {
        architecture,
        add_fc: add_fc.to_vec(),
        frozen_share: 0.0,
        pipeline,
        vocabulary: Vocabulary::default(),
        training: None,
        weights: provenance(weights),
        vote: None,
    }
}

fn provenance(weights: &WeightFile) -> Provenance {
    Provenance { source: weights.source.clone(), sha256: weights.sha256.clone() }
}
