//! The family of ResNets, 18 to 152 layers, with two engines: `silknow-engine` on the processor, Burn elsewhere.
//!
//! `sizes` has the depths and `layout` what they are made of, as data; `network` and `backward` compute it with Burn, `engines`
//! makes the frozen part run, `graph` says what it computes to other programs, and `family` is what the registry enters.

mod backward;
mod engines;
mod family;
mod graph;
pub mod layout;
mod network;
mod sizes;

pub use engines::{burn_backbone, processor_backbone};
pub use family::FAMILY;
pub(crate) use family::{Parts, trainable};
pub use network::TrainableBlocks;
pub use sizes::ResNet;
