//! How the retrained units are trained: a forward pass that remembers its maps, and the gradients from them, by hand as in
//! the ResNets of version 1.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Gradients, Tensor};
use silknow_errors::Result;

use super::network::{TrainableUnits, Unit};
use crate::convolution::{UnitGradients, global_average_pool, spread, where_positive};
use crate::design::Trainable;
use crate::parameter::{replace, stored};
use crate::weights::WeightTensor;

/// What the way back through all units needs of the way there, without autodiff.
pub(crate) struct Remembered {
    units: Vec<UnitMaps>,
    /// What the global average pool read.
    activated: Tensor<4>,
}

/// The maps of one unit.
struct UnitMaps {
    /// Rows and columns of its input.
    side: [usize; 2],
    /// What each convolution read; the first of them is what the shortcut read too.
    inputs: Vec<Tensor<4>>,
}

impl Trainable for TrainableUnits {
    type Remembered = Remembered;

    fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    fn forward(&self, maps: Tensor<4>) -> Tensor<2> {
        let maps = self.units.iter().fold(maps, |maps, unit| unit.forward(maps));
        global_average_pool(self.postnorm.forward(maps))
    }

    fn forward_remembering(&self, maps: Tensor<4>) -> (Tensor<2>, Remembered) {
        let plain = self.valid();
        let mut maps = maps;
        let mut units = Vec::with_capacity(plain.units.len());
        for unit in &plain.units {
            let (output, unit_maps) = unit.forward_remembering(maps);
            maps = output;
            units.push(unit_maps);
        }
        let activated = plain.postnorm.forward(maps);
        (global_average_pool(activated.clone()), Remembered { units, activated })
    }

    fn add_gradients(&self, remembered: Remembered, pooled: Tensor<2>, gradients: &mut Gradients) {
        let plain = self.valid();
        let of_activated = spread(pooled, remembered.activated.dims());
        let of_maps = where_positive(of_activated, &remembered.activated) * plain.postnorm.scale.clone();
        let mut gradient = Some(of_maps);
        for (position, maps) in remembered.units.into_iter().enumerate().rev() {
            let of_output = gradient.take().expect("every unit but the first hands a gradient to the one before it");
            // Nothing before the first unit is trained.
            let found = plain.units[position].backward(&maps, of_output, position > 0);
            for (conv, of_kernel) in self.units[position].convs().zip(found.kernels) {
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

impl Unit {
    fn forward_remembering(&self, maps: Tensor<4>) -> (Tensor<4>, UnitMaps) {
        let [.., height, width] = maps.dims();
        let activated = self.preact.forward(maps.clone());
        let around = self.around(maps, &activated);
        let mut inputs = vec![activated];
        let (last, before) = self.convs.split_last().expect("a unit has convolutions");
        for conv in before {
            inputs.push(relu(conv.forward(inputs[inputs.len() - 1].clone())));
        }
        let output = last.forward(inputs[inputs.len() - 1].clone()) + around;
        (output, UnitMaps { side: [height, width], inputs })
    }

    fn backward(&self, maps: &UnitMaps, output_gradient: Tensor<4>, input_wanted: bool) -> UnitGradients {
        let mut through = Some(output_gradient.clone());
        let mut kernels = Vec::with_capacity(self.convs.len() + 1);
        for (position, conv) in self.convs.iter().enumerate().rev() {
            let input = &maps.inputs[position];
            let of_output =
                through.take().expect("every convolution but the first hands a gradient to the one before it");
            let (of_kernel, of_input) = conv.backward(input, of_output, position > 0 || input_wanted);
            kernels.push(of_kernel);
            // What the first convolution reads, the shortcut may read too.
            through = of_input.map(|gradient| if position > 0 { where_positive(gradient, input) } else { gradient });
        }
        kernels.reverse();
        let activated = &maps.inputs[0];
        let of_rectified = |gradient| where_positive(gradient, activated) * self.preact.scale.clone();
        let input = match &self.shortcut {
            Some(conv) => {
                let (of_kernel, around) = conv.backward(activated, output_gradient, input_wanted);
                kernels.push(of_kernel);
                through.zip(around).map(|(through, around)| of_rectified(through + around))
            }
            None => through.map(|through| of_rectified(through) + self.apart(output_gradient, maps.side)),
        };
        UnitGradients { kernels, input }
    }

    /// The gradient of maps of which every `stride_px`-th pixel was taken, given that of these pixels.
    fn apart(&self, gradient: Tensor<4>, [rows, columns]: [usize; 2]) -> Tensor<4> {
        let step = self.stride_px;
        if step == 1 {
            return gradient;
        }
        let [images, channels, height, width] = gradient.dims();
        let with_zeros = gradient
            .reshape([images * channels * height, 1, width, 1])
            .pad([(0, 0), (0, step - 1), (0, 0), (0, step - 1)], 0.0)
            .reshape([images, channels, height * step, width * step]);
        with_zeros.slice([0..images, 0..channels, 0..rows, 0..columns])
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use silknow_config::Architecture;

    use super::super::ResNetV2;
    use super::*;
    use crate::weights::WeightFile;

    /// Numbers in [-1, 1) without a pattern that a transposed gradient would share.
    fn noise<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        let values = (0..shape.iter().product::<usize>() as u64)
            .map(|position| (position.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f32 / (1 << 23) as f32 - 1.0);
        Tensor::from_data(TensorData::new(values.collect::<Vec<f32>>(), shape), &Device::flex())
    }

    #[test]
    fn gradients_are_those_of_burns_graph() {
        // The cut lies before units with a shortcut, with every second pixel, and with neither; sides are odd.
        for name in ["resnet_v2_2-3-2_4-6-8", "resnetv2_2-3-2_4-6-8"] {
            let architecture = Architecture::new(name).unwrap();
            let mut weights = WeightFile::random(architecture, 1).unwrap();
            for tensor in weights.tensors.values_mut().filter(|tensor| tensor.shape.len() == 1) {
                (0..).zip(&mut tensor.data).for_each(|(position, value)| *value += 0.03 * (position % 7) as f32);
            }
            let layout = ResNetV2::of(architecture).unwrap().layout();
            let units = TrainableUnits::new(&weights, &layout, 1, &Device::flex().autodiff()).unwrap();
            let (maps, of_pooled) = (noise([2, 16, 9, 7]), noise([2, 32]));
            let by_graph = units.forward(maps.clone());
            let (pooled, remembered) = units.forward_remembering(maps);
            let apart = (by_graph.clone().inner() - pooled).abs().max().into_scalar::<f32>();
            assert_eq!(apart, 0.0, "{name}");
            let mut gradients = Tensor::<1>::zeros([1], &Device::flex().autodiff()).require_grad().backward();
            units.add_gradients(remembered, of_pooled.clone(), &mut gradients);
            let expected = (by_graph * of_pooled.autodiff()).sum().backward();
            let mut compared = 0;
            for (kernel_name, kernel) in units.kernels() {
                let expected = kernel.grad(&expected).unwrap();
                let largest = expected.clone().abs().max().into_scalar::<f32>();
                let apart = (kernel.grad(&gradients).unwrap() - expected).abs().max().into_scalar::<f32>();
                assert!(largest > 0.0 && apart <= 2e-5 * largest, "{name}, {kernel_name}: {apart} of {largest}");
                compared += 1;
            }
            assert_eq!(compared, 3 * 6 + 2, "{name}");
        }
    }
}
