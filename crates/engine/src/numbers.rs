//! How numbers lie in the 32-bit words of maps and weights, and how a product multiplies them.
//!
//! Owns the two formats: single precision, one number in a word, and bfloat16, two. Sums are always single. Words are
//! typed `f32`, also where they hold two bfloat16: they are only moved then, never computed with.
#![expect(unsafe_code, reason = "intrinsics and raw loads are what a kernel is made of")]

use std::marker::PhantomData;

use half::bf16;

use crate::vector::Vector;

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

/// A format as kernels use it.
///
/// # Safety
/// As for [`Vector`]: the processor must have the instructions; pointers must be valid for the words of a register.
pub(crate) trait Numbers {
    /// Single-precision numbers: what is loaded, summed and stored.
    type Register: Vector;
    /// Numbers in one word.
    const PER_WORD: usize;

    /// A register full of numbers, from `LANES / PER_WORD` words.
    unsafe fn load(from: *const f32) -> Self::Register;
    /// The reverse, rounded to the nearest, ties to even.
    unsafe fn store(numbers: Self::Register, to: *mut f32);
    /// Adds to every lane the products of the numbers in that lane's words.
    unsafe fn add_products(sums: Self::Register, a: Self::Register, b: Self::Register) -> Self::Register;
}

/// One number in a word.
pub(crate) struct Single<V>(PhantomData<V>);

impl<V: Vector> Numbers for Single<V> {
    type Register = V;
    const PER_WORD: usize = 1;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> V {
        // SAFETY: the caller answers for instructions and pointer; so below.
        unsafe { V::load(from) }
    }

    #[inline(always)]
    unsafe fn store(numbers: V, to: *mut f32) {
        // SAFETY: as above.
        unsafe { numbers.store(to) }
    }

    #[inline(always)]
    unsafe fn add_products(sums: V, a: V, b: V) -> V {
        // SAFETY: as above.
        unsafe { a.mul_add(b, sums) }
    }
}

/// Two bfloat16 in a word, for AVX-512 with its BF16 extension.
#[cfg(target_arch = "x86_64")]
pub(crate) struct Bf16;

#[cfg(target_arch = "x86_64")]
impl Numbers for Bf16 {
    type Register = std::arch::x86_64::__m512;
    const PER_WORD: usize = 2;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::Register {
        use std::arch::x86_64::{_mm256_loadu_si256, _mm512_castsi512_ps, _mm512_cvtepu16_epi32, _mm512_slli_epi32};
        // SAFETY: the caller runs where the instructions exist, and the pointer is valid for eight words.
        unsafe {
            let halves = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(halves))
        }
    }

    #[inline(always)]
    unsafe fn store(numbers: Self::Register, to: *mut f32) {
        use std::arch::x86_64::{__m256bh, __m256i, _mm256_storeu_si256, _mm512_cvtneps_pbh};
        // SAFETY: as above; both register types are 32 bytes without a meaning of their own.
        unsafe {
            let halves = std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(numbers));
            _mm256_storeu_si256(to.cast(), halves);
        }
    }

    #[inline(always)]
    unsafe fn add_products(sums: Self::Register, a: Self::Register, b: Self::Register) -> Self::Register {
        use std::arch::x86_64::{__m512, __m512bh, _mm512_dpbf16_ps};
        // SAFETY: as above; both register types are 64 bytes, here of pairs of bfloat16.
        unsafe {
            _mm512_dpbf16_ps(
                sums,
                std::mem::transmute::<__m512, __m512bh>(a),
                std::mem::transmute::<__m512, __m512bh>(b),
            )
        }
    }
}
