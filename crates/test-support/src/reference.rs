//! Numbers that follow from a name, of which references are made whose weights are in no file.

use silknow_files::digest::fnv1a_64;

use crate::damage::Random;

/// `count` numbers in [-1, 1): SplitMix64 from the 64-bit FNV-1a digest of the name, the upper 24 bits of each value.
pub fn numbers(name: &str, count: usize) -> impl Iterator<Item = f32> + use<> {
    let mut random = Random::new(fnv1a_64(name.bytes()));
    (0..count).map(move |_| 2.0 * ((random.next() >> 40) as f32 * (-24_f32).exp2()) - 1.0)
}

/// Three images `[3, 3, side, side]` in [-1, 1], of squares of 32, 16 and 8 pixels. The numbers are those of the names `image0`,
/// `image1` and `image2`, channel by channel and row by row.
pub fn images(side_px: usize) -> Vec<f32> {
    let mut pixels = Vec::new();
    for (image, square) in [32, 16, 8].into_iter().enumerate() {
        let squares = side_px / square;
        let values: Vec<f32> = numbers(&format!("image{image}"), 3 * squares * squares).collect();
        for (channel, row) in (0..3 * side_px).map(|line| (line / side_px, line % side_px)) {
            let line = &values[(channel * squares + row / square) * squares..][..squares];
            pixels.extend((0..side_px).map(|column| line[column / square]));
        }
    }
    pixels
}

/// Every value is at most this far from what is expected.
///
/// # Panics
/// When one is not, or there are more or fewer.
pub fn assert_near(what: &str, values: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(values.len(), expected.len(), "{what}");
    let apart = values.iter().zip(expected).map(|(value, expected)| (value - expected).abs()).fold(0.0, f32::max);
    assert!(apart <= tolerance, "{what}: {apart:e} of {tolerance:e}");
}
