//! How alike two pictures are to the eye: a signature per picture that scaling, re-encoding, brightness and a narrow crop
//! hardly change.
//!
//! A signature is the picture's grey values at low frequencies, from a discrete cosine transform of a small square. Their
//! signs make a hash of 64 bits, by which candidates are found; their values decide.

use std::f32::consts::PI;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use silknow_image::RgbImage;

/// The side of the square that a picture is scaled to.
const SIDE: usize = 64;

/// The number of frequencies in each direction, the constant one included.
const FREQUENCIES: usize = 16;

/// The number of frequencies that are kept: all but the constant one.
const KEPT: usize = FREQUENCIES * FREQUENCIES - 1;

/// Hashes of nearly equal pictures differ in at most so many of their 64 bits. Of unrelated pictures some 32 differ.
pub const MOST_BITS: u32 = 11;

/// Nearly equal pictures have low frequencies with at least this correlation.
const LEAST_CORRELATION: f32 = 0.97;

/// From this correlation on it is looked whether a narrow crop of one picture makes it as high as [`LEAST_CROPPED`].
const LEAST_TO_CROP: f32 = 0.7;

/// The least correlation of pictures of which one is cropped; more is asked for, as the best of several crops is taken.
const LEAST_CROPPED: f32 = 0.98;

/// What is cut from the left, top, right and bottom, in cells of the square of 64: up to a twentieth.
const CROPS: [[usize; 4]; 11] = [
    [1, 1, 1, 1],
    [2, 2, 2, 2],
    [3, 3, 3, 3],
    [2, 0, 0, 0],
    [0, 2, 0, 0],
    [0, 0, 2, 0],
    [0, 0, 0, 2],
    [3, 0, 0, 0],
    [0, 3, 0, 0],
    [0, 0, 3, 0],
    [0, 0, 0, 3],
];

/// Nearly equal pictures have heights and widths whose ratios differ by at most this factor.
const MOST_STRETCH: f32 = 1.12;

/// A picture whose grey values, of 0 to 255, deviate less than this from their mean is blank.
const BLANK_DEVIATION: f32 = 4.0;

/// What likeness is judged by, in about 300 bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// SHA-256 of size and pixels.
    pub digest: [u8; 32],
    /// The signs of the 64 lowest frequencies against their median.
    pub hash: u64,
    /// Whether the picture has one colour: such pictures are all alike and say nothing.
    pub is_blank: bool,
    /// Width by height.
    ratio: f32,
    /// The low frequencies without the constant one, in [`ORDER`], as multiples of a 127th of the greatest. Their directions
    /// differ from those of the exact ones by less than one part in a thousand.
    frequencies: [i8; KEPT],
}

impl Likeness {
    /// The signature of a picture.
    pub fn of(picture: &RgbImage) -> Self {
        let digest = Sha256::new()
            .chain_update(picture.width().to_le_bytes())
            .chain_update(picture.height().to_le_bytes())
            .chain_update(picture.as_raw());
        let grey = grey_square(picture);
        let mean = grey.iter().sum::<f32>() / grey.len() as f32;
        let deviation = (grey.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / grey.len() as f32).sqrt();
        let frequencies = low_frequencies(&grey);
        Self {
            digest: digest.finalize().into(),
            hash: hash(&frequencies),
            is_blank: deviation < BLANK_DEVIATION,
            ratio: picture.width() as f32 / picture.height().max(1) as f32,
            frequencies: in_steps(&frequencies),
        }
    }

    /// The bits in which the hashes of two nearly equal pictures differ; none for pictures that are not nearly equal.
    pub fn distance(&self, other: &Self) -> Option<u32> {
        let bits = (self.hash ^ other.hash).count_ones();
        let stretch = (self.ratio / other.ratio).max(other.ratio / self.ratio);
        if self.is_blank || other.is_blank || bits > MOST_BITS || stretch > MOST_STRETCH {
            return None;
        }
        let correlation = correlation(&self.frequencies(), &other.frequencies());
        let is_near = correlation >= LEAST_CORRELATION
            || (correlation >= LEAST_TO_CROP && (self.is_cropped_to(other) || other.is_cropped_to(self)));
        is_near.then_some(bits)
    }

    fn frequencies(&self) -> [f32; KEPT] {
        self.frequencies.map(f32::from)
    }

    /// Whether a narrow crop of this picture looks like the other one. A crop is taken from what the low frequencies show.
    fn is_cropped_to(&self, other: &Self) -> bool {
        let (shown, looked_for) = (shown(&self.frequencies()), other.frequencies());
        let is_found = |crop| correlation(&low_frequencies(&cropped(&shown, crop)), &looked_for) >= LEAST_CROPPED;
        CROPS.into_iter().any(is_found)
    }
}

/// Numbers as multiples of a 127th of the greatest.
fn in_steps(numbers: &[f32; KEPT]) -> [i8; KEPT] {
    let greatest = numbers.iter().fold(f32::MIN_POSITIVE, |greatest, number| greatest.max(number.abs()));
    numbers.map(|number| (number / greatest * 127.0).round() as i8)
}

/// A square of grey values without some cells at its left, top, right and bottom, stretched to a square again.
fn cropped(grey: &[f32], [left, top, right, bottom]: [usize; 4]) -> Vec<f32> {
    // Of every cell the place of its middle in the whole square, as the cell before it and the share of the next.
    let places = |before: usize, after: usize| {
        let kept = (SIDE - before - after) as f32 / SIDE as f32;
        (0..SIDE).map(move |cell| {
            let middle = (before as f32 + (cell as f32 + 0.5) * kept - 0.5).clamp(0.0, (SIDE - 1) as f32);
            (middle as usize, (middle as usize + 1).min(SIDE - 1), middle.fract())
        })
    };
    let at = |row: usize, column: usize| grey[row * SIDE + column];
    let mut square = Vec::with_capacity(SIDE * SIDE);
    for (above, below, down) in places(top, bottom) {
        for (first, second, across) in places(left, right) {
            let row = |row: usize| at(row, first) * (1.0 - across) + at(row, second) * across;
            square.push(row(above) * (1.0 - down) + row(below) * down);
        }
    }
    square
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The cosine of the angle between two vectors; 0 where one of them has no direction.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(f32::MIN_POSITIVE)
}

/// The picture's grey values, row by row, as means over the cells of a square grid.
fn grey_square(picture: &RgbImage) -> Vec<f32> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    if width == 0 || height == 0 {
        return vec![0.0; SIDE * SIDE];
    }
    // A cell of a picture that is smaller than the grid is the pixel that it lies in.
    let span = |cell: usize, length: usize| {
        let start = cell * length / SIDE;
        start..((cell + 1) * length / SIDE).max(start + 1)
    };
    let pixels = picture.as_raw();
    let mut grey = Vec::with_capacity(SIDE * SIDE);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (rows, columns) = (span(row, height), span(column, width));
            let count = (rows.len() * columns.len()) as f32;
            let mut sum = 0u32;
            for y in rows {
                for pixel in pixels[3 * (y * width + columns.start)..3 * (y * width + columns.end)].chunks_exact(3) {
                    // The weights of red, green and blue in brightness, in thousandths.
                    sum += (299 * u32::from(pixel[0]) + 587 * u32::from(pixel[1]) + 114 * u32::from(pixel[2])) / 1000;
                }
            }
            grey.push(sum as f32 / count);
        }
    }
    grey
}

/// The cosines `[FREQUENCIES, SIDE]` of the transform.
static COSINES: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let angle = |frequency: usize, place: usize| PI * frequency as f32 * (place as f32 + 0.5) / SIDE as f32;
    (0..FREQUENCIES).flat_map(|frequency| (0..SIDE).map(move |place| angle(frequency, place).cos())).collect()
});

/// Frequencies in both directions, the lowest first, without the constant one.
static ORDER: LazyLock<Vec<(usize, usize)>> = LazyLock::new(|| {
    let mut order: Vec<(usize, usize)> =
        (0..FREQUENCIES).flat_map(|down| (0..FREQUENCIES).map(move |across| (down, across))).skip(1).collect();
    order.sort_by_key(|&(down, across)| (down + across, down));
    order
});

/// The low frequencies of a square of grey values without the constant one, in [`ORDER`].
fn low_frequencies(grey: &[f32]) -> [f32; KEPT] {
    let waves: Vec<&[f32]> = COSINES.chunks_exact(SIDE).collect();
    // First along the rows, then along the columns of what that gives.
    let rows: Vec<Vec<f32>> =
        waves.iter().map(|wave| grey.chunks_exact(SIDE).map(|row| dot(row, wave)).collect()).collect();
    std::array::from_fn(|place| {
        let (down, across) = ORDER[place];
        dot(&rows[across], waves[down])
    })
}

/// The square of grey values, up to their mean and contrast, of which these are the low frequencies and no others are known.
fn shown(frequencies: &[f32; KEPT]) -> Vec<f32> {
    let waves: Vec<&[f32]> = COSINES.chunks_exact(SIDE).collect();
    // Per frequency across the values along the columns, then the rows of all of them. The constant wave counts half.
    let share = |frequency: usize| if frequency == 0 { 0.5 } else { 1.0 };
    let mut columns = vec![[0.0f32; SIDE]; FREQUENCIES];
    for (&value, &(down, across)) in frequencies.iter().zip(ORDER.iter()) {
        let value = value * share(down) * share(across);
        columns[across].iter_mut().zip(waves[down]).for_each(|(sum, wave)| *sum += value * wave);
    }
    let mut square = vec![0.0; SIDE * SIDE];
    for (column, wave) in columns.iter().zip(&waves) {
        for (row, &height) in square.chunks_exact_mut(SIDE).zip(column) {
            row.iter_mut().zip(*wave).for_each(|(sum, wave)| *sum += height * wave);
        }
    }
    square
}

/// The signs of the 64 lowest frequencies against their median.
fn hash(frequencies: &[f32; KEPT]) -> u64 {
    let lowest = &frequencies[..64];
    let mut sorted = lowest.to_vec();
    sorted.sort_by(f32::total_cmp);
    let median = (sorted[31] + sorted[32]) / 2.0;
    lowest.iter().enumerate().fold(0, |hash, (bit, &value)| hash | (u64::from(value > median) << bit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_image::rescale_shorter_side;

    /// A picture of soft spots, which differ with the seed.
    fn picture(seed: u32, width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
            let wave = |number: u32| {
                let number = (seed * 7919 + number * 104_729) % 1000;
                let (a, b, c) = (number % 5, number / 5 % 5, number / 25);
                (PI * (a as f32 * x + b as f32 * y) + c as f32).cos()
            };
            let value = 128.0 + 20.0 * (0..6).map(wave).sum::<f32>();
            [value as u8, (0.8 * value) as u8, (0.6 * value) as u8].into()
        })
    }

    fn cut(picture: &RgbImage, share: f32) -> RgbImage {
        let margin = |length: u32| (length as f32 * share) as u32;
        let (left, top) = (margin(picture.width()), margin(picture.height()));
        RgbImage::from_fn(picture.width() - 2 * left, picture.height() - 2 * top, |x, y| {
            *picture.get_pixel(x + left, y + top)
        })
    }

    #[test]
    fn what_hardly_changes_a_picture_leaves_it_near() {
        for seed in 0..5 {
            let whole = picture(seed, 640, 448);
            let likeness = Likeness::of(&whole);
            let mut brighter = whole.clone();
            brighter.iter_mut().for_each(|value| *value = value.saturating_add(20));
            for (what, changed) in
                [("smaller", rescale_shorter_side(&whole, 150)), ("cropped", cut(&whole, 0.03)), ("brighter", brighter)]
            {
                let changed = Likeness::of(&changed);
                assert_ne!(changed.digest, likeness.digest);
                let bits = likeness.distance(&changed);
                assert!(bits.is_some_and(|bits| bits <= MOST_BITS), "{seed} {what}: {bits:?}");
                assert_eq!(changed.distance(&likeness), bits);
            }
        }
    }

    #[test]
    fn a_signature_is_small_and_shows_what_it_was_made_of() {
        // Two hundred thousand pictures take some 60 MB.
        assert!(size_of::<Option<Likeness>>() <= 320, "{}", size_of::<Option<Likeness>>());
        let grey = grey_square(&picture(3, 640, 448));
        let frequencies = low_frequencies(&grey);
        let again = low_frequencies(&shown(&frequencies));
        assert!(correlation(&frequencies, &again) > 0.99999);
        let kept = in_steps(&frequencies).map(f32::from);
        assert!(correlation(&frequencies, &kept) > 0.999);
        // The picture has soft forms alone, so the square that is shown is the square itself, but for its mean.
        let mean = |square: &[f32]| square.iter().sum::<f32>() / square.len() as f32;
        let (mean, shown) = (mean(&grey), shown(&frequencies));
        let around: Vec<f32> = grey.iter().map(|value| value - mean).collect();
        assert!(correlation(&around, &shown) > 0.999);
    }

    #[test]
    fn other_pictures_blank_ones_and_other_shapes_are_not_near() {
        let likeness = Likeness::of(&picture(1, 640, 448));
        assert_eq!(likeness.distance(&Likeness::of(&picture(2, 640, 448))), None);
        assert_eq!(likeness.distance(&Likeness::of(&picture(1, 640, 640))), None);
        let blank = Likeness::of(&RgbImage::from_pixel(448, 448, [250, 250, 250].into()));
        assert!(blank.is_blank && !likeness.is_blank);
        assert_eq!(blank.distance(&blank), None);
        assert_eq!(Likeness::of(&picture(1, 640, 448)), likeness);
    }
}
