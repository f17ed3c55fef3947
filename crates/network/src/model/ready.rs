//! A model that is ready to describe: it is opened from its stored form.

use std::path::Path;

use burn::tensor::Device;
use silknow_errors::Result;
use silknow_image::Pipeline;
use silknow_records::Vocabulary;

use super::facts::Facts;
use super::folder::TENSOR_FILE;
use super::stored::{StoredModel, Unpacked};
use crate::backbone::Backbone;
use crate::device::Placement;
use crate::features::FrozenBackbone;
use crate::top::{Outputs, TopNetwork};

/// A network in its inference form, with its image pipeline, its vocabulary and how it was made.
pub struct Model {
    pub(super) facts: Facts,
    fingerprint: String,
    pub(super) backbone: Box<dyn FrozenBackbone>,
    /// The head and the extra heads alone: the retrained blocks are part of the backbone here.
    pub(super) head: TopNetwork,
    pub(super) device: Device,
}

impl StoredModel {
    /// Makes the network ready to describe. The stored form is given up on the way, so that the memory for both is
    /// never needed at the same time; save it before.
    ///
    /// # Errors
    /// Tensors that are missing, foreign or of another shape, named.
    pub fn open(self, placement: &Placement) -> Result<Model> {
        let Unpacked { facts, fingerprint, heads, backbone, head } = self.unpack()?;
        let device = placement.device().clone().without_autodiff();
        let backbone = Backbone::new(backbone, facts.architecture, 0, facts.pipeline.input_size)?;
        let mut head = TopNetwork::on_frozen(backbone.weights(), facts.architecture, &facts.add_fc, &head, &device)?
            .with_frozen_share(facts.frozen_share);
        head.extra = heads.layers(head.head.outputs(), &device)?;
        let backbone = backbone.frozen(placement)?;
        Ok(Model { facts, fingerprint, backbone, head, device })
    }
}

impl Model {
    /// Reads the model of a folder and makes it ready.
    ///
    /// # Errors
    /// As [`StoredModel::read`] and [`StoredModel::open`].
    pub fn load(folder: impl AsRef<Path>, placement: &Placement) -> Result<Self> {
        let folder = folder.as_ref();
        StoredModel::read(folder)?.open(placement).map_err(|error| error.in_file(folder.join(TENSOR_FILE)))
    }

    /// Describes `n` images: normalised pixels `[n, 3, S, S]` to unit descriptors `[n, D]`, both row by row.
    ///
    /// On the processor the descriptor of an image depends neither on the others nor on their number.
    ///
    /// # Errors
    /// When `pixels` has another length.
    pub fn describe_pixels(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        let pooled = self.backbone.run(pixels, n)?;
        self.head.describe(&pooled, self.backbone.feature_shape(), &self.device)
    }

    /// As [`describe_pixels`](Self::describe_pixels), with what every extra head gives, in the order of
    /// [`extra_heads`](Self::extra_heads).
    ///
    /// # Errors
    /// When `pixels` has another length.
    pub fn describe_pixels_with_extra(&self, pixels: &[f32], n: usize) -> Result<Outputs> {
        let pooled = self.backbone.run(pixels, n)?;
        self.head.describe_with_extra(&pooled, self.backbone.feature_shape(), &self.device)
    }

    /// The extra heads that training made for its objective, by name, each with the number of outputs for an image: what a
    /// classifier gives for `class.<variable>` are scores of the classes in the order of the
    /// [vocabulary](Self::vocabulary), whose softmax are probabilities; for `classes.<variable>`, of which an image may have
    /// several, it is their sigmoid.
    pub fn extra_heads(&self) -> impl Iterator<Item = (&str, usize)> {
        self.head.extra.names().zip(self.head.extra.widths())
    }

    /// Length D of the descriptors.
    pub fn dims(&self) -> usize {
        self.head.dims()
    }

    /// What tells this model from any other that describes differently: SHA-256 over its tensors, its image pipeline
    /// and, where that is not `resnet`, its family, hexadecimal. Extra heads change no descriptor and are not covered.
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
