//! The frozen part of a backbone behind one trait: pixels in, features out, nothing to train.
//!
//! Owns the trait and the choice of its implementation. Leaves the computation to `resnet`.

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use silknow_config::Architecture;
use silknow_foundation::{Error, Result};

use crate::layout::Layout;
use crate::resnet::{FrozenResNet, global_average_pool};
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

/// The frozen part of an architecture: the stem and all residual blocks but the last `hub_num_retrain`.
///
/// `input_px` is the side S of the square input. On an accelerator one call is one batch; on the CPU its images
/// are spread over the threads.
///
/// # Errors
/// More blocks to retrain than there are; a tensor that is missing or has another shape, named.
pub fn frozen_backbone(
    weights: &WeightFile,
    architecture: Architecture,
    hub_num_retrain: usize,
    input_px: usize,
    device: &Device,
) -> Result<Box<dyn FrozenBackbone>> {
    let layout = Layout::of(architecture);
    let cut = layout.cut(hub_num_retrain)?;
    Ok(Box::new(BurnBackbone::new(weights, &layout, cut, input_px, device)?))
}

/// The shape of the features that a network with these cuts delivers, without making one.
pub fn feature_shape(layout: &Layout, cut: usize, input_px: usize) -> FeatureShape {
    if cut == layout.blocks.len() {
        return FeatureShape { channels: layout.features(), height: 1, width: 1 };
    }
    let (channels, side) = layout.maps_before(cut, input_px);
    FeatureShape { channels, height: side, width: side }
}

/// The frozen part as Burn computes it.
struct BurnBackbone {
    network: FrozenResNet,
    device: Device,
    input_px: usize,
    shape: FeatureShape,
    pooled: bool,
}

impl BurnBackbone {
    fn new(weights: &WeightFile, layout: &Layout, cut: usize, input_px: usize, device: &Device) -> Result<Self> {
        let device = device.clone().without_autodiff();
        Ok(Self {
            network: FrozenResNet::new(weights, layout, cut, &device)?,
            input_px,
            shape: feature_shape(layout, cut, input_px),
            pooled: cut == layout.blocks.len(),
            device,
        })
    }

    fn run_batch(&self, pixels: &[f32]) -> Result<Vec<f32>> {
        let side = self.input_px;
        let n = pixels.len() / (3 * side * side);
        let pixels = Tensor::<4>::from_data(TensorData::new(pixels.to_vec(), [n, 3, side, side]), &self.device);
        let maps = self.network.forward(pixels);
        let features = if self.pooled { global_average_pool(maps).into_data() } else { maps.into_data() };
        features
            .try_into_vec::<f32>()
            .map_err(|cause| Error::internal(format!("the features are not of type f32: {cause:?}")))
    }
}

impl FrozenBackbone for BurnBackbone {
    fn feature_shape(&self) -> FeatureShape {
        self.shape
    }

    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        let image_len = 3 * self.input_px * self.input_px;
        if pixels.len() != n * image_len {
            return Err(Error::internal(format!(
                "{n} images of {0} x {0} pixels need {1} values, got {2}",
                self.input_px,
                n * image_len,
                pixels.len()
            )));
        }
        if n == 0 {
            return Ok(Vec::new());
        }
        if self.device != Device::flex() {
            return self.run_batch(pixels);
        }
        // Burn's convolution rearranges its input on one thread; a part of the batch per thread keeps all busy.
        let images_per_thread = n.div_ceil(rayon::current_num_threads());
        let parts: Vec<Vec<f32>> =
            pixels.par_chunks(images_per_thread * image_len).map(|part| self.run_batch(part)).collect::<Result<_>>()?;
        Ok(parts.concat())
    }
}
