//! From the bytes of an image file to upright RGB pixels.
//!
//! Owns what is accepted (JPEG, PNG, TIFF, WebP, GIF, BMP, told by their content and not by name), the
//! limits against bombs, and the wording of what is wrong with a file. Colour profiles are not applied.

use std::io::Cursor;
use std::path::Path;

use image::error::{LimitError, LimitErrorKind};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage};
use silknow_errors::{Error, Result};
use silknow_files as files;

use crate::truncation::jpeg_is_cut;

/// The most pixels an image may have: 200 megapixels.
pub const MAX_PIXELS: u64 = 200_000_000;

/// The most bytes a decoder may ask for: [`MAX_PIXELS`] in the widest layout, with room for its tables.
const MAX_DECODER_BYTES: u64 = 2 << 30;

const FORMATS: [(ImageFormat, &str); 6] = [
    (ImageFormat::Jpeg, "JPEG"),
    (ImageFormat::Png, "PNG"),
    (ImageFormat::Tiff, "TIFF"),
    (ImageFormat::WebP, "WebP"),
    (ImageFormat::Gif, "GIF"),
    (ImageFormat::Bmp, "BMP"),
];

/// Decodes an image file to 8-bit RGB, upright.
///
/// The content decides the format, whatever the name. The first frame of an animation counts; the EXIF
/// orientation is applied; alpha is laid on white; 16-bit values are scaled; CMYK is converted as Pillow
/// does.
///
/// # Errors
/// Naming the file: it cannot be read, is empty, is cut or damaged, is no image, is of an unsupported kind,
/// or has more than [`MAX_PIXELS`].
pub fn decode(path: impl AsRef<Path>) -> Result<RgbImage> {
    let path = path.as_ref();
    decode_bytes(&files::read(path)?).map_err(|error| error.in_file(path))
}

/// Decodes an image from the bytes of its file; see [`decode`]. Errors name no file.
pub fn decode_bytes(bytes: &[u8]) -> Result<RgbImage> {
    let (format, name) = recognise(bytes)?;
    if format == ImageFormat::Jpeg && jpeg_is_cut(bytes) {
        return Err(Error::data("the JPEG image is cut: its end is missing").hint(FETCH_AGAIN));
    }
    let failed = |error: ImageError| explain(error, name);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    check_size(decoder.dimensions())?;
    // Metadata that cannot be read leaves the picture as it is stored.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    image.apply_orientation(orientation);
    Ok(to_rgb(image))
}

/// Checks that the bytes of a file begin as an image of a known format does, without decoding it: what a server sends
/// in an image's place (a page of HTML, nothing at all) is found at once. See [`decode_bytes`] for the rest.
///
/// # Errors
/// An empty file, a page, an unknown or unsupported format. They name no file.
pub fn check_format(bytes: &[u8]) -> Result<()> {
    recognise(bytes).map(drop)
}

const FETCH_AGAIN: &str = "fetch or copy the file again";

/// The format that the content shows, with its name.
fn recognise(bytes: &[u8]) -> Result<(ImageFormat, &'static str)> {
    if bytes.is_empty() {
        return Err(Error::data("the file is empty").hint(FETCH_AGAIN));
    }
    match image::guess_format(bytes) {
        Ok(found) => FORMATS
            .into_iter()
            .find(|(format, _)| *format == found)
            .ok_or_else(|| Error::data(format!("{found:?} images are not supported")).hint(CONVERT)),
        Err(_) if is_markup(bytes) => {
            Err(Error::data("a page of HTML or XML, not an image").hint("look at the address in a browser"))
        }
        Err(_) => Err(Error::data("not an image of a known format").hint(CONVERT)),
    }
}

const CONVERT: &str = "convert it to JPEG, PNG, TIFF, WebP, GIF or BMP";

/// True for text that opens with a tag, after white space and a byte-order mark.
fn is_markup(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    text.trim_ascii_start().first() == Some(&b'<')
}

fn check_size((width, height): (u32, u32)) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Error::data(format!("an image of {width} x {height} pixels has nothing to show")));
    }
    if pixels > MAX_PIXELS {
        return Err(Error::data(format!(
            "an image of {width} x {height} pixels is above the limit of {} megapixels",
            MAX_PIXELS / 1_000_000
        ))
        .hint("make it smaller with an image editor"));
    }
    Ok(())
}

/// Puts a decoder's refusal into words.
fn explain(error: ImageError, name: &str) -> Error {
    match error {
        ImageError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            Error::data(format!("the {name} image is cut: its end is missing")).hint(FETCH_AGAIN)
        }
        ImageError::Unsupported(cause) => {
            Error::data(format!("this kind of {name} image is not supported")).caused_by(cause).hint(CONVERT)
        }
        ImageError::Limits(cause) => too_large(cause, name),
        cause => Error::data(format!("the {name} image is damaged or cut")).caused_by(cause).hint(FETCH_AGAIN),
    }
}

fn too_large(cause: LimitError, name: &str) -> Error {
    let message = match cause.kind() {
        LimitErrorKind::DimensionError => format!("the {name} image has too many pixels"),
        _ => format!("the {name} image needs too much memory"),
    };
    Error::data(message).hint("make it smaller with an image editor")
}

fn to_rgb(image: DynamicImage) -> RgbImage {
    if image.color().has_alpha() { on_white(&image.into_rgba8()) } else { image.into_rgb8() }
}

/// Lays a picture with alpha on white, as a page shows it.
fn on_white(image: &RgbaImage) -> RgbImage {
    let mut result = RgbImage::new(image.width(), image.height());
    for (target, source) in result.pixels_mut().zip(image.pixels()) {
        let [red, green, blue, alpha] = source.0.map(u32::from);
        let blend = |value: u32| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        target.0 = [blend(red), blend(green), blend(blue)];
    }
    result
}
