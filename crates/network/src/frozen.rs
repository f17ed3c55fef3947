//! The frozen part of a network, ready to run: on `silknow-engine`, or on Burn.

use burn::tensor::{Device, Tensor, TensorData};
use silknow_config::Precision;
use silknow_engine::{Engine, Instructions};
use silknow_errors::{Error, Result};

use crate::convolution::global_average_pool;
use crate::device::numbers;
use crate::features::{FeatureShape, FrozenBackbone, Maps, check_pixels};

/// What the frozen part of a network reads and delivers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrozenShape {
    /// Side of the square images, in pixels.
    pub input_px: usize,
    /// The maps of an image after the last frozen layer.
    pub maps: FeatureShape,
    /// Whether the features are the mean of the maps over all places, as where no layer is trained, or the maps.
    pub pooled: bool,
}

impl FrozenShape {
    /// The shape of the features of an image.
    pub fn features(&self) -> FeatureShape {
        if self.pooled { FeatureShape { height: 1, width: 1, ..self.maps } } else { self.maps }
    }

    /// The maps that the features are the mean of; none where they are maps themselves.
    fn pooled_from(&self) -> Option<FeatureShape> {
        self.pooled.then_some(self.maps)
    }
}

/// The numbers of the engine for a precision.
///
/// # Errors
/// Instructions that cannot compute with them on this processor.
pub(crate) fn engine_numbers(instructions: Instructions, precision: Precision) -> Result<silknow_engine::Precision> {
    let numbers = match precision {
        Precision::F32 => silknow_engine::Precision::Single,
        Precision::Bf16 => silknow_engine::Precision::Bf16,
    };
    if !instructions.supports(numbers) {
        return Err(Error::configuration(format!(
            "the instructions {instructions} cannot compute in the precision {precision} on this processor"
        )));
    }
    Ok(numbers)
}

/// The frozen part as `silknow-engine` computes it.
pub(crate) struct OnEngine {
    pub engine: Engine,
    pub shape: FrozenShape,
}

impl FrozenBackbone for OnEngine {
    fn feature_shape(&self) -> FeatureShape {
        self.shape.features()
    }

    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        check_pixels(pixels, n, self.shape.input_px)?;
        Ok(self.engine.run(pixels, n))
    }

    fn run_before_pool(&self, pixels: &[f32], n: usize) -> Result<Option<Maps>> {
        check_pixels(pixels, n, self.shape.input_px)?;
        Ok(self.shape.pooled_from().map(|shape| Maps { shape, values: self.engine.run_to_maps(pixels, n) }))
    }
}

/// The frozen part as Burn computes it on any device.
pub(crate) struct OnBurn<N> {
    /// Normalised pixels `[N, 3, S, S]` to the maps after the last frozen layer.
    pub network: N,
    /// Where the network is.
    pub device: Device,
    pub shape: FrozenShape,
}

impl<N: Fn(Tensor<4>) -> Tensor<4>> OnBurn<N> {
    /// The maps of `n` images, at least one.
    fn maps(&self, pixels: &[f32], n: usize) -> Tensor<4> {
        let side = self.shape.input_px;
        let pixels = TensorData::new(pixels.to_vec(), [n, 3, side, side]);
        (self.network)(Tensor::from_data(pixels, &self.device))
    }
}

impl<N: Fn(Tensor<4>) -> Tensor<4> + Send> FrozenBackbone for OnBurn<N> {
    fn feature_shape(&self) -> FeatureShape {
        self.shape.features()
    }

    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        check_pixels(pixels, n, self.shape.input_px)?;
        if n == 0 {
            return Ok(Vec::new());
        }
        let maps = self.maps(pixels, n);
        if self.shape.pooled { numbers(global_average_pool(maps)) } else { numbers(maps) }
    }

    fn run_before_pool(&self, pixels: &[f32], n: usize) -> Result<Option<Maps>> {
        check_pixels(pixels, n, self.shape.input_px)?;
        let Some(shape) = self.shape.pooled_from() else { return Ok(None) };
        let values = if n == 0 { Vec::new() } else { numbers(self.maps(pixels, n))? };
        Ok(Some(Maps { shape, values }))
    }
}
