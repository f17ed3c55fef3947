//! Small pictures for pages: an image file as a JPEG data address.
//!
//! A file that cannot be shown is no error here, because the page has a placeholder for it.

use std::path::Path;

use base64::Engine;
use image::RgbImage;
use silknow_image::{SmallPicture, scaled_down};

use crate::glow::{PlaceShares, glowing};

/// A small picture inside a page.
pub(crate) struct Thumbnail {
    /// `data:image/jpeg;base64,…`
    pub address: String,
    pub width_px: u32,
    pub height_px: u32,
}

impl Thumbnail {
    /// The picture of a file, scaled down until no side is longer than `longest_side_px`; none where the file is
    /// missing or not an image.
    pub(crate) fn of(path: &Path, longest_side_px: u32) -> Option<Self> {
        Self::encoded(&scaled(path, longest_side_px)?)
    }

    /// As [`of`](Self::of), in grey, glowing where the shares are.
    pub(crate) fn glowing(path: &Path, longest_side_px: u32, shares: &PlaceShares) -> Option<Self> {
        Self::encoded(&glowing(&scaled(path, longest_side_px)?, shares))
    }

    fn encoded(picture: &RgbImage) -> Option<Self> {
        let SmallPicture { jpeg, width_px, height_px } = SmallPicture::encoded(picture).ok()?;
        let base64 = base64::engine::general_purpose::STANDARD.encode(jpeg);
        Some(Self { address: format!("data:image/jpeg;base64,{base64}"), width_px, height_px })
    }
}

/// The picture of a file, scaled down until no side is longer than `longest_side_px`.
fn scaled(path: &Path, longest_side_px: u32) -> Option<RgbImage> {
    Some(scaled_down(&silknow_image::decode(path).ok()?, longest_side_px))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_scaled_and_transparency_is_white() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clear.png");
        image::RgbaImage::from_pixel(400, 200, image::Rgba([0, 0, 0, 0])).save(&path).unwrap();
        let thumbnail = Thumbnail::of(&path, 100).unwrap();
        assert_eq!((thumbnail.width_px, thumbnail.height_px), (100, 50));
        let jpeg = thumbnail.address.strip_prefix("data:image/jpeg;base64,").unwrap();
        let jpeg = base64::engine::general_purpose::STANDARD.decode(jpeg).unwrap();
        let pixels = image::load_from_memory(&jpeg).unwrap().into_rgb8();
        assert!(pixels.pixels().all(|pixel| pixel.0.iter().all(|&channel| channel > 250)));
    }

    #[test]
    fn what_is_no_picture_has_no_thumbnail() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.jpg");
        std::fs::write(&path, "<html>not found</html>").unwrap();
        assert!(Thumbnail::of(&path, 100).is_none());
        assert!(Thumbnail::of(&folder.path().join("absent.jpg"), 100).is_none());
    }
}
