//! The matrix product that every convolution comes to: rows found through a list of offsets, times packed weights.
//!
//! A row of the result is an output pixel. It is summed over taps (positions of the kernel) and over the channels at
//! each; where a tap's channels begin stands in a list, so that strided, padded and 1 x 1 convolutions are the same
//! product and nothing is copied into place before (Dukhan, "The indirect convolution algorithm", 2019).
#![expect(unsafe_code, reason = "the innermost loops; bounds are checked once per product")]

use std::ops::Range;

use super::target::Target;
use crate::vector::{Vector, prefetch};

/// One product, or the part of it that one thread does.
pub(crate) struct Product<'a> {
    /// What the offsets point into.
    pub(crate) input: &'a [f32],
    /// Where the channels of row `m` at tap `t` begin: at position `t * rows + m`.
    pub(crate) offsets: &'a [u32],
    /// Rows: output pixels.
    pub(crate) rows: usize,
    /// Numbers in a row at one tap.
    pub(crate) depth: usize,
    /// Panel after panel; in each, tap after tap, channel after channel, a panel's width of output channels.
    pub(crate) weights: &'a [f32],
    /// What the sums begin with: one number for each output channel.
    pub(crate) shift: &'a [f32],
    /// The panels to compute.
    pub(crate) panels: Range<usize>,
    /// The result.
    pub(crate) output: Target<'a>,
    /// Where the first row of the result begins.
    pub(crate) first: usize,
    /// Numbers from one row of the result to the next.
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
    /// When anything that the kernel reads or writes lies out of bounds.
    pub(super) fn check(&self, panel: usize) {
        assert!(self.rows > 0 && self.offsets.len().is_multiple_of(self.rows));
        let furthest = self.offsets.iter().max().map_or(0, |&offset| offset as usize);
        assert!(furthest + self.depth <= self.input.len());
        let columns = self.panels.end * panel;
        assert!(columns * self.taps() * self.depth <= self.weights.len());
        assert!(columns <= self.shift.len() && columns <= self.pitch);
        assert!(self.first + (self.rows - 1) * self.pitch + columns <= self.output.len());
    }
}

/// Input channels that one turn of the innermost loop takes: the loop's own instructions are few then, which counts
/// where two threads share a core's decoder.
const UNROLLED: usize = 4;

/// Computes a product in tiles of at most `ROWS` rows and `REGISTERS` registers of output channels.
///
/// # Safety
/// The product must have passed its check for panels of `REGISTERS` registers; the processor must have `V`.
#[inline(always)]
pub(super) unsafe fn run<V: Vector, const ROWS: usize, const REGISTERS: usize>(product: &Product<'_>) {
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
                    1 => one::<V, 1, REGISTERS>(product, panel, first),
                    2 => one::<V, 2, REGISTERS>(product, panel, first),
                    3 => one::<V, 3, REGISTERS>(product, panel, first),
                    4 => one::<V, 4, REGISTERS>(product, panel, first),
                    5 if ROWS >= 5 => one::<V, 5, REGISTERS>(product, panel, first),
                    6 if ROWS >= 6 => one::<V, 6, REGISTERS>(product, panel, first),
                    7 if ROWS >= 7 => one::<V, 7, REGISTERS>(product, panel, first),
                    8 if ROWS >= 8 => one::<V, 8, REGISTERS>(product, panel, first),
                    9 if ROWS >= 9 => one::<V, 9, REGISTERS>(product, panel, first),
                    10 if ROWS >= 10 => one::<V, 10, REGISTERS>(product, panel, first),
                    11 if ROWS >= 11 => one::<V, 11, REGISTERS>(product, panel, first),
                    12 if ROWS >= 12 => one::<V, 12, REGISTERS>(product, panel, first),
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
unsafe fn one<V: Vector, const ROWS: usize, const REGISTERS: usize>(product: &Product<'_>, panel: usize, first: usize) {
    let width = REGISTERS * V::LANES;
    // SAFETY: every pointer lies where the product's check looked.
    unsafe {
        let shift = product.shift.as_ptr().add(panel * width);
        let mut sums = [[V::splat(0.0); REGISTERS]; ROWS];
        for sums in &mut sums {
            for (register, sum) in sums.iter_mut().enumerate() {
                *sum = V::load(shift.add(register * V::LANES));
            }
        }
        // The results are far away; by the end of the sums they have come near.
        for row in 0..ROWS {
            prefetch(product.output.at(product.first + (first + row) * product.pitch + panel * width));
        }
        let mut weights = product.weights.as_ptr().add(panel * product.taps() * product.depth * width);
        for tap in 0..product.taps() {
            let offsets = product.offsets.as_ptr().add(tap * product.rows + first);
            let inputs: [*const f32; ROWS] =
                std::array::from_fn(|row| product.input.as_ptr().add(*offsets.add(row) as usize));
            let mut channel = 0;
            while channel + UNROLLED <= product.depth {
                for step in 0..UNROLLED {
                    add_channel(&mut sums, &inputs, channel + step, weights.add(step * width));
                }
                weights = weights.add(UNROLLED * width);
                channel += UNROLLED;
            }
            while channel < product.depth {
                add_channel(&mut sums, &inputs, channel, weights);
                weights = weights.add(width);
                channel += 1;
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            let output = product.output.at(product.first + (first + row) * product.pitch + panel * width);
            for (register, mut sum) in sums.into_iter().enumerate() {
                let output = output.add(register * V::LANES);
                if product.accumulate {
                    sum = sum.add(V::load(output));
                }
                if product.rectify {
                    sum = sum.max(V::splat(0.0));
                }
                sum.store(output);
            }
        }
    }
}

/// Adds the products of one input channel: its value in every row times its weights.
///
/// # Safety
/// `inputs` must be valid for the channel, `weights` for `REGISTERS` registers; the processor must have `V`.
#[inline(always)]
unsafe fn add_channel<V: Vector, const ROWS: usize, const REGISTERS: usize>(
    sums: &mut [[V; REGISTERS]; ROWS],
    inputs: &[*const f32; ROWS],
    channel: usize,
    weights: *const f32,
) {
    // SAFETY: the caller answers for pointers and instructions.
    unsafe {
        let mut columns = [V::splat(0.0); REGISTERS];
        for (register, column) in columns.iter_mut().enumerate() {
            *column = V::load(weights.add(register * V::LANES));
        }
        for (sums, input) in sums.iter_mut().zip(inputs) {
            let value = V::splat(*input.add(channel));
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = value.mul_add(column, *sum);
            }
        }
    }
}
