//! A tensor in memory, and the errors about one.

use silknow_errors::{Error, Result};

/// Numbers with a shape, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightTensor {
    /// Lengths of the dimensions; as many numbers as their product.
    pub shape: Vec<usize>,
    /// The numbers.
    pub data: Vec<f32>,
}

/// # Errors
/// A number that is infinite or none, with the tensor's name.
pub(crate) fn check_finite(name: &str, values: &[f32]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(position) => Err(damaged(format!("the tensor `{name}` holds {} at {position}", values[position]))),
    }
}

pub(crate) fn damaged(message: String) -> Error {
    Error::data(message).hint("the file is damaged; get it again")
}

pub(crate) fn missing(name: &str) -> Error {
    Error::data(format!("the tensor `{name}` is missing"))
}

pub(crate) fn misshapen(name: &str, shape: &[usize], expected: &[usize]) -> Error {
    Error::data(format!("the tensor `{name}` has the shape {shape:?}, expected {expected:?}"))
}
