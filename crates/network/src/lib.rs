//! The network, from normalised pixels to descriptors: backbones, the head trained on top, weight files and the model folder.
//!
//! [`Model`] describes images. A [`Backbone`] is of a [family](Family); ResNets are the first. Images are decoded and
//! scaled by `silknow-image`; `silknow-training` has the losses and the training loop, `silknow-index` the neighbours.

// The crate is named only to switch on its features: the AVX-512 kernels of Burn's CPU backend.
use burn_flex as _;

mod attribution;
pub mod backbone;
mod choosing;
pub mod conformance;
mod convolution;
mod design;
pub mod device;
pub mod extra_heads;
pub mod families;
mod features;
mod frozen;
pub mod graph;
pub mod head;
pub mod model;
mod parameter;
#[cfg(test)]
mod patches;
pub mod resnet;
pub mod resnet_v2;
mod sources;
pub mod top;
pub mod weights;

pub use backbone::{Backbone, frozen_backbone};
pub use choosing::{expected_values, take};
pub use design::{Design, Family};
pub use device::{Placement, describe_devices};
pub use extra_heads::ExtraHeads;
pub use families::{architectures, design_of, family_named, family_of, is_backbone};
pub use features::{FeatureShape, FrozenBackbone, Maps};
pub use graph::{Graph, Operation, Step};
pub use head::Head;
pub use model::{ChosenVote, Contributions, Described, Explanation, Facts, Model, ModelGraph, Places, StoredModel};
pub use silknow_config::Precision;
pub use silknow_engine::Instructions;
pub use top::{Outputs, TopNetwork};
pub use weights::{WeightFile, WeightTensor};
