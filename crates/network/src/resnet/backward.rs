//! How the retrained blocks are trained: a forward pass that remembers its maps, and the gradients from them.
//!
//! The derivatives of the blocks are worked out by hand. Burn's own graph would give the same, but it takes the gradient of a kernel
//! as a convolution whose kernel is as large as the maps, hence as products with as many columns as the kernel has
//! positions; here each position is one product over all pixels of the batch, with as many columns as there are channels.
//! The head and everything after it stay with Burn's graph.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Gradients, Tensor};
use silknow_errors::Result;

use super::network::{Block, TrainableBlocks};
use crate::convolution::{UnitGradients, global_average_pool, spread, where_positive};
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

    fn backward(&self, maps: &BlockMaps, output_gradient: Tensor<4>, input_wanted: bool) -> UnitGradients {
        let gradient = where_positive(output_gradient, &maps.output);
        let around = self.shortcut.as_ref().map(|conv| conv.backward(&maps.inputs[0], gradient.clone(), input_wanted));
        let mut through = Some(gradient.clone());
        let mut kernels = Vec::with_capacity(self.convs.len() + 1);
        for (position, conv) in self.convs.iter().enumerate().rev() {
            let input = &maps.inputs[position];
            let of_output =
                through.take().expect("every convolution but the first hands a gradient to the one before it");
            let (of_kernel, of_input) = conv.backward(input, of_output, position > 0 || input_wanted);
            kernels.push(of_kernel);
            // Every convolution but the first reads rectified values.
            through = of_input.map(|gradient| if position > 0 { where_positive(gradient, input) } else { gradient });
        }
        kernels.reverse();
        let around = match around {
            Some((of_kernel, of_input)) => {
                kernels.push(of_kernel);
                of_input
            }
            None => Some(gradient),
        };
        UnitGradients { kernels, input: through.zip(around).map(|(through, around)| through + around) }
    }
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
