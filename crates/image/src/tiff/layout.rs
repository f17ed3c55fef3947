//! How the first picture of a TIFF file is stored: sizes, samples, colours, compression, and where its parts lie.
//!
//! Kinds that are not read are refused here by their names, before anything is decoded.

use std::io::{Read, Seek};

use image::metadata::Orientation;
use silknow_errors::Result;

use super::directory::{ByteOrder, Directory, TiffFile, tag};
use super::fax;
use super::refusal::{damaged, unsupported};
use crate::refusal::check_size;

/// What a TIFF says of its first picture.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) samples: Samples,
    pub(super) colours: Colours,
    pub(super) alpha: Option<Alpha>,
    pub(super) compression: Compression,
    pub(super) predictor: Predictor,
    /// Whether the bits of each byte stand in reversed order.
    pub(super) reversed_bits: bool,
    pub(super) jpeg_tables: Vec<u8>,
    pub(super) chunks: Chunks,
    pub(super) orientation: Orientation,
    pub(super) profile: Option<Vec<u8>>,
}

/// How numbers are stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Samples {
    pub(super) bits: u32,
    pub(super) format: Format,
    pub(super) order: ByteOrder,
    /// Numbers of one pixel, with those that are not looked at.
    pub(super) per_pixel: usize,
    /// Whether each of them has a plane of its own.
    pub(super) planar: bool,
    /// The values of black and white, where the file states them.
    pub(super) stated: Option<(f64, f64)>,
    /// The value that stands for a missing one.
    pub(super) no_data: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Unsigned,
    Signed,
    Float,
}

/// What the samples of a pixel mean.
#[derive(Debug, PartialEq)]
pub(super) enum Colours {
    Grey { white_is_zero: bool },
    Rgb,
    Palette(Vec<[u8; 3]>),
    Cmyk,
    YCbCr(YCbCr),
    Lab { offset: bool },
}

impl Colours {
    /// Samples that a colour has.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Grey { .. } | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr(_) | Self::Lab { .. } => 3,
            Self::Cmyk => 4,
        }
    }
}

/// Brightness and two differences of colour, these perhaps one for several pixels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct YCbCr {
    /// Pixels across and down that share a colour. JPEG data are brought to full resolution by their decoder.
    pub(super) subsampling: (u32, u32),
    /// The shares of red, green and blue in the brightness.
    pub(super) coefficients: [f64; 3],
    /// The values of black and white for each of the three.
    pub(super) reference: [f64; 6],
}

/// The sample that says how much of a pixel is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alpha {
    /// Its position among the samples of a pixel.
    pub(super) position: usize,
    /// Whether the colours are multiplied by it already.
    pub(super) associated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Fax3(fax::Rows),
    Fax4,
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    WebP,
    Zstd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    Horizontal,
    Float,
}

/// The parts of a picture: strips over its whole width, or tiles.
#[derive(Debug)]
pub(super) struct Chunks {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) tiled: bool,
    pub(super) offsets: Vec<u64>,
    pub(super) byte_counts: Vec<u64>,
}

impl Layout {
    pub(super) fn read<R: Read + Seek>(file: &mut TiffFile<R>, directory: &Directory) -> Result<Self> {
        refuse_raw(file, directory)?;
        let side = |value: u64| u32::try_from(value).map_err(|_| damaged(format!("a side of {value} pixels")));
        let width = side(file.number(directory, tag::WIDTH, 0)?)?;
        let height = side(file.number(directory, tag::HEIGHT, 0)?)?;
        check_size(width, height)?;
        let compression = match file.number(directory, tag::COMPRESSION, 1)? {
            2 => Compression::Fax3(fax::Rows::OnBytes),
            3 => Compression::Fax3(fax::Rows::of_options(file.number(directory, tag::T4_OPTIONS, 0)?)?),
            number => compression(number)?,
        };
        let lab = matches!(file.number(directory, tag::PHOTOMETRIC, 0)?, 8 | 9);
        let samples = samples(file, directory, lab)?;
        let colours = colours(file, directory, samples)?;
        if samples.per_pixel < colours.count() {
            return Err(damaged(format!("{} samples for a pixel of {} colours", samples.per_pixel, colours.count())));
        }
        let alpha = alpha(file, directory, samples, &colours)?;
        let predictor = predictor(file.number(directory, tag::PREDICTOR, 1)?, samples, compression)?;
        let mut chunks = chunks(file, directory, (width, height), samples, compression)?;
        let mut jpeg_tables = file.byte_values(directory, tag::JPEG_TABLES)?.unwrap_or_default();
        if file.number(directory, tag::COMPRESSION, 1)? == 6 {
            jpeg_tables = old_jpeg(file, directory, &mut chunks, (width, height))?;
        }
        let orientation = file.number(directory, tag::ORIENTATION, 1).unwrap_or(1);
        let orientation = u8::try_from(orientation).ok().and_then(Orientation::from_exif);
        let layout = Self {
            width,
            height,
            samples,
            colours,
            alpha,
            compression,
            predictor,
            reversed_bits: file.number(directory, tag::FILL_ORDER, 1)? == 2 && compression != Compression::Jpeg,
            jpeg_tables,
            chunks,
            orientation: orientation.unwrap_or(Orientation::NoTransforms),
            profile: file.byte_values(directory, tag::ICC_PROFILE).unwrap_or_default(),
        };
        layout.check_combination()?;
        Ok(layout)
    }

    /// Refuses what each part allows but no writer means.
    fn check_combination(&self) -> Result<()> {
        let (bits, format) = (self.samples.bits, self.samples.format);
        let eight_only = match (&self.colours, self.compression) {
            (_, Compression::Jpeg) => Some("JPEG data"),
            (_, Compression::WebP) => Some("WebP data"),
            (Colours::YCbCr(_), _) => Some("YCbCr colours"),
            _ => None,
        };
        if let Some(what) = eight_only.filter(|_| bits != 8) {
            return Err(unsupported(format!("{what} of {bits} bits")));
        }
        let is_fax = matches!(self.compression, Compression::Fax3(_) | Compression::Fax4);
        if is_fax && (bits != 1 || self.samples.per_pixel != 1) {
            return Err(damaged("fax data of more than one bit a pixel"));
        }
        if self.subsampled().is_some() && (self.samples.planar || self.samples.per_pixel != 3) {
            return Err(unsupported("YCbCr colours in planes or with more samples"));
        }
        if matches!(self.colours, Colours::Lab { .. }) && !matches!(bits, 8 | 16) {
            return Err(unsupported(format!("CIE Lab colours of {bits} bits")));
        }
        if matches!(self.colours, Colours::Palette(_)) && (bits > 8 || format == Format::Float) {
            return Err(unsupported(format!("a palette of {bits} bits")));
        }
        Ok(())
    }

    /// The pixels that share a colour, where the data hold fewer colours than pixels.
    pub(super) fn subsampled(&self) -> Option<(u32, u32)> {
        match &self.colours {
            Colours::YCbCr(kind) if self.compression != Compression::Jpeg && kind.subsampling != (1, 1) => {
                Some(kind.subsampling)
            }
            _ => None,
        }
    }

    /// Samples of a pixel in one chunk.
    pub(super) fn samples_per_chunk(&self) -> usize {
        if self.samples.planar { 1 } else { self.samples.per_pixel }
    }

    /// Chunks that together make one rectangle of the picture.
    pub(super) fn planes(&self) -> usize {
        if self.samples.planar { self.samples.per_pixel } else { 1 }
    }

    /// Bytes of a row of a chunk, as it is stored.
    pub(super) fn row_bytes(&self) -> u64 {
        (u64::from(self.chunks.width) * self.samples_per_chunk() as u64 * u64::from(self.samples.bits)).div_ceil(8)
    }

    /// Bytes of `rows` rows of a chunk, when they are no longer compressed.
    pub(super) fn chunk_bytes(&self, rows: u32) -> u64 {
        match self.subsampled() {
            Some((across, down)) => {
                let blocks = u64::from(self.chunks.width.div_ceil(across)) * u64::from(rows.div_ceil(down));
                blocks * u64::from(across * down + 2)
            }
            None => self.row_bytes() * u64::from(rows),
        }
    }

    /// The memory that decoding takes at most, in bytes.
    pub(super) fn need(&self) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let rows = self.chunks.height;
        let chunk = self.chunk_bytes(rows).saturating_mul(self.planes() as u64);
        let expanded = self.subsampled().map_or(0, |_| self.row_bytes() * u64::from(rows));
        // Decoders of JPEG, WebP and Zstd keep what they made, and tables beside it.
        let working = match self.compression {
            Compression::Jpeg => 3 * chunk,
            Compression::WebP | Compression::Zstd => 2 * chunk,
            _ => 0,
        };
        let stored = 2 * self.chunks.byte_counts.iter().copied().max().unwrap_or(0);
        let places = 16 * self.chunks.offsets.len() as u64;
        let row = 32 * u64::from(self.chunks.width) * self.samples.per_pixel as u64;
        let result = if crate::need::turns(self.orientation) { 6 } else { 3 } * pixels;
        [chunk, expanded, working, stored, places, row].into_iter().fold(result, u64::saturating_add)
    }
}

/// Refuses the raw data of cameras, which come as TIFF files with a thumbnail in front.
fn refuse_raw<R: Read + Seek>(file: &mut TiffFile<R>, directory: &Directory) -> Result<()> {
    let refusal = |name: &str| Err(crate::kinds::raw_refusal(name));
    if directory.has(tag::DNG_VERSION) {
        return refusal("DNG");
    }
    let is_raw = |photometric| matches!(photometric, 32803 | 34892);
    if is_raw(file.number(directory, tag::PHOTOMETRIC, 0).unwrap_or(0)) {
        return refusal("raw");
    }
    const MOST: usize = 16;
    for &offset in file.numbers(directory, tag::SUB_DIRECTORIES).ok().flatten().iter().flatten().take(MOST) {
        let Ok(below) = file.directory(offset) else { continue };
        if is_raw(file.number(&below, tag::PHOTOMETRIC, 0).unwrap_or(0)) {
            return refusal("raw");
        }
    }
    Ok(())
}

fn compression(number: u64) -> Result<Compression> {
    let name = match number {
        1 => return Ok(Compression::None),
        4 => return Ok(Compression::Fax4),
        5 => return Ok(Compression::Lzw),
        6 | 7 => return Ok(Compression::Jpeg),
        8 | 32946 => return Ok(Compression::Deflate),
        32773 => return Ok(Compression::PackBits),
        50000 => return Ok(Compression::Zstd),
        50001 => return Ok(Compression::WebP),
        32766 => "NeXT compression",
        32809 => "ThunderScan compression",
        33003 | 33005 | 34712 => "JPEG 2000 compression",
        34661 => "JBIG compression",
        34676 | 34677 => "SGI Log compression",
        34887 => "LERC compression",
        34925 => "LZMA compression",
        50002 | 52546 => "JPEG XL compression",
        _ => return Err(unsupported(format!("compression number {number}"))),
    };
    Err(unsupported(name))
}

/// Where the JPEG data of TIFF 6.0 are, which newer files do not have: a JPEG file in the TIFF file is the whole picture, or
/// what stands in front of its only strip; this is returned.
fn old_jpeg<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    chunks: &mut Chunks,
    (width, height): (u32, u32),
) -> Result<Vec<u8>> {
    let refused = || unsupported("JPEG compression of the old kind of TIFF 6.0, without a whole JPEG file in it");
    let offset = file.number(directory, tag::JPEG_FILE, 0)?;
    let bytes = file.number(directory, tag::JPEG_FILE_BYTES, 0)?;
    if offset == 0 || chunks.tiled {
        return Err(refused());
    }
    let bytes = if bytes == 0 { file.bytes_behind(offset) } else { bytes };
    const END: u64 = 2;
    let is_whole = bytes > END && file.bytes(offset + bytes - END, END)?.ends_with(&[0xFF, 0xD9]);
    let holds = |start: u64, count: u64| start >= offset && start + count <= offset + bytes;
    let strips = chunks.offsets.iter().zip(&chunks.byte_counts);
    if is_whole || strips.clone().all(|(&start, &count)| count < u64::from(u32::MAX) && holds(start, count)) {
        *chunks = Chunks { width, height, tiled: false, offsets: vec![offset], byte_counts: vec![bytes] };
        return Ok(Vec::new());
    }
    if chunks.offsets.len() > 1 {
        return Err(refused());
    }
    let mut tables = file.bytes(offset, bytes)?;
    tables.extend([0xFF, 0xD9]);
    Ok(tables)
}

fn samples<R: Read + Seek>(file: &mut TiffFile<R>, directory: &Directory, lab: bool) -> Result<Samples> {
    let per_pixel = file.number(directory, tag::SAMPLES_PER_PIXEL, 1)?;
    const MOST: u64 = 1024;
    if !(1..=MOST).contains(&per_pixel) {
        return Err(damaged(format!("{per_pixel} samples for a pixel")));
    }
    let bits = file.numbers(directory, tag::BITS_PER_SAMPLE)?.unwrap_or_else(|| vec![1]);
    let all = |values: &[u64]| values.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let Some(&first) = bits.first() else { return Err(damaged("no bits for a sample")) };
    if bits.iter().any(|&other| other != first) {
        return Err(unsupported(format!("samples of different sizes: {} bits", all(&bits))));
    }
    let formats = file.numbers(directory, tag::SAMPLE_FORMAT)?.unwrap_or_else(|| vec![1]);
    let differ = formats.iter().any(|&other| Some(&other) != formats.first());
    let format = match formats.first() {
        // The colours of Lab are signed and its lightness is not, whatever the tag says.
        _ if lab => Format::Unsigned,
        _ if differ => return Err(unsupported(format!("samples of different formats: {}", all(&formats)))),
        Some(1 | 4) => Format::Unsigned,
        Some(2) => Format::Signed,
        Some(3) => Format::Float,
        Some(5 | 6) => return Err(unsupported("complex numbers")),
        _ => return Err(damaged("an unknown format of samples")),
    };
    let known = match format {
        Format::Float => matches!(first, 16 | 32 | 64),
        _ => matches!(first, 1..=32 | 64),
    };
    if !known {
        let kind = if format == Format::Float { "floating-point " } else { "" };
        return Err(unsupported(format!("{kind}samples of {first} bits")));
    }
    let planar = match file.number(directory, tag::PLANAR_CONFIGURATION, 1)? {
        1 => false,
        2 => per_pixel > 1,
        other => return Err(damaged(format!("planar configuration {other}"))),
    };
    Ok(Samples {
        bits: first as u32,
        format,
        order: file.order,
        per_pixel: per_pixel as usize,
        planar,
        stated: stated_range(file, directory),
        no_data: no_data(file, directory),
    })
}

/// The range that a file states, over all of its samples.
fn stated_range<R: Read + Seek>(file: &mut TiffFile<R>, directory: &Directory) -> Option<(f64, f64)> {
    let low = file.reals(directory, tag::MIN_SAMPLE_VALUE).ok()??.into_iter().reduce(f64::min)?;
    let high = file.reals(directory, tag::MAX_SAMPLE_VALUE).ok()??.into_iter().reduce(f64::max)?;
    (low.is_finite() && high.is_finite() && low < high).then_some((low, high))
}

/// The value that geographic programs write where nothing was measured.
fn no_data<R: Read + Seek>(file: &mut TiffFile<R>, directory: &Directory) -> Option<f64> {
    let text = file.byte_values(directory, tag::GDAL_NO_DATA).ok()??;
    String::from_utf8(text).ok()?.trim_matches(['\0', ' ', '\n']).parse().ok()
}

fn colours<R: Read + Seek>(file: &mut TiffFile<R>, directory: &Directory, samples: Samples) -> Result<Colours> {
    if !directory.has(tag::PHOTOMETRIC) {
        return Err(damaged("the kind of its colours is not stated"));
    }
    let name = match file.number(directory, tag::PHOTOMETRIC, 0)? {
        0 => return Ok(Colours::Grey { white_is_zero: true }),
        1 => return Ok(Colours::Grey { white_is_zero: false }),
        2 => return Ok(Colours::Rgb),
        3 => return palette(file, directory, samples.bits).map(Colours::Palette),
        5 => match file.number(directory, tag::INK_SET, 1)? {
            1 if samples.per_pixel >= 4 => return Ok(Colours::Cmyk),
            _ => "inks other than cyan, magenta, yellow and black",
        },
        6 => return ycbcr(file, directory).map(Colours::YCbCr),
        8 => return Ok(Colours::Lab { offset: false }),
        9 => return Ok(Colours::Lab { offset: true }),
        4 => "a transparency mask",
        10 => "ITU Lab colours",
        32844 | 32845 => "CIE Log colours",
        other => return Err(unsupported(format!("colours of the kind {other}"))),
    };
    Err(unsupported(name))
}

/// The colours of a palette: all reds, all greens, all blues, of 16 bits each.
fn palette<R: Read + Seek>(file: &mut TiffFile<R>, directory: &Directory, bits: u32) -> Result<Vec<[u8; 3]>> {
    let values = file.numbers(directory, tag::COLOR_MAP)?.ok_or_else(|| damaged("its palette is missing"))?;
    let count = values.len() / 3;
    if bits <= 8 && count < 1 << bits {
        return Err(damaged(format!("a palette of {count} colours for {bits} bits")));
    }
    // Some programs write values of 8 bits.
    let small = values.iter().all(|&value| value < 256);
    let scaled = |value: u64| if small { value as u8 } else { (value >> 8).min(255) as u8 };
    let colour = |index: usize| [0, 1, 2].map(|channel| scaled(values[channel * count + index]));
    Ok((0..count.min(256)).map(colour).collect())
}

fn ycbcr<R: Read + Seek>(file: &mut TiffFile<R>, directory: &Directory) -> Result<YCbCr> {
    let subsampling = match file.numbers(directory, tag::YCBCR_SUBSAMPLING)?.as_deref() {
        None => (2, 2),
        Some(&[across, down]) if [1, 2, 4].contains(&across) && [1, 2, 4].contains(&down) => {
            (across as u32, down as u32)
        }
        Some(other) => return Err(damaged(format!("a subsampling of colours of {other:?}"))),
    };
    let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
    let coefficients = match file.reals(directory, tag::YCBCR_COEFFICIENTS)? {
        Some(values) => <[f64; 3]>::try_from(values).ok().filter(|it| finite(it) && it[1] > 0.0),
        None => Some([0.299, 0.587, 0.114]),
    };
    let reference = match file.reals(directory, tag::REFERENCE_BLACK_WHITE)? {
        Some(values) => {
            let apart = |it: &[f64; 6]| finite(it) && it.chunks_exact(2).all(|pair| pair[0] != pair[1]);
            <[f64; 6]>::try_from(values).ok().filter(apart)
        }
        None => Some([0.0, 255.0, 128.0, 255.0, 128.0, 255.0]),
    };
    let wrong = || damaged("the values that turn YCbCr into RGB are wrong");
    Ok(YCbCr { subsampling, coefficients: coefficients.ok_or_else(wrong)?, reference: reference.ok_or_else(wrong)? })
}

fn alpha<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    samples: Samples,
    colours: &Colours,
) -> Result<Option<Alpha>> {
    let first = colours.count();
    let extra = match file.numbers(directory, tag::EXTRA_SAMPLES)? {
        Some(kinds) => kinds,
        // A fourth sample of RGB is alpha where nothing else is said, as in Pillow.
        None if *colours == Colours::Rgb && samples.per_pixel == 4 => vec![2],
        None => Vec::new(),
    };
    let found = extra.iter().take(samples.per_pixel - first).position(|kind| matches!(kind, 1 | 2));
    Ok(found.map(|position| Alpha { position: first + position, associated: extra[position] == 1 }))
}

fn predictor(number: u64, samples: Samples, compression: Compression) -> Result<Predictor> {
    if !matches!(compression, Compression::Lzw | Compression::Deflate | Compression::Zstd) {
        return Ok(Predictor::None);
    }
    match (number, samples.bits, samples.format) {
        (1, ..) => Ok(Predictor::None),
        (2, 8 | 16 | 32 | 64, _) => Ok(Predictor::Horizontal),
        (2, bits, _) => Err(unsupported(format!("a predictor for {bits} bits"))),
        (3, _, Format::Float) => Ok(Predictor::Float),
        (3, ..) => Err(damaged("a predictor of floating-point numbers for others")),
        _ => Err(damaged(format!("predictor {number}"))),
    }
}

fn chunks<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    (width, height): (u32, u32),
    samples: Samples,
    compression: Compression,
) -> Result<Chunks> {
    let tiled = directory.has(tag::TILE_OFFSETS) || directory.has(tag::TILE_WIDTH);
    let (offsets_tag, counts_tag) =
        if tiled { (tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS) } else { (tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS) };
    let (chunk_width, chunk_height) = if tiled {
        (file.number(directory, tag::TILE_WIDTH, 0)?, file.number(directory, tag::TILE_HEIGHT, 0)?)
    } else {
        let rows = file.number(directory, tag::ROWS_PER_STRIP, u64::from(u32::MAX))?;
        (u64::from(width), rows.min(u64::from(height)))
    };
    let sides = (u32::try_from(chunk_width), u32::try_from(chunk_height));
    let (Ok(chunk_width @ 1..), Ok(chunk_height @ 1..)) = sides else {
        return Err(damaged(format!("parts of {chunk_width} x {chunk_height} pixels")));
    };
    let missing = || damaged("it does not say where its pixels are");
    let offsets = file.numbers(directory, offsets_tag)?.ok_or_else(missing)?;
    let planes = if samples.planar { samples.per_pixel as u64 } else { 1 };
    let expected = u64::from(width.div_ceil(chunk_width)) * u64::from(height.div_ceil(chunk_height)) * planes;
    if (offsets.len() as u64) < expected {
        return Err(damaged(format!("the places of {} parts, where there are {expected}", offsets.len())));
    }
    let byte_counts = match file.numbers(directory, counts_tag)? {
        Some(counts) => counts,
        None if expected == 1 && compression == Compression::None => {
            let row = (u64::from(width) * samples.per_pixel as u64 * u64::from(samples.bits)).div_ceil(8);
            vec![row * u64::from(height)]
        }
        None => return Err(missing()),
    };
    if byte_counts.len() < offsets.len() {
        return Err(damaged(format!("the sizes of {} parts, where there are {}", byte_counts.len(), offsets.len())));
    }
    Ok(Chunks { width: chunk_width, height: chunk_height, tiled, offsets, byte_counts })
}
