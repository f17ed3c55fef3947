//! Small pictures for pages, as JPEG.

use image::codecs::jpeg::JpegEncoder;
use image::{RgbImage, imageops};
use silknow_errors::{Error, Result};

/// JPEG quality: no visible fault at this size, a fifth of the bytes of the best.
const QUALITY: u8 = 82;

/// A picture for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallPicture {
    /// The content of a JPEG file.
    pub jpeg: Vec<u8>,
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
}

impl SmallPicture {
    /// A picture, [scaled down](scaled_down) until no side is longer than `longest_side_px`.
    ///
    /// # Errors
    /// As for [`encoded`](Self::encoded).
    pub fn of(whole: &RgbImage, longest_side_px: u32) -> Result<Self> {
        Self::encoded(&scaled_down(whole, longest_side_px))
    }

    /// A picture in its own size.
    ///
    /// # Errors
    /// A picture that JPEG cannot hold, because a side is longer than 65,535 px or has no pixels.
    pub fn encoded(picture: &RgbImage) -> Result<Self> {
        let mut jpeg = Vec::new();
        picture
            .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY))
            .map_err(|cause| Error::data("the picture cannot be written as JPEG").caused_by(cause))?;
        Ok(Self { jpeg, width_px: picture.width(), height_px: picture.height() })
    }
}

/// A picture, scaled down until no side is longer than `longest_side_px`; one that is small already keeps its size.
pub fn scaled_down(whole: &RgbImage, longest_side_px: u32) -> RgbImage {
    let longest = whole.width().max(whole.height()).max(1);
    let shrink = (f64::from(longest_side_px) / f64::from(longest)).min(1.0);
    let side = |length_px: u32| (f64::from(length_px) * shrink).round().max(1.0) as u32;
    imageops::thumbnail(whole, side(whole.width()), side(whole.height()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_scaled_down_and_never_up() {
        let whole = RgbImage::from_pixel(400, 200, image::Rgb([200, 30, 30]));
        let small = SmallPicture::of(&whole, 100).unwrap();
        assert_eq!((small.width_px, small.height_px), (100, 50));
        let decoded = crate::decode_bytes(&small.jpeg).unwrap();
        assert_eq!(decoded.dimensions(), (100, 50));
        let same = SmallPicture::of(&whole, 1000).unwrap();
        assert_eq!((same.width_px, same.height_px), (400, 200));
    }
}
