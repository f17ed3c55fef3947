//! Everything that is trained: the retrained blocks and the head, up to the unit descriptor.
//!
//! Losses and optimisers belong to the training, files to `model`.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use silknow_config::Architecture;
use silknow_errors::Result;

use crate::design::Trainable;
use crate::device::numbers;
use crate::extra_heads::ExtraHeads;
use crate::families::{Remembered, TrainableParts, design_of, trainable_parts};
use crate::features::FeatureShape;
use crate::graph::{Graph, Operation};
use crate::head::Head;
use crate::parameter::{replace, stored};
use crate::weights::{WeightFile, WeightTensor};

/// Prefix of the backbone's tensors in model folders and checkpoints.
pub const BACKBONE_PREFIX: &str = "backbone.";

/// How many images are always described at once. A matrix product of another number of rows may be summed in another order,
/// but an image must have the same descriptor whichever images are described with it.
const DESCRIBED_AT_ONCE: usize = 32;

/// Outputs shorter than this have no direction: their descriptor is zero, and so is its gradient.
const SHORTEST_NORM: f32 = 1e-12;

/// A batch that went through the network to train it.
pub struct Pass {
    /// `[N, D]`, of unit length, without a graph.
    pub descriptors: Tensor<2>,
    /// What the head gave, with its graph.
    outputs: Tensor<2>,
    /// What the extra heads gave, with its graph.
    extra: Vec<Tensor<2>>,
    /// The pooled values, at which that graph begins, and what the blocks before it remember.
    blocks: Option<(Tensor<2>, Remembered)>,
}

impl Pass {
    /// What every extra head gave, `[N, width]` row by row.
    ///
    /// # Errors
    /// A device that delivers another type than `f32`.
    pub fn extra_outputs(&self) -> Result<Vec<Vec<f32>>> {
        self.extra.iter().map(|outputs| numbers(outputs.clone().inner())).collect()
    }
}

/// What the network gives for N images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs {
    /// The descriptors, `[N, D]` row by row, of unit length.
    pub descriptors: Vec<f32>,
    /// What every extra head gives, `[N, width]` row by row.
    pub extra: Vec<Vec<f32>>,
}

/// The trained part of the network. It works on plain devices and on those with autodiff alike; `valid()` of
/// [`Module`] gives the plain form of a training one.
#[derive(Module, Debug)]
pub struct TopNetwork {
    /// The retrained parts of the backbone; none when it is frozen.
    pub blocks: TrainableParts,
    /// The fully connected layers.
    pub head: Head,
    /// Layers for what the training's objective needs beside descriptors.
    pub extra: ExtraHeads,
    /// The part of the pooled values in a descriptor, from 0 to 1; 0 while it is trained.
    frozen_share: f64,
}

impl TopNetwork {
    /// The last `hub_num_retrain` parts of the backbone with their pre-trained kernels, and a new head of the widths `add_fc`.
    ///
    /// Give a device with autodiff (`device.autodiff()`) to train it.
    ///
    /// # Errors
    /// More blocks to retrain than there are; a tensor that is missing or has another shape, named.
    pub fn new(
        weights: &WeightFile,
        architecture: Architecture,
        hub_num_retrain: usize,
        add_fc: &[usize],
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        let design = design_of(architecture)?;
        Ok(Self {
            blocks: trainable_parts(weights, architecture, design.frozen_parts(hub_num_retrain)?, device)?,
            head: Head::new(design.pooled_features(), add_fc, seed, device),
            extra: ExtraHeads::none(),
            frozen_share: 0.0,
        })
    }

    /// The head of these tensors on a frozen backbone.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    pub(crate) fn on_frozen(
        weights: &WeightFile,
        architecture: Architecture,
        add_fc: &[usize],
        head: &BTreeMap<String, WeightTensor>,
        device: &Device,
    ) -> Result<Self> {
        let design = design_of(architecture)?;
        Ok(Self {
            blocks: trainable_parts(weights, architecture, design.parts(), device)?,
            head: Head::from_tensors(design.pooled_features(), add_fc, head, device)?,
            extra: ExtraHeads::none(),
            frozen_share: 0.0,
        })
    }

    /// The same network with new heads of these names and widths in place of the extra ones that it had.
    #[must_use]
    pub fn with_extra_heads(mut self, heads: &[(String, usize)], seed: u64, device: &Device) -> Self {
        self.extra = ExtraHeads::new(self.head.outputs(), heads, seed, device);
        self
    }

    /// The same network, with descriptors that consist of what the head gives and of the pooled values, both of unit length
    /// and times the root of their part: the squared distance is then the mean of the two squared distances, weighted by
    /// the parts. With a share of 0 or 1 the descriptor is one of the two alone.
    #[must_use]
    pub fn with_frozen_share(mut self, share: f64) -> Self {
        self.frozen_share = if self.head.is_empty() { 0.0 } else { share };
        self
    }

    /// The part of the pooled values in a descriptor.
    pub fn frozen_share(&self) -> f64 {
        self.frozen_share
    }

    /// The same network for pooled values as they are, where it was trained with values from which `means` were taken away
    /// and which were then divided by `deviations`.
    ///
    /// # Panics
    /// When there are not as many of both as pooled values.
    #[must_use]
    pub fn on_plain_values(mut self, means: &[f32], deviations: &[f32]) -> Self {
        self.head = self.head.on_plain_values(means, deviations);
        self
    }

    /// Length D of the descriptors.
    pub fn dims(&self) -> usize {
        let trained = if self.frozen_share < 1.0 { self.head.outputs() } else { 0 };
        let frozen = if self.frozen_share > 0.0 { self.head.inputs() } else { 0 };
        trained + frozen
    }

    /// Features `[N, C·H·W]` of the frozen part to descriptors `[N, D]` of unit length.
    ///
    /// # Panics
    /// When the features have not the length that `shape` says.
    pub fn forward(&self, features: Tensor<2>, shape: FeatureShape) -> Tensor<2> {
        let pooled = self.pooled(features, shape);
        self.joined(self.head.forward(pooled.clone()), pooled)
    }

    fn pooled(&self, features: Tensor<2>, shape: FeatureShape) -> Tensor<2> {
        if self.blocks.is_empty() { features } else { self.blocks.forward(shape.maps(features)) }
    }

    /// The descriptors of what the head gives and of the pooled values that it was given.
    fn joined(&self, outputs: Tensor<2>, pooled: Tensor<2>) -> Tensor<2> {
        let share = self.frozen_share;
        if share <= 0.0 {
            unit_length(outputs)
        } else if share >= 1.0 {
            unit_length(pooled)
        } else {
            let trained = unit_length(outputs) * (1.0 - share).sqrt();
            Tensor::cat(vec![trained, unit_length(pooled) * share.sqrt()], 1)
        }
    }

    /// As [`forward`](Self::forward), with what [`gradients`](Self::gradients) needs. The network is on a device with
    /// autodiff, the features are not.
    ///
    /// # Panics
    /// When the features have not the length that `shape` says.
    pub fn forward_to_train(&self, features: Tensor<2>, shape: FeatureShape) -> Pass {
        let (pooled, blocks) = if self.blocks.is_empty() {
            // Without layers nothing else would begin a graph for the extra heads.
            (if self.head.is_empty() { features.autodiff() } else { features }, None)
        } else {
            let (pooled, remembered) = self.blocks.forward_remembering(shape.maps(features));
            let pooled = pooled.autodiff().require_grad();
            (pooled.clone(), Some((pooled, remembered)))
        };
        let outputs = self.head.forward(pooled);
        let extra = self.extra.forward(&outputs);
        Pass { descriptors: unit_length(outputs.clone().inner()), outputs, extra, blocks }
    }

    /// The gradients of all parameters, given those of the descriptors, `[N, D]` row by row, and of what every extra head
    /// gave, `[N, width]` row by row.
    ///
    /// # Panics
    /// When the gradients are not as many as the values.
    pub fn gradients(&self, pass: Pass, of_descriptors: Vec<f32>, of_extra: Vec<Vec<f32>>) -> Gradients {
        assert_eq!(of_extra.len(), pass.extra.len(), "every extra head has gradients");
        let device = pass.descriptors.device();
        let like = |values, outputs: &Tensor<2>| Tensor::from_data(TensorData::new(values, outputs.dims()), &device);
        let of_descriptors = like(of_descriptors, &pass.outputs);
        let of_outputs = before_unit_length(pass.outputs.clone().inner(), pass.descriptors, of_descriptors);
        // The scalar whose backward pass hands these to the outputs; its value means nothing.
        let mut scalar = (pass.outputs * of_outputs).sum();
        for (outputs, gradient) in pass.extra.into_iter().zip(of_extra) {
            let gradient = like(gradient, &outputs);
            scalar = scalar + (outputs * gradient).sum();
        }
        let mut gradients = scalar.backward();
        if let Some((pooled, remembered)) = pass.blocks {
            let of_pooled = pooled.grad_remove(&mut gradients).expect("the outputs come from the pooled values");
            self.blocks.add_gradients(remembered, of_pooled, &mut gradients);
        }
        gradients
    }

    /// Features `[N, C·H·W]` of the frozen part to descriptors `[N, D]` of unit length, both row by row, on a device
    /// without autodiff.
    ///
    /// On the processor the descriptor of an image depends neither on the others nor on their number.
    ///
    /// # Errors
    /// A device that delivers another type than `f32`.
    pub fn describe(&self, features: &[f32], shape: FeatureShape, device: &Device) -> Result<Vec<f32>> {
        Ok(self.run(features, shape, device, &ExtraHeads::none())?.descriptors)
    }

    /// As [`describe`](Self::describe), with what the extra heads give.
    ///
    /// # Errors
    /// A device that delivers another type than `f32`.
    pub fn describe_with_extra(&self, features: &[f32], shape: FeatureShape, device: &Device) -> Result<Outputs> {
        self.run(features, shape, device, &self.extra)
    }

    fn run(&self, features: &[f32], shape: FeatureShape, device: &Device, heads: &ExtraHeads) -> Result<Outputs> {
        let mut all = Outputs {
            descriptors: Vec::with_capacity(features.len() / shape.len() * self.dims()),
            extra: heads.names().map(|_| Vec::new()).collect(),
        };
        for rows in features.chunks(DESCRIBED_AT_ONCE * shape.len()) {
            let mut padded = rows.to_vec();
            padded.resize(DESCRIBED_AT_ONCE * shape.len(), 0.0);
            let padded = Tensor::from_data(TensorData::new(padded, [DESCRIBED_AT_ONCE, shape.len()]), device);
            let images = rows.len() / shape.len();
            let pooled = self.pooled(padded, shape);
            let outputs = self.head.forward(pooled.clone());
            for (all, outputs) in all.extra.iter_mut().zip(heads.forward(&outputs)) {
                let width = outputs.dims()[1];
                all.extend_from_slice(&numbers(outputs)?[..images * width]);
            }
            all.descriptors.extend_from_slice(&numbers(self.joined(outputs, pooled))?[..images * self.dims()]);
        }
        Ok(all)
    }

    /// The trained parameters by name: `backbone.layer4.1.conv2.weight`, `head.0.weight` and so on, and those of the extra
    /// heads, `extra.<name>.weight`.
    pub fn to_named_tensors(&self) -> BTreeMap<String, WeightTensor> {
        let kernels = self.blocks.named_tensors().into_iter();
        let kernels = kernels.map(|(name, tensor)| (format!("{BACKBONE_PREFIX}{name}"), tensor));
        let layers = self
            .head
            .parameters()
            .flat_map(|layer| [(layer.weight_name, stored(layer.weight)), (layer.bias_name, stored(layer.bias))]);
        kernels.chain(layers).chain(self.extra.named_tensors()).collect()
    }

    /// Takes over the parameters of [`to_named_tensors`](Self::to_named_tensors); other tensors are ignored.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named. The network may then be partly changed.
    pub fn load_named_tensors(&mut self, tensors: &BTreeMap<String, WeightTensor>) -> Result<()> {
        self.blocks.load(BACKBONE_PREFIX, tensors)?;
        for layer in self.head.parameters_mut() {
            replace(&layer.weight_name, layer.weight, tensors)?;
            replace(&layer.bias_name, layer.bias, tensors)?;
        }
        self.extra.load(tensors)
    }
}

/// Divides every row by its length; a row without a direction becomes zero.
pub(crate) fn unit_length(rows: Tensor<2>) -> Tensor<2> {
    let by = divisors(&rows);
    rows * by.has_direction / by.lengths
}

/// Enters into a graph what [`TopNetwork`] makes of what the head gives and of the pooled values: `descriptor`, of unit length,
/// with the pooled values in this share. A row without a direction keeps its values, which are nearly 0, in place of 0.
pub(crate) fn enter_descriptor(
    graph: &mut Graph,
    (outputs, pooled): (&str, &str),
    frozen_share: f64,
    descriptor: &str,
) {
    if frozen_share <= 0.0 {
        return enter_unit_length(graph, outputs, descriptor);
    }
    if frozen_share >= 1.0 {
        return enter_unit_length(graph, pooled, descriptor);
    }
    let mut part = |rows: &str, share: f64| {
        let (unit, factor, part) = (format!("{rows}.unit"), format!("{rows}.factor"), format!("{rows}.part"));
        enter_unit_length(graph, rows, &unit);
        graph.numbers(&factor, &[], &[share.sqrt() as f32]);
        graph.enter(&part, Operation::Multiply, &[&unit, &factor]);
        part
    };
    let parts = [part(outputs, 1.0 - frozen_share), part(pooled, frozen_share)];
    graph.enter(descriptor, Operation::Join, &parts.each_ref().map(String::as_str));
}

fn enter_unit_length(graph: &mut Graph, rows: &str, unit: &str) {
    let [shortest, squares, bounded, lengths] =
        ["shortest", "squares", "bounded", "lengths"].map(|name| format!("{unit}.{name}"));
    graph.numbers(&shortest, &[], &[SHORTEST_NORM * SHORTEST_NORM]);
    graph.enter(&squares, Operation::SumOfSquares, &[rows]);
    graph.enter(&bounded, Operation::AtLeast, &[&squares, &shortest]);
    graph.enter(&lengths, Operation::Root, &[&bounded]);
    graph.enter(unit, Operation::Divide, &[rows, &lengths]);
}

/// The gradient of rows, given their unit forms and the gradient of these: what changes a row's length alone falls away.
///
/// Burn would differentiate the root by raising to a power, for which CUDA needs a file of its toolkit.
fn before_unit_length(rows: Tensor<2>, unit: Tensor<2>, gradient: Tensor<2>) -> Tensor<2> {
    let along = (unit.clone() * gradient.clone()).sum_dim(1);
    let by = divisors(&rows);
    (gradient - unit * along) * by.has_direction / by.lengths
}

/// What rows are divided by, `[N, 1]`.
struct Divisors {
    /// 1, or 0 for a row that is too short to have a direction.
    has_direction: Tensor<2>,
    /// Never 0.
    lengths: Tensor<2>,
}

fn divisors(rows: &Tensor<2>) -> Divisors {
    let squares = rows.clone().powi_scalar(2).sum_dim(1);
    let has_direction = squares.clone().greater_elem(SHORTEST_NORM * SHORTEST_NORM).float();
    Divisors { has_direction, lengths: squares.clamp_min(SHORTEST_NORM * SHORTEST_NORM).sqrt() }
}

#[cfg(test)]
mod tests {
    use burn::optim::GradientsParams;

    use super::*;
    use crate::backbone::frozen_backbone;
    use crate::device::Placement;

    const ARCHITECTURE: Architecture = Architecture::RESNET18;

    #[test]
    fn the_head_and_the_retrained_blocks_receive_gradients_and_nothing_else_is_there() {
        let device = Device::flex().autodiff();
        let weights = WeightFile::random(ARCHITECTURE, 1).unwrap();
        let backbone = frozen_backbone(&weights, ARCHITECTURE, 2, 48, &Placement::processor()).unwrap();
        let shape = backbone.feature_shape();
        let features = backbone.run(&vec![0.3; 2 * 3 * 48 * 48], 2).unwrap();
        // The features stay outside autodiff, as they come from a cache or the frozen part.
        let features = Tensor::from_data(TensorData::new(features, [2, shape.len()]), &Device::flex());
        let top = TopNetwork::new(&weights, ARCHITECTURE, 2, &[8, 4], 1, &device).unwrap();
        let pass = top.forward_to_train(features, shape);
        let gradients = top.gradients(pass, vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], Vec::new());
        let names: Vec<String> = top.to_named_tensors().into_keys().collect();
        assert_eq!(
            names,
            [
                "backbone.layer4.0.conv1.weight",
                "backbone.layer4.0.conv2.weight",
                "backbone.layer4.0.downsample.0.weight",
                "backbone.layer4.1.conv1.weight",
                "backbone.layer4.1.conv2.weight",
                "head.0.bias",
                "head.0.weight",
                "head.1.bias",
                "head.1.weight"
            ]
        );
        let gradients = GradientsParams::from_grads(gradients, &top);
        assert_eq!(gradients.len(), names.len());
    }

    #[test]
    fn named_tensors_taken_over_are_the_same_and_keep_their_training() {
        let device = Device::flex().autodiff();
        let weights = WeightFile::random(ARCHITECTURE, 1).unwrap();
        let top = |seed| TopNetwork::new(&weights, ARCHITECTURE, 1, &[8, 4], seed, &device).unwrap();
        let (source, mut target) = (top(1), top(2));
        assert_ne!(source.to_named_tensors(), target.to_named_tensors());
        target.load_named_tensors(&source.to_named_tensors()).unwrap();
        assert_eq!(source.to_named_tensors(), target.to_named_tensors());
        let TrainableParts::ResNet(blocks) = &target.blocks else { panic!("it is a ResNet") };
        assert!(blocks.kernels().all(|(_, kernel)| kernel.is_require_grad()));

        let mut tensors = source.to_named_tensors();
        tensors.get_mut("head.1.bias").unwrap().shape = vec![2, 2];
        let message = target.load_named_tensors(&tensors).unwrap_err().to_string();
        assert!(message.contains("`head.1.bias` has the shape [2, 2], expected [4]"), "{message}");
        tensors.remove("head.0.weight");
        let message = target.load_named_tensors(&tensors).unwrap_err().to_string();
        assert!(message.contains("`head.0.weight` is missing"), "{message}");
    }

    /// Against differences of the sum of products with the gradients, which are constant.
    #[test]
    fn gradients_of_extra_outputs_reach_the_heads_and_the_layers_below() {
        let device = Device::flex().autodiff();
        let shape = FeatureShape { channels: 512, height: 1, width: 1 };
        let weights = WeightFile::random(ARCHITECTURE, 1).unwrap();
        let features: Vec<f32> = (0..2 * 512).map(|i| ((i * 37 % 101) as f32 - 50.0) / 100.0).collect();
        let of_extra = [0.5, -1.0, 0.25, 2.0, 0.0, 1.0];
        for add_fc in [&[4][..], &[]] {
            let top = TopNetwork::new(&weights, ARCHITECTURE, 0, add_fc, 1, &device).unwrap();
            let top = top.with_extra_heads(&[("place".to_owned(), 3)], 1, &device);
            let batch = Tensor::from_data(TensorData::new(features.clone(), [2, 512]), &Device::flex());
            let pass = top.forward_to_train(batch, shape);
            let trained = pass.extra_outputs().unwrap();
            let gradients = top.gradients(pass, vec![0.0; 2 * top.dims()], vec![of_extra.to_vec()]);
            let gradients = GradientsParams::from_grads(gradients, &top);
            assert_eq!(gradients.len(), top.to_named_tensors().len());
            let mut plain = top.valid();
            let mut loss_with = |tensors: &BTreeMap<String, WeightTensor>| -> f64 {
                plain.load_named_tensors(tensors).unwrap();
                let outputs = plain.describe_with_extra(&features, shape, &Device::flex()).unwrap();
                outputs.extra[0].iter().zip(of_extra).map(|(value, slope)| f64::from(*value) * f64::from(slope)).sum()
            };
            let tensors = top.to_named_tensors();
            let expected: f64 = trained[0].iter().zip(of_extra).map(|(v, s)| f64::from(*v) * f64::from(s)).sum();
            assert!((loss_with(&tensors) - expected).abs() < 1e-5);
            for (name, gradient) in [("extra.place.weight", 2usize), ("extra.place.bias", 1)]
                .into_iter()
                .chain((!add_fc.is_empty()).then_some(("head.0.weight", 2)))
            {
                let id = burn::module::ParamId::from(silknow_files::digest::fnv1a_64(name.bytes()));
                let slopes: Vec<f32> = match gradient {
                    1 => gradients.get::<1>(id).unwrap().into_data().try_into_vec().unwrap(),
                    _ => gradients.get::<2>(id).unwrap().into_data().try_into_vec().unwrap(),
                };
                for position in [0, slopes.len() / 2, slopes.len() - 1] {
                    let at = |step: f32| {
                        let mut moved = tensors.clone();
                        moved.get_mut(name).unwrap().data[position] += step;
                        moved
                    };
                    // The outputs are linear in every parameter, so a wide step loses nothing.
                    let slope = (loss_with(&at(1.0)) - loss_with(&at(-1.0))) / 2.0;
                    assert!((slope - f64::from(slopes[position])).abs() < 1e-3, "{name} at {position}: {slope}");
                }
            }
        }
    }

    #[test]
    fn a_row_without_a_direction_stays_zero_and_receives_no_gradient() {
        let tensor = |values: [[f32; 2]; 2]| Tensor::<2>::from_floats(values, &Device::flex());
        let numbers = |tensor: Tensor<2>| tensor.into_data().try_into_vec::<f32>().unwrap();
        let rows = tensor([[0.0, 0.0], [3.0, -4.0]]);
        let unit = unit_length(rows.clone());
        let gradient = numbers(before_unit_length(rows, unit.clone(), tensor([[1.0, 0.0], [1.0, 0.0]])));
        let unit = numbers(unit);
        assert_eq!(unit[..2], [0.0, 0.0]);
        assert!((unit[2] - 0.6).abs() < 1e-6 && (unit[3] + 0.8).abs() < 1e-6, "{unit:?}");
        assert_eq!(gradient[..2], [0.0, 0.0]);
        // d(x / r)/dx = y² / r³ and d(x / r)/dy = -x y / r³ at (3, -4).
        assert!((gradient[2] - 0.128).abs() < 1e-5 && (gradient[3] - 0.096).abs() < 1e-5, "{gradient:?}");
    }
}
