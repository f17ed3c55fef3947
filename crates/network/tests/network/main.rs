//! The network crate from outside, in one binary: reference values, weight files, model folders.

mod backbone;
mod engines;
mod model;
mod reference;
mod weights;
