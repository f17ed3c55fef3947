//! The ResNets v2 as a family of backbones.

use std::collections::BTreeMap;

use burn::tensor::Device;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use silknow_config::Architecture;
use silknow_errors::Result;

use super::engines;
use super::graph;
use super::network::TrainableUnits;
use super::size::ResNetV2;
use crate::design::{Design, Family};
use crate::device::Placement;
use crate::features::{FeatureShape, FrozenBackbone};
use crate::graph::Graph;
use crate::head::he_uniform;
use crate::weights::hub::Pinned;
use crate::weights::{WeightFile, WeightTensor};

/// ResNets after He et al. 2016, "Identity mappings in deep residual networks".
pub static FAMILY: Family = Family {
    name: "resnet_v2",
    designs: || ResNetV2::usual().into_iter().map(|resnet| resnet as &dyn Design).collect(),
    other: |name| ResNetV2::find(name).map(|resnet| resnet as &dyn Design),
};

/// The trained parts of a ResNet v2.
pub(crate) type Parts = TrainableUnits;

/// The residual units after the first `frozen`, on `device`.
///
/// # Errors
/// A tensor that is missing or has another shape, named.
pub(crate) fn trainable(
    weights: &WeightFile,
    architecture: Architecture,
    frozen: usize,
    device: &Device,
) -> Result<Parts> {
    TrainableUnits::new(weights, &ResNetV2::of(architecture)?.layout(), frozen, device)
}

impl Design for ResNetV2 {
    fn name(&self) -> Architecture {
        self.name
    }

    fn part_name(&self) -> &'static str {
        "residual units"
    }

    fn parts(&self) -> usize {
        self.blocks.iter().map(|block| block.0).sum()
    }

    fn pooled_features(&self) -> usize {
        self.layout().features()
    }

    fn colours(&self) -> ([f32; 3], [f32; 3]) {
        // From [0, 1] to [-1, 1].
        ([0.5; 3], [0.5; 3])
    }

    fn feature_shape(&self, frozen: usize, input_px: usize) -> FeatureShape {
        engines::frozen_shape(&self.layout(), frozen, input_px).features()
    }

    fn tensors(&self) -> BTreeMap<String, Vec<usize>> {
        self.layout().tensors().collect()
    }

    fn holds_variances(&self, tensor: &str) -> bool {
        tensor.ends_with(".running_var")
    }

    /// Kernels after He et al. 2015; biases of 0 and normalisations that change nothing. The last kernel of each unit is
    /// reduced, so that the sum over the units stays of the order of its parts.
    fn random(&self, seed: u64) -> BTreeMap<String, WeightTensor> {
        let layout = self.layout();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let unit_gain = 1.0 / (layout.units.len() as f32).sqrt();
        let mut tensors: BTreeMap<String, WeightTensor> = layout
            .tensors()
            .map(|(name, shape)| {
                let ones = name.ends_with(".running_var") || (name.ends_with(".weight") && shape.len() == 1);
                let data = vec![if ones { 1.0 } else { 0.0 }; shape.iter().product()];
                (name, WeightTensor { shape, data })
            })
            .collect();
        for conv in layout.convs() {
            let mut kernel = he_uniform(conv.outputs * conv.fan_in(), conv.fan_in(), &mut rng);
            if conv.name.ends_with(".conv3") {
                kernel.iter_mut().for_each(|value| *value *= unit_gain);
            }
            let shape = conv.weight_shape().to_vec();
            tensors.insert(conv.weight_name(), WeightTensor { shape, data: kernel });
        }
        tensors
    }

    fn builtin(&self) -> Option<&'static [u8]> {
        None
    }

    fn imagenet(&self) -> Option<Pinned> {
        None
    }

    fn frozen(
        &self,
        weights: &WeightFile,
        frozen: usize,
        input_px: usize,
        placement: &Placement,
    ) -> Result<Box<dyn FrozenBackbone>> {
        engines::frozen_backbone(weights, &self.layout(), frozen, input_px, placement)
    }

    fn enter(&self, weights: &mut WeightFile, graph: &mut Graph, input_px: usize, names: (&str, &str)) -> Result<()> {
        graph::enter(&self.layout(), weights, graph, input_px, names)
    }
}
