//! The image pipeline: what happens to a picture before a network sees it.
//!
//! The order of the steps and the layout of the result are decided here. The pipeline belongs to a model and is stored
//! with it, so that training, indexing and searching see the same pixels.

use image::RgbImage;
use rand::Rng;
use serde::{Deserialize, Serialize};
use silknow_config::Augmentation;

use crate::augmentation::{Draw, add_noise, view_rng};
use crate::resampling::{Square, resample};
use crate::toolbox;

/// Input size and normalisation of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Side of the square that the network sees, in pixels.
    pub input_size: usize,
    /// Mean of red, green and blue, on the scale [0, 1].
    pub mean: [f32; 3],
    /// Standard deviation of red, green and blue, on the scale [0, 1].
    pub std: [f32; 3],
    /// How a picture becomes a square.
    #[serde(default, skip_serializing_if = "Pixels::are_ours")]
    pub pixels: Pixels,
}

/// How a picture becomes the square that a network sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pixels {
    /// Centre crop and antialiased resize.
    #[default]
    Ours,
    /// As the Python toolbox did it, for models and indexes that it made: blurred, cropped, and resized without half-pixel
    /// centres.
    Toolbox,
}

impl Default for Pipeline {
    /// 224 px and the mean and deviation of ImageNet.
    fn default() -> Self {
        Self { input_size: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], pixels: Pixels::Ours }
    }
}

impl Pixels {
    /// True for those that files need not mention, because they are what every model had before there were others.
    pub fn are_ours(&self) -> bool {
        *self == Self::Ours
    }
}

/// How an image is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// As it is.
    Plain,
    /// Augmented; the number tells the views of one image apart.
    Augmented(u64),
}

impl Pipeline {
    /// Number of values that an image becomes: 3 x `input_size` x `input_size`.
    pub fn values_per_image(&self) -> usize {
        3 * self.input_size * self.input_size
    }

    /// Centre crop to the square, antialiased bilinear resize, scale to [0, 1], normalise; with [`Pixels::Toolbox`] its
    /// steps in place of crop and resize.
    ///
    /// `out` receives `[3, input_size, input_size]` values: red, green, blue, each row by row. They equal
    /// Pillow's `resize` of the centre crop to within 1/255 before the normalisation.
    ///
    /// # Panics
    /// When `out` is not [`values_per_image`](Self::values_per_image) long or the image has no pixels.
    pub fn plain(&self, image: &RgbImage, out: &mut [f32]) {
        self.resample(image, 1.0, out);
        self.normalise(out);
    }

    /// An augmented view: central crop by a drawn share and resize back (one resampling from the original),
    /// quarter turn, flips, shear and rotation, brightness, contrast, saturation and hue, Gaussian noise,
    /// clipping to [0, 1], normalisation. For `out` see [`plain`](Self::plain).
    ///
    /// # Panics
    /// As [`plain`](Self::plain).
    pub fn augmented(&self, image: &RgbImage, augmentation: &Augmentation, rng: &mut impl Rng, out: &mut [f32]) {
        let draw = Draw::new(augmentation, rng);
        self.resample(image, draw.crop, out);
        draw.apply(out, &mut vec![0.0; out.len()], self.input_size);
        if augmentation.gaussian_noise > 0.0 {
            add_noise(out, augmentation.gaussian_noise, rng);
        }
        for value in &mut *out {
            *value = value.clamp(0.0, 1.0);
        }
        self.normalise(out);
    }

    /// The view of an image, augmented with the random numbers of ([`seed`, `identity`, view](view_rng)).
    ///
    /// # Panics
    /// As [`plain`](Self::plain).
    pub fn view(
        &self,
        image: &RgbImage,
        view: View,
        augmentation: &Augmentation,
        seed: u64,
        identity: &str,
        out: &mut [f32],
    ) {
        match view {
            View::Plain => self.plain(image, out),
            View::Augmented(number) => {
                self.augmented(image, augmentation, &mut view_rng(seed, identity, number), out);
            }
        }
    }

    fn resample(&self, image: &RgbImage, share: f32, out: &mut [f32]) {
        assert_eq!(out.len(), self.values_per_image(), "the place for an image has the size of the pipeline");
        match self.pixels {
            Pixels::Ours => resample(image, Square::in_the_middle(image), f64::from(share), self.input_size, out),
            Pixels::Toolbox => toolbox::resample(image, f64::from(share), self.input_size, out),
        }
    }

    fn normalise(&self, out: &mut [f32]) {
        let area = self.input_size * self.input_size;
        for ((channel, mean), deviation) in out.chunks_exact_mut(area).zip(self.mean).zip(self.std) {
            for value in channel {
                *value = (*value - mean) / deviation;
            }
        }
    }
}
