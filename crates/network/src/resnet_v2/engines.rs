//! The frozen part of a ResNet v2, ready to run: on `silknow-engine`, or on Burn.

use burn::tensor::Device;
use silknow_config::{Architecture, Precision};
use silknow_engine::{Activation, EngineBuilder, Instructions, Output, PoolBorder, Unit};
use silknow_errors::{Error, Result};

use super::layout::{Flavour, Layout, NormLayout};
use super::network::{FrozenResNetV2, parts};
use super::size::ResNetV2;
use crate::convolution::normalisation;
use crate::design::Design;
use crate::device::Placement;
use crate::features::{FeatureShape, FrozenBackbone};
use crate::frozen::{FrozenShape, OnBurn, OnEngine, engine_numbers};
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
        return on_burn(weights, layout, cut, input_px, &device);
    }
    if runs_on_engine(layout) {
        return on_processor(weights, layout, cut, input_px, (Instructions::best(), placement.precision()));
    }
    match placement.precision() {
        Precision::F32 => on_burn(weights, layout, cut, input_px, &device),
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
    on_burn(weights, &resnet.layout(), cut, input_px, device)
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
    let numbers = engine_numbers(instructions, precision)?;
    let flavour = layout.flavour;
    let fold = |layout| Ok::<_, Error>(parts(layout, flavour, weights)?.for_engine());
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
    let shape = frozen_shape(layout, cut, input_px);
    let engine = if shape.pooled {
        builder.activation(&activation(&layout.postnorm, flavour, weights)?).finish(Output::Pooled)
    } else {
        builder.finish(Output::Maps)
    };
    Ok(Box::new(OnEngine { engine, shape }))
}

fn activation(layout: &NormLayout, flavour: Flavour, weights: &WeightFile) -> Result<Activation> {
    let (scale, shift) = normalisation(&layout.name, layout.channels, flavour.epsilon(), weights)?;
    Ok(Activation { scale, shift })
}

fn on_burn(
    weights: &WeightFile,
    layout: &Layout,
    cut: usize,
    input_px: usize,
    device: &Device,
) -> Result<Box<dyn FrozenBackbone>> {
    let device = device.clone().without_autodiff();
    let network = FrozenResNetV2::new(weights, layout, cut, &device)?;
    let shape = frozen_shape(layout, cut, input_px);
    Ok(Box::new(OnBurn { network: move |pixels| network.forward(pixels), device, shape }))
}

/// What a network with this cut reads and delivers.
pub(super) fn frozen_shape(layout: &Layout, cut: usize, input_px: usize) -> FrozenShape {
    let (channels, side) = layout.maps_before(cut, input_px);
    let maps = FeatureShape { channels, height: side, width: side };
    FrozenShape { input_px, maps, pooled: cut == layout.units.len() }
}
