//! The family of ResNets, 18 to 152 layers, with two engines: `silknow-engine` on the processor, Burn elsewhere.
//!
//! `layout` is the architecture as data, `network` and `backward` compute it with Burn, `engines` makes the frozen part run.

use std::collections::BTreeMap;

use burn::tensor::Device;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use silknow_config::Architecture;
use silknow_errors::{Error, Result};

use crate::backbone::{FeatureShape, FrozenBackbone};
use crate::device::Placement;
use crate::families::{Design, Family, TrainableParts};
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

/// ResNets after He et al. 2016.
pub static FAMILY: Family =
    Family { name: "resnet", designs: || RESNETS.iter().map(|resnet| resnet as &dyn Design).collect() };

/// A ResNet of one depth; a part that can be trained is a residual block.
pub struct ResNet {
    name: Architecture,
    /// Residual blocks in each of the four stages.
    stages: [usize; 4],
    /// True for blocks of three convolutions, false for blocks of two.
    bottleneck: bool,
    builtin: Option<&'static [u8]>,
    /// torchvision's weights (`IMAGENET1K_V1`).
    imagenet: Pinned,
}

/// All depths. The blocks are those of He et al. 2016, table 1.
static RESNETS: [ResNet; 5] = [
    ResNet {
        name: Architecture::RESNET18,
        stages: [2, 2, 2, 2],
        bottleneck: false,
        // Made for this project (CC0) and shipped, so that work without a network is possible.
        builtin: Some(include_bytes!("../../assets/resnet18-art.safetensors")),
        imagenet: Pinned {
            host: Host::Hub,
            path: "timm/resnet18.tv_in1k/resolve/bbd144b3e5565108aad885f145491d11bc6ce807/model.safetensors",
            kept_as: "resnet18.tv_in1k.safetensors",
            sha256: "694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81",
        },
    },
    ResNet {
        name: Architecture::RESNET34,
        stages: [3, 4, 6, 3],
        bottleneck: false,
        builtin: None,
        imagenet: Pinned {
            host: Host::Hub,
            path: "timm/resnet34.tv_in1k/resolve/1b7b21cca82ff974d341713f777bf740c2db38c4/model.safetensors",
            kept_as: "resnet34.tv_in1k.safetensors",
            sha256: "0bb82595a564991a9d424708b33f5d843f5aaed7f6c0886ff10849ff97022235",
        },
    },
    ResNet {
        name: Architecture::RESNET50,
        stages: [3, 4, 6, 3],
        bottleneck: true,
        builtin: None,
        imagenet: Pinned {
            host: Host::Hub,
            path: "timm/resnet50.tv_in1k/resolve/aa6c2d36d56bc0209040c02b5a7b7d7bf11d57b8/model.safetensors",
            kept_as: "resnet50.tv_in1k.safetensors",
            sha256: "5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888",
        },
    },
    ResNet {
        name: Architecture::RESNET101,
        stages: [3, 4, 23, 3],
        bottleneck: true,
        builtin: None,
        // The revision and checksum of the hub's file are not known here, those of PyTorch's own file are. Its name begins
        // with the first digits of the checksum, as PyTorch writes them.
        imagenet: Pinned {
            host: Host::PyTorch,
            path: "models/resnet101-63fe2227.pth",
            kept_as: "resnet101-63fe2227.pth",
            sha256: "63fe2227b86e8f1f2063f43a75c84d195911b6a0eace650907dd3dc62dd49a0a",
        },
    },
    ResNet {
        name: Architecture::RESNET152,
        stages: [3, 8, 36, 3],
        bottleneck: true,
        builtin: None,
        imagenet: Pinned {
            host: Host::Hub,
            path: "timm/resnet152.tv_in1k/resolve/2a9b5c2460893a2ab13d8625db2383f3094d704f/model.safetensors",
            kept_as: "resnet152.tv_in1k.safetensors",
            sha256: "15897077afdf4d6334dc0c3f8e6fb483afb3faa9298c139f3c6eb29bca6ae5b2",
        },
    },
];

impl ResNet {
    /// The ResNet of this name.
    ///
    /// # Errors
    /// A name that no ResNet has.
    pub fn of(architecture: Architecture) -> Result<&'static Self> {
        RESNETS
            .iter()
            .find(|resnet| resnet.name == architecture)
            .ok_or_else(|| Error::configuration(format!("`{architecture}` is not a ResNet")))
    }

    /// What it is made of.
    pub fn layout(&self) -> Layout {
        Layout::new(self.stages, self.bottleneck)
    }
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
        engines::feature_shape(&self.layout(), frozen, input_px)
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

    fn trainable(&self, weights: &WeightFile, frozen: usize, device: &Device) -> Result<TrainableParts> {
        Ok(TrainableParts::ResNet(TrainableBlocks::new(weights, &self.layout(), frozen, device)?))
    }
}
