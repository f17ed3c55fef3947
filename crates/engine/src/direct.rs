//! A convolution as one matrix product, whose rows are found in the input through a list of offsets.
//!
//! This module packs the weights and walks over the output pixels. The arithmetic lies in `kernels`.
#![expect(unsafe_code, reason = "threads write interleaved columns of one matrix, which no slices can express")]

use std::ops::Range;

use rayon::prelude::*;

use crate::convolution::{Activation, Convolution, Finish};
use crate::kernels::{Activated, Kernels, Product};
use crate::maps::{Aligned, Maps, Shape, padded_offset};
use crate::memory::Target;
use crate::numbers::MAX_PER_WORD;
use crate::threads::in_shares;

/// Words of input that the rows of one block read: few enough to stay in the second cache level while all panels
/// of weights pass by.
const BLOCK_WORDS: usize = 48 * 1024;

/// The fewest rows of a block: below, the weights are fetched too often.
const LEAST_ROWS: usize = 24;

/// A convolution as one indirect matrix product.
pub(crate) struct Direct {
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
    pub(crate) fn new(convolution: &Convolution, kernels: &Kernels) -> Self {
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
    pub(crate) fn with_whole_rows(convolution: &Convolution, kernels: &Kernels) -> Self {
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

    /// `also` receives the results a second time, activated; its maps have the shape of `output`.
    pub(crate) fn run(
        &self,
        kernels: &Kernels,
        input: &Maps,
        output: &mut Maps,
        finish: Finish,
        also: Option<(&Activation, &mut Maps)>,
        threads: usize,
    ) {
        let (pixels, shape) = (output.pixels(), output.shape());
        // SAFETY: a share has output pixels or panels of output channels of its own, and writes those alone.
        let target = unsafe { Target::new(output.values_mut()) };
        let activated = also.map(|(Activation { scale, shift }, maps)| {
            debug_assert_eq!((maps.pixels(), maps.shape()), (pixels, shape));
            // SAFETY: as above.
            Activated { scale, shift, output: unsafe { Target::new(maps.values_mut()) } }
        });
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
                    activated,
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
