//! A picture in grey, glowing where its similarity to another comes from.

use image::{Rgb, RgbImage};

/// What the places of a picture add to its similarity to another.
///
/// The places are those of a grid over the square in the middle of the picture, which is what the network sees.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceShares {
    /// Rows of the grid, at least 1.
    pub rows: usize,
    /// Columns of the grid, at least 1.
    pub columns: usize,
    /// `[rows, columns]`, row by row; together the similarity. Some may be negative.
    pub values: Vec<f32>,
}

/// The colour of the glow: orange tells itself from grey in any picture, to colour-blind people too.
const GLOW: [f32; 3] = [255.0, 120.0, 0.0];

/// How much of the colour a place has that adds most.
const STRONGEST: f32 = 0.75;

/// The darkest grey: dark paintings would hide the glow.
const DARKEST: f32 = 40.0;

/// Places that differ from the even share by less than this part of it are not driven apart to the ends of the scale.
const LEAST_SPREAD: f32 = 0.25;

/// The picture in grey with the glow of the shares.
pub(crate) fn glowing(picture: &RgbImage, shares: &PlaceShares) -> RgbImage {
    let light = Light::new(shares);
    let (width, height) = picture.dimensions();
    let side = width.min(height) as f32;
    let [left, top] = [(width as f32 - side) / 2.0, (height as f32 - side) / 2.0];
    RgbImage::from_fn(width, height, |x, y| {
        let [across, down] = [(x as f32 + 0.5 - left) / side, (y as f32 + 0.5 - top) / side];
        lit(picture.get_pixel(x, y), light.at(across, down))
    })
}

/// A pixel with this much glow, from 0 to 1.
fn lit(pixel: &Rgb<u8>, light: f32) -> Rgb<u8> {
    let [red, green, blue] = pixel.0.map(f32::from);
    let grey = DARKEST + (0.299 * red + 0.587 * green + 0.114 * blue) * (255.0 - DARKEST) / 255.0;
    // The picture stays to be seen in the glow.
    let glow = |colour: f32| colour * (0.4 + 0.6 * grey / 255.0);
    Rgb(GLOW.map(|colour| (grey + (glow(colour) - grey) * STRONGEST * light).round() as u8))
}

/// How bright every place glows, from 0 to 1: one that adds the even share by half.
struct Light<'a> {
    shares: &'a PlaceShares,
    even: f32,
    /// The difference from the even share that leads to an end of the scale.
    spread: f32,
}

impl<'a> Light<'a> {
    fn new(shares: &'a PlaceShares) -> Self {
        let even = shares.values.iter().sum::<f32>() / shares.values.len() as f32;
        let largest = shares.values.iter().map(|value| (value - even).abs()).fold(0.0, f32::max);
        Self { shares, even, spread: largest.max(LEAST_SPREAD * even.abs()).max(f32::MIN_POSITIVE) }
    }

    /// The light at a point of the square, of which both coordinates lie in `[0, 1]`; none outside.
    fn at(&self, across: f32, down: f32) -> f32 {
        let is_seen = (0.0..=1.0).contains(&across) && (0.0..=1.0).contains(&down);
        if !is_seen {
            return 0.0;
        }
        let PlaceShares { rows, columns, values } = self.shares;
        let (row, next_row, below) = between(down, *rows);
        let (column, next_column, beside) = between(across, *columns);
        let value = |row: usize, column: usize| values[row * columns + column];
        let above = value(row, column) * (1.0 - beside) + value(row, next_column) * beside;
        let under = value(next_row, column) * (1.0 - beside) + value(next_row, next_column) * beside;
        let value = above * (1.0 - below) + under * below;
        (0.5 + 0.5 * (value - self.even) / self.spread).clamp(0.0, 1.0)
    }
}

/// The two of `count` places whose middles a point in `[0, 1]` lies between, and how far it is from the first to the second.
fn between(point: f32, count: usize) -> (usize, usize, f32) {
    let position = (point * count as f32 - 0.5).clamp(0.0, (count - 1) as f32);
    let first = position.floor();
    (first as usize, (first as usize + 1).min(count - 1), position - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRIGHT: Rgb<u8> = Rgb([200, 100, 50]);

    fn shares(rows: usize, columns: usize, values: &[f32]) -> PlaceShares {
        PlaceShares { rows, columns, values: values.to_vec() }
    }

    /// How orange a pixel is.
    fn glow(pixel: &Rgb<u8>) -> i32 {
        i32::from(pixel.0[0]) - i32::from(pixel.0[2])
    }

    #[test]
    fn the_place_that_adds_most_glows_and_one_that_speaks_against_is_grey() {
        let picture = RgbImage::from_pixel(80, 40, BRIGHT);
        let found = glowing(&picture, &shares(1, 2, &[0.9, -0.2]));
        // The square is 20 to 60 across; the middles of its places are at 30 and 50.
        let at = |x: u32| glow(found.get_pixel(x, 20));
        assert!(at(22) > 100, "{}", at(22));
        assert_eq!(at(58), 0);
        assert_eq!(found.get_pixel(58, 20), found.get_pixel(5, 20), "outside the square nothing is seen");
        assert!(at(38) < at(22) && at(38) > 0, "{}", at(38));
    }

    #[test]
    fn a_picture_that_is_alike_all_over_glows_by_half_all_over() {
        let picture = RgbImage::from_pixel(30, 30, BRIGHT);
        let found = glowing(&picture, &shares(3, 3, &[0.1; 9]));
        assert!(found.pixels().all(|pixel| pixel == found.get_pixel(0, 0)));
        let most = glowing(&picture, &shares(1, 1, &[0.1]));
        assert_eq!(most.get_pixel(3, 3), found.get_pixel(3, 3));
        let nothing = glowing(&picture, &shares(3, 3, &[0.0; 9]));
        assert_eq!(nothing.get_pixel(15, 15), nothing.get_pixel(0, 0));
    }
}
