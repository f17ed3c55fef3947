//! The frozen part of a ResNet v2, ready to run: on `silknow-engine`, or on Burn.

use burn::tensor::{Device, Tensor, TensorData};
use silknow_config::{Architecture, Precision};
use silknow_engine::{Activation, Convolution, Engine, EngineBuilder, Instructions, Output, PoolBorder, Unit};
use silknow_errors::{Error, Result};

use super::layout::{ConvLayout, Flavour, Layout, NormLayout};
use super::network::{FrozenResNetV2, parts};
use super::size::ResNetV2;
use crate::convolution::{global_average_pool, normalisation};
use crate::design::Design;
use crate::device::{Placement, numbers};
use crate::features::{FeatureShape, FrozenBackbone, Maps, check_pixels};
use crate::weights::WeightFile;

/// The stem and the first `cut` residual units.
///
/// On an accelerator one call is one batch, computed by Burn; on the CPU it is computed by `silknow-engine` on the best
/// instructions of the processor, or by Burn where the channels are not those of the usual networks.
pub(super) fn frozen_backbone(
    weights: &WeightFile,
    layout: &Layout,
    cut: usize,
    input_px: usize,
    placement: &Placement,
) -> Result<Box<dyn FrozenBackbone>> {
    let device = placement.device().clone().without_autodiff();
    if device != Device::flex() {
        return Ok(Box::new(BurnBackbone::new(weights, layout, cut, input_px, &device)?));
    }
    if runs_on_engine(layout) {
        return on_processor(weights, layout, cut, input_px, (Instructions::best(), placement.precision()));
    }
    match placement.precision() {
        Precision::F32 => Ok(Box::new(BurnBackbone::new(weights, layout, cut, input_px, &device)?)),
        Precision::Bf16 => {
            Err(Error::configuration("a network of these numbers of channels does not run in the precision bf16")
                .hint("leave the precision at f32"))
        }
    }
}

/// The engine computes with whole registers of channels.
fn runs_on_engine(layout: &Layout) -> bool {
    layout.convs().all(|conv| conv.outputs.is_multiple_of(64))
}

/// The frozen part of a ResNet v2 with the last `retrained` units cut off, computed by Burn on any device, in single precision.
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
    let resnet = ResNetV2::of(architecture)?;
    let cut = (resnet as &dyn Design).frozen_parts(retrained)?;
    Ok(Box::new(BurnBackbone::new(weights, &resnet.layout(), cut, input_px, device)?))
}

/// As [`burn_backbone`], computed on the CPU with the given instructions and numbers.
///
/// # Errors
/// As [`frozen_backbone`](crate::frozen_backbone); instructions that this processor does not have for these numbers;
/// numbers of channels that are not multiples of 64.
pub fn processor_backbone(
    weights: &WeightFile,
    architecture: Architecture,
    retrained: usize,
    input_px: usize,
    instructions: Instructions,
    precision: Precision,
) -> Result<Box<dyn FrozenBackbone>> {
    let resnet = ResNetV2::of(architecture)?;
    let cut = (resnet as &dyn Design).frozen_parts(retrained)?;
    let layout = resnet.layout();
    if !runs_on_engine(&layout) {
        return Err(Error::configuration(format!("{architecture} has channels that are no multiples of 64")));
    }
    on_processor(weights, &layout, cut, input_px, (instructions, precision))
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
    let flavour = layout.flavour;
    let fold = |layout: &ConvLayout| folded(layout, flavour, weights);
    let border = match flavour {
        Flavour::Slim => PoolBorder::Nothing,
        Flavour::Keras => PoolBorder::Zeros,
    };
    let mut builder = EngineBuilder::pre_activated(&fold(&layout.stem)?, border, input_px, instructions, numbers);
    for unit in &layout.units[..cut] {
        builder = builder.unit(&Unit {
            activation: activation(&unit.preact, flavour, weights)?,
            convolutions: unit.convs.iter().map(fold).collect::<Result<_>>()?,
            shortcut: unit.shortcut.as_ref().map(fold).transpose()?,
        });
    }
    let pooled_from = pooled_from(layout, cut, input_px);
    let engine = if pooled_from.is_some() {
        builder.activation(&activation(&layout.postnorm, flavour, weights)?).finish(Output::Pooled)
    } else {
        builder.finish(Output::Maps)
    };
    Ok(Box::new(ProcessorBackbone { engine, input_px, shape: feature_shape(layout, cut, input_px), pooled_from }))
}

/// A convolution with the normalisation after it, where there is one, multiplied in.
fn folded(layout: &ConvLayout, flavour: Flavour, weights: &WeightFile) -> Result<Convolution> {
    let parts = parts(layout, flavour, weights)?;
    Ok(Convolution {
        inputs: layout.inputs,
        outputs: layout.outputs,
        kernel_px: layout.kernel_px,
        stride_px: layout.stride_px,
        weights: parts.folded_kernel(),
        shift: parts.shift,
    })
}

fn activation(layout: &NormLayout, flavour: Flavour, weights: &WeightFile) -> Result<Activation> {
    let (scale, shift) = normalisation(&layout.name, layout.channels, flavour.epsilon(), weights)?;
    Ok(Activation { scale, shift })
}

/// The shape of the features that a network with this cut delivers.
pub(super) fn feature_shape(layout: &Layout, cut: usize, input_px: usize) -> FeatureShape {
    if cut == layout.units.len() {
        return FeatureShape { channels: layout.features(), height: 1, width: 1 };
    }
    maps_shape(layout, cut, input_px)
}

/// The shape of the maps after the first `cut` units.
fn maps_shape(layout: &Layout, cut: usize, input_px: usize) -> FeatureShape {
    let (channels, side) = layout.maps_before(cut, input_px);
    FeatureShape { channels, height: side, width: side }
}

/// The shape of the maps whose mean the features are; none where the features are maps.
fn pooled_from(layout: &Layout, cut: usize, input_px: usize) -> Option<FeatureShape> {
    (cut == layout.units.len()).then(|| maps_shape(layout, cut, input_px))
}

/// The frozen part as `silknow-engine` computes it.
struct ProcessorBackbone {
    engine: Engine,
    input_px: usize,
    shape: FeatureShape,
    /// The shape of the maps that the pooled values are the mean of; none where they are not pooled.
    pooled_from: Option<FeatureShape>,
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
    network: FrozenResNetV2,
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
            network: FrozenResNetV2::new(weights, layout, cut, &device)?,
            input_px,
            shape: feature_shape(layout, cut, input_px),
            pooled_from: pooled_from(layout, cut, input_px),
            device,
        })
    }

    /// The maps of `n` images, at least one: after the last unit and its activation, or at the cut.
    fn maps(&self, pixels: &[f32], n: usize) -> Tensor<4> {
        let pixels = TensorData::new(pixels.to_vec(), [n, 3, self.input_px, self.input_px]);
        self.network.forward(Tensor::<4>::from_data(pixels, &self.device))
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
        let maps = self.maps(pixels, n);
        if self.pooled_from.is_some() { numbers(global_average_pool(maps)) } else { numbers(maps) }
    }

    fn run_before_pool(&self, pixels: &[f32], n: usize) -> Result<Option<Maps>> {
        check_pixels(pixels, n, self.input_px)?;
        let values = |shape| {
            let values = if n == 0 { Vec::new() } else { numbers(self.maps(pixels, n))? };
            Ok(Maps { shape, values })
        };
        self.pooled_from.map(values).transpose()
    }
}
