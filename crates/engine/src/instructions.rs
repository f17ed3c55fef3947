//! The instruction sets that the kernels exist for, and which of them this processor has.
//!
//! The choice is made when the program runs, so that one binary serves all machines.

use std::fmt;

use crate::numbers::Precision;
#[cfg(target_arch = "x86_64")]
use crate::vector::{Avx2, Avx512, Avx512Bf16};

/// An instruction set with kernels of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instructions {
    /// AVX-512F: 16 numbers at once, 32 registers.
    Avx512,
    /// AVX2 with FMA: 8 numbers at once, 16 registers.
    Avx2,
    /// What the compiler makes of plain loops: NEON on 64-bit ARM, SSE2 on other x86-64.
    Portable,
}

impl Instructions {
    /// All that this processor can run, the fastest first; never empty.
    pub fn available() -> Vec<Self> {
        [Self::Avx512, Self::Avx2, Self::Portable].into_iter().filter(|set| set.is_available()).collect()
    }

    /// The fastest that this processor can run.
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// Whether this processor can run it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// Whether this processor can run it on numbers of this format.
    pub fn supports(self, precision: Precision) -> bool {
        self.is_available()
            && match (self, precision) {
                (_, Precision::Single) => true,
                #[cfg(target_arch = "x86_64")]
                (Self::Avx512, Precision::Bf16) => Avx512Bf16::detect().is_some(),
                // Plain Rust, for this crate's unit tests.
                (Self::Portable, Precision::Bf16) => cfg!(test),
                (_, Precision::Bf16) => false,
            }
    }
}

impl fmt::Display for Instructions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2",
            Self::Portable => "any processor",
        })
    }
}
