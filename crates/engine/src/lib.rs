//! A frozen ResNet on the processor: weights with the batch normalisation folded in, up to a cut; images in; feature
//! maps or pooled values out.
//!
//! Nearly all time of every operation goes into running the frozen part of the network. This crate does that and
//! nothing else: it knows no files, no training and no graphics cards. The instructions are chosen when it runs.
//!
//! How it works: feature maps lie in memory pixel by pixel, so that every convolution is a matrix product whose rows
//! are found through a list of offsets; 3 x 3 convolutions of stride 1 go through Winograd's F(4 x 4, 3 x 3); what is
//! added and rectified after a product is added and rectified in its registers. A thread takes a group of images
//! through all layers; with fewer images than threads, the threads share each layer.
//!
//! ```
//! use silknow_engine::{Convolution, EngineBuilder, Instructions, Output, Precision};
//!
//! let stem = Convolution {
//!     inputs: 3,
//!     outputs: 64,
//!     kernel_px: 7,
//!     stride_px: 2,
//!     weights: vec![0.01; 64 * 3 * 7 * 7],
//!     shift: vec![0.0; 64],
//! };
//! let engine = EngineBuilder::new(&stem, 32, Instructions::best(), Precision::Single).finish(Output::Pooled);
//! let features = engine.run(&vec![1.0; 2 * 3 * 32 * 32], 2);
//! assert_eq!(features.len(), 2 * 64);
//! ```

mod convolution;
mod direct;
mod instructions;
mod kernels;
mod layer;
mod maps;
mod memory;
mod network;
mod numbers;
mod threads;
mod vector;
mod winograd;

// The conformance suite runs here once more, with the bounds asserted in all loops and bfloat16 in plain Rust, which the
// product does not have.
#[cfg(test)]
#[path = "../tests/conformance.rs"]
mod conformance;
#[cfg(test)]
extern crate self as silknow_engine;

pub use convolution::{Activation, Convolution};
pub use instructions::Instructions;
pub use layer::LayerKind;
pub use network::{Block, Engine, EngineBuilder, LayerTime, Output, PoolBorder, Unit};
pub use numbers::Precision;
