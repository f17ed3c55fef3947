//! `colour`: images of like colours are near to each other, whatever their labels say.

use super::terms::{Terms, over_distances};
use super::{Asks, Batch, Objective, Outcome, Samples};

/// The name of the values that the objective asks for.
pub const COLOURS: &str = "colour";

/// The histogram has so many bins on each side.
const SIDE: usize = 5;

/// The number of values of an image.
pub const COLOUR_BINS: usize = SIDE * SIDE;

/// The mean over all pairs of | d - (1 - r) |, where r is the correlation of the two images' [colours](colours_of), from -1
/// to 1: equal colours ask for the distance 0, opposite ones for 2.
///
/// An image of which all bins hold the same share has no correlation with others; its pairs are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour;

impl Objective for Colour {
    fn name(&self) -> &str {
        "colour"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Any, 2).with_values(COLOURS, COLOUR_BINS)
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let directions: Vec<Option<[f64; COLOUR_BINS]>> =
            batch.values(COLOURS).chunks_exact(COLOUR_BINS).map(direction).collect();
        over_distances(batch, |distances| {
            let mut terms = Terms::none(batch.len());
            for (i, one) in directions.iter().enumerate() {
                for (j, other) in directions.iter().enumerate().skip(i + 1) {
                    let (Some(one), Some(other)) = (one, other) else { continue };
                    let correlation: f64 = one.iter().zip(other).map(|(a, b)| a * b).sum();
                    let away = f64::from(distances.row(i)[j]) - (1.0 - correlation);
                    let slope = if away == 0.0 { 0.0 } else { away.signum() };
                    terms.add(i, j, away.abs(), slope);
                }
            }
            terms
        })
    }
}

/// A histogram less its mean, at unit length: the product of two of these is their correlation. None where all bins are
/// equal.
fn direction(histogram: &[f32]) -> Option<[f64; COLOUR_BINS]> {
    let mean = histogram.iter().map(|&share| f64::from(share)).sum::<f64>() / COLOUR_BINS as f64;
    let mut centred = [0.0; COLOUR_BINS];
    for (centred, &share) in centred.iter_mut().zip(histogram) {
        *centred = f64::from(share) - mean;
    }
    let length = centred.iter().map(|value| value * value).sum::<f64>().sqrt();
    (length > 1e-9).then(|| centred.map(|value| value / length))
}

/// The shares of an image's pixels by hue and saturation, `[5 · 5]`, which add up to 1.
///
/// `pixels` is `[3, pixels]`: red, green and blue, each on the scale from 0 to 1.
///
/// Hue is an angle and saturation the distance from the centre of a disc, so that greys, which have no hue, are in the
/// middle, and reds of all shades side by side. The square around the disc is divided into 5 x 5 bins, row by row.
///
/// # Panics
/// When there are not as many values of each colour.
pub fn colours_of(pixels: &[f32]) -> [f32; COLOUR_BINS] {
    let area = pixels.len() / 3;
    assert_eq!(pixels.len(), 3 * area, "a pixel has three values");
    let mut counts = [0u64; COLOUR_BINS];
    for pixel in 0..area {
        let place = on_the_disc([pixels[pixel], pixels[area + pixel], pixels[2 * area + pixel]]);
        let [x, y] = place.map(|place| ((place + 1.0) / 2.0 * SIDE as f32) as usize);
        counts[y.min(SIDE - 1) * SIDE + x.min(SIDE - 1)] += 1;
    }
    let whole = area.max(1) as f64;
    counts.map(|count| (count as f64 / whole) as f32)
}

/// Saturation times cosine and sine of the hue, each from -1 to 1.
fn on_the_disc([red, green, blue]: [f32; 3]) -> [f32; 2] {
    let brightest = red.max(green).max(blue);
    let darkest = red.min(green).min(blue);
    let span = brightest - darkest;
    if span <= 0.0 || brightest <= 0.0 {
        return [0.0, 0.0];
    }
    let sixths = if brightest == red {
        (green - blue) / span
    } else if brightest == green {
        2.0 + (blue - red) / span
    } else {
        4.0 + (red - green) / span
    };
    let (sine, cosine) = (sixths * std::f32::consts::FRAC_PI_3).sin_cos();
    let saturation = span / brightest;
    [saturation * cosine, saturation * sine]
}

#[cfg(test)]
mod tests {
    use silknow_records::{LabelMatrix, MISSING};

    use super::super::{ImageValues, check};
    use super::*;

    #[test]
    fn it_keeps_the_contract_of_objectives() {
        check(&Colour).unwrap();
    }

    #[test]
    fn colours_have_places_on_the_disc() {
        let bin_of = |rgb: [f32; 3]| {
            let colours = colours_of(&rgb.map(|value| [value; 6]).concat());
            assert_eq!(colours.iter().sum::<f32>(), 1.0);
            let bin = colours.iter().position(|&share| share == 1.0).unwrap();
            (bin / 5, bin % 5)
        };
        // Greys are in the middle whatever their brightness; red is at 0 degrees, green at 120, blue at 240.
        for grey in [0.0, 0.3, 1.0] {
            assert_eq!(bin_of([grey; 3]), (2, 2));
        }
        assert_eq!(bin_of([0.8, 0.0, 0.0]), (2, 4));
        assert_eq!(bin_of([0.0, 0.8, 0.0]), (4, 1));
        assert_eq!(bin_of([0.0, 0.0, 0.8]), (0, 1));
        assert_eq!(bin_of([0.8, 0.4, 0.4]), (2, 3));
        // Three red pixels and a grey one.
        let colours = colours_of(&[0.8, 0.8, 0.8, 0.1, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.1]);
        assert_eq!((colours[2 * 5 + 4], colours[2 * 5 + 2]), (0.75, 0.25));
    }

    #[test]
    fn the_target_is_one_minus_the_correlation() {
        let labels = LabelMatrix::from_indices(1, vec![MISSING; 3]).unwrap();
        let single = |bin: usize| (0..COLOUR_BINS).map(move |other| f32::from(other == bin));
        let mut values = ImageValues::new(3);
        let histograms = single(0).chain(single(1)).chain(std::iter::repeat_n(0.04, COLOUR_BINS)).collect();
        values.insert(COLOURS, COLOUR_BINS, histograms).unwrap();
        let outcome = Colour.evaluate(&Batch::new(&labels, &[0.0, 0.5, 9.0], 1).with_values(&values));
        // Two different bins correlate by (0 - 1/25) / (1 - 1/25) = -1/24; the even histogram has no correlation.
        let due = (1.0 + 1.0 / 24.0) - 0.5;
        assert!((outcome.loss - due).abs() < 1e-6, "{} instead of {due}", outcome.loss);
        assert_eq!(outcome.averaged, 1);
        assert_eq!(outcome.gradient, [1.0, -1.0, 0.0]);
    }
}
