//! A convolution with packed weights, ready to run: directly, or through Winograd's tiles where that is less work.
//!
//! This module packs the weights and walks over the output pixels. The arithmetic lies in `kernels`, Winograd's walk in
//! `winograd`.
#![expect(unsafe_code, reason = "threads write interleaved columns of one matrix, which no slices can express")]

use std::ops::Range;

use rayon::prelude::*;

use crate::kernels::{Kernels, Product};
use crate::maps::{Aligned, Maps, Shape};
use crate::memory::Target;
use crate::numbers::{MAX_PER_WORD, Precision};
use crate::threads::in_shares;
use crate::winograd::{Scratch, Winograd};

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

    fn kind(&self, output: Shape, winograd: bool) -> LayerKind {
        LayerKind {
            kernel_px: self.kernel_px,
            stride_px: self.stride_px,
            winograd,
            inputs: self.inputs,
            outputs: self.outputs,
            height: output.height,
            width: output.width,
        }
    }

    fn output_px(&self, input_px: usize) -> usize {
        (input_px + 2 * (self.kernel_px / 2) - self.kernel_px) / self.stride_px + 1
    }
}

/// What happens to a sum before it is stored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Finish {
    /// Add what stands in the output already: the way around a residual block.
    pub(crate) accumulate: bool,
    /// Replace negative values by zero.
    pub(crate) rectify: bool,
}

/// What distinguishes the layers of a network as to speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerKind {
    /// Side of the kernel in pixels.
    pub kernel_px: usize,
    /// Step in pixels.
    pub stride_px: usize,
    /// Whether it goes through Winograd's tiles.
    pub winograd: bool,
    /// Channels read.
    pub inputs: usize,
    /// Channels written.
    pub outputs: usize,
    /// Rows of the maps that it writes.
    pub height: usize,
    /// Columns of the maps that it writes.
    pub width: usize,
}

/// A convolution ready to run on inputs of one shape.
pub(crate) struct Layer {
    method: Method,
    kind: LayerKind,
    /// Of the maps that it writes.
    precision: Precision,
}

enum Method {
    Direct(Direct),
    Winograd(Winograd),
}

impl Layer {
    /// `in_basic_block`: the block has 3 x 3 kernels alone.
    pub(crate) fn new(convolution: &Convolution, input: Shape, in_basic_block: bool, kernels: &Kernels) -> Self {
        let output = Shape {
            height: convolution.output_px(input.height),
            width: convolution.output_px(input.width),
            channels: convolution.outputs,
            precision: kernels.precision,
        };
        let winograd = Winograd::pays(convolution, output, in_basic_block);
        let method = if winograd {
            Method::Winograd(Winograd::new(convolution, kernels))
        } else {
            Method::Direct(Direct::new(convolution, kernels))
        };
        Self { method, kind: convolution.kind(output, winograd), precision: kernels.precision }
    }

    /// The stem, whose input comes with its border of zeros. All three channels of a row of the kernel lie side by
    /// side there, so that a row is one tap.
    pub(crate) fn stem(convolution: &Convolution, input_px: usize, kernels: &Kernels) -> Self {
        let side = convolution.output_px(input_px);
        let output = Shape { height: side, width: side, channels: convolution.outputs, precision: kernels.precision };
        let method = Method::Direct(Direct::with_whole_rows(convolution, kernels));
        Self { method, kind: convolution.kind(output, false), precision: kernels.precision }
    }

    /// The shape of one image's output.
    pub(crate) fn output(&self) -> Shape {
        let LayerKind { height, width, outputs: channels, .. } = self.kind;
        Shape { height, width, channels, precision: self.precision }
    }

    pub(crate) fn kind(&self) -> LayerKind {
        self.kind
    }

    /// Multiplications and additions for one image, as the convolution is defined.
    pub(crate) fn operations(&self) -> f64 {
        let LayerKind { kernel_px, inputs, .. } = self.kind;
        let output = self.output();
        2.0 * (output.pixels() * output.channels) as f64 * (kernel_px * kernel_px * inputs) as f64
    }

    /// `output` must have this layer's shape and the input's number of images.
    pub(crate) fn run(
        &self,
        kernels: &Kernels,
        input: &Maps,
        output: &mut Maps,
        finish: Finish,
        scratch: &mut Scratch,
        threads: usize,
    ) {
        debug_assert_eq!((output.shape(), output.images()), (self.output(), input.images()));
        match &self.method {
            Method::Direct(direct) => direct.run(kernels, input, output, finish, threads),
            Method::Winograd(winograd) => winograd.run(kernels, input, output, finish, scratch, threads),
        }
    }
}

/// Words of input that the rows of one block read: few enough to stay in the second cache level while all panels
/// of weights pass by.
const BLOCK_WORDS: usize = 48 * 1024;

/// The fewest rows of a block: below, the weights are fetched too often.
const LEAST_ROWS: usize = 24;

/// A convolution as one indirect matrix product.
struct Direct {
    weights: Aligned,
    shift: Vec<f32>,
    panels: usize,
    /// Positions of the kernel that are taps of their own.
    tap_rows: usize,
    tap_columns: usize,
    /// Words read at each.
    depth: usize,
    stride_px: usize,
    padding_px: usize,
}

impl Direct {
    /// Every position of the kernel is a tap.
    fn new(convolution: &Convolution, kernels: &Kernels) -> Self {
        let side = convolution.kernel_px;
        let weight = |output, tap, channel| convolution.weight(output, channel, tap / side, tap % side);
        Self {
            weights: pack(convolution.outputs, side * side, convolution.inputs, kernels, weight),
            shift: convolution.shift.clone(),
            panels: convolution.outputs / kernels.panel,
            tap_rows: side,
            tap_columns: side,
            depth: convolution.inputs / kernels.precision.per_word(),
            stride_px: convolution.stride_px,
            padding_px: side / 2,
        }
    }

    /// Every row of the kernel is a tap, over an input that holds its border.
    fn with_whole_rows(convolution: &Convolution, kernels: &Kernels) -> Self {
        let (side, inputs) = (convolution.kernel_px, convolution.inputs);
        let weight = |output, row, position| convolution.weight(output, position % inputs, row, position / inputs);
        Self {
            weights: pack(convolution.outputs, side, side * inputs, kernels, weight),
            shift: convolution.shift.clone(),
            panels: convolution.outputs / kernels.panel,
            tap_rows: side,
            tap_columns: 1,
            depth: side * inputs / kernels.precision.per_word(),
            stride_px: convolution.stride_px,
            padding_px: 0,
        }
    }

    fn run(&self, kernels: &Kernels, input: &Maps, output: &mut Maps, finish: Finish, threads: usize) {
        let (pixels, shape) = (output.pixels(), output.shape());
        // SAFETY: a share has output pixels or panels of output channels of its own, and writes those alone.
        let target = unsafe { Target::new(output.values_mut()) };
        let block_rows = (BLOCK_WORDS / (self.tap_rows * self.tap_columns * self.depth)).max(LEAST_ROWS);
        let part = |rows: Range<usize>, panels: Range<usize>| {
            let mut offsets = Vec::new();
            for first in rows.clone().step_by(block_rows) {
                let block = first..rows.end.min(first + block_rows);
                self.offsets(input, shape, block.clone(), &mut offsets);
                kernels.run(&Product {
                    input: input.values(),
                    offsets: &offsets,
                    rows: block.len(),
                    depth: self.depth,
                    weights: self.weights.as_slice(),
                    panel_pitch: self.weights.as_slice().len() / self.panels,
                    shift: &self.shift,
                    panels: panels.clone(),
                    output: target,
                    first: first * shape.pitch(),
                    pitch: shape.pitch(),
                    accumulate: finish.accumulate,
                    rectify: finish.rectify,
                });
            }
        };
        // The threads divide the larger side among them: the pixels where the maps are large, else the channels, so that the
        // weights are read only once by all threads together.
        if pixels >= shape.channels {
            in_shares(threads, pixels, |rows| part(rows, 0..self.panels));
        } else {
            in_shares(threads, self.panels, |panels| part(0..pixels, panels));
        }
    }

    /// Where the input of some output pixels begins, at every tap.
    fn offsets(&self, input: &Maps, output: Shape, pixels: Range<usize>, offsets: &mut Vec<u32>) {
        let shape = input.shape();
        offsets.clear();
        for tap in 0..self.tap_rows * self.tap_columns {
            let (tap_row, tap_column) = (tap / self.tap_columns, tap % self.tap_columns);
            for pixel in pixels.clone() {
                let (image, position) = (pixel / output.pixels(), pixel % output.pixels());
                let row = position / output.width * self.stride_px + tap_row;
                let column = position % output.width * self.stride_px + tap_column;
                offsets.push(padded_offset(input, shape, image, row, column, self.padding_px));
            }
        }
    }
}

/// Where a pixel begins whose row and column count from the first of `padding_px` rows and columns of zeros.
///
/// # Panics
/// When the maps have more numbers than an offset can name.
pub(crate) fn padded_offset(
    maps: &Maps,
    shape: Shape,
    image: usize,
    row: usize,
    column: usize,
    padding_px: usize,
) -> u32 {
    let inside = |position: usize, len: usize| position.checked_sub(padding_px).filter(|&position| position < len);
    let offset = match (inside(row, shape.height), inside(column, shape.width)) {
        (Some(row), Some(column)) => ((image * shape.height + row) * shape.width + column) * shape.pitch(),
        _ => maps.zeros(),
    };
    u32::try_from(offset).expect("a group of images has less than 2^32 numbers")
}

/// Packs weights as `Product` reads them: panel, tap, word of channels, output channel within the panel.
fn pack(
    outputs: usize,
    taps: usize,
    depth: usize,
    kernels: &Kernels,
    weight: impl Fn(usize, usize, usize) -> f32 + Sync,
) -> Aligned {
    let (panel_width, precision) = (kernels.panel, kernels.precision);
    let per_word = precision.per_word();
    let mut weights = Aligned::default();
    weights.resize(outputs * taps * depth / per_word);
    let panel_len = taps * depth / per_word * panel_width;
    weights.as_mut_slice().par_chunks_mut(panel_len).enumerate().for_each(|(panel, packed)| {
        let mut numbers = [0.0; MAX_PER_WORD];
        for (row, words) in packed.chunks_exact_mut(panel_width).enumerate() {
            let (tap, channel) = (row * per_word / depth, row * per_word % depth);
            for (lane, word) in words.iter_mut().enumerate() {
                for (place, number) in numbers[..per_word].iter_mut().enumerate() {
                    *number = weight(panel * panel_width + lane, tap, channel + place);
                }
                *word = precision.word(&numbers[..per_word]);
            }
        }
    });
    weights
}
