//! A backbone: its weights, its cut, its pixels, and the frozen part behind one trait.
//!
//! What it is made of, and what runs it, is said by a [family](crate::families).

use burn::tensor::{Device, Tensor};
use silknow_config::Architecture;
use silknow_errors::{Error, Result};
use silknow_image::Pipeline;

use crate::device::Placement;
use crate::families::{Design, TrainableParts, design_of};
use crate::model::StoredModel;
use crate::weights::WeightFile;

/// The shape of one image's features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureShape {
    /// Channels C.
    pub channels: usize,
    /// Rows H; 1 after the global average pool.
    pub height: usize,
    /// Columns W; 1 after the global average pool.
    pub width: usize,
}

impl FeatureShape {
    /// Values per image: C · H · W.
    pub fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// True for a shape without values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Features `[N, C·H·W]` as maps `[N, C, H, W]`.
    pub(crate) fn maps(&self, features: Tensor<2>) -> Tensor<4> {
        let [images, _] = features.dims();
        features.reshape([images, self.channels, self.height, self.width])
    }
}

/// The part of the network before the cut, ready to run.
///
/// The features of an image do not depend on the other images of the call, nor on the number of threads.
pub trait FrozenBackbone: Send {
    /// What [`run`](Self::run) delivers per image: feature maps, or the pooled values when every block is frozen.
    fn feature_shape(&self) -> FeatureShape;

    /// Runs `n` images: normalised pixels `[n, 3, S, S]` to features `[n, C·H·W]`, both row by row.
    ///
    /// # Errors
    /// When `pixels` has another length.
    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>>;
}

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
        Pipeline { input_size: self.input_px, mean: self.weights.mean, std: self.weights.std }
    }

    /// What tells it from any other that describes differently: the fingerprint of a model that has this backbone and no
    /// layers on top. It does not depend on the cut.
    ///
    /// # Errors
    /// A fault of ours, when the tensors cannot be written as a file.
    pub fn fingerprint(&self) -> Result<String> {
        Ok(StoredModel::of_backbone(self, &[], 0)?.fingerprint().to_owned())
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
        self.design.trainable(&self.weights, self.frozen_parts, device)
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

/// The parts of a backbone after the cut: the last `retrained`, on `device`.
///
/// # Errors
/// As [`frozen_backbone`].
pub(crate) fn trainable_parts(
    weights: &WeightFile,
    architecture: Architecture,
    retrained: usize,
    device: &Device,
) -> Result<TrainableParts> {
    let design = design_of(architecture)?;
    design.trainable(weights, design.frozen_parts(retrained)?, device)
}

/// The number of images in `pixels` is `n`, or an error.
pub(crate) fn check_pixels(pixels: &[f32], n: usize, input_px: usize) -> Result<()> {
    let values = n * 3 * input_px * input_px;
    if pixels.len() == values {
        return Ok(());
    }
    Err(Error::internal(format!(
        "{n} images of {input_px} x {input_px} pixels need {values} values, got {}",
        pixels.len()
    )))
}
