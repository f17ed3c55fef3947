//! The weights of a whole backbone.

use std::collections::BTreeMap;

use silknow_errors::Result;

use super::tensor::{WeightTensor, misshapen, missing};

/// Mean per colour of ImageNet, on pixels in [0, 1].
pub const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];

/// Standard deviation per colour of ImageNet, on pixels in [0, 1].
pub const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// The weights of a whole backbone in torchvision's naming, checked against an architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightFile {
    /// The tensors by name, for example `layer1.0.conv1.weight`; no classifier.
    pub tensors: BTreeMap<String, WeightTensor>,
    /// Mean per colour that pixels in [0, 1] are reduced by.
    pub mean: [f32; 3],
    /// Standard deviation per colour that they are then divided by.
    pub std: [f32; 3],
    /// Where the weights come from, for people: a path, an address, `builtin` or `none`.
    pub source: String,
    /// SHA-256 of the file, hexadecimal; empty for random weights.
    pub sha256: String,
}

impl WeightFile {
    /// The numbers of a tensor of the given shape.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<&[f32]> {
        let tensor = self.tensors.get(name).ok_or_else(|| missing(name))?;
        if tensor.shape != shape || tensor.data.len() != shape.iter().product::<usize>() {
            return Err(misshapen(name, &tensor.shape, shape));
        }
        Ok(&tensor.data)
    }

    /// Takes a tensor of the given shape out.
    ///
    /// # Errors
    /// As [`values`](Self::values).
    pub(crate) fn take(&mut self, name: &str, shape: &[usize]) -> Result<WeightTensor> {
        self.values(name, shape)?;
        self.tensors.remove(name).ok_or_else(|| missing(name))
    }
}
