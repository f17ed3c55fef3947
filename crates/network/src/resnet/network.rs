//! ResNet 18 to 152 as Burn computes it: one block, the frozen part and the trainable part.
//!
//! The convolutions contain the batch normalisation after them. `backward` has the gradients.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};
use silknow_errors::{Error, Result};

use super::layout::{BATCH_NORM_EPSILON, BlockLayout, ConvLayout, Layout};
use crate::convolution::{Conv, Parts, Role, normalisation};
use crate::weights::WeightFile;

/// What a convolution and the normalisation after it are made from.
///
/// # Errors
/// A tensor that is missing or has another shape, named.
pub(super) fn parts<'a>(layout: &ConvLayout, weights: &'a WeightFile) -> Result<Parts<'a>> {
    let (scale, shift) = normalisation(&layout.norm_name, layout.outputs, BATCH_NORM_EPSILON, weights)?;
    Ok(Parts {
        name: layout.weight_name(),
        kernel: weights.values(&layout.weight_name(), &layout.weight_shape())?,
        shape: [layout.outputs, layout.inputs, layout.kernel_px, layout.kernel_px],
        scale: Some(scale),
        shift,
        stride_px: layout.stride_px,
    })
}

/// A residual block.
#[derive(Module, Debug)]
pub(super) struct Block {
    pub(super) convs: Vec<Conv>,
    pub(super) shortcut: Option<Conv>,
}

impl Block {
    fn new(layout: &BlockLayout, weights: &WeightFile, role: Role, device: &Device) -> Result<Self> {
        let conv = |layout| Ok::<_, Error>(Conv::new(parts(layout, weights)?, role, device));
        Ok(Self {
            convs: layout.convs.iter().map(conv).collect::<Result<_>>()?,
            shortcut: layout.shortcut.as_ref().map(conv).transpose()?,
        })
    }

    pub(super) fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let around = self.around(&maps);
        let last = self.convs.len() - 1;
        let through = self.convs.iter().enumerate().fold(maps, |maps, (position, conv)| {
            let maps = conv.forward(maps);
            if position < last { relu(maps) } else { maps }
        });
        relu(through + around)
    }

    /// The way around the convolutions.
    pub(super) fn around(&self, maps: &Tensor<4>) -> Tensor<4> {
        match &self.shortcut {
            Some(shortcut) => shortcut.forward(maps.clone()),
            None => maps.clone(),
        }
    }

    /// The convolutions from input to output, then that of the shortcut.
    pub(super) fn convs(&self) -> impl Iterator<Item = &Conv> {
        self.convs.iter().chain(&self.shortcut)
    }
}

/// The part of a ResNet that is never trained: the stem and the blocks before the cut.
#[derive(Module, Debug)]
pub(super) struct FrozenResNet {
    stem: Conv,
    blocks: Vec<Block>,
}

impl FrozenResNet {
    /// The stem and the first `cut` blocks, on `device` without autodiff.
    pub(super) fn new(weights: &WeightFile, layout: &Layout, cut: usize, device: &Device) -> Result<Self> {
        let device = device.clone().without_autodiff();
        let block = |layout| Block::new(layout, weights, Role::Frozen, &device);
        Ok(Self {
            stem: Conv::new(parts(&layout.stem, weights)?, Role::Frozen, &device),
            blocks: layout.blocks[..cut].iter().map(block).collect::<Result<_>>()?,
        })
    }

    /// Normalised pixels `[N, 3, S, S]` to feature maps `[N, C, H, W]`.
    pub(super) fn forward(&self, pixels: Tensor<4>) -> Tensor<4> {
        let maps = relu(self.stem.forward(pixels));
        let maps = max_pool2d(maps, MaxPoolOptions::new([3; 2]).with_stride([2; 2]).with_padding([1; 2]));
        self.blocks.iter().fold(maps, |maps, block| block.forward(maps))
    }
}

/// The blocks after the cut. Their kernels are trained; scale and shift of batch normalisation never are.
#[derive(Module, Debug)]
pub struct TrainableBlocks {
    pub(super) blocks: Vec<Block>,
}

impl TrainableBlocks {
    /// The blocks from `cut` on, on `device`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    pub fn new(weights: &WeightFile, layout: &Layout, cut: usize, device: &Device) -> Result<Self> {
        let block = |layout| Block::new(layout, weights, Role::Trained, device);
        Ok(Self { blocks: layout.blocks[cut..].iter().map(block).collect::<Result<_>>()? })
    }

    /// The trained kernels with their names, from input to output.
    pub(crate) fn kernels(&self) -> impl Iterator<Item = (&str, &Param<Tensor<4>>)> {
        self.convs().map(|conv| (conv.name.as_str(), &conv.kernel))
    }

    /// The trained kernels with their names, to be replaced.
    pub(super) fn kernels_mut(&mut self) -> impl Iterator<Item = (&str, &mut Param<Tensor<4>>)> {
        self.blocks
            .iter_mut()
            .flat_map(|block| block.convs.iter_mut().chain(&mut block.shortcut))
            .map(|conv| (conv.name.as_str(), &mut conv.kernel))
    }

    pub(super) fn convs(&self) -> impl Iterator<Item = &Conv> {
        self.blocks.iter().flat_map(Block::convs)
    }
}
