//! The network: ResNet backbones, the head trained on top, weight files and the model folder.
//!
//! Owns everything between normalised pixels and descriptors. Leaves decoding and preprocessing to
//! `silknow-image`, losses and the training loop to `silknow-training`, neighbours to `silknow-index`.

// Named for its features alone: they switch on the AVX-512 kernels of Burn's CPU backend.
use burn_flex as _;

pub mod backbone;
pub mod device;
pub mod head;
pub mod layout;
pub mod model;
pub mod resnet;
pub mod top;
pub mod weights;

pub use backbone::{FeatureShape, FrozenBackbone, burn_backbone, frozen_backbone, processor_backbone};
pub use device::{Placement, describe_devices};
pub use head::Head;
pub use model::{Described, Model, StoredModel};
pub use silknow_config::Precision;
pub use silknow_engine::Instructions;
pub use top::TopNetwork;
pub use weights::{WeightFile, WeightTensor};
