//! How numbers lie in the 32-bit words of maps and weights, and how a product multiplies them.
//!
//! There are two formats: single precision with one number in a word, and bfloat16 with two. Sums are always single. The
//! type of a word is `f32`, even where it holds two bfloat16. Such a word is only moved, never computed with.
#![expect(unsafe_code, reason = "the innermost loops read and write through pointers")]

use half::bf16;

use crate::memory::{Source, Target};
use crate::vector::Vector;
#[cfg(target_arch = "x86_64")]
use crate::vector::{Avx512, Avx512Bf16, Register512};
#[cfg(test)]
use crate::vector::{FourNumbers, Portable};

/// The most numbers that a word of any format holds.
pub(crate) const MAX_PER_WORD: usize = 2;

/// The format of numbers between the layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Single precision: 24 bits of mantissa.
    #[default]
    Single,
    /// bfloat16: 8 bits of mantissa, summed in single precision. Half the memory, and about twice the products in
    /// the same time where the processor has instructions for it.
    Bf16,
}

impl Precision {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::Single, Self::Bf16];

    /// Numbers in one word.
    pub(crate) fn per_word(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Bf16 => 2,
        }
    }

    /// As many numbers as a word holds, the first lowest.
    pub(crate) fn word(self, numbers: &[f32]) -> f32 {
        match (self, numbers) {
            (Self::Single, &[number]) => number,
            (Self::Bf16, &[low, high]) => {
                let bits = |number| u32::from(bf16::from_f32(number).to_bits());
                f32::from_bits(bits(low) | bits(high) << 16)
            }
            _ => unreachable!("a word of {self:?} does not hold {} numbers", numbers.len()),
        }
    }

    /// The number at a position of some words.
    pub(crate) fn number(self, words: &[f32], position: usize) -> f32 {
        match self {
            Self::Single => words[position],
            Self::Bf16 => {
                let bits = words[position / 2].to_bits() >> (16 * (position % 2)) << 16;
                f32::from_bits(bits)
            }
        }
    }
}

/// A format as kernels use it, on one instruction set. As with [`Vector`], a value exists only where the processor has
/// the instructions.
pub(crate) trait Numbers: Copy {
    /// Single-precision numbers: what is loaded, summed and stored.
    type Register: Vector;
    /// Numbers in one word.
    const PER_WORD: usize;
    /// Words that a register of numbers takes in memory.
    const WORDS: usize = Self::Register::LANES / Self::PER_WORD;

    /// The instruction set of the registers.
    fn isa(self) -> <Self::Register as Vector>::Isa;

    /// A register full of numbers, from [`WORDS`](Self::WORDS) words.
    ///
    /// # Safety
    /// As many must follow in `from`.
    unsafe fn load(self, from: Source<'_>) -> Self::Register;

    /// What stands in a target, as [`load`](Self::load).
    ///
    /// # Safety
    /// [`WORDS`](Self::WORDS) words must follow at `offset`.
    unsafe fn load_back(self, from: Target<'_>, offset: usize) -> Self::Register;

    /// The reverse, rounded to the nearest, ties to even.
    ///
    /// # Safety
    /// [`WORDS`](Self::WORDS) words must follow at `offset`.
    unsafe fn store(self, numbers: Self::Register, to: Target<'_>, offset: usize);

    /// Adds to every lane the products of the numbers in that lane's words.
    fn add_products(self, sums: Self::Register, a: Self::Register, b: Self::Register) -> Self::Register;
}

/// One number in a word.
#[derive(Clone, Copy)]
pub(crate) struct Single<V: Vector>(pub(crate) V::Isa);

impl<V: Vector> Numbers for Single<V> {
    type Register = V;
    const PER_WORD: usize = 1;

    #[inline(always)]
    fn isa(self) -> V::Isa {
        self.0
    }

    #[inline(always)]
    unsafe fn load(self, from: Source<'_>) -> V {
        // SAFETY: the caller promises the words.
        unsafe { V::load(self.0, from.pointer(Self::WORDS)) }
    }

    #[inline(always)]
    unsafe fn load_back(self, from: Target<'_>, offset: usize) -> V {
        // SAFETY: the caller promises the words.
        unsafe { V::load(self.0, from.pointer(offset, Self::WORDS)) }
    }

    #[inline(always)]
    unsafe fn store(self, numbers: V, to: Target<'_>, offset: usize) {
        // SAFETY: the caller promises the words.
        unsafe { numbers.store(to.pointer(offset, Self::WORDS)) }
    }

    #[inline(always)]
    fn add_products(self, sums: V, a: V, b: V) -> V {
        a.mul_add(b, sums)
    }
}

/// Two bfloat16 in a word, for AVX-512 with its BF16 extension.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Bf16(pub(crate) Avx512Bf16);

#[cfg(target_arch = "x86_64")]
impl Numbers for Bf16 {
    type Register = Register512;
    const PER_WORD: usize = 2;

    #[inline(always)]
    fn isa(self) -> Avx512 {
        self.0.avx512()
    }

    #[inline(always)]
    unsafe fn load(self, from: Source<'_>) -> Register512 {
        // SAFETY: the caller promises the words.
        unsafe { self.0.load_bf16(from.pointer(Self::WORDS)) }
    }

    #[inline(always)]
    unsafe fn load_back(self, from: Target<'_>, offset: usize) -> Register512 {
        // SAFETY: the caller promises the words.
        unsafe { self.0.load_bf16(from.pointer(offset, Self::WORDS)) }
    }

    #[inline(always)]
    unsafe fn store(self, numbers: Register512, to: Target<'_>, offset: usize) {
        // SAFETY: the caller promises the words.
        unsafe { self.0.store_bf16(numbers, to.pointer(offset, Self::WORDS)) }
    }

    #[inline(always)]
    fn add_products(self, sums: Register512, a: Register512, b: Register512) -> Register512 {
        self.0.add_products_bf16(sums, a, b)
    }
}

/// Two bfloat16 in a word, in plain Rust: slow, but it lets every processor test the format's layout and rounding.
#[cfg(test)]
#[derive(Clone, Copy)]
pub(crate) struct PlainBf16;

#[cfg(test)]
impl PlainBf16 {
    #[inline(always)]
    fn numbers(words: [f32; 2]) -> FourNumbers {
        FourNumbers(std::array::from_fn(|position| Precision::Bf16.number(&words, position)))
    }
}

#[cfg(test)]
impl Numbers for PlainBf16 {
    type Register = FourNumbers;
    const PER_WORD: usize = 2;

    #[inline(always)]
    fn isa(self) -> Portable {
        Portable
    }

    #[inline(always)]
    unsafe fn load(self, from: Source<'_>) -> FourNumbers {
        // SAFETY: the caller promises the words.
        Self::numbers(unsafe { from.pointer(Self::WORDS).cast::<[f32; 2]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn load_back(self, from: Target<'_>, offset: usize) -> FourNumbers {
        // SAFETY: the caller promises the words.
        Self::numbers(unsafe { from.pointer(offset, Self::WORDS).cast::<[f32; 2]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, numbers: FourNumbers, to: Target<'_>, offset: usize) {
        let words = [&numbers.0[..2], &numbers.0[2..]].map(|pair| Precision::Bf16.word(pair));
        // SAFETY: the caller promises the words.
        unsafe { to.pointer(offset, Self::WORDS).cast::<[f32; 2]>().write_unaligned(words) }
    }

    #[inline(always)]
    fn add_products(self, sums: FourNumbers, a: FourNumbers, b: FourNumbers) -> FourNumbers {
        let number = |register: FourNumbers, lane, place| Precision::Bf16.number(&register.0[lane..=lane], place);
        FourNumbers(std::array::from_fn(|lane| {
            (0..2).fold(sums.0[lane], |sum, place| number(a, lane, place).mul_add(number(b, lane, place), sum))
        }))
    }
}
