//! Winograd's transforms for 3 x 3 convolutions of stride 1: pixels into tiles of 6 x 6 points, and points into 4 x 4
//! pixels.
//!
//! F(4 x 4, 3 x 3): between the two transforms 36 matrix products, a quarter of the multiplications that the
//! convolution itself takes. Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016,
//! section 4.3. The interpolation points here are 0, ±5/8, ±3/2 and infinity in place of the source's 0, ±1, ±2 and
//! infinity: they are balanced around 1, so that neither transform makes large numbers, and exact in binary, squares
//! and products too. Measured over 256 channels the rounding is 1.0e-6 of the values' mean square and 2e-6 of the
//! largest (the source's points: 2.3e-6 and 9.5e-6; the direct sum: 2e-7).
#![expect(unsafe_code, reason = "the innermost loops; bounds are checked once per transform")]

use std::ops::Range;

use super::{Kernel, Set};
use crate::memory::{Source, Target};
use crate::numbers::Numbers;
use crate::vector::Vector;

/// Side of the square of pixels that a tile reads.
pub(crate) const TILE_IN: usize = 6;
/// Side of the square of pixels that a tile writes.
pub(crate) const TILE_OUT: usize = 4;
/// Points of a tile between the transforms.
pub(crate) const POINTS: usize = TILE_IN * TILE_IN;

/// The interpolation points are 0, this, its negative, [`FAR`], its negative, and infinity.
pub(crate) const NEAR: f32 = 5.0 / 8.0;
/// See [`NEAR`].
pub(crate) const FAR: f32 = 3.0 / 2.0;

/// Pixels into points, for some tiles and channels. Lengths and positions count words, but for `channels`.
pub(crate) struct PixelsToPoints<'a> {
    /// What the offsets point into.
    pub(crate) input: &'a [f32],
    /// For each tile where its 36 pixels begin, row by row.
    pub(crate) offsets: &'a [[u32; POINTS]],
    /// The channels to transform; a multiple of the register's width.
    pub(crate) channels: Range<usize>,
    /// The points.
    pub(crate) output: Target<'a>,
    /// Words from one tile to the next at the same point.
    pub(crate) tile_pitch: usize,
    /// Words from one point to the next in the same tile.
    pub(crate) point_pitch: usize,
}

/// Reads the format of the set's maps, writes the format of its points.
impl Kernel for PixelsToPoints<'_> {
    fn check<S: Set>(&self) {
        let (from, to) = (S::Numbers::PER_WORD, S::Points::PER_WORD);
        assert!(!self.offsets.is_empty() && self.channels.len().is_multiple_of(S::Register::LANES));
        assert!(self.channels.start.is_multiple_of(from.max(to)));
        let furthest = self.offsets.as_flattened().iter().max().map_or(0, |&offset| offset as usize);
        assert!(furthest + self.channels.end / from <= self.input.len());
        let last = (POINTS - 1) * self.point_pitch + (self.offsets.len() - 1) * self.tile_pitch;
        assert!(last + self.channels.end / to <= self.output.len());
    }

    #[inline(always)]
    unsafe fn run<S: Set>(&self, set: S) {
        let (isa, numbers, to) = (set.single().isa(), set.numbers(), set.points());
        let input = Source::new(self.input);
        for (tile, offsets) in self.offsets.iter().enumerate() {
            for channel in self.channels.clone().step_by(S::Register::LANES) {
                // Along the columns, then along the rows. These are loops because closures would not be compiled for
                // the instruction set.
                let mut pixels = [[S::Register::splat(isa, 0.0); TILE_IN]; TILE_IN];
                for (column, pixels) in pixels.iter_mut().enumerate() {
                    for (row, pixel) in pixels.iter_mut().enumerate() {
                        let offset = offsets[row * TILE_IN + column] as usize;
                        // SAFETY: the position lies where the check looked.
                        *pixel = unsafe { numbers.load(input.add(offset + channel / S::Numbers::PER_WORD)) };
                    }
                }
                let mut points = [[S::Register::splat(isa, 0.0); TILE_IN]; TILE_IN];
                for (column, pixels) in pixels.into_iter().enumerate() {
                    for (points, point) in points.iter_mut().zip(forward(isa, pixels)) {
                        points[column] = point;
                    }
                }
                let first = tile * self.tile_pitch + channel / S::Points::PER_WORD;
                for (row, points) in points.into_iter().enumerate() {
                    for (column, point) in forward(isa, points).into_iter().enumerate() {
                        let at = first + (row * TILE_IN + column) * self.point_pitch;
                        // SAFETY: the position lies where the check looked.
                        unsafe { to.store(point, self.output, at) };
                    }
                }
            }
        }
    }
}

/// Points into pixels, for some tiles and channels. Lengths and positions count words, but for `channels`.
pub(crate) struct PointsToPixels<'a> {
    /// The points.
    pub(crate) input: &'a [f32],
    /// Words from one tile to the next at the same point.
    pub(crate) tile_pitch: usize,
    /// Words from one point to the next in the same tile.
    pub(crate) point_pitch: usize,
    /// For each tile where its 16 pixels begin, row by row; [`OUTSIDE`](Self::OUTSIDE) for those that the image
    /// does not have.
    pub(crate) offsets: &'a [[u32; TILE_OUT * TILE_OUT]],
    /// The channels to transform; a multiple of the register's width.
    pub(crate) channels: Range<usize>,
    /// What the pixels begin with: one number for each channel.
    pub(crate) shift: &'a [f32],
    /// The pixels.
    pub(crate) output: Target<'a>,
    /// Add what stands in the pixels already.
    pub(crate) accumulate: bool,
    /// Replace negative results by zero.
    pub(crate) rectify: bool,
}

impl PointsToPixels<'_> {
    /// The offset of a pixel beyond the image's border.
    pub(crate) const OUTSIDE: u32 = u32::MAX;
}

/// Reads points in single precision, writes the format of the set's maps.
impl Kernel for PointsToPixels<'_> {
    fn check<S: Set>(&self) {
        let to = S::Numbers::PER_WORD;
        assert!(!self.offsets.is_empty() && self.channels.len().is_multiple_of(S::Register::LANES));
        assert!(self.channels.start.is_multiple_of(to));
        let last = (POINTS - 1) * self.point_pitch + (self.offsets.len() - 1) * self.tile_pitch;
        assert!(last + self.channels.end <= self.input.len());
        assert!(self.channels.end <= self.shift.len());
        let inside = self.offsets.as_flattened().iter().filter(|&&offset| offset != Self::OUTSIDE);
        let furthest = inside.max().map_or(0, |&offset| offset as usize);
        assert!(furthest + self.channels.end / to <= self.output.len());
    }

    #[inline(always)]
    unsafe fn run<S: Set>(&self, set: S) {
        let (isa, single, numbers) = (set.single().isa(), set.single(), set.numbers());
        let (input, shifts) = (Source::new(self.input), Source::new(self.shift));
        for (tile, offsets) in self.offsets.iter().enumerate() {
            for channel in self.channels.clone().step_by(S::Register::LANES) {
                let first = tile * self.tile_pitch + channel;
                let mut points = [[S::Register::splat(isa, 0.0); TILE_IN]; TILE_IN];
                for (column, points) in points.iter_mut().enumerate() {
                    for (row, point) in points.iter_mut().enumerate() {
                        let at = first + (row * TILE_IN + column) * self.point_pitch;
                        // SAFETY: the position lies where the check looked.
                        *point = unsafe { single.load(input.add(at)) };
                    }
                }
                let mut half = [[S::Register::splat(isa, 0.0); TILE_IN]; TILE_OUT];
                for (column, points) in points.into_iter().enumerate() {
                    for (half, value) in half.iter_mut().zip(backward(isa, points)) {
                        half[column] = value;
                    }
                }
                // SAFETY: the position lies where the check looked.
                let shift = unsafe { single.load(shifts.add(channel)) };
                for (row, half) in half.into_iter().enumerate() {
                    for (column, value) in backward(isa, half).into_iter().enumerate() {
                        let offset = offsets[row * TILE_OUT + column];
                        if offset == PointsToPixels::OUTSIDE {
                            continue;
                        }
                        let at = offset as usize + channel / S::Numbers::PER_WORD;
                        let mut value = value.add(shift);
                        // SAFETY: the position lies where the check looked.
                        unsafe {
                            if self.accumulate {
                                value = value.add(numbers.load_back(self.output, at));
                            }
                            if self.rectify {
                                value = value.max(S::Register::splat(isa, 0.0));
                            }
                            numbers.store(value, self.output, at);
                        }
                    }
                }
            }
        }
    }
}

/// Six pixels in a line into six points: the matrix Bᵀ of the source for the points of this file.
#[inline(always)]
fn forward<V: Vector>(isa: V::Isa, [p0, p1, p2, p3, p4, p5]: [V; TILE_IN]) -> [V; TILE_IN] {
    const A2: f32 = NEAR * NEAR;
    const B2: f32 = FAR * FAR;
    let (minus_a2, minus_b2) = (V::splat(isa, -A2), V::splat(isa, -B2));
    let (product, minus_sum) = (V::splat(isa, A2 * B2), V::splat(isa, -A2 - B2));
    let (near_even, near_odd) = (p2.mul_add(minus_b2, p4), p1.mul_add(minus_b2, p3));
    let (far_even, far_odd) = (p2.mul_add(minus_a2, p4), p1.mul_add(minus_a2, p3));
    [
        p0.mul_add(product, p2.mul_add(minus_sum, p4)),
        near_odd.mul_add(V::splat(isa, NEAR), near_even),
        near_odd.mul_add(V::splat(isa, -NEAR), near_even),
        far_odd.mul_add(V::splat(isa, FAR), far_even),
        far_odd.mul_add(V::splat(isa, -FAR), far_even),
        p1.mul_add(product, p3.mul_add(minus_sum, p5)),
    ]
}

/// Six points in a line into four pixels: the matrix Aᵀ of the source for the points of this file.
#[inline(always)]
fn backward<V: Vector>(isa: V::Isa, [p0, p1, p2, p3, p4, p5]: [V; TILE_IN]) -> [V; TILE_OUT] {
    let nothing = V::splat(isa, 0.0);
    let (near_sum, far_sum) = (p1.add(p2), p3.add(p4));
    let (near_difference, far_difference) = (p1.sub(p2), p3.sub(p4));
    let (a1, b1) = (V::splat(isa, NEAR), V::splat(isa, FAR));
    let (a2, b2) = (V::splat(isa, NEAR * NEAR), V::splat(isa, FAR * FAR));
    let (a3, b3) = (V::splat(isa, NEAR * NEAR * NEAR), V::splat(isa, FAR * FAR * FAR));
    [
        p0.add(near_sum).add(far_sum),
        far_difference.mul_add(b1, near_difference.mul_add(a1, nothing)),
        far_sum.mul_add(b2, near_sum.mul_add(a2, nothing)),
        far_difference.mul_add(b3, near_difference.mul_add(a3, p5)),
    ]
}
