//! The family of ResNets v2, whose units normalise and rectify before they convolve, in the flavours of slim and Keras.
//!
//! Source: He et al., "Identity mappings in deep residual networks", ECCV 2016. `size` has the depths and widths, `layout`
//! what they are made of, as data; `network` and `backward` compute it with Burn, `engines` makes the frozen part run,
//! `graph` says what it computes to other programs, `slim` has the names of TensorFlow, and `family` is what the registry enters.

mod backward;
mod engines;
mod family;
mod graph;
pub mod layout;
mod network;
mod size;
pub mod slim;

pub use engines::{burn_backbone, processor_backbone};
pub use family::FAMILY;
pub(crate) use family::{Parts, trainable};
pub use layout::Flavour;
pub use network::TrainableUnits;
pub use size::ResNetV2;
