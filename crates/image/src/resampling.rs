//! Antialiased bilinear resampling of a square of an image into planes of `f32`.
//!
//! The arithmetic is that of Pillow's `Image.resize(..., BILINEAR, box=...)` without its rounding to 8 bits between the
//! two passes and after them. Each of Pillow's roundings moves a value by at most half a step, so both agree to within
//! 1/255. Computing in `f32` also writes the planes that the network wants at once.

use image::RgbImage;

/// A square part of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Square {
    pub left: usize,
    pub top: usize,
    pub side: usize,
}

impl Square {
    /// The largest square in the middle; an odd pixel too many is left over at the right or the bottom.
    pub fn in_the_middle(image: &RgbImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let side = width.min(height);
        Self { left: (width - side) / 2, top: (height - side) / 2, side }
    }
}

/// Resamples the central part of `square`, `share` (in (0, 1]) of each side, to `size` x `size` pixels.
///
/// `planes` receives red, green and blue one after the other, row by row, scaled to [0, 1]. Pixels outside
/// the square do not count, those inside it but outside the part do at its edge, as with Pillow's `box`.
pub(crate) fn resample(image: &RgbImage, square: Square, share: f64, size: usize, planes: &mut [f32]) {
    debug_assert_eq!(planes.len(), 3 * size * size);
    let side = square.side as f64;
    let margin = side * (1.0 - share) / 2.0;
    // The part is a square as well, so rows and columns share their weights.
    let weights = Weights::new(square.side, margin, side - margin, size);
    let stride = 3 * image.width() as usize;
    let pixels = image.as_raw();
    let (red, rest) = planes.split_at_mut(size * size);
    let (green, blue) = rest.split_at_mut(size * size);
    let mut row = vec![0f32; 3 * square.side];
    for y in 0..size {
        row.fill(0.0);
        let (first, factors) = weights.of(y);
        for (offset, &factor) in factors.iter().enumerate() {
            let start = (square.top + first + offset) * stride + 3 * square.left;
            for (sum, &value) in row.iter_mut().zip(&pixels[start..start + 3 * square.side]) {
                *sum += factor * f32::from(value);
            }
        }
        for x in 0..size {
            let (first, factors) = weights.of(x);
            let mut sums = [0f32; 3];
            for (&factor, pixel) in factors.iter().zip(row[3 * first..].as_chunks::<3>().0) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += factor * value;
                }
            }
            let at = y * size + x;
            red[at] = sums[0] / 255.0;
            green[at] = sums[1] / 255.0;
            blue[at] = sums[2] / 255.0;
        }
    }
}

/// For every target pixel the source pixels that it is made of.
struct Weights {
    /// The first source pixel and the number of them.
    spans: Vec<(usize, usize)>,
    /// `widest` factors for every target pixel, the used ones first; they sum to 1.
    factors: Vec<f32>,
    widest: usize,
}

impl Weights {
    /// Weights that map `start..end` of `length` source pixels onto `size` target pixels.
    fn new(length: usize, start: f64, end: f64, size: usize) -> Self {
        let scale = (end - start) / size as f64;
        // Shrinking widens the filter, so that every source pixel counts; enlarging leaves it one pixel wide.
        let radius = scale.max(1.0);
        let widest = 2 * radius.ceil() as usize + 1;
        let mut spans = Vec::with_capacity(size);
        let mut factors = vec![0f32; size * widest];
        for (target, factors) in factors.chunks_exact_mut(widest).enumerate() {
            let centre = start + (target as f64 + 0.5) * scale;
            let first = (centre - radius + 0.5).max(0.0) as usize;
            let last = ((centre + radius + 0.5) as usize).min(length);
            let triangle = |source: usize| (1.0 - ((source as f64 + 0.5 - centre) / radius).abs()).max(0.0);
            let total: f64 = (first..last).map(triangle).sum();
            for (factor, source) in factors.iter_mut().zip(first..last) {
                *factor = (triangle(source) / total) as f32;
            }
            spans.push((first, last - first));
        }
        Self { spans, factors, widest }
    }

    fn of(&self, target: usize) -> (usize, &[f32]) {
        let (first, count) = self.spans[target];
        (first, &self.factors[target * self.widest..][..count])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_target_pixel_is_a_mean_of_source_pixels(
            length in 1usize..300, size in 1usize..300, share in 0.05f64..=1.0,
        ) {
            let margin = length as f64 * (1.0 - share) / 2.0;
            let weights = Weights::new(length, margin, length as f64 - margin, size);
            for target in 0..size {
                let (first, factors) = weights.of(target);
                prop_assert!(!factors.is_empty() && first + factors.len() <= length);
                prop_assert!((factors.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            }
        }
    }
}
