//! Turning a picture as its file says.

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

/// The picture as it is to be seen.
pub(crate) fn turned(image: RgbImage, orientation: Orientation) -> RgbImage {
    let mut image = DynamicImage::from(image);
    image.apply_orientation(orientation);
    image.into_rgb8()
}
