//! The kernels, compiled once for each set of instructions, format of numbers and tile size.
//!
//! The text of a kernel is generic and lies in the files beside this one. Its arguments are a struct that checks all
//! bounds before any pointer is followed. This file says which sets there are and compiles the kernels for them.
#![expect(unsafe_code, reason = "a kernel compiled for an instruction set may only run where it exists")]

mod activate;
mod pool;
mod product;
mod winograd;

pub(crate) use activate::Activate;
pub(crate) use pool::MaxPool;
pub(crate) use product::{Activated, Product, ProductOfPoints};
pub(crate) use winograd::{FAR, NEAR, POINTS, PixelsToPoints, PointsToPixels, TILE_IN, TILE_OUT};

use self::product::{Tile, TileSize};
use crate::instructions::Instructions;
#[cfg(target_arch = "x86_64")]
use crate::numbers::Bf16;
#[cfg(test)]
use crate::numbers::PlainBf16;
use crate::numbers::{Numbers, Precision, Single};
#[cfg(target_arch = "x86_64")]
use crate::vector::{Avx2, Avx512, Avx512Bf16, Register256, Register512};
use crate::vector::{FourNumbers, Portable, Vector};

/// Work on memory that is compiled for every set.
pub(crate) trait Kernel {
    /// # Panics
    /// When anything that [`run`](Self::run) reads or writes lies out of bounds.
    fn check<S: Set>(&self);

    /// # Safety
    /// The kernel must have passed its check for this set. It must be inlined into a function that is compiled for the
    /// instructions of the set, or it will be slow.
    unsafe fn run<S: Set>(&self, set: S);
}

/// Instructions with a format of numbers and a tile size. A value exists only where the processor has the instructions.
pub(crate) trait Set: Copy {
    type Register: Vector;
    /// The format of maps and of the weights that they are multiplied with.
    type Numbers: Numbers<Register = Self::Register>;
    /// The format of Winograd's points, of pixels and of weights.
    type Points: Numbers<Register = Self::Register>;
    /// The tile of a product.
    type Tile: TileSize;

    fn single(self) -> Single<Self::Register>;
    fn numbers(self) -> Self::Numbers;
    fn points(self) -> Self::Points;

    /// Checks a kernel and runs it.
    fn run(self, kernel: &impl Kernel);
}

/// Implements [`Set`] for the type of an instruction set. A `$tile` is so many rows by so many registers.
macro_rules! set {
    ($isa:ty $(, $features:literal)?; $register:ty, single $single:expr, numbers $numbers:expr => $numbers_type:ty,
     tile $rows:literal x $registers:literal) => {
        impl Set for $isa {
            type Register = $register;
            type Numbers = $numbers_type;
            type Points = $numbers_type;
            type Tile = Tile<$rows, $registers>;

            #[inline(always)]
            fn single(self) -> Single<$register> {
                Single($single(self))
            }

            #[inline(always)]
            fn numbers(self) -> $numbers_type {
                $numbers(self)
            }

            #[inline(always)]
            fn points(self) -> $numbers_type {
                $numbers(self)
            }

            fn run(self, kernel: &impl Kernel) {
                $(#[target_feature(enable = $features)])?
                unsafe fn compiled<K: Kernel>(set: $isa, kernel: &K) {
                    // SAFETY: the caller has made the check.
                    unsafe { kernel.run(set) }
                }
                kernel.check::<Self>();
                // SAFETY: `self` proves that the processor has the instructions, and the kernel passed its check.
                unsafe { compiled(self, kernel) }
            }
        }
    };
}

// 24 accumulators of 32 registers: 2 loads of weights and 12 of inputs feed 24 multiply-adds.
#[cfg(target_arch = "x86_64")]
set!(Avx512, "avx512f"; Register512, single std::convert::identity, numbers Single => Single<Register512>, tile 12 x 2);
#[cfg(target_arch = "x86_64")]
set!(Avx512Bf16, "avx512f,avx512bf16"; Register512, single Avx512Bf16::avx512, numbers Bf16 => Bf16, tile 12 x 2);
// 12 accumulators of 16 registers: 2 loads of weights and 6 of inputs feed 12 multiply-adds.
#[cfg(target_arch = "x86_64")]
set!(Avx2, "avx2,fma"; Register256, single std::convert::identity, numbers Single => Single<Register256>, tile 6 x 2);
// NEON has 32 registers, SSE2 16: 16 accumulators suit the first and spill a little in the second.
set!(Portable; FourNumbers, single std::convert::identity, numbers Single => Single<FourNumbers>, tile 4 x 4);
#[cfg(test)]
set!(PlainBf16; FourNumbers, single |_| Portable, numbers std::convert::identity => PlainBf16, tile 4 x 4);

/// The kernels of one set.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    /// The format of maps and of the weights that they are multiplied with.
    pub(crate) precision: Precision,
    /// The format of Winograd's points, of pixels and of weights.
    pub(crate) points: Precision,
    /// Output channels that one tile of a product covers; weights are packed in panels of this width.
    pub(crate) panel: usize,
    set: AnySet,
}

#[derive(Clone, Copy)]
enum AnySet {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16(Avx512Bf16),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    Portable(Portable),
    #[cfg(test)]
    PlainBf16(PlainBf16),
}

impl AnySet {
    fn find(instructions: Instructions, precision: Precision) -> Option<Self> {
        match (instructions, precision) {
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx512, Precision::Single) => Avx512::detect().map(Self::Avx512),
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx512, Precision::Bf16) => Avx512Bf16::detect().map(Self::Avx512Bf16),
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx2, Precision::Single) => Avx2::detect().map(Self::Avx2),
            (Instructions::Portable, Precision::Single) => Some(Self::Portable(Portable)),
            #[cfg(test)]
            (Instructions::Portable, Precision::Bf16) => Some(Self::PlainBf16(PlainBf16)),
            _ => None,
        }
    }
}

impl Kernels {
    /// The kernels for an instruction set and a format.
    ///
    /// # Panics
    /// When this processor does not have them.
    pub(crate) fn of(instructions: Instructions, precision: Precision) -> Self {
        let set = AnySet::find(instructions, precision)
            .unwrap_or_else(|| panic!("this processor does not have {instructions} for {precision:?}"));
        match set {
            #[cfg(target_arch = "x86_64")]
            AnySet::Avx512(isa) => Self::with(set, isa, precision),
            #[cfg(target_arch = "x86_64")]
            AnySet::Avx512Bf16(isa) => Self::with(set, isa, precision),
            #[cfg(target_arch = "x86_64")]
            AnySet::Avx2(isa) => Self::with(set, isa, precision),
            AnySet::Portable(isa) => Self::with(set, isa, precision),
            #[cfg(test)]
            AnySet::PlainBf16(isa) => Self::with(set, isa, precision),
        }
    }

    fn with<S: Set>(set: AnySet, _: S, precision: Precision) -> Self {
        debug_assert_eq!((S::Numbers::PER_WORD, S::Points::PER_WORD), (precision.per_word(), precision.per_word()));
        Self { precision, points: precision, panel: S::Tile::REGISTERS * S::Register::LANES, set }
    }

    /// Runs a kernel, after checking its bounds.
    ///
    /// # Panics
    /// When the kernel would leave its memory.
    pub(crate) fn run(&self, kernel: &impl Kernel) {
        match self.set {
            #[cfg(target_arch = "x86_64")]
            AnySet::Avx512(isa) => isa.run(kernel),
            #[cfg(target_arch = "x86_64")]
            AnySet::Avx512Bf16(isa) => isa.run(kernel),
            #[cfg(target_arch = "x86_64")]
            AnySet::Avx2(isa) => isa.run(kernel),
            AnySet::Portable(isa) => isa.run(kernel),
            #[cfg(test)]
            AnySet::PlainBf16(isa) => isa.run(kernel),
        }
    }
}
