//! The frozen part of a ResNet, ready to run: on `silknow-engine`, or on Burn.

use burn::tensor::{Device, Tensor, TensorData};
use silknow_config::{Architecture, Precision};
use silknow_engine::{Block, Convolution, Engine, EngineBuilder, Instructions, Output};
use silknow_errors::{Error, Result};

use super::layout::{ConvLayout, Layout};
use super::network::{FrozenResNet, parts};
use super::sizes::ResNet;
use crate::convolution::global_average_pool;
use crate::design::Design;
use crate::device::{Placement, numbers};
use crate::features::{FeatureShape, FrozenBackbone, Maps, check_pixels};
use crate::weights::WeightFile;

/// The stem and the first `cut` residual blocks.
///
/// On an accelerator one call is one batch, computed by Burn; on the CPU it is computed by `silknow-engine` on the best
/// instructions of the processor.
pub(super) fn frozen_backbone(
    weights: &WeightFile,
    layout: &Layout,
    cut: usize,
    input_px: usize,
    placement: &Placement,
) -> Result<Box<dyn FrozenBackbone>> {
    let device = placement.device().clone().without_autodiff();
    if device == Device::flex() {
        on_processor(weights, layout, cut, input_px, (Instructions::best(), placement.precision()))
    } else {
        Ok(Box::new(BurnBackbone::new(weights, layout, cut, input_px, &device)?))
    }
}

/// The frozen part of a ResNet with the last `retrained` blocks cut off, computed by Burn on any device, in single precision.
///
/// # Errors
/// As [`frozen_backbone`](crate::frozen_backbone).
pub fn burn_backbone(
    weights: &WeightFile,
    architecture: Architecture,
    retrained: usize,
    input_px: usize,
    device: &Device,
) -> Result<Box<dyn FrozenBackbone>> {
    let resnet = ResNet::of(architecture)?;
    let cut = (resnet as &dyn Design).frozen_parts(retrained)?;
    Ok(Box::new(BurnBackbone::new(weights, &resnet.layout(), cut, input_px, device)?))
}

/// As [`burn_backbone`], computed on the CPU with the given instructions and numbers.
///
/// # Errors
/// As [`frozen_backbone`](crate::frozen_backbone); instructions that this processor does not have for these numbers.
pub fn processor_backbone(
    weights: &WeightFile,
    architecture: Architecture,
    retrained: usize,
    input_px: usize,
    instructions: Instructions,
    precision: Precision,
) -> Result<Box<dyn FrozenBackbone>> {
    let resnet = ResNet::of(architecture)?;
    let cut = (resnet as &dyn Design).frozen_parts(retrained)?;
    on_processor(weights, &resnet.layout(), cut, input_px, (instructions, precision))
}

fn on_processor(
    weights: &WeightFile,
    layout: &Layout,
    cut: usize,
    input_px: usize,
    (instructions, precision): (Instructions, Precision),
) -> Result<Box<dyn FrozenBackbone>> {
    let numbers = match precision {
        Precision::F32 => silknow_engine::Precision::Single,
        Precision::Bf16 => silknow_engine::Precision::Bf16,
    };
    if !instructions.supports(numbers) {
        return Err(Error::configuration(format!(
            "the instructions {instructions} cannot compute in the precision {precision} on this processor"
        )));
    }
    let stem = EngineBuilder::new(&folded(&layout.stem, weights)?, input_px, instructions, numbers);
    Ok(Box::new(ProcessorBackbone::new(stem, weights, layout, cut, input_px)?))
}

/// The shape of the features that a network with this cut delivers.
pub(super) fn feature_shape(layout: &Layout, cut: usize, input_px: usize) -> FeatureShape {
    if cut == layout.blocks.len() {
        return FeatureShape { channels: layout.features(), height: 1, width: 1 };
    }
    maps_shape(layout, cut, input_px)
}

/// The shape of the maps after the first `cut` blocks.
fn maps_shape(layout: &Layout, cut: usize, input_px: usize) -> FeatureShape {
    let (channels, side) = layout.maps_before(cut, input_px);
    FeatureShape { channels, height: side, width: side }
}

/// The shape of the maps whose mean the features are; none where the features are maps.
fn pooled_from(layout: &Layout, cut: usize, input_px: usize) -> Option<FeatureShape> {
    (cut == layout.blocks.len()).then(|| maps_shape(layout, cut, input_px))
}

/// The frozen part as `silknow-engine` computes it.
struct ProcessorBackbone {
    engine: Engine,
    input_px: usize,
    shape: FeatureShape,
    /// The shape of the maps that the pooled values are the mean of; none where they are not pooled.
    pooled_from: Option<FeatureShape>,
}

impl ProcessorBackbone {
    fn new(stem: EngineBuilder, weights: &WeightFile, layout: &Layout, cut: usize, input_px: usize) -> Result<Self> {
        let mut builder = stem;
        for block in &layout.blocks[..cut] {
            let fold = |layout| folded(layout, weights);
            builder = builder.block(&Block {
                convolutions: block.convs.iter().map(fold).collect::<Result<_>>()?,
                shortcut: block.shortcut.as_ref().map(fold).transpose()?,
            });
        }
        let pooled_from = pooled_from(layout, cut, input_px);
        let output = if pooled_from.is_some() { Output::Pooled } else { Output::Maps };
        let shape = feature_shape(layout, cut, input_px);
        Ok(Self { engine: builder.finish(output), input_px, shape, pooled_from })
    }
}

/// A convolution with the batch normalisation after it multiplied in.
fn folded(layout: &ConvLayout, weights: &WeightFile) -> Result<Convolution> {
    let parts = parts(layout, weights)?;
    Ok(Convolution {
        inputs: layout.inputs,
        outputs: layout.outputs,
        kernel_px: layout.kernel_px,
        stride_px: layout.stride_px,
        weights: parts.folded_kernel(),
        shift: parts.shift,
    })
}

impl FrozenBackbone for ProcessorBackbone {
    fn feature_shape(&self) -> FeatureShape {
        self.shape
    }

    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        check_pixels(pixels, n, self.input_px)?;
        Ok(self.engine.run(pixels, n))
    }

    fn run_before_pool(&self, pixels: &[f32], n: usize) -> Result<Option<Maps>> {
        check_pixels(pixels, n, self.input_px)?;
        Ok(self.pooled_from.map(|shape| Maps { shape, values: self.engine.run_to_maps(pixels, n) }))
    }
}

/// The frozen part as Burn computes it.
struct BurnBackbone {
    network: FrozenResNet,
    device: Device,
    input_px: usize,
    shape: FeatureShape,
    /// The shape of the maps that the pooled values are the mean of; none where they are not pooled.
    pooled_from: Option<FeatureShape>,
}

impl BurnBackbone {
    fn new(weights: &WeightFile, layout: &Layout, cut: usize, input_px: usize, device: &Device) -> Result<Self> {
        let device = device.clone().without_autodiff();
        Ok(Self {
            network: FrozenResNet::new(weights, layout, cut, &device)?,
            input_px,
            shape: feature_shape(layout, cut, input_px),
            pooled_from: pooled_from(layout, cut, input_px),
            device,
        })
    }

    /// The maps after the last block, of one image or more.
    fn maps(&self, pixels: &[f32]) -> Tensor<4> {
        let side = self.input_px;
        let n = pixels.len() / (3 * side * side);
        let pixels = Tensor::<4>::from_data(TensorData::new(pixels.to_vec(), [n, 3, side, side]), &self.device);
        self.network.forward(pixels)
    }
}

impl FrozenBackbone for BurnBackbone {
    fn feature_shape(&self) -> FeatureShape {
        self.shape
    }

    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        check_pixels(pixels, n, self.input_px)?;
        if n == 0 {
            return Ok(Vec::new());
        }
        let maps = self.maps(pixels);
        if self.pooled_from.is_some() { numbers(global_average_pool(maps)) } else { numbers(maps) }
    }

    fn run_before_pool(&self, pixels: &[f32], n: usize) -> Result<Option<Maps>> {
        check_pixels(pixels, n, self.input_px)?;
        let values = |shape| {
            let values = if n == 0 { Vec::new() } else { numbers(self.maps(pixels))? };
            Ok(Maps { shape, values })
        };
        self.pooled_from.map(values).transpose()
    }
}
