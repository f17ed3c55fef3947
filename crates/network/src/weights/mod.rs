//! Tensors with names: what they are, the weights of a backbone, reading and writing their files.
//!
//! Which weights a backbone has, and where they come from, is said above the families, in `sources`.

mod file;
pub mod hub;
mod read;
mod tensor;
mod write;

pub use file::{IMAGENET_MEAN, IMAGENET_STD, WeightFile};
pub use hub::Hub;
pub(crate) use read::{
    Content, backbone_file, backbone_in_memory, read_bounded, safetensors_by_name, safetensors_note, safetensors_shapes,
};
pub use tensor::WeightTensor;
pub(crate) use tensor::{check_finite, damaged, misshapen, missing};
pub(crate) use write::safetensors_bytes;
