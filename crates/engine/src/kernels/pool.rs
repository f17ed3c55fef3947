//! The maximum over 3 x 3 pixels with stride 2 that follows the stem.
#![expect(unsafe_code, reason = "the innermost loop; bounds are checked once per pool")]

use super::target::Target;
use crate::numbers::Numbers;
use crate::vector::Vector;

/// The maximum of nine pixels for each of some output pixels.
pub(crate) struct MaxPool<'a> {
    /// What the offsets point into; no value is negative, so that zeros outside the border never win.
    pub(crate) input: &'a [f32],
    /// Where the nine pixels of each output pixel begin.
    pub(crate) offsets: &'a [[u32; 9]],
    /// Channels of a pixel; a multiple of the register's width.
    pub(crate) channels: usize,
    /// The maxima, pixel after pixel, in words.
    pub(crate) output: Target<'a>,
    /// The word where the first output pixel begins.
    pub(crate) first: usize,
}

impl MaxPool<'_> {
    /// # Panics
    /// When anything that the kernel reads or writes lies out of bounds; a word of the result holds `per_word` numbers.
    pub(super) fn check(&self, per_word: usize) {
        assert!(self.channels.is_multiple_of(16));
        let furthest = self.offsets.as_flattened().iter().max().map_or(0, |&offset| offset as usize);
        assert!(furthest + self.channels <= self.input.len());
        assert!(self.first + self.offsets.len() * self.channels / per_word <= self.output.len());
    }
}

/// Reads single precision, writes the format `N`.
///
/// # Safety
/// The pool must have passed its check; the processor must have the instructions of the format.
#[inline(always)]
pub(super) unsafe fn max_pool<N: Numbers>(pool: &MaxPool<'_>) {
    for (pixel, offsets) in pool.offsets.iter().enumerate() {
        for channel in (0..pool.channels).step_by(N::Register::LANES) {
            // SAFETY: every pointer lies where the pool's check looked.
            unsafe {
                let load = |offset: u32| N::Register::load(pool.input.as_ptr().add(offset as usize + channel));
                let mut largest = load(offsets[0]);
                for &offset in &offsets[1..] {
                    largest = largest.max(load(offset));
                }
                let at = pool.first + (pixel * pool.channels + channel) / N::PER_WORD;
                N::store(largest, pool.output.at(at));
            }
        }
    }
}
