//! The fully connected layers trained on top of the pooled values.
//!
//! Its output is brought to unit length in `top`.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use silknow_errors::Result;

use crate::graph::{Graph, Operation};
use crate::parameter::{parameter, tensor_of};
use crate::weights::{WeightTensor, missing};

/// Prefix of the head's tensors in model folders and checkpoints.
pub(crate) const HEAD_PREFIX: &str = "head.";

/// A fully connected layer.
#[derive(Module, Debug)]
pub(crate) struct FullyConnected {
    /// `[outputs, inputs]`
    pub(crate) weight: Param<Tensor<2>>,
    /// `[outputs]`
    pub(crate) bias: Param<Tensor<1>>,
}

impl FullyConnected {
    /// A layer with these weights, `[outputs, inputs]` row by row, and without bias.
    pub(crate) fn new(layer: &str, weights: Vec<f32>, outputs: usize, device: &Device) -> Self {
        let inputs = weights.len() / outputs;
        let weight = Tensor::from_data(TensorData::new(weights, [outputs, inputs]), device);
        let bias = Tensor::from_data(TensorData::new(vec![0f32; outputs], [outputs]), device);
        let (weight_name, bias_name) = Self::names(layer);
        Self { weight: parameter(&weight_name, weight), bias: parameter(&bias_name, bias) }
    }

    /// The names of the weights and of the bias of the layer of this name.
    pub(crate) fn names(layer: &str) -> (String, String) {
        (format!("{layer}.weight"), format!("{layer}.bias"))
    }

    /// The layer of these tensors, which have its shapes.
    pub(crate) fn from_tensors(
        layer: &str,
        inputs: usize,
        outputs: usize,
        tensors: &BTreeMap<String, WeightTensor>,
        device: &Device,
    ) -> Result<Self> {
        let (weight_name, bias_name) = Self::names(layer);
        Ok(Self {
            weight: parameter(&weight_name, tensor_of(&weight_name, [outputs, inputs], tensors, device)?),
            bias: parameter(&bias_name, tensor_of(&bias_name, [outputs], tensors, device)?),
        })
    }

    /// The number of outputs.
    pub(crate) fn outputs(&self) -> usize {
        self.bias.dims()[0]
    }

    /// `[N, inputs]` to `[N, outputs]`.
    pub(crate) fn forward(&self, values: Tensor<2>) -> Tensor<2> {
        values.matmul(self.weight.val().transpose()) + self.bias.val().unsqueeze()
    }
}

/// The trained layers on top: ReLU after all but the last. Without layers it hands its input on.
#[derive(Module, Debug)]
pub struct Head {
    layers: Vec<FullyConnected>,
    inputs: usize,
}

impl Head {
    /// Layers of the widths `add_fc` on top of `inputs` values.
    ///
    /// Initialised after He et al. 2015: uniform with variance 2 / inputs, biases 0. The same seed gives the
    /// same values on every machine; the generator is the head's own.
    pub fn new(inputs: usize, add_fc: &[usize], seed: u64, device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let widths = std::iter::once(&inputs).chain(add_fc);
        let layers = widths
            .zip(add_fc)
            .enumerate()
            .map(|(position, (&inputs, &outputs))| {
                let weights = he_uniform(inputs * outputs, inputs, &mut rng);
                FullyConnected::new(&layer_name(position), weights, outputs, device)
            })
            .collect();
        Self { layers, inputs }
    }

    /// Layers of the widths `add_fc` on top of `inputs` values, with the given tensors.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    pub(crate) fn from_tensors(
        inputs: usize,
        add_fc: &[usize],
        tensors: &BTreeMap<String, WeightTensor>,
        device: &Device,
    ) -> Result<Self> {
        let layers = std::iter::once(&inputs)
            .chain(add_fc)
            .zip(add_fc)
            .enumerate()
            .map(|(position, (&inputs, &outputs))| {
                FullyConnected::from_tensors(&layer_name(position), inputs, outputs, tensors, device)
            })
            .collect::<Result<_>>()?;
        Ok(Self { layers, inputs })
    }

    /// True when it hands its input on.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Length of what the head takes.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The same layers for inputs as they are, where they were trained with inputs from which `means` were taken away and
    /// which were then divided by `deviations`.
    ///
    /// # Panics
    /// When there are not as many of both as inputs.
    #[must_use]
    pub(crate) fn on_plain_values(mut self, means: &[f32], deviations: &[f32]) -> Self {
        assert_eq!(
            (means.len(), deviations.len()),
            (self.inputs, self.inputs),
            "every input has its mean and deviation"
        );
        let Some(first) = self.layers.first_mut() else { return self };
        let device = first.weight.val().device();
        let row = |values: &[f32]| Tensor::<2>::from_data(TensorData::new(values.to_vec(), [1, values.len()]), &device);
        let outputs = first.bias.dims()[0];
        let weight = first.weight.val() / row(deviations);
        let bias = first.bias.val() - (weight.clone() * row(means)).sum_dim(1).reshape([outputs]);
        first.weight = first.weight.clone().map(|_| weight);
        first.bias = first.bias.clone().map(|_| bias);
        self
    }

    /// Length of what the head delivers.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(self.inputs, FullyConnected::outputs)
    }

    /// `[N, inputs]` to `[N, outputs]`.
    pub fn forward(&self, values: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len().saturating_sub(1);
        self.layers.iter().enumerate().fold(values, |values, (position, layer)| {
            let values = layer.forward(values);
            if position < last { relu(values) } else { values }
        })
    }

    /// The slopes `[N, inputs]`, at `values` `[N, inputs]`, of the products of what the head gives with `directions`
    /// `[N, outputs]`. The head is linear around the values, so that these slopes are exact there.
    pub(crate) fn slopes(&self, values: Tensor<2>, directions: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len().saturating_sub(1);
        let mut passed = Vec::with_capacity(last);
        let mut values = values;
        for layer in &self.layers[..last] {
            values = relu(layer.forward(values));
            passed.push(values.clone().greater_elem(0.0).float());
        }
        let mut slopes = directions;
        for (position, layer) in self.layers.iter().enumerate().rev() {
            if let Some(passed) = passed.get(position) {
                slopes = slopes * passed.clone();
            }
            slopes = slopes.matmul(layer.weight.val());
        }
        slopes
    }

    /// The layers' weights and biases with their names, from input to output.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = NamedLayer<&Param<Tensor<2>>, &Param<Tensor<1>>>> {
        self.layers.iter().enumerate().map(|(position, layer)| NamedLayer {
            weight_name: weight_name(position),
            weight: &layer.weight,
            bias_name: bias_name(position),
            bias: &layer.bias,
        })
    }

    /// The layers' weights and biases with their names, to be replaced.
    pub(crate) fn parameters_mut(
        &mut self,
    ) -> impl Iterator<Item = NamedLayer<&mut Param<Tensor<2>>, &mut Param<Tensor<1>>>> {
        self.layers.iter_mut().enumerate().map(|(position, layer)| NamedLayer {
            weight_name: weight_name(position),
            weight: &mut layer.weight,
            bias_name: bias_name(position),
            bias: &mut layer.bias,
        })
    }
}

/// A layer's parameters with the names under which they are stored.
pub(crate) struct NamedLayer<W, B> {
    pub(crate) weight_name: String,
    pub(crate) weight: W,
    pub(crate) bias_name: String,
    pub(crate) bias: B,
}

/// Names and shapes of the tensors of a head of the widths `add_fc` on top of `inputs` values.
pub(crate) fn head_tensors(inputs: usize, add_fc: &[usize]) -> BTreeMap<String, Vec<usize>> {
    std::iter::once(&inputs)
        .chain(add_fc)
        .zip(add_fc)
        .enumerate()
        .flat_map(|(position, (&inputs, &outputs))| {
            [(weight_name(position), vec![outputs, inputs]), (bias_name(position), vec![outputs])]
        })
        .collect()
}

/// Enters the layers of the widths `add_fc` into a graph, on the rows of this name; returns the name of what they deliver. The
/// tensors are taken out of those that are given.
///
/// # Errors
/// A tensor that is missing, named.
pub(crate) fn enter_head(
    add_fc: &[usize],
    tensors: &mut BTreeMap<String, WeightTensor>,
    graph: &mut Graph,
    rows: &str,
) -> Result<String> {
    let mut rows = rows.to_owned();
    for position in 0..add_fc.len() {
        if position > 0 {
            let rectified = format!("{rows}.relu");
            graph.enter(&rectified, Operation::Rectify, &[&rows]);
            rows = rectified;
        }
        let layer = layer_name(position);
        let (weight, bias) = FullyConnected::names(&layer);
        for name in [&weight, &bias] {
            graph.constant(name, tensors.remove(name).ok_or_else(|| missing(name))?);
        }
        graph.enter(&layer, Operation::FullyConnected, &[&rows, &weight, &bias]);
        rows = layer;
    }
    Ok(rows)
}

fn layer_name(position: usize) -> String {
    format!("{HEAD_PREFIX}{position}")
}

pub(crate) fn weight_name(position: usize) -> String {
    FullyConnected::names(&layer_name(position)).0
}

pub(crate) fn bias_name(position: usize) -> String {
    FullyConnected::names(&layer_name(position)).1
}

/// `count` values for a layer that sums over `fan_in` of them and passes on the positive half: uniform with
/// variance 2 / `fan_in`. Uniform rather than normal, because no logarithm of a system library enters.
pub(crate) fn he_uniform(count: usize, fan_in: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let limit = (6.0 / fan_in as f32).sqrt();
    (0..count).map(|_| (2.0 * rng.random::<f32>() - 1.0) * limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(head: &Head) -> Vec<Vec<f32>> {
        head.parameters()
            .flat_map(|layer| [layer.weight.val().into_data(), layer.bias.val().into_data()])
            .map(|data| data.try_into_vec().unwrap())
            .collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_head_and_another_seed_another() {
        let device = Device::flex();
        let head = |seed| values(&Head::new(16, &[8, 4], seed, &device));
        assert_eq!(head(7), head(7));
        assert_ne!(head(7), head(8));
    }

    #[test]
    fn initial_weights_have_the_variance_of_he() {
        let weights = &values(&Head::new(512, &[256], 1, &Device::flex()))[0];
        let variance = weights.iter().map(|weight| f64::from(weight * weight)).sum::<f64>() / weights.len() as f64;
        assert!((variance * 512.0 / 2.0 - 1.0).abs() < 0.02, "{variance}");
    }

    #[test]
    fn a_head_without_layers_hands_its_input_on() {
        let device = Device::flex();
        let head = Head::new(3, &[], 1, &device);
        let input = Tensor::<2>::from_floats([[1.0, -2.0, 3.0]], &device);
        assert_eq!(head.forward(input).into_data().try_into_vec::<f32>().unwrap(), [1.0, -2.0, 3.0]);
        assert_eq!(head.outputs(), 3);
    }
}
