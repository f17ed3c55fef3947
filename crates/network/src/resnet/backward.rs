//! How the retrained blocks are trained: a forward pass that remembers its maps, and the gradients from them.
//!
//! The derivatives of the blocks are worked out by hand. Burn's own graph would give the same, but it takes the gradient of a kernel
//! as a convolution whose kernel is as large as the maps, hence as products with as many columns as the kernel has
//! positions; here each position is one product over all pixels of the batch, with as many columns as there are channels.
//! The head and everything after it stay with Burn's graph.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Gradients, Tensor, s};
use silknow_errors::Result;

use super::network::{Block, Conv, TrainableBlocks, global_average_pool};
use crate::design::Trainable;
use crate::parameter::{replace, stored};
use crate::weights::WeightTensor;

/// What the way back through all blocks needs of the way there.
pub(crate) struct Remembered(Vec<BlockMaps>);

/// The maps of one block, without autodiff.
struct BlockMaps {
    /// What each convolution read; the first of them is the block's own input.
    inputs: Vec<Tensor<4>>,
    output: Tensor<4>,
}

impl Trainable for TrainableBlocks {
    type Remembered = Remembered;

    fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    fn forward(&self, maps: Tensor<4>) -> Tensor<2> {
        global_average_pool(self.blocks.iter().fold(maps, |maps, block| block.forward(maps)))
    }

    fn forward_remembering(&self, maps: Tensor<4>) -> (Tensor<2>, Remembered) {
        let mut maps = maps;
        let mut remembered = Vec::with_capacity(self.blocks.len());
        for block in &self.valid().blocks {
            let block_maps = block.forward_remembering(maps);
            maps = block_maps.output.clone();
            remembered.push(block_maps);
        }
        (global_average_pool(maps), Remembered(remembered))
    }

    fn add_gradients(&self, remembered: Remembered, pooled: Tensor<2>, gradients: &mut Gradients) {
        let plain = self.valid();
        let mut gradient = None;
        for (position, maps) in remembered.0.into_iter().enumerate().rev() {
            let of_output = gradient.take().unwrap_or_else(|| spread(pooled.clone(), maps.output.dims()));
            // Nothing before the first block is trained.
            let found = plain.blocks[position].backward(&maps, of_output, position > 0);
            for (conv, of_kernel) in self.blocks[position].convs().zip(found.kernels) {
                conv.kernel.val().grad_replace(gradients, of_kernel);
            }
            gradient = found.input;
        }
    }

    fn named_tensors(&self) -> BTreeMap<String, WeightTensor> {
        self.kernels().map(|(name, kernel)| (name.to_owned(), stored(kernel))).collect()
    }

    fn load(&mut self, prefix: &str, tensors: &BTreeMap<String, WeightTensor>) -> Result<()> {
        self.kernels_mut().try_for_each(|(name, kernel)| replace(&format!("{prefix}{name}"), kernel, tensors))
    }
}

/// The gradients of a block or a convolution.
struct Found {
    /// Of its kernels, in the order of [`Block::convs`].
    kernels: Vec<Tensor<4>>,
    /// Of what it read, where wanted.
    input: Option<Tensor<4>>,
}

impl Block {
    fn forward_remembering(&self, maps: Tensor<4>) -> BlockMaps {
        let around = self.around(&maps);
        let mut inputs = vec![maps];
        let (last, before) = self.convs.split_last().expect("a block has convolutions");
        for conv in before {
            inputs.push(relu(conv.forward(inputs[inputs.len() - 1].clone())));
        }
        let output = relu(last.forward(inputs[inputs.len() - 1].clone()) + around);
        BlockMaps { inputs, output }
    }

    fn backward(&self, maps: &BlockMaps, output_gradient: Tensor<4>, input_wanted: bool) -> Found {
        let gradient = where_positive(output_gradient, &maps.output);
        let around = self.shortcut.as_ref().map(|conv| conv.backward(&maps.inputs[0], gradient.clone(), input_wanted));
        let mut through = Some(gradient.clone());
        let mut kernels = Vec::with_capacity(self.convs.len() + 1);
        for (position, conv) in self.convs.iter().enumerate().rev() {
            let input = &maps.inputs[position];
            let of_output =
                through.take().expect("every convolution but the first hands a gradient to the one before it");
            let found = conv.backward(input, of_output, position > 0 || input_wanted);
            kernels.extend(found.kernels);
            // Every convolution but the first reads rectified values.
            through = found.input.map(|gradient| if position > 0 { where_positive(gradient, input) } else { gradient });
        }
        kernels.reverse();
        let around = match around {
            Some(found) => {
                kernels.extend(found.kernels);
                found.input
            }
            None => Some(gradient),
        };
        Found { kernels, input: through.zip(around).map(|(through, around)| through + around) }
    }
}

impl Conv {
    fn backward(&self, input: &Tensor<4>, output_gradient: Tensor<4>, input_wanted: bool) -> Found {
        let of_kernel = self.kernel_gradient(input.clone(), output_gradient.clone());
        let of_kernel = match &self.scale {
            Some(scale) => of_kernel * scale.clone(),
            None => of_kernel,
        };
        let input = input_wanted.then(|| self.input_gradient(input.dims(), output_gradient));
        Found { kernels: vec![of_kernel], input }
    }

    /// Of the kernel with its scale, `[outputs, inputs, kernel, kernel]`: at each position the product of what the
    /// outputs' pixels were handed back with what they read there.
    fn kernel_gradient(&self, input: Tensor<4>, output_gradient: Tensor<4>) -> Tensor<4> {
        let [images, outputs, height, width] = output_gradient.dims();
        let inputs = input.dims()[1];
        let [.., side] = self.kernel.dims();
        let (padding, stride) = (self.padding_px, self.stride_px);
        let pixels = images * height * width;
        let handed_back = output_gradient.permute([1, 0, 2, 3]).reshape([outputs, pixels]);
        // With the channels last, the values that a pixel reads at a position lie side by side.
        let read = input.permute([0, 2, 3, 1]).pad([(0, 0), (padding, padding), (padding, padding), (0, 0)], 0.0);
        let reach = |first: usize, pixels: usize| first..first + (pixels - 1) * stride + 1;
        let positions = (0..side * side).map(|position| {
            let (rows, columns) = (reach(position / side, height), reach(position % side, width));
            let step = stride as isize;
            let read = read.clone().slice(s![.., rows;step, columns;step, ..]).reshape([pixels, inputs]);
            handed_back.clone().matmul(read)
        });
        Tensor::stack::<3>(positions.collect(), 2).reshape(self.kernel.dims())
    }

    /// Of what was read, `[N, inputs, H, W]`.
    fn input_gradient(&self, input: [usize; 4], output_gradient: Tensor<4>) -> Tensor<4> {
        let kernel = self.scaled_kernel();
        let [.., side] = kernel.dims();
        let (padding, stride) = (self.padding_px, self.stride_px);
        if stride == 1 {
            // The plain convolution with the kernel turned around, which is faster than the transposed one.
            let turned = kernel.flip([2, 3]).swap_dims(0, 1);
            let options = ConvOptions::new([1; 2], [side - 1 - padding; 2], [1; 2], 1);
            return conv2d(output_gradient, turned, None, options);
        }
        let [_, _, height, width] = output_gradient.dims();
        // Rows and columns at the end that no step of the kernel reached.
        let beyond = |input: usize, output: usize| input + 2 * padding - side - (output - 1) * stride;
        let beyond = [beyond(input[2], height), beyond(input[3], width)];
        let options = ConvTransposeOptions::new([stride; 2], [padding; 2], beyond, [1; 2], 1);
        conv_transpose2d(output_gradient, kernel, None, options)
    }
}

/// The gradient of maps `[N, C, H, W]`, given that of their means `[N, C]`.
fn spread(pooled: Tensor<2>, maps: [usize; 4]) -> Tensor<4> {
    let [images, channels, height, width] = maps;
    (pooled / (height * width) as f64).reshape([images, channels, 1, 1]).expand(maps)
}

/// The gradient of what was rectified, given that of the result.
fn where_positive(gradient: Tensor<4>, rectified: &Tensor<4>) -> Tensor<4> {
    gradient.mask_fill(rectified.clone().lower_equal_elem(0.0), 0.0)
}

#[cfg(test)]
mod tests {
    use burn::optim::{AdamConfig, GradientsParams};
    use burn::tensor::{Device, TensorData};
    use silknow_config::Architecture;

    use super::super::sizes::ResNet;
    use super::*;
    use crate::weights::WeightFile;

    /// The last `retrained` blocks, with batch normalisation that is not trivial, on a device with autodiff.
    fn blocks(architecture: Architecture, retrained: usize) -> TrainableBlocks {
        let mut weights = WeightFile::random(architecture, 1).unwrap();
        for tensor in weights.tensors.values_mut().filter(|tensor| tensor.shape.len() == 1) {
            (0..).zip(&mut tensor.data).for_each(|(position, value)| *value += 0.01 * (position % 7) as f32);
        }
        let layout = ResNet::of(architecture).unwrap().layout();
        let cut = layout.blocks.len() - retrained;
        TrainableBlocks::new(&weights, &layout, cut, &Device::flex().autodiff()).unwrap()
    }

    /// Numbers in [-1, 1) without a pattern that a transposed gradient would share.
    fn noise<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        let values = (0..shape.iter().product::<usize>() as u64)
            .map(|position| (position.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f32 / (1 << 23) as f32 - 1.0);
        Tensor::from_data(TensorData::new(values.collect::<Vec<f32>>(), shape), &Device::flex())
    }

    /// The pooled values, and the gradients of all kernels, given theirs.
    fn there_and_back(blocks: &TrainableBlocks, maps: Tensor<4>, of_pooled: Tensor<2>) -> (Tensor<2>, Gradients) {
        let (pooled, remembered) = blocks.forward_remembering(maps);
        let mut gradients = Tensor::<1>::zeros([1], &Device::flex().autodiff()).require_grad().backward();
        blocks.add_gradients(remembered, of_pooled, &mut gradients);
        (pooled, gradients)
    }

    fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
        tensor.clone().into_data().try_into_vec().unwrap()
    }

    fn constants(blocks: &TrainableBlocks) -> Vec<Vec<f32>> {
        blocks.convs().flat_map(|conv| [numbers(conv.scale.as_ref().unwrap()), numbers(&conv.shift)]).collect()
    }

    fn largest(values: Tensor<4>) -> f32 {
        values.abs().max().into_scalar::<f32>()
    }

    #[test]
    fn gradients_are_those_of_burns_graph() {
        // Odd sides, so that a stride of 2 leaves a row over; basic and bottleneck blocks, with and without shortcut.
        let cases = [
            (Architecture::RESNET18, 1, [3, 512, 5, 4]),
            (Architecture::RESNET18, 3, [2, 256, 7, 6]),
            (Architecture::RESNET50, 3, [2, 1024, 5, 6]),
        ];
        for (architecture, retrained, shape) in cases {
            let blocks = blocks(architecture, retrained);
            let (maps, features) = (noise(shape).abs(), if retrained == 1 { 512 } else { 2 * shape[1] });
            let of_pooled = noise([shape[0], features]);
            let by_graph = blocks.forward(maps.clone());
            let (pooled, gradients) = there_and_back(&blocks, maps, of_pooled.clone());
            let apart = (by_graph.clone().inner() - pooled).abs().max().into_scalar::<f32>();
            assert_eq!(apart, 0.0, "{architecture}");
            let expected = (by_graph * of_pooled).sum().backward();
            for (name, kernel) in blocks.kernels() {
                let expected = kernel.grad(&expected).unwrap();
                let apart = largest(kernel.grad(&gradients).unwrap() - expected.clone());
                assert!(apart <= 2e-5 * largest(expected), "{architecture}, {name}: {apart}");
            }
        }
    }

    #[test]
    fn an_optimiser_step_changes_the_kernels_and_leaves_the_normalisation_alone() {
        let blocks = blocks(Architecture::RESNET18, 1);
        let kernels =
            |blocks: &TrainableBlocks| blocks.kernels().map(|(_, kernel)| numbers(&kernel.val())).collect::<Vec<_>>();
        let (kernels_before, constants_before) = (kernels(&blocks), constants(&blocks));
        let (_, gradients) =
            there_and_back(&blocks, noise([2, 512, 2, 2]).abs(), Tensor::ones([2, 512], &Device::flex()));
        let gradients = GradientsParams::from_grads(gradients, &blocks);
        assert_eq!(gradients.len(), 2);
        let blocks = AdamConfig::new().init().step(1e-2, blocks, gradients);
        for (before, after) in kernels_before.iter().zip(kernels(&blocks)) {
            assert_ne!(*before, after);
        }
        assert_eq!(constants(&blocks), constants_before);
    }

    #[test]
    fn the_gradient_of_a_kernel_is_the_difference_quotient() {
        let mut blocks = blocks(Architecture::RESNET18, 1);
        let (maps, of_pooled) = (noise([2, 512, 2, 2]).abs(), noise([2, 512]));
        let (_, gradients) = there_and_back(&blocks, maps.clone(), of_pooled.clone());
        let (_, kernel) = blocks.kernels().next().unwrap();
        let (gradient, kernel) = (numbers(&kernel.grad(&gradients).unwrap()), kernel.val());
        // The element whose gradient is largest: there the quotient stands out most from rounding.
        let element = (0..gradient.len()).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs())).unwrap();
        let mut at = |offset: f32| {
            let mut moved = numbers(&kernel);
            moved[element] += offset;
            let moved = Tensor::from_data(TensorData::new(moved, kernel.dims()), &kernel.device());
            let (name, parameter_now) = blocks.kernels_mut().next().unwrap();
            *parameter_now = crate::parameter::parameter(name, moved);
            f64::from((blocks.forward_remembering(maps.clone()).0 * of_pooled.clone()).sum().into_scalar::<f32>())
        };
        let quotient = (at(1e-2) - at(-1e-2)) / 2e-2;
        let gradient = f64::from(gradient[element]);
        assert!((quotient - gradient).abs() < 0.02 * gradient.abs(), "{quotient} and {gradient}");
    }
}
