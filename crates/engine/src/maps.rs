//! Feature maps of several images in memory: pixel after pixel, the channels of one pixel side by side.
//!
//! With the channels side by side every convolution is a matrix product whose rows lie in memory as they are, and a
//! pixel's channels are read once and in order.

use crate::numbers::Precision;

/// Words in a cache line; also the widest register.
const LINE: usize = 16;

/// Rows a power of two apart fall into the same few sets of the first cache level and push each other out. From
/// this many words on, pixels are moved one cache line further apart.
const WORDS_THAT_COLLIDE: usize = 512;

/// Height, width and channels of one image's maps, and the format of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    pub(crate) precision: Precision,
}

impl Shape {
    /// Pixels of one image.
    pub(crate) fn pixels(self) -> usize {
        self.height * self.width
    }

    /// Words from one pixel to the next.
    pub(crate) fn pitch(self) -> usize {
        let words = self.channels / self.precision.per_word();
        if words < WORDS_THAT_COLLIDE { words } else { words + LINE }
    }
}

/// Words whose first lies on a cache line, so that no register's load crosses two.
#[derive(Default)]
pub(crate) struct Aligned {
    values: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// `len` words; what was there stays where it fits, the rest is zero or old.
    pub(crate) fn resize(&mut self, len: usize) {
        if self.values.len() < len + LINE {
            self.values = vec![0.0; len + LINE];
            self.start = self.values.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        }
        self.len = len;
    }

    pub(crate) fn as_slice(&self) -> &[f32] {
        &self.values[self.start..self.start + self.len]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.len]
    }
}

/// The maps of `images` images, and behind them one pixel of zeros that stands for everything outside the border.
pub(crate) struct Maps {
    values: Aligned,
    images: usize,
    shape: Shape,
}

impl Default for Maps {
    fn default() -> Self {
        let shape = Shape { height: 0, width: 0, channels: 0, precision: Precision::Single };
        Self { values: Aligned::default(), images: 0, shape }
    }
}

impl Maps {
    /// Makes room for images of another shape. Their values are unspecified until written.
    pub(crate) fn reset(&mut self, images: usize, shape: Shape) {
        (self.images, self.shape) = (images, shape);
        self.values.resize(self.zeros() + shape.pitch());
        let zeros = self.zeros();
        self.values.as_mut_slice()[zeros..].fill(0.0);
    }

    pub(crate) fn images(&self) -> usize {
        self.images
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// Pixels of all images.
    pub(crate) fn pixels(&self) -> usize {
        self.images * self.shape.pixels()
    }

    /// Where the pixel of zeros begins.
    pub(crate) fn zeros(&self) -> usize {
        self.pixels() * self.shape.pitch()
    }

    /// All words, the pixel of zeros last.
    pub(crate) fn values(&self) -> &[f32] {
        self.values.as_slice()
    }

    /// The words of all pixels.
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        let zeros = self.zeros();
        &mut self.values.as_mut_slice()[..zeros]
    }

    /// The words of the pixels of some images, in order.
    pub(crate) fn images_values(&self, first: usize, images: usize) -> &[f32] {
        let len = self.shape.pixels() * self.shape.pitch();
        &self.values()[first * len..(first + images) * len]
    }

    /// The same, to be written.
    pub(crate) fn images_values_mut(&mut self, first: usize, images: usize) -> &mut [f32] {
        let len = self.shape.pixels() * self.shape.pitch();
        &mut self.values_mut()[first * len..(first + images) * len]
    }
}

/// Where a pixel begins whose row and column count from the first of `padding_px` rows and columns of zeros.
///
/// # Panics
/// When the maps have more numbers than an offset can name.
pub(crate) fn padded_offset(
    maps: &Maps,
    shape: Shape,
    image: usize,
    row: usize,
    column: usize,
    padding_px: usize,
) -> u32 {
    let inside = |position: usize, len: usize| position.checked_sub(padding_px).filter(|&position| position < len);
    let offset = match (inside(row, shape.height), inside(column, shape.width)) {
        (Some(row), Some(column)) => ((image * shape.height + row) * shape.width + column) * shape.pitch(),
        _ => maps.zeros(),
    };
    u32::try_from(offset).expect("a group of images has less than 2^32 numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_begin_on_a_cache_line_and_end_in_zeros() {
        let mut maps = Maps::default();
        for channels in [64, 512] {
            let shape = Shape { height: 3, width: 5, channels, precision: Precision::Single };
            maps.reset(2, shape);
            maps.values_mut().fill(1.0);
            maps.reset(1, shape);
            assert_eq!(maps.values().as_ptr() as usize % 64, 0);
            assert!(maps.values()[maps.zeros()..].iter().all(|&value| value == 0.0));
            assert!(maps.values().len() >= maps.zeros() + channels);
        }
    }
}
