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
use crate::vector::{Portable, Vector};

/// The kernels of one instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    /// Output channels that one tile of a product covers; weights are packed in panels of this width.
    pub(crate) panel: usize,
    product: unsafe fn(&Product<'_>),
    pixels_to_points: unsafe fn(&PixelsToPoints<'_>),
    points_to_pixels: unsafe fn(&PointsToPixels<'_>),
    max_pool: unsafe fn(&MaxPool<'_>),
}

impl Kernels {
    /// The kernels for an instruction set.
    ///
    /// # Panics
    /// When this processor does not have it.
    pub(crate) fn of(instructions: Instructions) -> Self {
        assert!(instructions.is_available(), "this processor does not have {instructions}");
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => avx512::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => avx2::KERNELS,
            _ => portable::KERNELS,
        }
    }

    /// Runs a matrix product.
    pub(crate) fn product(&self, product: &Product<'_>) {
        product.check(self.panel);
        // SAFETY: `of` made sure of the instructions, `check` of the bounds.
        unsafe { (self.product)(product) }
    }

    /// Runs the transform of pixels into Winograd's tiles.
    pub(crate) fn pixels_to_points(&self, transform: &PixelsToPoints<'_>) {
        transform.check();
        // SAFETY: `of` made sure of the instructions, `check` of the bounds.
        unsafe { (self.pixels_to_points)(transform) }
    }

    /// Runs the transform of Winograd's tiles into pixels.
    pub(crate) fn points_to_pixels(&self, transform: &PointsToPixels<'_>) {
        transform.check();
        // SAFETY: `of` made sure of the instructions, `check` of the bounds.
        unsafe { (self.points_to_pixels)(transform) }
    }

    /// Runs the maximum pool.
    pub(crate) fn max_pool(&self, pool: &MaxPool<'_>) {
        pool.check();
        // SAFETY: `of` made sure of the instructions, `check` of the bounds.
        unsafe { (self.max_pool)(pool) }
    }
}

/// Compiles all kernels for one instruction set.
///
/// `$rows` and `$registers` are the height of a tile of the product and its width in registers. The accumulators,
/// `$registers` registers of weights and one input value must fit into the register file, and there must be at
/// least eight accumulators, because a fused multiply-add takes four cycles and two begin in each.
macro_rules! kernels_for {
    ($module:ident, $vector:ty, $rows:literal, $registers:literal $(, $features:literal)?) => {
        mod $module {
            use super::*;

            pub(super) const KERNELS: Kernels = Kernels {
                panel: $registers * <$vector as Vector>::LANES,
                product,
                pixels_to_points,
                points_to_pixels,
                max_pool,
            };

            $(#[target_feature(enable = $features)])?
            unsafe fn product(product: &Product<'_>) {
                // SAFETY: the caller answers for instructions and bounds; so below.
                unsafe { super::product::run::<$vector, $rows, $registers>(product) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn pixels_to_points(transform: &PixelsToPoints<'_>) {
                // SAFETY: as above.
                unsafe { super::winograd::pixels_to_points::<$vector>(transform) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn points_to_pixels(transform: &PointsToPixels<'_>) {
                // SAFETY: as above.
                unsafe { super::winograd::points_to_pixels::<$vector>(transform) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn max_pool(pool: &MaxPool<'_>) {
                // SAFETY: as above.
                unsafe { super::pool::max_pool::<$vector>(pool) }
            }
        }
    };
}

// 24 accumulators of 32 registers: 2 loads of weights and 12 of inputs feed 24 multiply-adds.
#[cfg(target_arch = "x86_64")]
kernels_for!(avx512, std::arch::x86_64::__m512, 12, 2, "avx512f");
// 12 accumulators of 16 registers: 2 loads of weights and 6 of inputs feed 12 multiply-adds.
#[cfg(target_arch = "x86_64")]
kernels_for!(avx2, std::arch::x86_64::__m256, 6, 2, "avx2,fma");
// NEON has 32 registers, SSE2 16: 16 accumulators suit the first and spill a little in the second.
kernels_for!(portable, Portable, 4, 4);
