//! ResNet 18 to 152 as Burn computes it: one convolution, one block, the frozen part and the trainable part.
//!
//! Batch normalisation always is the constant scale and shift of its stored statistics, so the convolutions contain it.
//! `backward` has the gradients.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};
use silknow_errors::Result;

use super::layout::{BATCH_NORM_EPSILON, BlockLayout, ConvLayout, Layout};
use crate::parameter::parameter;
use crate::weights::WeightFile;

/// Whether the values of a part of the network are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The values never change, so the scale is multiplied into the kernel once.
    Frozen,
    /// The kernel is trained; scale and shift stay what they are.
    Trained,
}

/// A convolution with the batch normalisation after it.
#[derive(Module, Debug)]
pub(super) struct Conv {
    /// Name of the kernel tensor.
    name: String,
    /// Kernel `[outputs, inputs, kernel, kernel]`.
    pub(super) kernel: Param<Tensor<4>>,
    /// Constant scale `[outputs, 1, 1, 1]` of a trained kernel; a frozen one holds it already.
    pub(super) scale: Option<Tensor<4>>,
    /// Constant shift `[outputs]`.
    pub(super) shift: Tensor<1>,
    pub(super) stride_px: usize,
    pub(super) padding_px: usize,
}

impl Conv {
    fn new(layout: &ConvLayout, weights: &WeightFile, role: Role, device: &Device) -> Result<Self> {
        let (kernel, scale, shift) = match role {
            Role::Frozen => {
                let (kernel, shift) = folded_kernel(layout, weights)?;
                (kernel, None, shift)
            }
            Role::Trained => {
                let (scale, shift) = normalisation(layout, weights)?;
                let scale = Tensor::from_data(TensorData::new(scale, [layout.outputs, 1, 1, 1]), device);
                (weights.values(&layout.weight_name(), &layout.weight_shape())?.to_vec(), Some(scale), shift)
            }
        };
        let kernel = Tensor::from_data(TensorData::new(kernel, layout.weight_shape()), device);
        let name = layout.weight_name();
        Ok(Self {
            kernel: parameter(&name, kernel).set_require_grad(role == Role::Trained),
            name,
            scale,
            shift: Tensor::from_data(TensorData::new(shift, [layout.outputs]), device),
            stride_px: layout.stride_px,
            padding_px: layout.padding_px(),
        })
    }

    /// `[N, inputs, H, W]` to `[N, outputs, H', W']`.
    pub(super) fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([self.stride_px; 2], [self.padding_px; 2], [1; 2], 1);
        conv2d(maps, self.scaled_kernel(), Some(self.shift.clone()), options)
    }

    pub(super) fn scaled_kernel(&self) -> Tensor<4> {
        match &self.scale {
            Some(scale) => self.kernel.val() * scale.clone(),
            None => self.kernel.val(),
        }
    }
}

/// The kernel `[outputs, inputs, kernel, kernel]` with the scale of the normalisation multiplied in, and the shift.
pub(super) fn folded_kernel(layout: &ConvLayout, weights: &WeightFile) -> Result<(Vec<f32>, Vec<f32>)> {
    let (scale, shift) = normalisation(layout, weights)?;
    let mut kernel = weights.values(&layout.weight_name(), &layout.weight_shape())?.to_vec();
    for (row, scale) in kernel.chunks_exact_mut(layout.fan_in()).zip(scale) {
        row.iter_mut().for_each(|value| *value *= scale);
    }
    Ok((kernel, shift))
}

/// Scale and shift per channel that batch normalisation with stored statistics comes to.
pub(super) fn normalisation(layout: &ConvLayout, weights: &WeightFile) -> Result<(Vec<f32>, Vec<f32>)> {
    let values = |tensor| weights.values(&format!("{}.{tensor}", layout.norm_name), &[layout.outputs]);
    let (weight, bias, mean, variance) =
        (values("weight")?, values("bias")?, values("running_mean")?, values("running_var")?);
    let folded =
        weight.iter().zip(bias).zip(mean.iter().zip(variance)).map(|((&weight, &bias), (&mean, &variance))| {
            let scale = f64::from(weight) / (f64::from(variance) + BATCH_NORM_EPSILON).sqrt();
            (scale as f32, (f64::from(bias) - f64::from(mean) * scale) as f32)
        });
    Ok(folded.unzip())
}

/// A residual block.
#[derive(Module, Debug)]
pub(super) struct Block {
    pub(super) convs: Vec<Conv>,
    pub(super) shortcut: Option<Conv>,
}

impl Block {
    fn new(layout: &BlockLayout, weights: &WeightFile, role: Role, device: &Device) -> Result<Self> {
        let conv = |layout| Conv::new(layout, weights, role, device);
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
            stem: Conv::new(&layout.stem, weights, Role::Frozen, &device)?,
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

/// The mean over all positions: `[N, C, H, W]` to `[N, C]`.
pub(super) fn global_average_pool(maps: Tensor<4>) -> Tensor<2> {
    let [images, channels, height, width] = maps.dims();
    maps.reshape([images, channels, height * width]).mean_dim(2).reshape([images, channels])
}
