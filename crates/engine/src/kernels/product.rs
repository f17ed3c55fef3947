//! The matrix product that every convolution comes to: rows found through a list of offsets, times packed weights.
//!
//! A row of the result is an output pixel. It is summed over taps (positions of the kernel) and over the channels at
//! each; where a tap's channels begin stands in a list, so that strided, padded and 1 x 1 convolutions are the same
//! product and nothing has to be copied first (Dukhan, "The indirect convolution algorithm", 2019).
#![expect(unsafe_code, reason = "the innermost loops; bounds are checked once per product")]

use std::ops::Range;

use super::{Kernel, Set};
use crate::memory::{Source, Target};
use crate::numbers::{Numbers, Single};
use crate::vector::{Vector, prefetch};

/// One product of maps, or the part of it that one thread does. Lengths and positions count words; see `numbers`.
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
    /// Where the results go a second time.
    pub(crate) activated: Option<Activated<'a>>,
}

/// A second place for the results of a product, which are scaled, shifted and rectified there while they are in registers.
#[derive(Clone, Copy)]
pub(crate) struct Activated<'a> {
    /// One number for each output channel.
    pub(crate) scale: &'a [f32],
    /// One number for each output channel.
    pub(crate) shift: &'a [f32],
    /// Rows lie in it as in the result itself.
    pub(crate) output: Target<'a>,
}

impl Product<'_> {
    fn taps(&self) -> usize {
        self.offsets.len() / self.rows
    }

    fn check<S: Set>(&self, per_word: usize) {
        let panel = S::Tile::REGISTERS * S::Register::LANES;
        assert!(self.rows > 0 && self.offsets.len().is_multiple_of(self.rows));
        let furthest = self.offsets.iter().max().map_or(0, |&offset| offset as usize);
        assert!(furthest + self.depth <= self.input.len());
        let columns = self.panels.end * panel;
        let panel_len = self.taps() * self.depth * panel;
        assert!(self.panels.end == 0 || (self.panels.end - 1) * self.panel_pitch + panel_len <= self.weights.len());
        assert!(columns <= self.shift.len() && columns / per_word <= self.pitch);
        let end = self.first + (self.rows - 1) * self.pitch + columns / per_word;
        assert!(end <= self.output.len());
        if let Some(activated) = self.activated {
            assert!(columns <= activated.scale.len().min(activated.shift.len()) && end <= activated.output.len());
        }
    }
}

/// Multiplies the set's numbers and stores them.
impl Kernel for Product<'_> {
    fn check<S: Set>(&self) {
        self.check::<S>(S::Numbers::PER_WORD);
    }

    #[inline(always)]
    unsafe fn run<S: Set>(&self, set: S) {
        // SAFETY: the caller has made the check.
        unsafe { S::Tile::product(set.numbers(), set.numbers(), self) }
    }
}

/// A product of Winograd's points, whose results are single.
pub(crate) struct ProductOfPoints<'a>(pub(crate) Product<'a>);

impl Kernel for ProductOfPoints<'_> {
    fn check<S: Set>(&self) {
        self.0.check::<S>(1);
    }

    #[inline(always)]
    unsafe fn run<S: Set>(&self, set: S) {
        // SAFETY: the caller has made the check.
        unsafe { S::Tile::product(set.points(), set.single(), &self.0) }
    }
}

/// Words of input channels that one turn of the innermost loop takes: the loop's own instructions are few then, which counts
/// where two threads share a core's decoder.
const UNROLLED: usize = 4;

/// The tile of the result whose sums stay in registers: at most `ROWS` rows and `REGISTERS` registers of output
/// channels.
///
/// The accumulators, `REGISTERS` registers of weights and one input value must fit into the register file, and there
/// must be at least eight accumulators, because a fused multiply-add takes four cycles and two begin in each.
pub(crate) struct Tile<const ROWS: usize, const REGISTERS: usize>;

/// What kernels know of a [`Tile`].
pub(crate) trait TileSize {
    const REGISTERS: usize;

    /// Computes a product of numbers in the format `N`, whose results are stored as `R`.
    ///
    /// # Safety
    /// The product must have passed its check for this tile and results in `R`.
    unsafe fn product<N, R>(numbers: N, results: R, product: &Product<'_>)
    where
        N: Numbers,
        R: Numbers<Register = N::Register>;
}

/// Computes a tile of `$rows` rows with the text that is compiled for exactly as many, chosen from a table of heights.
macro_rules! tile_of_height {
    ($rows:expr, [$($height:literal)+], $numbers:ident, $results:ident, $product:ident, $panel:ident, $first:ident) => {
        match $rows {
            $($height if $height <= ROWS => {
                one::<N, R, $height, REGISTERS>($numbers, $results, $product, $panel, $first)
            })+
            rows => unreachable!("a tile of {rows} rows"),
        }
    };
}

impl<const ROWS: usize, const REGISTERS: usize> TileSize for Tile<ROWS, REGISTERS> {
    const REGISTERS: usize = REGISTERS;

    #[inline(always)]
    unsafe fn product<N, R>(numbers: N, results: R, product: &Product<'_>)
    where
        N: Numbers,
        R: Numbers<Register = N::Register>,
    {
        let tiles = product.rows.div_ceil(ROWS);
        // The outer loop is over panels, so that a panel of weights stays in the nearest cache for all rows.
        for panel in product.panels.clone() {
            let mut first = 0;
            for tile in 1..=tiles {
                // All tiles have nearly the same height, because a tile of one row has too few accumulators to keep the processor busy.
                let end = product.rows * tile / tiles;
                let rows = end - first;
                // SAFETY: `first..end` are rows of the product, at most `ROWS`; the caller has made the check.
                unsafe {
                    tile_of_height!(rows, [1 2 3 4 5 6 7 8 9 10 11 12], numbers, results, product, panel, first);
                }
                first = end;
            }
        }
    }
}

/// One tile: all its accumulators stay in registers from the first tap to the last channel.
///
/// # Safety
/// As for [`TileSize::product`]; `first + ROWS` must not exceed the rows.
#[inline(always)]
unsafe fn one<N, R, const ROWS: usize, const REGISTERS: usize>(
    numbers: N,
    results: R,
    product: &Product<'_>,
    panel: usize,
    first: usize,
) where
    N: Numbers,
    R: Numbers<Register = N::Register>,
{
    let (isa, single) = (numbers.isa(), Single::<N::Register>(numbers.isa()));
    let lanes = N::Register::LANES;
    let width = REGISTERS * lanes;
    let at = |row: usize, register: usize| {
        product.first + (first + row) * product.pitch + (panel * width + register * lanes) / R::PER_WORD
    };
    // SAFETY: every position lies where the product's check looked.
    unsafe {
        let shift = Source::new(product.shift).add(panel * width);
        let mut sums = [[N::Register::splat(isa, 0.0); REGISTERS]; ROWS];
        for sums in &mut sums {
            for (register, sum) in sums.iter_mut().enumerate() {
                *sum = single.load(shift.add(register * lanes));
            }
        }
        // The results are not in a near cache yet. They are fetched while the sums are computed.
        for row in 0..ROWS {
            prefetch(product.output.pointer(at(row, 0), 0));
        }
        let input = Source::new(product.input);
        let mut weights = Source::new(product.weights).add(panel * product.panel_pitch);
        for tap in 0..product.taps() {
            let offsets = &product.offsets[tap * product.rows + first..][..ROWS];
            let inputs: [Source<'_>; ROWS] = std::array::from_fn(|row| input.add(offsets[row] as usize));
            let mut word = 0;
            while word + UNROLLED <= product.depth {
                for step in 0..UNROLLED {
                    add_word::<N, _, _>(numbers, &mut sums, &inputs, word + step, weights.add(step * width));
                }
                weights = weights.add(UNROLLED * width);
                word += UNROLLED;
            }
            while word < product.depth {
                add_word::<N, _, _>(numbers, &mut sums, &inputs, word, weights);
                weights = weights.add(width);
                word += 1;
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (register, mut sum) in sums.into_iter().enumerate() {
                let at = at(row, register);
                if product.accumulate {
                    sum = sum.add(results.load_back(product.output, at));
                }
                if product.rectify {
                    sum = sum.max(N::Register::splat(isa, 0.0));
                }
                results.store(sum, product.output, at);
                if let Some(activated) = &product.activated {
                    let channel = panel * width + register * lanes;
                    let scale = single.load(Source::new(activated.scale).add(channel));
                    let shift = single.load(Source::new(activated.shift).add(channel));
                    let scaled = sum.mul_add(scale, shift).max(N::Register::splat(isa, 0.0));
                    results.store(scaled, activated.output, at);
                }
            }
        }
    }
}

/// Adds the products of one word of input channels: its numbers in every row times their weights.
///
/// # Safety
/// The word must lie within all of `inputs`, and `REGISTERS` registers must follow in `weights`.
#[inline(always)]
unsafe fn add_word<N: Numbers, const ROWS: usize, const REGISTERS: usize>(
    numbers: N,
    sums: &mut [[N::Register; REGISTERS]; ROWS],
    inputs: &[Source<'_>; ROWS],
    word: usize,
    weights: Source<'_>,
) {
    let (isa, single) = (numbers.isa(), Single::<N::Register>(numbers.isa()));
    // SAFETY: the caller promises the positions.
    unsafe {
        let mut columns = [N::Register::splat(isa, 0.0); REGISTERS];
        for (register, column) in columns.iter_mut().enumerate() {
            *column = single.load(weights.add(register * N::Register::LANES));
        }
        for (sums, input) in sums.iter_mut().zip(inputs) {
            let value = N::Register::splat(isa, input.add(word).word());
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = numbers.add_products(*sum, value, column);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instructions::Instructions;
    use crate::kernels::Kernels;
    use crate::numbers::Precision;

    /// Small whole numbers, whose sums and products are exact in every format.
    fn numbers(seed: usize, len: usize) -> Vec<f32> {
        (0..len).map(|position| ((position * 7 + seed * 3) % 5) as f32 - 2.0).collect()
    }

    fn words(precision: Precision, numbers: &[f32]) -> Vec<f32> {
        numbers.chunks(precision.per_word()).map(|numbers| precision.word(numbers)).collect()
    }

    #[test]
    fn tiles_of_every_height_and_depth_are_exact_for_every_set_of_kernels() {
        for instructions in Instructions::available() {
            for precision in Precision::ALL.into_iter().filter(|&precision| instructions.supports(precision)) {
                let kernels = Kernels::of(instructions, precision);
                for rows in 1..=25 {
                    for depth in 1..=9 {
                        assert_exact(&kernels, rows, depth, rows % 2 == 0, depth % 2 == 0);
                    }
                }
            }
        }
    }

    /// Two taps, two panels, of which the second is computed. The row's words at one tap are `depth`.
    fn assert_exact(kernels: &Kernels, rows: usize, depth: usize, accumulate: bool, rectify: bool) {
        let (precision, panel) = (kernels.precision, kernels.panel);
        let (channels, columns) = (depth * precision.per_word(), 2 * panel);
        let input = numbers(1, 2 * rows * channels);
        // From panel, tap, channel and column to weights, as they are packed: the numbers of a word side by side.
        let weights = numbers(2, 2 * 2 * channels * panel);
        let weight = |tap: usize, channel: usize, column: usize| {
            let (word, place) = (channel / precision.per_word(), channel % precision.per_word());
            weights[(((2 + tap) * depth + word) * panel + column) * precision.per_word() + place]
        };
        let shift = numbers(3, columns);
        let before = numbers(4, rows * columns);
        let mut output = words(precision, &before);
        let pitch = columns / precision.per_word();
        let offsets: Vec<u32> = (0..2 * rows).map(|row| (row * depth) as u32).collect();
        kernels.run(&Product {
            input: &words(precision, &input),
            offsets: &offsets,
            rows,
            depth,
            weights: &words(precision, &weights),
            panel_pitch: 2 * depth * panel,
            shift: &shift,
            panels: 1..2,
            // SAFETY: this is the only thread.
            output: unsafe { Target::new(&mut output) },
            first: 0,
            pitch,
            accumulate,
            rectify,
            activated: None,
        });
        for row in 0..rows {
            for column in 0..columns {
                let mut expected = before[row * columns + column];
                if let Some(column) = column.checked_sub(panel) {
                    expected = if accumulate { expected } else { 0.0 } + shift[panel + column];
                    for (tap, channel) in (0..2).flat_map(|tap| (0..channels).map(move |channel| (tap, channel))) {
                        expected += input[(tap * rows + row) * channels + channel] * weight(tap, channel, column);
                    }
                    expected = if rectify { expected.max(0.0) } else { expected };
                }
                let found = precision.number(&output[row * pitch..], column);
                assert!(
                    found == expected,
                    "{precision:?}, {rows} rows of {depth}, {row}, {column}: {found}, {expected}"
                );
            }
        }
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn a_product_that_leaves_its_input_is_refused() {
        let kernels = Kernels::of(Instructions::best(), Precision::Single);
        let mut output = vec![0.0; kernels.panel];
        kernels.run(&Product {
            input: &[0.0; 4],
            offsets: &[1],
            rows: 1,
            depth: 4,
            weights: &vec![0.0; 4 * kernels.panel],
            panel_pitch: 4 * kernels.panel,
            shift: &vec![0.0; kernels.panel],
            panels: 0..1,
            // SAFETY: this is the only thread.
            output: unsafe { Target::new(&mut output) },
            first: 0,
            pitch: kernels.panel,
            accumulate: false,
            rectify: false,
            activated: None,
        });
    }
}
