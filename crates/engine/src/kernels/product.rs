//! The matrix product that every convolution comes to: rows found through a list of offsets, times packed weights.
//!
//! A row of the result is an output pixel. It is summed over taps (positions of the kernel) and over the channels at
//! each; where a tap's channels begin stands in a list, so that strided, padded and 1 x 1 convolutions are the same
//! product and nothing is copied into place before (Dukhan, "The indirect convolution algorithm", 2019).
#![expect(unsafe_code, reason = "the innermost loops; bounds are checked once per product")]

use std::ops::Range;

use super::target::Target;
use crate::numbers::Numbers;
use crate::vector::{Vector, prefetch};

/// One product, or the part of it that one thread does. Lengths and positions count words; see `numbers`.
pub(crate) struct Product<'a> {
    /// What the offsets point into.
    pub(crate) input: &'a [f32],
    /// Where the channels of row `m` at tap `t` begin: at position `t * rows + m`.
    pub(crate) offsets: &'a [u32],
    /// Rows: output pixels.
    pub(crate) rows: usize,
    /// Words in a row at one tap.
    pub(crate) depth: usize,
    /// Panel after panel; in each, tap after tap, word of input channels after word, a panel's width of output
    /// channels.
    pub(crate) weights: &'a [f32],
    /// Words from one panel to the next.
    pub(crate) panel_pitch: usize,
    /// What the sums begin with: one number for each output channel.
    pub(crate) shift: &'a [f32],
    /// The panels to compute.
    pub(crate) panels: Range<usize>,
    /// The result.
    pub(crate) output: Target<'a>,
    /// Where the first row of the result begins.
    pub(crate) first: usize,
    /// Words from one row of the result to the next.
    pub(crate) pitch: usize,
    /// Add what stands in the result already.
    pub(crate) accumulate: bool,
    /// Replace negative results by zero.
    pub(crate) rectify: bool,
}

impl Product<'_> {
    fn taps(&self) -> usize {
        self.offsets.len() / self.rows
    }

    /// # Panics
    /// When anything that the kernel reads or writes lies out of bounds: panels of `panel` channels, of which a word of
    /// the result holds `per_word`.
    pub(super) fn check(&self, panel: usize, per_word: usize) {
        assert!(self.rows > 0 && self.offsets.len().is_multiple_of(self.rows));
        let furthest = self.offsets.iter().max().map_or(0, |&offset| offset as usize);
        assert!(furthest + self.depth <= self.input.len());
        let columns = self.panels.end * panel;
        let panel_len = self.taps() * self.depth * panel;
        assert!(self.panels.end == 0 || (self.panels.end - 1) * self.panel_pitch + panel_len <= self.weights.len());
        assert!(columns <= self.shift.len() && columns / per_word <= self.pitch);
        assert!(self.first + (self.rows - 1) * self.pitch + columns / per_word <= self.output.len());
    }
}

/// Words of input channels that one turn of the innermost loop takes: the loop's own instructions are few then, which counts
/// where two threads share a core's decoder.
const UNROLLED: usize = 4;

/// Computes a product of numbers in the format `N`, whose results are stored as `R`, in tiles of at most `ROWS` rows and
/// `REGISTERS` registers of output channels.
///
/// # Safety
/// The product must have passed its check for panels of `REGISTERS` registers and results in `R`; the processor must
/// have the instructions of both.
#[inline(always)]
pub(super) unsafe fn run<N, R, const ROWS: usize, const REGISTERS: usize>(product: &Product<'_>)
where
    N: Numbers,
    R: Numbers<Register = N::Register>,
{
    let tiles = product.rows.div_ceil(ROWS);
    // Panels outside, rows inside: a panel of weights stays in the nearest cache while the rows pass by.
    for panel in product.panels.clone() {
        let mut first = 0;
        for tile in 1..=tiles {
            // Tiles of nearly the same height: a last one with a single row would wait on its few accumulators.
            let end = product.rows * tile / tiles;
            // SAFETY: `first..end` are rows of the product, at most `ROWS`; the caller answers for the rest.
            unsafe {
                match end - first {
                    1 => one::<N, R, 1, REGISTERS>(product, panel, first),
                    2 => one::<N, R, 2, REGISTERS>(product, panel, first),
                    3 => one::<N, R, 3, REGISTERS>(product, panel, first),
                    4 => one::<N, R, 4, REGISTERS>(product, panel, first),
                    5 if ROWS >= 5 => one::<N, R, 5, REGISTERS>(product, panel, first),
                    6 if ROWS >= 6 => one::<N, R, 6, REGISTERS>(product, panel, first),
                    7 if ROWS >= 7 => one::<N, R, 7, REGISTERS>(product, panel, first),
                    8 if ROWS >= 8 => one::<N, R, 8, REGISTERS>(product, panel, first),
                    9 if ROWS >= 9 => one::<N, R, 9, REGISTERS>(product, panel, first),
                    10 if ROWS >= 10 => one::<N, R, 10, REGISTERS>(product, panel, first),
                    11 if ROWS >= 11 => one::<N, R, 11, REGISTERS>(product, panel, first),
                    12 if ROWS >= 12 => one::<N, R, 12, REGISTERS>(product, panel, first),
                    rows => unreachable!("a tile of {rows} rows"),
                }
            }
            first = end;
        }
    }
}

/// One tile: all its accumulators stay in registers from the first tap to the last channel.
///
/// # Safety
/// As for [`run`]; `first + ROWS` must not exceed the rows.
#[inline(always)]
unsafe fn one<N, R, const ROWS: usize, const REGISTERS: usize>(product: &Product<'_>, panel: usize, first: usize)
where
    N: Numbers,
    R: Numbers<Register = N::Register>,
{
    let lanes = N::Register::LANES;
    let width = REGISTERS * lanes;
    let at = |row: usize, register: usize| {
        product.first + (first + row) * product.pitch + (panel * width + register * lanes) / R::PER_WORD
    };
    // SAFETY: every pointer lies where the product's check looked.
    unsafe {
        let shift = product.shift.as_ptr().add(panel * width);
        let mut sums = [[N::Register::splat(0.0); REGISTERS]; ROWS];
        for sums in &mut sums {
            for (register, sum) in sums.iter_mut().enumerate() {
                *sum = N::Register::load(shift.add(register * lanes));
            }
        }
        // The results are far away; by the end of the sums they have come near.
        for row in 0..ROWS {
            prefetch(product.output.at(at(row, 0)));
        }
        let mut weights = product.weights.as_ptr().add(panel * product.panel_pitch);
        for tap in 0..product.taps() {
            let offsets = product.offsets.as_ptr().add(tap * product.rows + first);
            let inputs: [*const f32; ROWS] =
                std::array::from_fn(|row| product.input.as_ptr().add(*offsets.add(row) as usize));
            let mut word = 0;
            while word + UNROLLED <= product.depth {
                for step in 0..UNROLLED {
                    add_word::<N, _, _>(&mut sums, &inputs, word + step, weights.add(step * width));
                }
                weights = weights.add(UNROLLED * width);
                word += UNROLLED;
            }
            while word < product.depth {
                add_word::<N, _, _>(&mut sums, &inputs, word, weights);
                weights = weights.add(width);
                word += 1;
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (register, mut sum) in sums.into_iter().enumerate() {
                let output = product.output.at(at(row, register));
                if product.accumulate {
                    sum = sum.add(R::load(output));
                }
                if product.rectify {
                    sum = sum.max(N::Register::splat(0.0));
                }
                R::store(sum, output);
            }
        }
    }
}

/// Adds the products of one word of input channels: its numbers in every row times their weights.
///
/// # Safety
/// `inputs` must be valid for the word, `weights` for `REGISTERS` registers; the processor must have the instructions
/// of `N`.
#[inline(always)]
unsafe fn add_word<N: Numbers, const ROWS: usize, const REGISTERS: usize>(
    sums: &mut [[N::Register; REGISTERS]; ROWS],
    inputs: &[*const f32; ROWS],
    word: usize,
    weights: *const f32,
) {
    // SAFETY: the caller answers for pointers and instructions.
    unsafe {
        let mut columns = [N::Register::splat(0.0); REGISTERS];
        for (register, column) in columns.iter_mut().enumerate() {
            *column = N::Register::load(weights.add(register * N::Register::LANES));
        }
        for (sums, input) in sums.iter_mut().zip(inputs) {
            let value = N::Register::splat(*input.add(word));
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = N::add_products(*sum, value, column);
            }
        }
    }
}
