//! How much memory it takes to decode a picture, told from the beginning of its file.
//!
//! The figures are what the decoders allocate, found by reading and by measuring them, and rounded up. They need not be
//! exact, but what a file can make large by its header alone must be counted.

use image::metadata::Orientation;
use image::{ColorType, ImageDecoder};
use silknow_errors::{Error, Result};

use crate::jpeg::kept_components;
use crate::kinds::Format;
use crate::memory::{self, Ticket};
use crate::refusal::SHRINK;

/// Tables, palettes and rows, which any decoder may take: 4 MiB.
const TABLES: u64 = 4 << 20;

/// What a decoder keeps beside the pixels that it delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Working {
    per_pixel: u64,
    bytes: u64,
}

impl Working {
    /// Of a JPEG file: the file twice (once here, once in the decoder) and coefficients of 16 bits.
    pub(crate) fn of_jpeg(file: &[u8]) -> Self {
        Self { per_pixel: 2 * kept_components(file), bytes: 2 * file.len() as u64 }
    }

    /// Of a file of another format, which begins with `start` and of which `in_memory` bytes are held here.
    pub(crate) fn of(format: Format, start: &[u8], in_memory: u64) -> Self {
        let per_pixel = match format {
            // A frame that does not fill the canvas is decoded beside it.
            Format::Gif => 4,
            Format::WebP => webp(start),
            // Rows go where they belong at once.
            _ => 0,
        };
        Self { per_pixel, bytes: in_memory }
    }
}

/// Bytes for each pixel that the decoder of WebP keeps.
fn webp(start: &[u8]) -> u64 {
    const ALPHA: u8 = 0x10;
    const ANIMATION: u8 = 0x02;
    match (start.get(12..16), start.get(20)) {
        // Three planes of half the resolution, but for the brightness.
        (Some(b"VP8 "), _) => 2,
        // The pixels with alpha, and transforms of blocks of pixels.
        (Some(b"VP8L"), _) => 6,
        (Some(b"VP8X"), Some(flags)) if flags & ANIMATION == 0 && flags & ALPHA == 0 => 6,
        // An animation has a canvas and a frame beside it; alpha is a picture of its own.
        _ => 9,
    }
}

/// The memory that decoding one picture takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// What the decoder may allocate by itself.
    pub(crate) decoders_own: u64,
    /// The decoder's own memory, its result, and the RGB picture that is made of it.
    pub(crate) total: u64,
}

impl Need {
    pub(crate) fn of(decoder: &impl ImageDecoder, working: Working, orientation: Orientation) -> Self {
        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        // Decoders round sides up to whole blocks.
        let padded = u64::from(width.next_multiple_of(32)) * u64::from(height.next_multiple_of(32));
        let colours = decoder.color_type();
        let delivered = pixels * u64::from(colours.bytes_per_pixel());
        let kept = working.per_pixel * padded;
        let converted = match colours {
            // These become RGB in place.
            ColorType::Rgb8 | ColorType::Rgba8 => 0,
            colours if colours.has_alpha() => 4 * pixels,
            _ => 3 * pixels,
        };
        let turned = if turns(orientation) { 6 * pixels } else { 3 * pixels };
        let most = (delivered + kept).max(delivered + converted).max(turned);
        Self { decoders_own: kept + TABLES, total: most + working.bytes + TABLES }
    }
}

/// Whether an orientation exchanges width and height, for which a second picture is needed.
pub(crate) fn turns(orientation: Orientation) -> bool {
    match orientation {
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => false,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            true
        }
    }
}

/// Takes the memory for a picture from the budget of all decoders.
///
/// # Errors
/// A picture that takes more than the whole budget.
pub(crate) fn take_memory(name: &str, (width, height): (u32, u32), bytes: u64) -> Result<Ticket<'static>> {
    memory::take(bytes).map_err(|limit| {
        let [takes, limit] = [bytes, limit].map(|bytes| bytes.div_ceil(1_000_000));
        Error::data(format!(
            "decoding this {name} image of {width} x {height} pixels takes {takes} MB of memory, above the limit of \
             {limit} MB"
        ))
        .hint(SHRINK)
    })
}
