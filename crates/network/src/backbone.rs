//! A backbone: its weights, its cut and its pixels.
//!
//! What it is made of, and what runs it, its [design](Design) says.

use burn::tensor::Device;
use silknow_config::Architecture;
use silknow_errors::Result;
use silknow_image::Pipeline;

use crate::design::Design;
use crate::device::Placement;
use crate::families::{TrainableParts, design_of, trainable_parts};
use crate::features::{FeatureShape, FrozenBackbone};
use crate::weights::WeightFile;

/// A pre-trained backbone: pixels in, features out.
///
/// It has its weights, the cut between the parts that stay frozen and those that are trained, and the pixels it wants. It
/// computes nothing itself: [`frozen`](Self::frozen) makes the parts before the cut ready to run, and
/// [`TopNetwork`](crate::TopNetwork) trains those after it.
///
/// ```
/// use silknow_config::Architecture;
/// use silknow_network::{Backbone, Placement, WeightFile};
///
/// let weights = WeightFile::builtin(Architecture::RESNET18)?;
/// let backbone = Backbone::new(weights, Architecture::RESNET18, 0, 64)?;
/// assert_eq!(backbone.feature_shape().len(), 512);
/// let features = backbone.frozen(&Placement::processor())?.run(&[0.0; 3 * 64 * 64], 1)?;
/// assert_eq!(features.len(), 512);
/// # Ok::<(), silknow_errors::Error>(())
/// ```
pub struct Backbone {
    design: &'static dyn Design,
    weights: WeightFile,
    /// Parts before the cut.
    frozen_parts: usize,
    input_px: usize,
}

impl Backbone {
    /// The backbone of this name, whose last `retrained` parts are to be trained, for square images of `input_px`.
    ///
    /// # Errors
    /// An unknown name; more parts to retrain than there are; weights that are not this backbone's.
    pub fn new(weights: WeightFile, architecture: Architecture, retrained: usize, input_px: usize) -> Result<Self> {
        let design = design_of(architecture)?;
        let frozen_parts = design.frozen_parts(retrained)?;
        weights.check(architecture)?;
        Ok(Self { design, weights, frozen_parts, input_px })
    }

    /// What it is made of.
    pub fn design(&self) -> &'static dyn Design {
        self.design
    }

    /// The pre-trained weights of all parts.
    pub fn weights(&self) -> &WeightFile {
        &self.weights
    }

    /// How many parts stay frozen: those before the cut.
    pub fn frozen_parts(&self) -> usize {
        self.frozen_parts
    }

    /// What the parts before the cut deliver per image.
    pub fn feature_shape(&self) -> FeatureShape {
        self.design.feature_shape(self.frozen_parts, self.input_px)
    }

    /// The pixels that it wants: the side of the square, and the mean and deviation per colour.
    pub fn pixels(&self) -> Pipeline {
        Pipeline { input_size: self.input_px, mean: self.weights.mean, std: self.weights.std, ..Pipeline::default() }
    }

    /// The parts before the cut, ready to run where `placement` says.
    ///
    /// # Errors
    /// What the device refuses.
    pub fn frozen(&self, placement: &Placement) -> Result<Box<dyn FrozenBackbone>> {
        self.design.frozen(&self.weights, self.frozen_parts, self.input_px, placement)
    }

    /// The parts after the cut, on `device`; a device with autodiff trains them.
    ///
    /// # Errors
    /// What the device refuses.
    pub fn trainable(&self, device: &Device) -> Result<TrainableParts> {
        trainable_parts(&self.weights, self.design.name(), self.frozen_parts, device)
    }
}

/// The frozen part of a backbone whose weights are kept elsewhere: all of its parts but the last `retrained`.
///
/// `input_px` is the side S of the square input.
///
/// # Errors
/// An unknown backbone; more parts to retrain than there are; a tensor that is missing or has another shape, named.
pub fn frozen_backbone(
    weights: &WeightFile,
    architecture: Architecture,
    retrained: usize,
    input_px: usize,
    placement: &Placement,
) -> Result<Box<dyn FrozenBackbone>> {
    let design = design_of(architecture)?;
    design.frozen(weights, design.frozen_parts(retrained)?, input_px, placement)
}
