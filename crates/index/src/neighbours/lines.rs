//! How the values of a panel of descriptors lie in memory: whole, or shortened to half their size.
//!
//! Both encodings are here, with a bound on what shortening loses. The loops over them are in `panels`.

use pulp::Simd;

/// Descriptors in a panel: two of the widest vectors.
pub(super) const PANEL: usize = 32;

const HALF: usize = PANEL / 2;

/// One value of each descriptor of a panel.
pub(super) trait Line: Copy + Sync {
    /// One value of each descriptor.
    fn encode(values: [f32; PANEL]) -> Self;

    /// The values as they will be read.
    fn decode(&self) -> [f32; PANEL];

    /// One vector from the first and one from the second half of the panel, both from lane `part * S::F32_LANES` of
    /// their half on.
    fn vectors<S: Simd>(&self, simd: S, part: usize) -> [S::f32s; 2];
}

/// The number of `part`s that [`Line::vectors`] reads a panel in.
#[inline(always)]
pub(super) const fn parts<S: Simd>() -> usize {
    HALF / S::F32_LANES
}

/// The numbers within a panel of the descriptors from which the two vectors of a part start.
#[inline(always)]
pub(super) const fn first_lanes<S: Simd>(part: usize) -> [usize; 2] {
    [part * S::F32_LANES, HALF + part * S::F32_LANES]
}

/// Whole values: for many queries, which share the reading of them.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Whole([f32; PANEL]);

impl Line for Whole {
    fn encode(values: [f32; PANEL]) -> Self {
        Self(values)
    }

    #[inline(always)]
    fn decode(&self) -> [f32; PANEL] {
        self.0
    }

    #[inline(always)]
    fn vectors<S: Simd>(&self, _simd: S, part: usize) -> [S::f32s; 2] {
        let (vectors, _) = S::as_simd_f32s(&self.0);
        [vectors[part], vectors[parts::<S>() + part]]
    }
}

/// Values rounded to the upper 16 bits of a `float32` (bfloat16), two to a word: one query alone waits for memory and
/// little else, and this is half of it to wait for.
///
/// The lower half of a word is of the first half of the panel.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Shortened([u32; HALF]);

const UPPER: u32 = 0xffff_0000;

impl Line for Shortened {
    fn encode(values: [f32; PANEL]) -> Self {
        // To the nearest, ties to even. The largest values become infinite, which the margin of a score allows for.
        let round = |value: f32| {
            let bits = value.to_bits();
            (bits + 0x7fff + (bits >> 16 & 1)) & UPPER
        };
        Self(std::array::from_fn(|lane| round(values[lane]) >> 16 | round(values[HALF + lane])))
    }

    fn decode(&self) -> [f32; PANEL] {
        std::array::from_fn(|lane| {
            let word = self.0[lane % HALF];
            f32::from_bits(if lane < HALF { word << 16 } else { word & UPPER })
        })
    }

    #[inline(always)]
    fn vectors<S: Simd>(&self, simd: S, part: usize) -> [S::f32s; 2] {
        let (words, _) = S::as_simd_u32s(&self.0);
        let first = simd.wrapping_dyn_shl_u32s(words[part], simd.splat_u32s(16));
        let second = simd.and_u32s(words[part], simd.splat_u32s(UPPER));
        [simd.transmute_f32s_u32s(first), simd.transmute_f32s_u32s(second)]
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A set of instructions that this machine has.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::neighbours) enum Level {
        Best,
        #[cfg(target_arch = "x86_64")]
        Avx2(pulp::x86::V3),
        Portable,
    }

    /// All of them: the vectors of each have another length, which decides how a panel is walked through.
    pub(in crate::neighbours) fn levels() -> Vec<Level> {
        let mut levels = vec![Level::Best, Level::Portable];
        #[cfg(target_arch = "x86_64")]
        levels.extend(pulp::x86::V3::try_new().map(Level::Avx2));
        levels
    }

    impl Level {
        pub(in crate::neighbours) fn run<Op: pulp::WithSimd>(self, op: Op) -> Op::Output {
            match self {
                Self::Best => pulp::Arch::new().dispatch(op),
                #[cfg(target_arch = "x86_64")]
                Self::Avx2(simd) => Simd::vectorize(simd, op),
                Self::Portable => Simd::vectorize(pulp::Scalar::new(), op),
            }
        }
    }

    /// Reads a line the way the kernel does.
    struct Read<L>(L);

    impl<L: Line> pulp::WithSimd for Read<L> {
        type Output = [f32; PANEL];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [f32; PANEL] {
            let mut values = [0.0; PANEL];
            for part in 0..parts::<S>() {
                for (vector, first) in self.0.vectors(simd, part).into_iter().zip(first_lanes::<S>(part)) {
                    S::as_mut_simd_f32s(&mut values[first..][..S::F32_LANES]).0[0] = vector;
                }
            }
            values
        }
    }

    #[test]
    fn a_line_is_read_in_vectors_as_it_is_decoded() {
        let values: [f32; PANEL] = std::array::from_fn(|lane| (lane as f32 - 7.3) * 1.37);
        let shortened = Shortened::encode(values);
        for level in levels() {
            assert_eq!(level.run(Read(Whole::encode(values))), values, "{level:?}");
            assert_eq!(level.run(Read(shortened)), shortened.decode(), "{level:?}");
        }
    }

    #[test]
    fn a_shortened_value_is_the_nearest_of_its_kind() {
        let values: [f32; PANEL] = std::array::from_fn(|lane| (lane as f32 - 15.7) * 0.11);
        for (value, short) in values.into_iter().zip(Shortened::encode(values).decode()) {
            assert!((value - short).abs() <= value.abs() / 256.0, "{short} for {value}");
            assert_eq!(short.to_bits() & 0xffff, 0);
        }
        // Half-way between two: the even one.
        let decoded = |value| Shortened::encode([value; PANEL]).decode();
        assert_eq!(decoded(1.0 + 1.0 / 256.0), [1.0; PANEL]);
        assert_eq!(decoded(1.0 + 3.0 / 256.0), [1.0 + 4.0 / 256.0; PANEL]);
        assert_eq!(decoded(f32::MAX), [f32::INFINITY; PANEL]);
    }
}
