//! Rescaling for a collection's folder, and writing the result.
//!
//! The filter and the sizes are decided here; the dataset crate decides which images are rescaled and how they are named.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageError, RgbImage};
use silknow_errors::{Error, Result};
use silknow_files as files;

/// The shorter side of the images in a collection's folder, in pixels.
pub const COLLECTION_SHORTER_SIDE_PX: u32 = 448;

/// The longest side that rescaling makes, in pixels: just below what a JPEG file can hold.
pub const LONGEST_SIDE_PX: u32 = 65_500;

const JPEG_QUALITY: u8 = 95;

/// The image with its shorter side `shorter_side_px` long, the aspect ratio kept, no side below 1 px.
///
/// A very long image (1 x 10,000) gets a shorter side that is less, so that the longer one stays within
/// [`LONGEST_SIDE_PX`]. The filter is Lanczos with three lobes, widened when shrinking (antialiased): the
/// picture is kept for the eye as well as for the network, and it keeps the weave's fine lines best.
///
/// # Panics
/// When `shorter_side_px` or a side of the image is 0.
pub fn rescale_shorter_side(image: &RgbImage, shorter_side_px: u32) -> RgbImage {
    let (width, height) = image.dimensions();
    assert!(shorter_side_px > 0 && width > 0 && height > 0, "an image without pixels cannot be rescaled");
    let shorter = f64::from(width.min(height));
    let longer = f64::from(width.max(height));
    let factor = (f64::from(shorter_side_px) / shorter).min(f64::from(LONGEST_SIDE_PX) / longer);
    let scaled = |side: u32| ((f64::from(side) * factor).round() as u32).max(1);
    let (new_width, new_height) = (scaled(width), scaled(height));
    let mut result = RgbImage::new(new_width, new_height);
    let source = TypedImageRef::<U8x3>::from_buffer(width, height, image).expect("three bytes for every pixel");
    let mut target =
        TypedImage::<U8x3>::from_buffer(new_width, new_height, &mut result).expect("three bytes for every pixel");
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    // Not `resize`, which compiles the filters for every type of pixel: that takes minutes.
    Resizer::new().resize_typed(&source, &mut target, &options).expect("both images have pixels");
    result
}

/// Writes an image as a whole or not at all: as PNG where the name ends in `.png`, as JPEG of quality 95
/// where it ends in `.jpg` or `.jpeg`.
///
/// # Errors
/// Another ending, a file that cannot be written, an image too long for JPEG.
pub fn save(image: &RgbImage, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let encode = encoder_for(image, path)?;
    files::write_with(path, encode)
}

/// As [`save`], as one of many files that take their names together.
///
/// # Errors
/// As for [`save`].
pub fn save_in_batch(image: &RgbImage, path: impl AsRef<Path>, batch: &files::Batch) -> Result<()> {
    let path = path.as_ref();
    let encode = encoder_for(image, path)?;
    batch.write_with(path, encode)
}

/// What encodes an image in the format that a file's name says.
fn encoder_for<'a>(
    image: &'a RgbImage,
    path: &'a Path,
) -> Result<impl FnOnce(&mut BufWriter<&File>) -> Result<()> + 'a> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let as_png = match ending.as_deref() {
        Some("png") => true,
        Some("jpg" | "jpeg") => false,
        _ => {
            return Err(Error::configuration(format!(
                "cannot tell the image format from the name `{}`",
                path.display()
            ))
            .hint("let the name end in .jpg or .png"));
        }
    };
    Ok(move |file: &mut BufWriter<&File>| {
        let written = if as_png { encode(image, PngEncoder::new(file)) } else { encode(image, jpeg(file)) };
        written.map_err(|error| match error {
            ImageError::IoError(cause) => files::refused("cannot write", path, cause),
            cause => Error::data("the image cannot be encoded").in_file(path).caused_by(cause),
        })
    })
}

fn jpeg<W: Write>(file: W) -> JpegEncoder<W> {
    JpegEncoder::new_with_quality(file, JPEG_QUALITY)
}

fn encode(image: &RgbImage, encoder: impl ImageEncoder) -> Result<(), ImageError> {
    encoder.write_image(image.as_raw(), image.width(), image.height(), ExtendedColorType::Rgb8)
}
