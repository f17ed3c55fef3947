//! The network crate from outside, in one binary: reference values, weight files, model folders.

mod backbone;
mod engines;
mod explaining;
mod model;
mod precision;
mod reference;
mod resnet_v2;
mod version_0_1_0;
mod weights;
