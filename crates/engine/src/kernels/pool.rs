//! The maximum over 3 x 3 pixels with stride 2 that follows the stem.
#![expect(unsafe_code, reason = "the innermost loop; bounds are checked once per pool")]

use super::{Kernel, Set};
use crate::memory::{Source, Target};
use crate::numbers::Numbers;
use crate::vector::Vector;

/// The maximum of nine pixels for each of some output pixels.
pub(crate) struct MaxPool<'a> {
    /// What the offsets point into.
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

/// Reads single precision, writes the format of the set.
impl Kernel for MaxPool<'_> {
    fn check<S: Set>(&self) {
        assert!(self.channels.is_multiple_of(S::Register::LANES));
        let furthest = self.offsets.as_flattened().iter().max().map_or(0, |&offset| offset as usize);
        assert!(furthest + self.channels <= self.input.len());
        assert!(self.first + self.offsets.len() * self.channels / S::Numbers::PER_WORD <= self.output.len());
    }

    #[inline(always)]
    unsafe fn run<S: Set>(&self, set: S) {
        let (single, numbers) = (set.single(), set.numbers());
        let input = Source::new(self.input);
        for (pixel, offsets) in self.offsets.iter().enumerate() {
            for channel in (0..self.channels).step_by(S::Register::LANES) {
                // SAFETY: every position lies where the check looked.
                unsafe {
                    let mut largest = single.load(input.add(offsets[0] as usize + channel));
                    for &offset in &offsets[1..] {
                        largest = largest.max(single.load(input.add(offset as usize + channel)));
                    }
                    let at = self.first + (pixel * self.channels + channel) / S::Numbers::PER_WORD;
                    numbers.store(largest, self.output, at);
                }
            }
        }
    }
}
