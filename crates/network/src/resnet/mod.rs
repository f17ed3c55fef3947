//! The family of ResNets, 18 to 152 layers, with two engines: `silknow-engine` on the processor, Burn elsewhere.
//!
//! `layout` is the architecture as data, `network` and `backward` compute it with Burn, `engines` makes the frozen part run.

use std::collections::BTreeMap;

use burn::tensor::Device;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use silknow_config::Architecture;
use silknow_errors::Result;

use crate::backbone::{FeatureShape, FrozenBackbone};
use crate::device::Placement;
use crate::families::{Family, TrainableParts};
use crate::head::he_uniform;
use crate::weights::hub::{Host, Pinned};
use crate::weights::{WeightFile, WeightTensor};
use layout::Layout;

mod backward;
mod engines;
pub mod layout;
mod network;

pub use engines::{burn_backbone, processor_backbone};
pub use network::TrainableBlocks;

/// The trained parts of a ResNet.
pub(crate) type Parts = TrainableBlocks;

/// The small backbone made for this project (CC0), shipped so that work without a network is possible.
static BUILTIN: &[u8] = include_bytes!("../../assets/resnet18-art.safetensors");

/// ResNets after He et al. 2016; a part that can be trained is a residual block.
pub struct ResNet;

impl Family for ResNet {
    fn name(&self) -> &'static str {
        "resnet"
    }

    fn architectures(&self) -> &'static [Architecture] {
        Architecture::ALL
    }

    fn trainable_parts(&self, architecture: Architecture) -> usize {
        Layout::of(architecture).blocks.len()
    }

    fn pooled_features(&self, architecture: Architecture) -> usize {
        Layout::of(architecture).features()
    }

    fn feature_shape(&self, architecture: Architecture, retrained: usize, input_px: usize) -> Result<FeatureShape> {
        let layout = Layout::of(architecture);
        let cut = layout.cut(retrained)?;
        Ok(engines::feature_shape(&layout, cut, input_px))
    }

    fn tensors(&self, architecture: Architecture) -> BTreeMap<String, Vec<usize>> {
        Layout::of(architecture).tensors().collect()
    }

    fn holds_variances(&self, tensor: &str) -> bool {
        tensor.ends_with(".running_var")
    }

    /// Kernels after He et al. 2015; batch normalisation that changes nothing, except that the last one of each block
    /// reduces its values, so that the sum over the blocks stays of the order of its parts.
    fn random(&self, architecture: Architecture, seed: u64) -> BTreeMap<String, WeightTensor> {
        let layout = Layout::of(architecture);
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

    fn builtin(&self, architecture: Architecture) -> Option<&'static [u8]> {
        (architecture == Architecture::ResNet18).then_some(BUILTIN)
    }

    /// torchvision's weights (`IMAGENET1K_V1`).
    fn imagenet(&self, architecture: Architecture) -> Pinned {
        let on_the_hub = |path, kept_as, sha256| Pinned { host: Host::Hub, path, kept_as, sha256 };
        match architecture {
            Architecture::ResNet18 => on_the_hub(
                "timm/resnet18.tv_in1k/resolve/bbd144b3e5565108aad885f145491d11bc6ce807/model.safetensors",
                "resnet18.tv_in1k.safetensors",
                "694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81",
            ),
            Architecture::ResNet34 => on_the_hub(
                "timm/resnet34.tv_in1k/resolve/1b7b21cca82ff974d341713f777bf740c2db38c4/model.safetensors",
                "resnet34.tv_in1k.safetensors",
                "0bb82595a564991a9d424708b33f5d843f5aaed7f6c0886ff10849ff97022235",
            ),
            Architecture::ResNet50 => on_the_hub(
                "timm/resnet50.tv_in1k/resolve/aa6c2d36d56bc0209040c02b5a7b7d7bf11d57b8/model.safetensors",
                "resnet50.tv_in1k.safetensors",
                "5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888",
            ),
            // The hub's checksum of this depth is not known here. PyTorch's own file states the beginning of its checksum
            // in its name, which finds a damaged or exchanged file, but is too short to withstand a forger.
            Architecture::ResNet101 => Pinned {
                host: Host::PyTorch,
                path: "models/resnet101-63fe2227.pth",
                kept_as: "resnet101-63fe2227.pth",
                sha256: "63fe2227",
            },
            Architecture::ResNet152 => on_the_hub(
                "timm/resnet152.tv_in1k/resolve/2a9b5c2460893a2ab13d8625db2383f3094d704f/model.safetensors",
                "resnet152.tv_in1k.safetensors",
                "15897077afdf4d6334dc0c3f8e6fb483afb3faa9298c139f3c6eb29bca6ae5b2",
            ),
        }
    }

    fn frozen(
        &self,
        weights: &WeightFile,
        architecture: Architecture,
        retrained: usize,
        input_px: usize,
        placement: &Placement,
    ) -> Result<Box<dyn FrozenBackbone>> {
        engines::frozen_backbone(weights, architecture, retrained, input_px, placement)
    }

    fn trainable(
        &self,
        weights: &WeightFile,
        architecture: Architecture,
        retrained: usize,
        device: &Device,
    ) -> Result<TrainableParts> {
        let layout = Layout::of(architecture);
        let cut = layout.cut(retrained)?;
        Ok(TrainableParts::ResNet(TrainableBlocks::new(weights, &layout, cut, device)?))
    }
}
