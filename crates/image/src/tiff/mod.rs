//! TIFF files, of the many kinds that museums and their scanners write.
//!
//! A file is read in four steps: its directory ([`directory`]), how the picture is stored ([`layout`]), the bytes of its
//! strips or tiles ([`chunks`]), and their numbers ([`samples`]) and colours ([`colours`]). One strip or tile is in
//! memory at a time, beside the finished picture.

mod chunks;
mod colours;
mod directory;
mod fax;
mod layout;
mod refusal;
mod samples;

use std::io::{Read, Seek};

use image::RgbImage;
use silknow_errors::Result;

pub(crate) use chunks::jpeg_components;
use directory::TiffFile;
use layout::{Colours, Layout};
use refusal::{NAME, unsupported};
use samples::{Found, Range, RowReader};

use crate::need::take_memory;
use crate::orientation::turned;
use crate::profile::{Channels, ToSrgb};

/// Decodes the first picture of a file, and says of how many.
///
/// `in_memory` bytes of the file are held by the caller.
pub(crate) fn decode(stream: impl Read + Seek, in_memory: u64) -> Result<(RgbImage, usize)> {
    let mut file = TiffFile::open(stream)?;
    let directory = file.first_directory()?;
    let layout = Layout::read(&mut file, &directory)?;
    let _ticket = take_memory(NAME, (layout.width, layout.height), layout.need().saturating_add(in_memory))?;
    let pages = file.pages(&directory);
    let picture = Painter::new(&layout).paint(&mut file)?;
    Ok((turned(picture, layout.orientation), pages))
}

/// How many pictures a file has.
pub(crate) fn pages(stream: impl Read + Seek) -> Result<usize> {
    let mut file = TiffFile::open(stream)?;
    let directory = file.first_directory()?;
    Ok(file.pages(&directory))
}

/// Makes RGB of chunks.
struct Painter<'a> {
    layout: &'a Layout,
    profile: Option<ToSrgb>,
}

/// The values that a picture has, of its colours and of its alpha.
#[derive(Clone, Copy)]
struct FoundValues {
    colours: Found,
    alpha: Found,
}

impl<'a> Painter<'a> {
    fn new(layout: &'a Layout) -> Self {
        let channels = match layout.colours {
            Colours::Grey { .. } => Some(Channels::Grey),
            Colours::Rgb | Colours::Palette(_) | Colours::YCbCr(_) => Some(Channels::Rgb),
            Colours::Cmyk => Some(Channels::Cmyk),
            Colours::Lab { .. } => None,
        };
        let profile = layout.profile.as_deref().zip(channels);
        Self { layout, profile: profile.and_then(|(profile, channels)| ToSrgb::of(profile, channels)) }
    }

    /// The picture, with its numbers scaled from the range that they use.
    fn paint<R: Read + Seek>(&self, file: &mut TiffFile<R>) -> Result<RgbImage> {
        let samples = &self.layout.samples;
        let assumed = Range::assumed(samples);
        let (picture, found) = self.paint_once(file, [assumed, assumed])?;
        if !self.has_open_range() {
            return Ok(picture);
        }
        if found.colours.is_nothing() {
            return Err(unsupported("no pixel has a finite value"));
        }
        let colours = Range::of(samples, found.colours);
        let alpha = if found.alpha.is_nothing() { assumed } else { Range::of(samples, found.alpha) };
        if (colours, alpha) == (assumed, assumed) {
            return Ok(picture);
        }
        drop(picture);
        Ok(self.paint_once(file, [colours, alpha])?.0)
    }

    /// Whether the range depends on the values. Colours that are no amounts of light have fixed ones.
    fn has_open_range(&self) -> bool {
        let amounts = matches!(self.layout.colours, Colours::Grey { .. } | Colours::Rgb | Colours::Cmyk);
        amounts && Range::is_open(&self.layout.samples)
    }

    /// The picture with given ranges of its colours and of its alpha, and the values that it has.
    fn paint_once<R: Read + Seek>(
        &self,
        file: &mut TiffFile<R>,
        [colours, alpha]: [Range; 2],
    ) -> Result<(RgbImage, FoundValues)> {
        let layout = self.layout;
        let (width, height) = (layout.width, layout.height);
        let chunk = (layout.chunks.width, layout.chunks.height);
        let raw = matches!(layout.colours, Colours::Palette(_));
        let reader = if raw { RowReader::raw(layout.samples) } else { RowReader::scaling(layout.samples, colours) };
        let alpha_reader = RowReader::scaling(layout.samples, alpha);
        let mut found = FoundValues { colours: Found::NOTHING, alpha: Found::NOTHING };
        let mut picture = vec![0; 3 * width as usize * height as usize];
        let mut planes = vec![Vec::new(); layout.planes()];
        let mut scratch = Vec::new();
        let across = width.div_ceil(chunk.0);
        let places = across as usize * height.div_ceil(chunk.1) as usize;
        for place in 0..places {
            let (left, top) = (place as u32 % across * chunk.0, place as u32 / across * chunk.1);
            let shown = (chunk.0.min(width - left) as usize, chunk.1.min(height - top));
            let rows = if layout.chunks.tiled { chunk.1 } else { shown.1 };
            for (plane, bytes) in planes.iter_mut().enumerate() {
                chunks::read(file, layout, plane * places + place, rows, bytes)?;
            }
            let row_bytes = layout.row_bytes() as usize;
            for y in 0..shown.1 {
                let rows: Vec<&[u8]> =
                    planes.iter().map(|bytes| &bytes[y as usize * row_bytes..][..row_bytes]).collect();
                let start = 3 * ((top + y) as usize * width as usize + left as usize);
                let target = &mut picture[start..start + 3 * shown.0];
                self.paint_row(&rows, [&reader, &alpha_reader], target, &mut scratch);
                if self.has_open_range() {
                    self.find(&rows, &reader, shown.0, &mut found);
                }
            }
        }
        Ok((RgbImage::from_raw(width, height, picture).expect("three bytes for every pixel"), found))
    }

    /// The plane and the position in it of a sample, and the distance to that of the next pixel.
    fn place_of(&self, sample: usize) -> (usize, usize, usize) {
        if self.layout.samples.planar { (sample, 0, 1) } else { (0, sample, self.layout.samples.per_pixel) }
    }

    /// Makes a row of RGB from the rows of all planes; `scratch` is memory that is used again.
    fn paint_row(&self, rows: &[&[u8]], readers: [&RowReader; 2], target: &mut [u8], scratch: &mut Vec<u8>) {
        let layout = self.layout;
        let (pixels, count) = (target.len() / 3, layout.colours.count());
        scratch.resize(pixels * (count + 1), 0);
        let (colours, alpha) = scratch.split_at_mut(pixels * count);
        for sample in 0..count {
            let (plane, first, step) = self.place_of(sample);
            match (&layout.colours, layout.samples.bits) {
                (Colours::Lab { offset }, bits) => {
                    let row = rows[plane].chunks_exact(bits as usize / 8).skip(first).step_by(step);
                    let values = colours[sample..].iter_mut().step_by(count).zip(row);
                    let order = layout.samples.order;
                    values.for_each(|(value, bytes)| *value = lab_byte(order.number(bytes), bits, sample > 0, *offset));
                }
                _ => readers[0].read(rows[plane], first, step, &mut colours[sample..], count),
            }
        }
        if layout.colours == (Colours::Grey { white_is_zero: true }) {
            colours.iter_mut().for_each(|value| *value = 255 - *value);
        }
        match &self.profile {
            Some(profile) if profile.channels() != Channels::Rgb => profile.convert(colours, target),
            profile => {
                colours::to_rgb(&layout.colours, colours, target);
                if let Some(profile) = profile {
                    profile.convert_in_place(target);
                }
            }
        }
        if let Some(kind) = layout.alpha {
            let (plane, first, step) = self.place_of(kind.position);
            readers[1].read(rows[plane], first, step, alpha, 1);
            crate::conversions::lay_on_white(target, alpha, kind.associated);
        }
    }

    /// Widens the values that are found by those of one row.
    fn find(&self, rows: &[&[u8]], reader: &RowReader, pixels: usize, found: &mut FoundValues) {
        for sample in 0..self.layout.colours.count() {
            let (plane, first, step) = self.place_of(sample);
            reader.find(rows[plane], first, step, pixels, &mut found.colours);
        }
        if let Some(alpha) = self.layout.alpha {
            let (plane, first, step) = self.place_of(alpha.position);
            reader.find(rows[plane], first, step, pixels, &mut found.alpha);
        }
    }
}

/// A sample of CIE Lab as a byte: lightness from 0 to 255, or a signed colour. ICC's kind stores colours with an
/// `offset` of one half.
fn lab_byte(value: u64, bits: u32, is_colour: bool, offset: bool) -> u8 {
    let byte = match (bits, is_colour) {
        (8, _) => value as u8,
        (_, false) => ((value + 128) / 257) as u8,
        // Colours have 256 steps for each of those of 8 bits.
        (_, true) if offset => ((value + 128) / 256).min(255) as u8,
        (_, true) => ((i32::from(value as u16 as i16) + 128) >> 8).min(127) as i8 as u8,
    };
    if is_colour && offset { byte.wrapping_sub(128) } else { byte }
}
