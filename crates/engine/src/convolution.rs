//! What a convolution is, before its weights are packed for a way to compute it.

/// A convolution with the batch normalisation after it folded in: what a layer is made from.
///
/// Padding is half the kernel on every side, so that stride 1 keeps height and width.
#[derive(Clone, Debug)]
pub struct Convolution {
    /// Channels read.
    pub inputs: usize,
    /// Channels written; a multiple of 64.
    pub outputs: usize,
    /// Side of the square kernel in pixels.
    pub kernel_px: usize,
    /// Step in both directions in pixels.
    pub stride_px: usize,
    /// `[outputs, inputs, kernel_px, kernel_px]`, row by row.
    pub weights: Vec<f32>,
    /// What is added to each output channel.
    pub shift: Vec<f32>,
}

impl Convolution {
    /// The weight from an input channel at a position of the kernel to an output channel.
    pub(crate) fn weight(&self, output: usize, input: usize, row: usize, column: usize) -> f32 {
        self.weights[((output * self.inputs + input) * self.kernel_px + row) * self.kernel_px + column]
    }

    /// Side of the output of an input of `input_px` pixels.
    pub(crate) fn output_px(&self, input_px: usize) -> usize {
        (input_px + 2 * (self.kernel_px / 2) - self.kernel_px) / self.stride_px + 1
    }
}

/// A scale and a shift per channel before a rectification: the batch normalisation in front of a pre-activated unit.
#[derive(Clone, Debug)]
pub struct Activation {
    /// What each channel is multiplied with.
    pub scale: Vec<f32>,
    /// What is then added to it.
    pub shift: Vec<f32>,
}

/// What happens to a sum before it is stored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Finish {
    /// Add what stands in the output already: the way around a residual block.
    pub(crate) accumulate: bool,
    /// Replace negative values by zero.
    pub(crate) rectify: bool,
}
