//! The few operations on registers that the kernels are written in, for each instruction set.
//!
//! The kernels are generic over [`Vector`], so that there is one text of each for all processors. What differs from one
//! instruction set to another is here, in the formats of `numbers`, and in the tile sizes that `kernels` chooses.
//!
//! One rule makes the operations safe: a value of an instruction set's type exists only where the processor has the
//! instructions. `detect` is all that makes one, and a register is made only with the help of one, so that whoever has
//! a register may compute with it.
#![expect(unsafe_code, reason = "intrinsics and raw loads are what a kernel is made of")]

/// A register of [`LANES`](Self::LANES) numbers.
///
/// All functions are inlined into kernels that are compiled for the instruction set.
pub(crate) trait Vector: Copy {
    /// Numbers in one register.
    const LANES: usize;
    /// The instruction set, as proof that the processor has it.
    type Isa: Copy;

    fn splat(isa: Self::Isa, value: f32) -> Self;

    /// # Safety
    /// The pointer must be valid for reading `LANES` numbers. It needs no alignment.
    unsafe fn load(isa: Self::Isa, from: *const f32) -> Self;

    /// # Safety
    /// The pointer must be valid for writing `LANES` numbers. It needs no alignment.
    unsafe fn store(self, to: *mut f32);

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn max(self, other: Self) -> Self;
    /// `self · factor + addend`.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
}

/// Asks for a cache line ahead of its use. A hint: any address is allowed.
#[inline(always)]
pub(crate) fn prefetch(address: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching has no effect but on the caches, whatever the address; all x86-64 processors have it.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Defines an instruction set of x86-64 and its register, by intrinsics that take and return the register's type.
#[cfg(target_arch = "x86_64")]
macro_rules! by_intrinsics {
    ($(#[$about:meta])* $isa:ident [$($feature:tt)+]; $register:ident($inner:ident), $lanes:literal,
     $splat:ident, $load:ident, $store:ident, $add:ident, $sub:ident, $max:ident, $mul_add:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy)]
        pub(crate) struct $isa(());

        impl $isa {
            /// The instruction set, where this processor has it.
            pub(crate) fn detect() -> Option<Self> {
                [$(is_x86_feature_detected!($feature)),+].iter().all(|&has| has).then_some(Self(()))
            }
        }

        /// A register of the instruction set; it exists only where the processor has that.
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $register(std::arch::x86_64::$inner);

        impl Vector for $register {
            const LANES: usize = $lanes;
            type Isa = $isa;

            #[inline(always)]
            fn splat(_: $isa, value: f32) -> Self {
                // SAFETY: the instruction set's value proves that the processor has it.
                Self(unsafe { std::arch::x86_64::$splat(value) })
            }

            #[inline(always)]
            unsafe fn load(_: $isa, from: *const f32) -> Self {
                // SAFETY: as above, and the caller promises that the pointer is valid for all lanes.
                Self(unsafe { std::arch::x86_64::$load(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                // SAFETY: the register proves that the processor has the instructions; for the pointer see above.
                unsafe { std::arch::x86_64::$store(to, self.0) }
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: the register proves that the processor has the instructions.
                Self(unsafe { std::arch::x86_64::$add(self.0, other.0) })
            }

            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                // SAFETY: the register proves that the processor has the instructions.
                Self(unsafe { std::arch::x86_64::$sub(self.0, other.0) })
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                // SAFETY: the register proves that the processor has the instructions.
                Self(unsafe { std::arch::x86_64::$max(self.0, other.0) })
            }

            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                // SAFETY: the register proves that the processor has the instructions.
                Self(unsafe { std::arch::x86_64::$mul_add(self.0, factor.0, addend.0) })
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
by_intrinsics!(
    /// AVX2 with FMA.
    Avx2 ["avx2" "fma"];
    Register256(__m256),
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_max_ps,
    _mm256_fmadd_ps
);

#[cfg(target_arch = "x86_64")]
by_intrinsics!(
    /// AVX-512F.
    Avx512 ["avx512f"];
    Register512(__m512),
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_max_ps,
    _mm512_fmadd_ps
);

/// AVX-512F with its BF16 extension. It computes with the registers of AVX-512F.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Avx512Bf16(Avx512);

#[cfg(target_arch = "x86_64")]
impl Avx512Bf16 {
    /// The instruction set, where this processor has it.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512bf16").then(Avx512::detect).flatten().map(Self)
    }

    /// The instruction set that it extends.
    #[inline(always)]
    pub(crate) fn avx512(self) -> Avx512 {
        self.0
    }

    /// The first sixteen bfloat16 at a pointer, as single-precision numbers.
    ///
    /// # Safety
    /// The pointer must be valid for reading eight words. It needs no alignment.
    #[inline(always)]
    pub(crate) unsafe fn load_bf16(self, from: *const f32) -> Register512 {
        use std::arch::x86_64::{_mm256_loadu_si256, _mm512_castsi512_ps, _mm512_cvtepu16_epi32, _mm512_slli_epi32};
        // SAFETY: `self` proves that the processor has the instructions; the caller promises eight words.
        unsafe {
            let halves = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            Register512(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(halves)))
        }
    }

    /// The reverse, rounded to the nearest, ties to even.
    ///
    /// # Safety
    /// The pointer must be valid for writing eight words. It needs no alignment.
    #[inline(always)]
    pub(crate) unsafe fn store_bf16(self, numbers: Register512, to: *mut f32) {
        use std::arch::x86_64::{__m256bh, __m256i, _mm256_storeu_si256, _mm512_cvtneps_pbh};
        // SAFETY: as above; both register types are 32 plain bytes.
        unsafe {
            let halves = std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(numbers.0));
            _mm256_storeu_si256(to.cast(), halves);
        }
    }

    /// Adds to every lane the products of the two bfloat16 in that lane of `a` and `b`.
    #[inline(always)]
    pub(crate) fn add_products_bf16(self, sums: Register512, a: Register512, b: Register512) -> Register512 {
        use std::arch::x86_64::{__m512, __m512bh, _mm512_dpbf16_ps};
        // SAFETY: as above; both register types are 64 bytes, here of pairs of bfloat16.
        Register512(unsafe {
            _mm512_dpbf16_ps(
                sums.0,
                std::mem::transmute::<__m512, __m512bh>(a.0),
                std::mem::transmute::<__m512, __m512bh>(b.0),
            )
        })
    }
}

/// What every processor has, which is no proof of anything.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

/// Four numbers in plain Rust, which the compiler turns into the 128-bit registers that every processor has.
#[derive(Clone, Copy)]
pub(crate) struct FourNumbers(pub(crate) [f32; 4]);

impl FourNumbers {
    #[inline(always)]
    fn zip(self, other: Self, operation: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|lane| operation(self.0[lane], other.0[lane])))
    }
}

impl Vector for FourNumbers {
    const LANES: usize = 4;
    type Isa = Portable;

    #[inline(always)]
    fn splat(_: Portable, value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    unsafe fn load(_: Portable, from: *const f32) -> Self {
        // SAFETY: the caller promises that the pointer is valid for four numbers.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises that the pointer is valid for four numbers.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // Fused only where that is one instruction; elsewhere `f32::mul_add` would be a call.
        let fused = cfg!(target_arch = "aarch64");
        Self(std::array::from_fn(|lane| {
            if fused {
                self.0[lane].mul_add(factor.0[lane], addend.0[lane])
            } else {
                self.0[lane] * factor.0[lane] + addend.0[lane]
            }
        }))
    }
}
