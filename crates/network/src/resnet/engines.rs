//! The frozen part of a ResNet, ready to run: on `silknow-engine`, or on Burn.

use burn::tensor::Device;
use silknow_config::{Architecture, Precision};
use silknow_engine::{Block, EngineBuilder, Instructions, Output};
use silknow_errors::{Error, Result};

use super::layout::Layout;
use super::network::{FrozenResNet, parts};
use super::sizes::ResNet;
use crate::design::Design;
use crate::device::Placement;
use crate::features::{FeatureShape, FrozenBackbone};
use crate::frozen::{FrozenShape, OnBurn, OnEngine, engine_numbers};
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
        on_burn(weights, layout, cut, input_px, &device)
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
    on_burn(weights, &resnet.layout(), cut, input_px, device)
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
    let numbers = engine_numbers(instructions, precision)?;
    let fold = |layout| Ok::<_, Error>(parts(layout, weights)?.for_engine());
    let mut builder = EngineBuilder::new(&fold(&layout.stem)?, input_px, instructions, numbers);
    for block in &layout.blocks[..cut] {
        builder = builder.block(&Block {
            convolutions: block.convs.iter().map(fold).collect::<Result<_>>()?,
            shortcut: block.shortcut.as_ref().map(fold).transpose()?,
        });
    }
    let shape = frozen_shape(layout, cut, input_px);
    let engine = builder.finish(if shape.pooled { Output::Pooled } else { Output::Maps });
    Ok(Box::new(OnEngine { engine, shape }))
}

fn on_burn(
    weights: &WeightFile,
    layout: &Layout,
    cut: usize,
    input_px: usize,
    device: &Device,
) -> Result<Box<dyn FrozenBackbone>> {
    let device = device.clone().without_autodiff();
    let network = FrozenResNet::new(weights, layout, cut, &device)?;
    let shape = frozen_shape(layout, cut, input_px);
    Ok(Box::new(OnBurn { network: move |pixels| network.forward(pixels), device, shape }))
}

/// What a network with this cut reads and delivers.
pub(super) fn frozen_shape(layout: &Layout, cut: usize, input_px: usize) -> FrozenShape {
    let (channels, side) = layout.maps_before(cut, input_px);
    let maps = FeatureShape { channels, height: side, width: side };
    FrozenShape { input_px, maps, pooled: cut == layout.blocks.len() }
}
