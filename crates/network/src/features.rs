//! Features: what the frozen part of a backbone makes of pixels.

use burn::tensor::Tensor;
use silknow_errors::{Error, Result};

/// The shape of one image's features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureShape {
    /// Channels C.
    pub channels: usize,
    /// Rows H; 1 after the global average pool.
    pub height: usize,
    /// Columns W; 1 after the global average pool.
    pub width: usize,
}

impl FeatureShape {
    /// Values per image: C · H · W.
    pub fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// True for a shape without values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Features `[N, C·H·W]` as maps `[N, C, H, W]`.
    pub(crate) fn maps(&self, features: Tensor<2>) -> Tensor<4> {
        let [images, _] = features.dims();
        features.reshape([images, self.channels, self.height, self.width])
    }
}

/// The part of the network before the cut, ready to run.
///
/// The features of an image do not depend on the other images of the call, nor on the number of threads.
pub trait FrozenBackbone: Send {
    /// What [`run`](Self::run) delivers per image: feature maps, or the pooled values when every block is frozen.
    fn feature_shape(&self) -> FeatureShape;

    /// Runs `n` images: normalised pixels `[n, 3, S, S]` to features `[n, C·H·W]`, both row by row.
    ///
    /// # Errors
    /// When `pixels` has another length.
    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>>;

    /// Runs `n` images as [`run`](Self::run) does, up to the maps whose mean over all places is what `run` delivers. None where
    /// that is not the mean of maps, so that no place of an image can be told from the others.
    ///
    /// # Errors
    /// When `pixels` has another length.
    fn run_before_pool(&self, pixels: &[f32], n: usize) -> Result<Option<Maps>> {
        let _ = (pixels, n);
        Ok(None)
    }
}

/// Feature maps of some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// The shape of the maps of one image.
    pub shape: FeatureShape,
    /// `[N, C, H, W]`, row by row.
    pub values: Vec<f32>,
}

/// The number of images in `pixels` is `n`, or an error.
pub(crate) fn check_pixels(pixels: &[f32], n: usize, input_px: usize) -> Result<()> {
    let values = n * 3 * input_px * input_px;
    if pixels.len() == values {
        return Ok(());
    }
    Err(Error::internal(format!(
        "{n} images of {input_px} x {input_px} pixels need {values} values, got {}",
        pixels.len()
    )))
}
