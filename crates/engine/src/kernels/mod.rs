//! The kernels, compiled once for each instruction set, behind a table of functions.
//!
//! Owns the tile sizes and the compilation. The texts of the kernels are generic and lie in the files beside this
//! one; their arguments are structs that check all bounds before any pointer is followed.
#![expect(unsafe_code, reason = "a kernel compiled for an instruction set may only run where it exists")]

mod pool;
mod product;
mod target;
mod winograd;

pub(crate) use pool::MaxPool;
pub(crate) use product::Product;
pub(crate) use target::Target;
pub(crate) use winograd::{FAR, NEAR, POINTS, PixelsToPoints, PointsToPixels, TILE_IN, TILE_OUT};

use crate::instructions::Instructions;
#[cfg(target_arch = "x86_64")]
use crate::numbers::Bf16;
use crate::numbers::{Numbers, Precision, Single};
use crate::vector::{Portable, Vector};

/// The kernels of one instruction set for one format of numbers.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    /// The format of maps and of the weights that they are multiplied with.
    pub(crate) precision: Precision,
    /// The format of Winograd's points, of pixels and of weights.
    pub(crate) points: Precision,
    /// Output channels that one tile of a product covers; weights are packed in panels of this width.
    pub(crate) panel: usize,
    product: unsafe fn(&Product<'_>),
    product_of_points: unsafe fn(&Product<'_>),
    pixels_to_points: unsafe fn(&PixelsToPoints<'_>),
    points_to_pixels: unsafe fn(&PointsToPixels<'_>),
    max_pool: unsafe fn(&MaxPool<'_>),
}

impl Kernels {
    /// The kernels for an instruction set and a format.
    ///
    /// # Panics
    /// When this processor does not have them.
    pub(crate) fn of(instructions: Instructions, precision: Precision) -> Self {
        assert!(instructions.supports(precision), "this processor does not have {instructions} for {precision:?}");
        match (instructions, precision) {
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx512, Precision::Single) => avx512::KERNELS,
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx512, Precision::Bf16) => avx512_bf16::KERNELS,
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx2, _) => avx2::KERNELS,
            _ => portable::KERNELS,
        }
    }

    /// Runs a matrix product of maps.
    pub(crate) fn product(&self, product: &Product<'_>) {
        product.check(self.panel, self.precision.per_word());
        // SAFETY: `of` made sure of the instructions, `check` of the bounds.
        unsafe { (self.product)(product) }
    }

    /// Runs a matrix product of Winograd's points, whose results are single.
    pub(crate) fn product_of_points(&self, product: &Product<'_>) {
        product.check(self.panel, 1);
        // SAFETY: `of` made sure of the instructions, `check` of the bounds.
        unsafe { (self.product_of_points)(product) }
    }

    /// Runs the transform of pixels into Winograd's tiles.
    pub(crate) fn pixels_to_points(&self, transform: &PixelsToPoints<'_>) {
        transform.check(self.precision.per_word(), self.points.per_word());
        // SAFETY: `of` made sure of the instructions, `check` of the bounds.
        unsafe { (self.pixels_to_points)(transform) }
    }

    /// Runs the transform of Winograd's tiles into pixels.
    pub(crate) fn points_to_pixels(&self, transform: &PointsToPixels<'_>) {
        transform.check(self.precision.per_word());
        // SAFETY: `of` made sure of the instructions, `check` of the bounds.
        unsafe { (self.points_to_pixels)(transform) }
    }

    /// Runs the maximum pool, from single precision.
    pub(crate) fn max_pool(&self, pool: &MaxPool<'_>) {
        pool.check(self.precision.per_word());
        // SAFETY: `of` made sure of the instructions, `check` of the bounds.
        unsafe { (self.max_pool)(pool) }
    }
}

/// Compiles all kernels for one instruction set and one format of numbers.
///
/// `$rows` and `$registers` are the height of a tile of the product and its width in registers. The accumulators,
/// `$registers` registers of weights and one input value must fit into the register file, and there must be at
/// least eight accumulators, because a fused multiply-add takes four cycles and two begin in each.
macro_rules! kernels_for {
    ($module:ident, $precision:ident $numbers:ty, points $points:ident $point_numbers:ty,
     $rows:literal x $registers:literal $(, $features:literal)?) => {
        mod $module {
            use super::*;

            type Register = <$numbers as Numbers>::Register;

            pub(super) const KERNELS: Kernels = Kernels {
                precision: Precision::$precision,
                points: Precision::$points,
                panel: $registers * Register::LANES,
                product,
                product_of_points,
                pixels_to_points,
                points_to_pixels,
                max_pool,
            };

            $(#[target_feature(enable = $features)])?
            unsafe fn product(product: &Product<'_>) {
                // SAFETY: the caller answers for instructions and bounds; so below.
                unsafe { super::product::run::<$numbers, $numbers, $rows, $registers>(product) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn product_of_points(product: &Product<'_>) {
                // SAFETY: as above.
                unsafe { super::product::run::<$point_numbers, Single<Register>, $rows, $registers>(product) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn pixels_to_points(transform: &PixelsToPoints<'_>) {
                // SAFETY: as above.
                unsafe { super::winograd::pixels_to_points::<$numbers, $point_numbers>(transform) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn points_to_pixels(transform: &PointsToPixels<'_>) {
                // SAFETY: as above.
                unsafe { super::winograd::points_to_pixels::<$numbers>(transform) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn max_pool(pool: &MaxPool<'_>) {
                // SAFETY: as above.
                unsafe { super::pool::max_pool::<$numbers>(pool) }
            }
        }
    };
}

// 24 accumulators of 32 registers: 2 loads of weights and 12 of inputs feed 24 multiply-adds.
#[cfg(target_arch = "x86_64")]
kernels_for!(avx512, Single Single<std::arch::x86_64::__m512>, points Single Single<Register>, 12 x 2, "avx512f");
#[cfg(target_arch = "x86_64")]
kernels_for!(avx512_bf16, Bf16 Bf16, points Bf16 Bf16, 12 x 2, "avx512f,avx512bf16");
// 12 accumulators of 16 registers: 2 loads of weights and 6 of inputs feed 12 multiply-adds.
#[cfg(target_arch = "x86_64")]
kernels_for!(avx2, Single Single<std::arch::x86_64::__m256>, points Single Single<Register>, 6 x 2, "avx2,fma");
// NEON has 32 registers, SSE2 16: 16 accumulators suit the first and spill a little in the second.
kernels_for!(portable, Single Single<Portable>, points Single Single<Register>, 4 x 4);
