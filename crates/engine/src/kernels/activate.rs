//! Scale, shift and rectification of maps: what a pre-activated unit reads.
#![expect(unsafe_code, reason = "the innermost loop; bounds are checked once per call")]

use super::{Kernel, Set};
use crate::memory::{Source, Target};
use crate::numbers::Numbers;
use crate::vector::Vector;

/// Some pixels, scaled, shifted and rectified. Lengths and positions count words, but for `channels`.
pub(crate) struct Activate<'a> {
    /// The pixels, one after the other.
    pub(crate) input: &'a [f32],
    /// One number for each channel.
    pub(crate) scale: &'a [f32],
    /// One number for each channel.
    pub(crate) shift: &'a [f32],
    /// Channels of a pixel; a multiple of the register's width.
    pub(crate) channels: usize,
    /// Words from one pixel to the next, in the input and in the output.
    pub(crate) pitch: usize,
    /// As many words as the input.
    pub(crate) output: Target<'a>,
}

/// Reads and writes the format of the set's maps.
impl Kernel for Activate<'_> {
    fn check<S: Set>(&self) {
        assert!(self.channels.is_multiple_of(S::Register::LANES));
        assert!(self.channels <= self.scale.len().min(self.shift.len()));
        assert!(self.channels / S::Numbers::PER_WORD <= self.pitch);
        assert!(self.input.len().is_multiple_of(self.pitch) && self.input.len() <= self.output.len());
    }

    #[inline(always)]
    unsafe fn run<S: Set>(&self, set: S) {
        let (single, numbers) = (set.single(), set.numbers());
        let (input, scales, shifts) = (Source::new(self.input), Source::new(self.scale), Source::new(self.shift));
        for first in (0..self.input.len()).step_by(self.pitch) {
            for channel in (0..self.channels).step_by(S::Register::LANES) {
                let at = first + channel / S::Numbers::PER_WORD;
                // SAFETY: every position lies where the check looked.
                unsafe {
                    let value = numbers.load(input.add(at));
                    let scaled = value.mul_add(single.load(scales.add(channel)), single.load(shifts.add(channel)));
                    numbers.store(scaled.max(S::Register::splat(single.isa(), 0.0)), self.output, at);
                }
            }
        }
    }
}
