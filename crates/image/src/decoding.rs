//! From an image file to upright RGB pixels.
//!
//! This module says which formats are accepted (JPEG, PNG, TIFF, WebP, GIF, BMP, told by their content and not by
//! name), refuses what is too large, and puts into words what is wrong with a file. Colour profiles are not applied.

use std::io::{BufRead, Cursor, Read, Seek};
use std::path::Path;

use image::error::{LimitError, LimitErrorKind};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};
use silknow_errors::{Error, Result};
use silknow_files as files;

use crate::guard::guarded;
use crate::jpeg::jpeg_is_cut;
use crate::memory;
use crate::need::{Need, Working};

/// The most pixels an image may have: 200 megapixels.
pub const MAX_PIXELS: u64 = 200_000_000;

/// The most bytes that a decoder may take for what stands before the pixels, such as a colour profile: 64 MiB.
const MAX_HEADER_BYTES: u64 = 64 << 20;

/// The largest JPEG file: 1 GiB. Its decoder wants the whole file in memory.
const MAX_JPEG_BYTES: u64 = 1 << 30;

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
/// All threads of the process share [a budget of memory](crate::limit_decoding_memory) for what decoding takes; a
/// thread waits here until there is enough. What is returned does not count any more.
///
/// # Errors
/// Naming the file: it cannot be read, is empty, is cut or damaged, is no image, is of an unsupported kind,
/// has more than [`MAX_PIXELS`], takes more memory than the budget, or makes its decoder panic.
pub fn decode(path: impl AsRef<Path>) -> Result<RgbImage> {
    let path = path.as_ref();
    decode_from(files::open(path)?).map_err(|error| error.in_file(path))
}

/// Decodes an image from the bytes of its file; see [`decode`]. Errors name no file.
pub fn decode_bytes(bytes: &[u8]) -> Result<RgbImage> {
    match recognise(bytes)? {
        (ImageFormat::Jpeg, _) => decode_jpeg(bytes),
        found => decode_stream(Cursor::new(bytes), found, Working::of(found.0, bytes, bytes.len() as u64)),
    }
}

fn decode_from(mut file: impl BufRead + Seek) -> Result<RgbImage> {
    let start = file.fill_buf().map_err(unreadable)?;
    match recognise(start)? {
        (ImageFormat::Jpeg, _) => {
            let mut bytes = Vec::new();
            file.take(MAX_JPEG_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
            if bytes.len() as u64 > MAX_JPEG_BYTES {
                return Err(Error::data(format!("the file has more than {MAX_JPEG_BYTES} bytes")).hint(SHRINK));
            }
            decode_jpeg(&bytes)
        }
        found => {
            let working = Working::of(found.0, start, 0);
            decode_stream(file, found, working)
        }
    }
}

fn unreadable(cause: std::io::Error) -> Error {
    Error::io("the file cannot be read").caused_by(cause)
}

fn decode_jpeg(file: &[u8]) -> Result<RgbImage> {
    if jpeg_is_cut(file) {
        return Err(Error::data("the JPEG image is cut: its end is missing").hint(FETCH_AGAIN));
    }
    decode_stream(Cursor::new(file), (ImageFormat::Jpeg, "JPEG"), Working::of_jpeg(file))
}

fn decode_stream(stream: impl BufRead + Seek, kind: (ImageFormat, &str), working: Working) -> Result<RgbImage> {
    let open = || {
        let mut reader = ImageReader::with_format(stream, kind.0);
        reader.limits(limits(Some(MAX_HEADER_BYTES)));
        reader.into_decoder()
    };
    decode_with(open, kind, working)
}

/// Runs a decoder, which is `open`ed by reading the header. All decoders run here, so that none can end a run.
fn decode_with<D: ImageDecoder>(
    open: impl FnOnce() -> Result<D, ImageError>,
    kind: (ImageFormat, &str),
    working: Working,
) -> Result<RgbImage> {
    guarded(kind.1, || finish(open().map_err(|error| explain(error, kind.1))?, kind, working))
}

/// Decodes what comes after the header, once there is memory for it.
fn finish(mut decoder: impl ImageDecoder, (format, name): (ImageFormat, &str), working: Working) -> Result<RgbImage> {
    let failed = |error: ImageError| explain(error, name);
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let need = Need::of(&decoder, format, working, Orientation::NoTransforms);
    decoder.set_limits(limits(need.decoders_own)).map_err(failed)?;
    // Metadata that cannot be read leaves the picture as it is stored.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let need = Need::of(&decoder, format, working, orientation);
    let _ticket = memory::take(need.total).map_err(|limit| {
        let [takes, limit] = [need.total, limit].map(|bytes| bytes.div_ceil(1_000_000));
        Error::data(format!(
            "decoding this {name} image of {width} x {height} pixels takes {takes} MB of memory, above the limit of \
             {limit} MB"
        ))
        .hint(SHRINK)
    })?;
    // The colours first: RGB is the smallest of what may have to be turned.
    let mut image = DynamicImage::from(to_rgb(DynamicImage::from_decoder(decoder).map_err(failed)?));
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

fn limits(max_alloc: Option<u64>) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = max_alloc;
    limits
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
const SHRINK: &str = "make it smaller with an image editor";

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

fn check_size(width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Error::data(format!("an image of {width} x {height} pixels has nothing to show")));
    }
    if pixels > MAX_PIXELS {
        return Err(Error::data(format!(
            "an image of {width} x {height} pixels is above the limit of {} megapixels",
            MAX_PIXELS / 1_000_000
        ))
        .hint(SHRINK));
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
    Error::data(message).hint(SHRINK)
}

fn to_rgb(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    let (width, height) = image.dimensions();
    RgbImage::from_raw(width, height, on_white(image.into_raw())).expect("three bytes for every pixel")
}

/// Lays pixels with alpha on white, as a page shows them: four bytes a pixel become three, in place.
fn on_white(mut bytes: Vec<u8>) -> Vec<u8> {
    // Blocks are copied out first: with source and target apart the compiler uses vector instructions.
    const BLOCK: usize = 4 * 256;
    let mut block = [0; BLOCK];
    for start in (0..bytes.len()).step_by(BLOCK) {
        let block = &mut block[..BLOCK.min(bytes.len() - start)];
        block.copy_from_slice(&bytes[start..start + block.len()]);
        let target = &mut bytes[start / 4 * 3..][..block.len() / 4 * 3];
        for (target, source) in target.as_chunks_mut::<3>().0.iter_mut().zip(block.as_chunks::<4>().0) {
            let [red, green, blue, alpha] = source.map(u32::from);
            let blend = |value: u32| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
            *target = [blend(red), blend(green), blend(blue)];
        }
    }
    bytes.truncate(bytes.len() / 4 * 3);
    bytes.shrink_to_fit();
    bytes
}

#[cfg(test)]
mod tests {
    use image::ColorType;

    use super::*;

    /// A decoder with a fault that shows after the header.
    struct Panicking;

    impl ImageDecoder for Panicking {
        fn dimensions(&self) -> (u32, u32) {
            (4, 3)
        }

        fn color_type(&self) -> ColorType {
            ColorType::L8
        }

        fn read_image(self, buffer: &mut [u8]) -> Result<(), ImageError> {
            panic!("index {} of a table that is empty", buffer.len())
        }

        fn read_image_boxed(self: Box<Self>, buffer: &mut [u8]) -> Result<(), ImageError> {
            (*self).read_image(buffer)
        }
    }

    #[test]
    fn a_decoder_that_panics_gives_an_error_and_its_memory_back() {
        let working = Working::of(ImageFormat::Png, &[], memory::DEFAULT_DECODING_BYTES / 2);
        // More often than would fit into the budget at once.
        for _ in 0..3 {
            let error = decode_with(|| Ok(Panicking), (ImageFormat::Png, "PNG"), working).unwrap_err();
            assert!(error.to_string().contains("PNG images failed on this file: index 12 of a table"), "{error}");
        }
    }
}
