//! The ResNets as a family of backbones.

use std::collections::BTreeMap;

use burn::tensor::Device;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use silknow_config::Architecture;
use silknow_errors::Result;

use super::engines;
use super::graph;
use super::network::TrainableBlocks;
use super::sizes::{RESNETS, ResNet};
use crate::design::{Design, Family};
use crate::device::Placement;
use crate::features::{FeatureShape, FrozenBackbone};
use crate::graph::Graph;
use crate::head::he_uniform;
use crate::weights::hub::Pinned;
use crate::weights::{WeightFile, WeightTensor};

/// ResNets after He et al. 2016.
pub static FAMILY: Family = Family {
    name: "resnet",
    designs: || RESNETS.iter().map(|resnet| resnet as &dyn Design).collect(),
    other: |_| None,
};

/// The trained parts of a ResNet.
pub(crate) type Parts = TrainableBlocks;

/// The residual blocks after the first `frozen`, on `device`.
///
/// # Errors
/// A tensor that is missing or has another shape, named.
pub(crate) fn trainable(
    weights: &WeightFile,
    architecture: Architecture,
    frozen: usize,
    device: &Device,
) -> Result<Parts> {
    TrainableBlocks::new(weights, &ResNet::of(architecture)?.layout(), frozen, device)
}

impl Design for ResNet {
    fn name(&self) -> Architecture {
        self.name
    }

    fn part_name(&self) -> &'static str {
        "residual blocks"
    }

    fn parts(&self) -> usize {
        self.stages.iter().sum()
    }

    fn pooled_features(&self) -> usize {
        self.layout().features()
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

    /// Kernels after He et al. 2015; batch normalisation that changes nothing, except that the last one of each block
    /// reduces its values, so that the sum over the blocks stays of the order of its parts.
    fn random(&self, seed: u64) -> BTreeMap<String, WeightTensor> {
        let layout = self.layout();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let block_gain = 1.0 / (layout.blocks.len() as f32).sqrt();
        let last_norms: Vec<_> =
            layout.blocks.iter().filter_map(|block| block.convs.last()).map(|conv| &conv.norm_name).collect();
        let mut tensors = BTreeMap::new();
        for conv in layout.convs() {
            let kernel = he_uniform(conv.outputs * conv.fan_in(), conv.fan_in(), &mut rng);
            tensors.insert(conv.weight_name(), WeightTensor { shape: conv.weight_shape(), data: kernel });
            let gain = if last_norms.contains(&&conv.norm_name) { block_gain } else { 1.0 };
            for (tensor, value) in [("weight", gain), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)] {
                let values = WeightTensor { shape: vec![conv.outputs], data: vec![value; conv.outputs] };
                tensors.insert(format!("{}.{tensor}", conv.norm_name), values);
            }
        }
        tensors
    }

    fn builtin(&self) -> Option<&'static [u8]> {
        self.builtin
    }

    fn imagenet(&self) -> Option<Pinned> {
        Some(self.imagenet)
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

    fn enter(&self, weights: &mut WeightFile, graph: &mut Graph, _input_px: usize, names: (&str, &str)) -> Result<()> {
        graph::enter(&self.layout(), weights, graph, names)
    }
}
