//! The pixels that the Python toolbox fed its network: blurred, cropped in its way, and resized without half-pixel centres.
//!
//! An imported index answers queries as the toolbox did only where the queries have passed the same steps.

use image::RgbImage;

/// The picture as the toolbox saw it, `size` x `size` pixels.
///
/// `planes` receives red, green and blue one after the other, row by row, scaled to [0, 1]; of the toolbox's square the
/// central part is taken, `share` (in (0, 1]) of each side.
pub(crate) fn resample(image: &RgbImage, share: f64, size: usize, planes: &mut [f32]) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let shorter = width.min(height);
    // The toolbox cut one pixel more than it needed from pictures that are not square.
    let side = if width == height { shorter } else { (shorter - 1).max(1) };
    let (left, top) = (width / 2 - shorter / 2, height / 2 - shorter / 2);
    let kernel = if width.max(height) > size { gaussian(height as f64 / size as f64) } else { vec![1.0] };
    let margin = side as f64 * (1.0 - share) / 2.0;
    let positions: Vec<Position> = (0..size)
        .map(|target| Position::of(margin + target as f64 * (side as f64 * share / size as f64), side))
        .collect();
    // A row of the result needs two rows of the picture, blurred along the columns, and neighbours often the same.
    let mut rows: Vec<(usize, Vec<f32>)> = Vec::new();
    let area = size * size;
    for (target, position) in positions.iter().enumerate() {
        let needed = [top + position.first, top + position.second];
        rows.retain(|(row, _)| needed.contains(row));
        for row in needed {
            if !rows.iter().any(|(kept, _)| *kept == row) {
                rows.push((row, blurred_row(image, row, left, side, &kernel)));
            }
        }
        let of = |row: usize| {
            let found = rows.iter().find(|(kept, _)| *kept == row);
            found.map(|(_, values)| values.as_slice()).unwrap_or_default()
        };
        let (upper, lower) = (of(needed[0]), of(needed[1]));
        for (column, across) in positions.iter().enumerate() {
            for channel in 0..3 {
                let between = |row: &[f32]| {
                    let (first, second) = (row[3 * across.first + channel], row[3 * across.second + channel]);
                    first + (second - first) * across.share
                };
                let (upper, lower) = (between(upper), between(lower));
                planes[channel * area + target * size + column] = (upper + (lower - upper) * position.share) / 255.0;
            }
        }
    }
}

/// Between which two source pixels a target pixel lies.
struct Position {
    first: usize,
    second: usize,
    /// The part of the second.
    share: f32,
}

impl Position {
    fn of(source: f64, length: usize) -> Self {
        let first = (source as usize).min(length - 1);
        Self { first, second: (first + 1).min(length - 1), share: (source - first as f64) as f32 }
    }
}

/// The factors of a Gaussian blur of this deviation, in pixels, which sum to 1.
fn gaussian(sigma: f64) -> Vec<f32> {
    // The toolbox counted so: a number of taps on either side that is odd.
    let reach = (6.0 * sigma) as i32 | 1;
    let weights: Vec<f64> = (-reach..=reach).map(|tap| (-f64::from(tap * tap) / (2.0 * sigma * sigma)).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| (weight / total) as f32).collect()
}

/// `side` pixels of a row from `left` on, blurred along rows and columns. Outside the picture all is 0.
fn blurred_row(image: &RgbImage, row: usize, left: usize, side: usize, kernel: &[f32]) -> Vec<f32> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let reach = kernel.len() / 2;
    let stride = 3 * width;
    let mut column_sums = vec![0f32; stride];
    for (tap, &factor) in kernel.iter().enumerate() {
        let Some(from) = (row + tap).checked_sub(reach).filter(|&from| from < height) else { continue };
        for (sum, &value) in column_sums.iter_mut().zip(&image.as_raw()[from * stride..][..stride]) {
            *sum += factor * f32::from(value);
        }
    }
    let mut values = vec![0f32; 3 * side];
    for (column, value) in values.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        for (tap, &factor) in kernel.iter().enumerate() {
            let Some(from) = (left + column + tap).checked_sub(reach).filter(|&from| from < width) else { continue };
            for (sum, pixel) in value.iter_mut().zip(&column_sums[3 * from..][..3]) {
                *sum += factor * pixel;
            }
        }
    }
    values
}
