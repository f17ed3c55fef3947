//! Everything that is trained: the retrained blocks and the head, up to the unit descriptor.
//!
//! Owns the way from frozen features to descriptors and the named tensors of its parameters. Leaves losses and
//! optimisers to the training, files to `model`.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use silknow_config::Architecture;
use silknow_foundation::{Error, Result};

use crate::backbone::FeatureShape;
use crate::head::Head;
use crate::layout::Layout;
use crate::resnet::TrainableBlocks;
use crate::weights::{WeightFile, WeightTensor};

/// Prefix of the backbone's tensors in model folders and checkpoints.
pub const BACKBONE_PREFIX: &str = "backbone.";

/// Shorter outputs are divided by this instead of their length, so that a zero output stays zero.
const SHORTEST_NORM: f32 = 1e-12;

/// The trained part of the network. It works on plain devices and on those with autodiff alike; `valid()` of
/// [`Module`] gives the plain form of a training one.
#[derive(Module, Debug)]
pub struct TopNetwork {
    /// The retrained residual blocks; none when the backbone is frozen.
    pub blocks: TrainableBlocks,
    /// The fully connected layers.
    pub head: Head,
}

impl TopNetwork {
    /// The last `hub_num_retrain` blocks with their pre-trained kernels, and a new head of the widths `add_fc`.
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
        let layout = Layout::of(architecture);
        let cut = layout.cut(hub_num_retrain)?;
        Ok(Self {
            blocks: TrainableBlocks::new(weights, &layout, cut, device)?,
            head: Head::new(layout.features(), add_fc, seed, device),
        })
    }

    /// Length D of the descriptors.
    pub fn dims(&self) -> usize {
        self.head.outputs()
    }

    /// Features `[N, C·H·W]` of the frozen part to descriptors `[N, D]` of unit length.
    ///
    /// # Panics
    /// When the features have not the length that `shape` says.
    pub fn forward(&self, features: Tensor<2>, shape: FeatureShape) -> Tensor<2> {
        let pooled = if self.blocks.is_empty() {
            features
        } else {
            let [images, _] = features.dims();
            self.blocks.forward(features.reshape([images, shape.channels, shape.height, shape.width]))
        };
        unit_length(self.head.forward(pooled))
    }

    /// The trained parameters by name: `backbone.layer4.1.conv2.weight`, `head.0.weight` and so on.
    pub fn to_named_tensors(&self) -> BTreeMap<String, WeightTensor> {
        let kernels = self.blocks.kernels().map(|(name, kernel)| (format!("{BACKBONE_PREFIX}{name}"), stored(kernel)));
        let layers = self.head.parameters().flat_map(|layer| {
            [(layer.weight_name, stored(layer.weight)), (layer.bias_name, stored(layer.bias))]
        });
        kernels.chain(layers).collect()
    }

    /// Takes over the parameters of [`to_named_tensors`](Self::to_named_tensors); other tensors are ignored.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named. The network may then be partly changed.
    pub fn load_named_tensors(&mut self, tensors: &BTreeMap<String, WeightTensor>) -> Result<()> {
        for (name, kernel) in self.blocks.kernels_mut() {
            replace(&format!("{BACKBONE_PREFIX}{name}"), kernel, tensors)?;
        }
        for layer in self.head.parameters_mut() {
            replace(&layer.weight_name, layer.weight, tensors)?;
            replace(&layer.bias_name, layer.bias, tensors)?;
        }
        Ok(())
    }
}

/// Divides every row by its length.
pub(crate) fn unit_length(rows: Tensor<2>) -> Tensor<2> {
    // Clamped before the root: there the gradient of the root would be infinite.
    let squares = rows.clone().powi_scalar(2).sum_dim(1).clamp_min(SHORTEST_NORM * SHORTEST_NORM);
    rows / squares.sqrt()
}

fn stored<const D: usize>(parameter: &Param<Tensor<D>>) -> WeightTensor {
    let data = parameter.val().into_data();
    let shape = parameter.dims().to_vec();
    WeightTensor { shape, data: data.try_into_vec().expect("parameters are made as f32") }
}

fn replace<const D: usize>(
    name: &str,
    parameter: &mut Param<Tensor<D>>,
    tensors: &BTreeMap<String, WeightTensor>,
) -> Result<()> {
    let expected = parameter.dims();
    let tensor = tensors.get(name).ok_or_else(|| Error::data(format!("the tensor `{name}` is missing")))?;
    if tensor.shape != expected {
        return Err(Error::data(format!(
            "the tensor `{name}` has the shape {:?}, expected {expected:?}",
            tensor.shape
        )));
    }
    let id = parameter.id;
    let trained = parameter.is_require_grad();
    let value = Tensor::from_data(TensorData::new(tensor.data.clone(), expected), &parameter.device());
    *parameter = Param::initialized(id, value.set_require_grad(trained));
    Ok(())
}
