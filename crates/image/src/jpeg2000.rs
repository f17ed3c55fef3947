//! JPEG 2000, in its boxes (`.jp2`) or as a bare codestream (`.j2k`).
//!
//! The decoder fills in what is missing of a file, and takes memory for as many tiles and blocks as a header tells of.
//! The headers are read here before, to find cut files and to know the memory that decoding takes.

use hayro_jpeg2000::{ColorSpace, DecodeError, DecodeSettings, FormatError, Image};
use image::RgbImage;
use silknow_errors::{Error, Result};

use crate::conversions::{rgb_of_inks, rgb_of_lab};
use crate::guard::guarded;
use crate::need::take_memory;
use crate::profile::{Channels, ToSrgb};
use crate::refusal::{check_size, cut, damaged, unsupported};

const NAME: &str = "JPEG 2000";

/// Decodes a file.
pub(crate) fn decode(file: &[u8]) -> Result<RgbImage> {
    let stream = Codestream::read(file)?;
    check_size(stream.width, stream.height)?;
    let _ticket = take_memory(NAME, (stream.width, stream.height), stream.need() + file.len() as u64)?;
    guarded(NAME, || {
        let image = Image::new(file, &DecodeSettings::default()).map_err(explain)?;
        if (image.width(), image.height()) != (stream.width, stream.height) {
            return Err(damaged(NAME, "its headers state different sides"));
        }
        let pixels = image.decode().map_err(explain)?;
        to_rgb(&image, &pixels)
    })
}

fn explain(error: DecodeError) -> Error {
    match error {
        DecodeError::Format(FormatError::Unsupported) => unsupported(NAME, "a part of the standard that few files use"),
        cause => damaged(NAME, cause.to_string()),
    }
}

/// Makes RGB of interleaved pixels of 8 bits a channel; alpha is laid on white.
fn to_rgb(image: &Image<'_>, pixels: &[u8]) -> Result<RgbImage> {
    let space = image.color_space();
    let count = usize::from(space.num_channels());
    let width = count + usize::from(image.has_alpha());
    let profile = match space {
        ColorSpace::Icc { profile, .. } => profile.as_slice(),
        _ => &[],
    };
    let is_lab = profile.get(16..20) == Some(b"Lab ");
    let channels = match count {
        1 | 2 => Channels::Grey,
        3 => Channels::Rgb,
        4 => Channels::Cmyk,
        _ => return Err(unsupported(NAME, format_args!("{count} channels"))),
    };
    let profile = ToSrgb::of(profile, channels);
    let mut result = RgbImage::new(image.width(), image.height());
    let row = image.width() as usize;
    let mut colours = Vec::new();
    for (source, target) in pixels.chunks_exact(row * width).zip(result.chunks_exact_mut(row * 3)) {
        let shown = if count == 2 { 1 } else { count };
        colours.clear();
        colours.extend(source.chunks_exact(width).flat_map(|pixel| &pixel[..shown]));
        match &profile {
            Some(profile) => profile.convert(&colours, target),
            None => {
                for (pixel, colour) in target.chunks_exact_mut(3).zip(colours.chunks_exact(shown)) {
                    pixel.copy_from_slice(&match *colour {
                        [grey] => [grey; 3],
                        [lightness, a, b] if is_lab => {
                            rgb_of_lab([lightness, a.wrapping_sub(128), b.wrapping_sub(128)])
                        }
                        [cyan, magenta, yellow, black] => rgb_of_inks([cyan, magenta, yellow, black]),
                        _ => [colour[0], colour[1], colour[2]],
                    });
                }
            }
        }
        if image.has_alpha() {
            let alpha: Vec<u8> = source.iter().skip(width - 1).step_by(width).copied().collect();
            crate::conversions::lay_on_white(target, &alpha, false);
        }
    }
    Ok(result)
}

/// What the headers of a codestream tell.
#[derive(Debug)]
struct Codestream {
    width: u32,
    height: u32,
    components: u64,
    tile: (u64, u64),
    /// The fewest samples of a block, and of a precinct, that any header allows.
    block_area: u64,
    precinct_area: u64,
}

impl Codestream {
    /// Reads the headers, and steps over the data to see that all are there.
    fn read(file: &[u8]) -> Result<Self> {
        let stream = codestream(file)?;
        let number = |at: usize| number(stream, at, 4);
        let [right, bottom, left, top] = [8, 12, 16, 20].map(number);
        let [tile_width, tile_height, tiles_left, tiles_top] = [24, 28, 32, 36].map(number);
        let (right, bottom, left, top) = (right?, bottom?, left?, top?);
        let (tile_width, tile_height, tiles_left, tiles_top) = (tile_width?, tile_height?, tiles_left?, tiles_top?);
        if left >= right || top >= bottom || tile_width == 0 || tile_height == 0 || tiles_left > left || tiles_top > top
        {
            return Err(damaged(NAME, "the sides in its header are wrong"));
        }
        let across = (right - tiles_left).div_ceil(tile_width);
        let down = (bottom - tiles_top).div_ceil(tile_height);
        const MOST_TILES: u64 = 65535;
        if across * down > MOST_TILES {
            return Err(damaged(NAME, format!("{} tiles, where {MOST_TILES} are the most", across * down)));
        }
        let components = self::number(stream, 40, 2)?;
        let mut headers = Self {
            width: (right - left) as u32,
            height: (bottom - top) as u32,
            components,
            tile: (tile_width.min(right), tile_height.min(bottom)),
            block_area: 4096,
            precinct_area: 1 << 30,
        };
        headers.walk(stream, components)?;
        Ok(headers)
    }

    /// Goes through the segments of all headers, and over the data of all tiles.
    fn walk(&mut self, stream: &[u8], components: u64) -> Result<()> {
        let mut at = 2;
        // The end of the part of a tile whose header is read.
        let mut part_end = None;
        loop {
            let marker = number(stream, at, 2)?;
            match marker {
                // The end of the picture.
                0xFFD9 => return Ok(()),
                // The data of a tile begin.
                0xFF93 => {
                    let end: usize = part_end.take().ok_or_else(|| damaged(NAME, "data outside of a tile"))?;
                    if end > stream.len() {
                        return Err(cut(NAME));
                    }
                    // Some writers leave the end marker out.
                    if end == stream.len() {
                        return Ok(());
                    }
                    at = end;
                }
                _ => {
                    let length = number(stream, at + 2, 2)? as usize;
                    let body = stream.get(at + 4..at + 2 + length.max(2)).ok_or_else(|| cut(NAME))?;
                    match marker {
                        0xFF90 => {
                            let bytes = number(body, 2, 4)? as usize;
                            // The last part may leave its length open: it goes to the end.
                            let end = if bytes == 0 { stream.len() } else { at + bytes };
                            if end <= at + 2 + length && bytes != 0 {
                                return Err(damaged(NAME, "a tile of no length"));
                            }
                            part_end = Some(end);
                        }
                        0xFF52 => self.narrow(body.first().copied().unwrap_or(0), body.get(5..).unwrap_or_default()),
                        0xFF53 => {
                            let index = if components < 257 { 1 } else { 2 };
                            let style = body.get(index).copied().unwrap_or(0);
                            self.narrow(style, body.get(index + 1..).unwrap_or_default());
                        }
                        _ => {}
                    }
                    at += 2 + length.max(2);
                }
            }
        }
    }

    /// Takes in the sizes of blocks and precincts that a header states.
    fn narrow(&mut self, style: u8, parameters: &[u8]) {
        let &[_, width, height, _, _, ref precincts @ ..] = parameters else { return };
        let exponent = u32::from(width & 15) + u32::from(height & 15) + 4;
        self.block_area = self.block_area.min(1 << exponent);
        if style & 1 == 1 {
            let areas = precincts.iter().map(|sides| 1 << (u32::from(sides & 15) + u32::from(sides >> 4)));
            self.precinct_area = areas.fold(self.precinct_area, u64::min);
        }
    }

    /// The memory that decoding takes at most, in bytes, without the file.
    fn need(&self) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let samples = pixels.saturating_mul(self.components);
        let tile = self.tile.0.min(u64::from(self.width)) * self.tile.1.min(u64::from(self.height));
        let tile_samples = tile.saturating_mul(self.components);
        // A block has a description of its own, and so has a precinct for each kind of detail.
        let descriptions = 256 * (tile_samples / self.block_area + 4 * tile_samples / self.precinct_area);
        // Numbers of four bytes: all of the picture, those of a tile twice, and their values in whole steps; then pixels
        // of one byte a sample, and RGB.
        let numbers = samples.saturating_mul(4 + 1).saturating_add(tile_samples.saturating_mul(12));
        numbers.saturating_add(descriptions).saturating_add(3 * pixels).saturating_add(4 << 20)
    }
}

/// The codestream in a file, alone or in a box.
fn codestream(file: &[u8]) -> Result<&[u8]> {
    if file.starts_with(&[0xFF, 0x4F]) {
        return Ok(file);
    }
    let mut at = 0;
    loop {
        let (length, kind) = (number(file, at, 4)?, number(file, at + 4, 4)?);
        let (head, length) = if length == 1 { (16, number(file, at + 8, 8)?) } else { (8, length) };
        let end = match length {
            0 => file.len(),
            _ => usize::try_from(length).ok().and_then(|length| at.checked_add(length)).ok_or_else(|| cut(NAME))?,
        };
        if end < at + head {
            return Err(damaged(NAME, "a box that is shorter than its head"));
        }
        if kind == u64::from(u32::from_be_bytes(*b"jp2c")) {
            return file.get(at + head..end).ok_or_else(|| cut(NAME));
        }
        at = end;
    }
}

/// A number of some bytes, the highest first.
fn number(bytes: &[u8], at: usize, count: usize) -> Result<u64> {
    let bytes = at.checked_add(count).and_then(|end| bytes.get(at..end)).ok_or_else(|| cut(NAME))?;
    Ok(bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
}
