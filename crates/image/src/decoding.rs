//! From an image file to upright RGB pixels.
//!
//! The content of a file decides its format, whatever its name. What is too large is refused, and what is wrong with a
//! file is said in words.

use std::io::{BufRead, Cursor, Read, Seek};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, RgbImage};
use silknow_errors::{Error, Result};
use silknow_files as files;

use crate::guard::guarded;
use crate::jpeg::{self, Frame, Inks, jpeg_is_cut};
use crate::jpeg2000;
use crate::kinds::{Format, recognise};
use crate::need::{Need, Working, take_memory};
use crate::orientation::turned;
use crate::profile::{Channels, ToSrgb};
use crate::refusal::{SHRINK, check_size, cut, explain};
use crate::tiff;

/// The most bytes that a decoder may take for what stands before the pixels, such as a colour profile: 64 MiB.
const MAX_HEADER_BYTES: u64 = 64 << 20;

/// The largest file of the formats whose decoders want the whole file in memory, JPEG and JPEG 2000: 1 GiB.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// The first page of a file.
#[derive(Clone, Debug)]
pub struct FirstPage {
    /// Its pixels.
    pub image: RgbImage,
    /// How many pages the file has; 1 but for TIFF files of several.
    pub pages: usize,
}

impl FirstPage {
    /// What should be said of a file of several pages.
    pub fn note(&self) -> Option<String> {
        (self.pages > 1).then(|| format!("the file has {} pages; the first one is taken", self.pages))
    }
}

/// Decodes an image file to 8-bit RGB, upright.
///
/// The content decides the format, whatever the name. The first frame of an animation and the first page of a TIFF
/// count; the EXIF orientation is applied; alpha is laid on white; colours with an ICC profile are converted to sRGB,
/// CMYK without one as Pillow does. Wider numbers are scaled to 8 bits: from their full range, or, where a picture uses
/// less than a sixteenth of 16 bits or has floating-point numbers outside of [0, 1], from the range that it uses.
///
/// All threads of the process share [a budget of memory](crate::limit_decoding_memory) for what decoding takes; a
/// thread waits here until there is enough. What is returned does not count any more.
///
/// # Errors
/// Naming the file: it cannot be read, is empty, is cut or damaged, is no image, is of an unsupported kind,
/// has more than [`MAX_PIXELS`](crate::MAX_PIXELS), takes more memory than the budget, or makes its decoder panic.
pub fn decode(path: impl AsRef<Path>) -> Result<RgbImage> {
    let path = path.as_ref();
    decode_from(files::open(path)?).map(|page| page.image).map_err(|error| error.in_file(path))
}

/// Decodes an image from the bytes of its file; see [`decode`]. Errors name no file.
pub fn decode_bytes(bytes: &[u8]) -> Result<RgbImage> {
    decode_first_page(bytes).map(|page| page.image)
}

/// As [`decode_bytes`], and tells of how many pages the image is the first.
pub fn decode_first_page(bytes: &[u8]) -> Result<FirstPage> {
    match recognise(bytes)? {
        Format::Jpeg => decode_jpeg(bytes).map(only_page),
        Format::Jpeg2000 => jpeg2000::decode(bytes).map(only_page),
        Format::Tiff => decode_tiff(Cursor::new(bytes), bytes.len() as u64),
        found => {
            let working = Working::of(found, bytes, bytes.len() as u64);
            decode_stream(Cursor::new(bytes), found, working).map(only_page)
        }
    }
}

/// How many pages an image file has, without decoding it: 1 but for TIFF files of several, and for what cannot be read.
pub fn pages(path: impl AsRef<Path>) -> usize {
    let Ok(mut file) = files::open(path) else { return 1 };
    let is_tiff = matches!(file.fill_buf().map(recognise), Ok(Ok(Format::Tiff)));
    if is_tiff { tiff::pages(file).unwrap_or(1) } else { 1 }
}

fn decode_from(mut file: impl BufRead + Seek) -> Result<FirstPage> {
    let start = file.fill_buf().map_err(unreadable)?;
    match recognise(start)? {
        found @ (Format::Jpeg | Format::Jpeg2000) => {
            let mut bytes = Vec::new();
            file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
            if bytes.len() as u64 > MAX_FILE_BYTES {
                return Err(Error::data(format!("the file has more than {MAX_FILE_BYTES} bytes")).hint(SHRINK));
            }
            if found == Format::Jpeg { decode_jpeg(&bytes) } else { jpeg2000::decode(&bytes) }.map(only_page)
        }
        Format::Tiff => decode_tiff(file, 0),
        found => {
            let working = Working::of(found, start, 0);
            decode_stream(file, found, working).map(only_page)
        }
    }
}

fn only_page(image: RgbImage) -> FirstPage {
    FirstPage { image, pages: 1 }
}

fn unreadable(cause: std::io::Error) -> Error {
    Error::io("the file cannot be read").caused_by(cause)
}

fn decode_tiff(stream: impl Read + Seek, in_memory: u64) -> Result<FirstPage> {
    guarded("TIFF", || tiff::decode(stream, in_memory)).map(|(image, pages)| FirstPage { image, pages })
}

fn decode_jpeg(file: &[u8]) -> Result<RgbImage> {
    let frame = Frame::find(file);
    if let Some(frame) = frame {
        frame.check("JPEG")?;
    }
    if jpeg_is_cut(file) {
        return Err(cut("JPEG"));
    }
    let has_inks = |frame: Frame| frame.components == 4;
    if let Some((frame, profile)) = frame.filter(|&it| has_inks(it)).zip(jpeg::icc_profile(file))
        && let Some(profile) = ToSrgb::of(&profile, Channels::Cmyk)
    {
        return decode_inks(file, frame, &profile);
    }
    decode_stream(Cursor::new(file), Format::Jpeg, Working::of_jpeg(file))
}

/// Decodes a JPEG file of four inks that has a profile. Adobe's programs store what is left of the light instead of the
/// inks, and all others follow them.
fn decode_inks(file: &[u8], frame: Frame, profile: &ToSrgb) -> Result<RgbImage> {
    let (width, height) = (frame.width, frame.height);
    check_size(width, height)?;
    let pixels = u64::from(width) * u64::from(height);
    let coefficients = 2 * jpeg::kept_components(file) * pixels;
    let _ticket = take_memory("JPEG", (width, height), 12 * pixels + coefficients + 4 * file.len() as u64)?;
    guarded("JPEG", || {
        let (inks, plain) = jpeg::with_plain_inks(file);
        let mut values = tiff::jpeg_components(&plain, (width, height), 4)?;
        for pixel in values.as_chunks_mut::<4>().0 {
            if inks == Inks::Ycck {
                let [y, cb, cr] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
                let light = [y + 1.402 * (cr - 128.0), y - 0.344_136 * (cb - 128.0) - 0.714_136 * (cr - 128.0)];
                // What is left of the light is the opposite of the ink, and is stored as its own opposite again.
                let stored = [light[0], light[1], y + 1.772 * (cb - 128.0)].map(|value| 255 - value.round() as u8);
                pixel[..3].copy_from_slice(&stored);
            }
            *pixel = pixel.map(|value| 255 - value);
        }
        let mut image = RgbImage::new(width, height);
        profile.convert(&values, &mut image);
        Ok(turned(image, jpeg_orientation(file)))
    })
}

/// The orientation that a JPEG file states.
fn jpeg_orientation(file: &[u8]) -> Orientation {
    let decoder = image::codecs::jpeg::JpegDecoder::new(Cursor::new(file));
    decoder.and_then(|mut decoder| decoder.orientation()).unwrap_or(Orientation::NoTransforms)
}

fn decode_stream(stream: impl BufRead + Seek, format: Format, working: Working) -> Result<RgbImage> {
    let open = || {
        let mut reader = ImageReader::with_format(stream, format.decoder());
        reader.limits(limits(MAX_HEADER_BYTES));
        reader.into_decoder()
    };
    decode_with(open, format.name(), working)
}

/// Runs a decoder, which is `open`ed by reading the header. All decoders run here, so that none can end a run.
fn decode_with<D: ImageDecoder>(
    open: impl FnOnce() -> Result<D, ImageError>,
    name: &str,
    working: Working,
) -> Result<RgbImage> {
    guarded(name, || finish(open().map_err(|error| explain(error, name))?, name, working))
}

/// Decodes what comes after the header, once there is memory for it.
fn finish(mut decoder: impl ImageDecoder, name: &str, working: Working) -> Result<RgbImage> {
    let failed = |error: ImageError| explain(error, name);
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let need = Need::of(&decoder, working, Orientation::NoTransforms);
    decoder.set_limits(limits(need.decoders_own)).map_err(failed)?;
    // Metadata that cannot be read leaves the picture as it is stored.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let need = Need::of(&decoder, working, orientation);
    let _ticket = take_memory(name, (width, height), need.total)?;
    let image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    // The colours first: RGB is the smallest of what may have to be turned.
    Ok(turned(to_rgb(image, profile.as_deref()), orientation))
}

fn limits(max_alloc: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(max_alloc);
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

fn to_rgb(mut image: DynamicImage, profile: Option<&[u8]>) -> RgbImage {
    use_full_range(&mut image);
    let (is_grey, has_alpha) = (!image.color().has_color(), image.color().has_alpha());
    let channels = if is_grey { Channels::Grey } else { Channels::Rgb };
    let profile = profile.and_then(|profile| ToSrgb::of(profile, channels));
    if !has_alpha {
        let mut image = image.into_rgb8();
        match profile {
            Some(profile) if is_grey => profile.convert_grey(&mut image, 3),
            Some(profile) => profile.convert_in_place(&mut image),
            None => {}
        }
        return image;
    }
    let mut image = image.into_rgba8();
    match profile {
        Some(profile) if is_grey => profile.convert_grey(&mut image, 4),
        Some(profile) => profile.convert_with_alpha(&mut image),
        None => {}
    }
    let (width, height) = image.dimensions();
    RgbImage::from_raw(width, height, on_white(image.into_raw())).expect("three bytes for every pixel")
}

/// Scales numbers of 16 bits up that use less than a sixteenth of their range, such as the 12 bits of a scanner: the
/// picture would be black. The fewest bits that hold the greatest number become the range, as for TIFF.
fn use_full_range(image: &mut DynamicImage) {
    let (values, channels, colours): (&mut [u16], usize, usize) = match image {
        DynamicImage::ImageLuma16(image) => (image, 1, 1),
        DynamicImage::ImageLumaA16(image) => (image, 2, 1),
        DynamicImage::ImageRgb16(image) => (image, 3, 3),
        DynamicImage::ImageRgba16(image) => (image, 4, 3),
        _ => return,
    };
    let greatest = values.chunks_exact(channels).flat_map(|pixel| &pixel[..colours]).copied().max().unwrap_or(0);
    if greatest == 0 || greatest >= 1 << 12 {
        return;
    }
    let range = (u32::from(greatest) + 1).next_power_of_two() - 1;
    for value in values.chunks_exact_mut(channels).flat_map(|pixel| &mut pixel[..colours]) {
        *value = (u32::from(*value) * 65535 / range) as u16;
    }
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
    use crate::memory::DEFAULT_DECODING_BYTES;

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
        let working = Working::of(Format::Png, &[], DEFAULT_DECODING_BYTES / 2);
        // More often than would fit into the budget at once.
        for _ in 0..3 {
            let error = decode_with(|| Ok(Panicking), "PNG", working).unwrap_err();
            assert!(error.to_string().contains("PNG images failed on this file: index 12 of a table"), "{error}");
        }
    }
}
