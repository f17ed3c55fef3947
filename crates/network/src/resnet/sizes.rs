//! The depths of ResNets that there are.

use silknow_config::Architecture;
use silknow_errors::{Error, Result};

use super::layout::Layout;
use crate::weights::hub::{Host, Pinned};

/// A ResNet of one depth; a part that can be trained is a residual block.
pub struct ResNet {
    pub(super) name: Architecture,
    /// Residual blocks in each of the four stages.
    pub(super) stages: [usize; 4],
    /// True for blocks of three convolutions, false for blocks of two.
    pub(super) bottleneck: bool,
    pub(super) builtin: Option<&'static [u8]>,
    /// torchvision's weights (`IMAGENET1K_V1`).
    pub(super) imagenet: Pinned,
}

/// All depths. The blocks are those of He et al. 2016, table 1.
pub(super) static RESNETS: [ResNet; 5] = [
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
