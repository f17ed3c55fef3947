//! The directories of a TIFF file: tags and their values, in classic files and BigTIFF, of both byte orders.

use std::io::{Read, Seek, SeekFrom};

use silknow_errors::{Error, Result};

use super::refusal::{NAME, damaged, unreadable};

/// The most directories that are looked at, and the most entries of one.
const MAX_DIRECTORIES: usize = 10_000;
const MAX_ENTRIES: u64 = 4096;

/// The most values that one tag of numbers may have; the longest lists are the places of tiles.
const MAX_NUMBERS: u64 = 4 << 20;

/// The most bytes that the values of one tag may take: 32 MiB.
const MAX_VALUE_BYTES: u64 = 8 * MAX_NUMBERS;

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// An unsigned number of up to eight bytes.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let add = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, add),
            Self::Big => bytes.iter().fold(0, add),
        }
    }
}

/// A file of which directories and values are read.
pub(super) struct TiffFile<R> {
    stream: R,
    length: u64,
    pub(super) order: ByteOrder,
    is_big: bool,
    first: u64,
}

/// One directory: what is told of one picture of the file.
#[derive(Debug, Default)]
pub(super) struct Directory {
    entries: Vec<Entry>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The field that holds the values, or the place where they are.
    field: [u8; 8],
}

impl<R: Read + Seek> TiffFile<R> {
    /// Reads the header.
    pub(super) fn open(mut stream: R) -> Result<Self> {
        let length = stream.seek(SeekFrom::End(0)).map_err(unreadable)?;
        let mut file = Self { stream, length, order: ByteOrder::Little, is_big: false, first: 0 };
        let start = file.bytes(0, 8)?;
        file.order = if start[0] == b'M' { ByteOrder::Big } else { ByteOrder::Little };
        file.is_big = file.order.number(&start[2..4]) == 43;
        file.first = if file.is_big {
            let rest = file.bytes(4, 12)?;
            if file.order.number(&rest[..2]) != 8 {
                return Err(damaged("the offsets of this BigTIFF do not have 8 bytes"));
            }
            file.order.number(&rest[4..])
        } else {
            file.order.number(&start[4..])
        };
        Ok(file)
    }

    /// Bytes at a place of the file; nothing is allocated for what the file does not hold.
    pub(super) fn bytes(&mut self, offset: u64, count: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.append(offset, count, &mut bytes)?;
        Ok(bytes)
    }

    /// As [`bytes`](Self::bytes), behind those that are there.
    pub(super) fn append(&mut self, offset: u64, count: u64, bytes: &mut Vec<u8>) -> Result<()> {
        if offset.checked_add(count).is_none_or(|end| end > self.length) {
            return Err(crate::refusal::cut(NAME));
        }
        let start = bytes.len();
        bytes.resize(start + count as usize, 0);
        self.stream.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
        self.stream.read_exact(&mut bytes[start..]).map_err(unreadable)
    }

    /// How many bytes the file has from a place on.
    pub(super) fn bytes_behind(&self, offset: u64) -> u64 {
        self.length.saturating_sub(offset)
    }

    /// The first directory.
    pub(super) fn first_directory(&mut self) -> Result<Directory> {
        self.directory(self.first)
    }

    /// The directory at a place of the file.
    pub(super) fn directory(&mut self, offset: u64) -> Result<Directory> {
        let (count_bytes, entry_bytes, field_bytes) = if self.is_big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.order.number(&self.bytes(offset, count_bytes)?);
        if count > MAX_ENTRIES {
            return Err(damaged(format!("a directory of {count} entries")));
        }
        let table = self.bytes(offset + count_bytes, count * entry_bytes as u64 + field_bytes)?;
        let (entries, next) = table.split_at(count as usize * entry_bytes);
        let order = self.order;
        let entry = |bytes: &[u8]| {
            let (count, field) = bytes[4..].split_at(field_bytes as usize);
            let mut whole = [0; 8];
            whole[..field.len()].copy_from_slice(field);
            Entry {
                tag: order.number(&bytes[..2]) as u16,
                kind: order.number(&bytes[2..4]) as u16,
                count: order.number(count),
                field: whole,
            }
        };
        Ok(Directory { entries: entries.chunks_exact(entry_bytes).map(entry).collect(), next: order.number(next) })
    }

    /// How many whole pictures the file holds: masks and smaller copies of others do not count. Directories that cannot
    /// be read end the count, and so does a chain that leads back.
    pub(super) fn pages(&mut self, first: &Directory) -> usize {
        let mut seen = vec![self.first];
        let mut pages = 1;
        let mut next = first.next;
        while next != 0 && !seen.contains(&next) && seen.len() < MAX_DIRECTORIES {
            seen.push(next);
            let Ok(directory) = self.directory(next) else { break };
            const COPY_OR_MASK: u64 = 0b101;
            let kind = self.numbers(&directory, tag::NEW_SUBFILE_TYPE).ok().flatten();
            if kind.and_then(|kind| kind.first().copied()).unwrap_or(0) & COPY_OR_MASK == 0 {
                pages += 1;
            }
            next = directory.next;
        }
        pages
    }

    /// The bytes of a tag's values, and how many one value has.
    fn raw(&mut self, directory: &Directory, tag: u16) -> Result<Option<(Vec<u8>, u16)>> {
        let Some(entry) = directory.entries.iter().find(|entry| entry.tag == tag) else { return Ok(None) };
        let size = size_of_kind(entry.kind).ok_or_else(|| bad_tag(tag))?;
        let bytes = entry.count.checked_mul(size).filter(|&bytes| bytes <= MAX_VALUE_BYTES);
        let bytes = bytes.ok_or_else(|| bad_tag(tag))?;
        let field = if self.is_big { 8 } else { 4 };
        if bytes <= field {
            return Ok(Some((entry.field[..bytes as usize].to_vec(), entry.kind)));
        }
        let offset = self.order.number(&entry.field[..field as usize]);
        Ok(Some((self.bytes(offset, bytes)?, entry.kind)))
    }

    /// The values of a tag of whole numbers.
    pub(super) fn numbers(&mut self, directory: &Directory, tag: u16) -> Result<Option<Vec<u64>>> {
        let Some((bytes, kind)) = self.raw(directory, tag)? else { return Ok(None) };
        if !matches!(kind, 1 | 3 | 4 | 7 | 13 | 16 | 18) {
            return Err(bad_tag(tag));
        }
        let size = size_of_kind(kind).unwrap_or(1) as usize;
        if bytes.len() / size > MAX_NUMBERS as usize {
            return Err(bad_tag(tag));
        }
        Ok(Some(bytes.chunks_exact(size).map(|value| self.order.number(value)).collect()))
    }

    /// The one value of a tag of whole numbers, or `default` where the tag is missing.
    pub(super) fn number(&mut self, directory: &Directory, tag: u16, default: u64) -> Result<u64> {
        match self.numbers(directory, tag)? {
            Some(values) => values.first().copied().ok_or_else(|| bad_tag(tag)),
            None => Ok(default),
        }
    }

    /// The values of a tag of any numbers.
    pub(super) fn reals(&mut self, directory: &Directory, tag: u16) -> Result<Option<Vec<f64>>> {
        let Some((bytes, kind)) = self.raw(directory, tag)? else { return Ok(None) };
        let size = size_of_kind(kind).unwrap_or(1) as usize;
        let signed = |value: u64, bits: u32| ((value << (64 - bits)) as i64 >> (64 - bits)) as f64;
        let real = |bytes: &[u8]| {
            let whole = self.order.number(bytes);
            match kind {
                5 => self.order.number(&bytes[..4]) as f64 / self.order.number(&bytes[4..]) as f64,
                6 => signed(whole, 8),
                8 => signed(whole, 16),
                9 => signed(whole, 32),
                10 => signed(self.order.number(&bytes[..4]), 32) / signed(self.order.number(&bytes[4..]), 32),
                11 => f64::from(f32::from_bits(whole as u32)),
                12 => f64::from_bits(whole),
                17 => whole as i64 as f64,
                _ => whole as f64,
            }
        };
        Ok(Some(bytes.chunks_exact(size).map(real).collect()))
    }

    /// The bytes of a tag of bytes or text.
    pub(super) fn byte_values(&mut self, directory: &Directory, tag: u16) -> Result<Option<Vec<u8>>> {
        Ok(self.raw(directory, tag)?.map(|(bytes, _)| bytes))
    }
}

impl Directory {
    pub(super) fn has(&self, tag: u16) -> bool {
        self.entries.iter().any(|entry| entry.tag == tag)
    }
}

/// The bytes of one value of each kind that the format knows.
fn size_of_kind(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 | 17 | 18 => Some(8),
        _ => None,
    }
}

fn bad_tag(tag: u16) -> Error {
    damaged(format!("the value of tag {tag} is wrong"))
}

/// The numbers of the tags that are read.
pub(super) mod tag {
    pub(in crate::tiff) const NEW_SUBFILE_TYPE: u16 = 254;
    pub(in crate::tiff) const WIDTH: u16 = 256;
    pub(in crate::tiff) const HEIGHT: u16 = 257;
    pub(in crate::tiff) const BITS_PER_SAMPLE: u16 = 258;
    pub(in crate::tiff) const COMPRESSION: u16 = 259;
    pub(in crate::tiff) const PHOTOMETRIC: u16 = 262;
    pub(in crate::tiff) const FILL_ORDER: u16 = 266;
    pub(in crate::tiff) const STRIP_OFFSETS: u16 = 273;
    pub(in crate::tiff) const ORIENTATION: u16 = 274;
    pub(in crate::tiff) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(in crate::tiff) const ROWS_PER_STRIP: u16 = 278;
    pub(in crate::tiff) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(in crate::tiff) const PLANAR_CONFIGURATION: u16 = 284;
    pub(in crate::tiff) const T4_OPTIONS: u16 = 292;
    pub(in crate::tiff) const PREDICTOR: u16 = 317;
    pub(in crate::tiff) const COLOR_MAP: u16 = 320;
    pub(in crate::tiff) const TILE_WIDTH: u16 = 322;
    pub(in crate::tiff) const TILE_HEIGHT: u16 = 323;
    pub(in crate::tiff) const TILE_OFFSETS: u16 = 324;
    pub(in crate::tiff) const TILE_BYTE_COUNTS: u16 = 325;
    pub(in crate::tiff) const SUB_DIRECTORIES: u16 = 330;
    pub(in crate::tiff) const INK_SET: u16 = 332;
    pub(in crate::tiff) const EXTRA_SAMPLES: u16 = 338;
    pub(in crate::tiff) const SAMPLE_FORMAT: u16 = 339;
    pub(in crate::tiff) const MIN_SAMPLE_VALUE: u16 = 340;
    pub(in crate::tiff) const MAX_SAMPLE_VALUE: u16 = 341;
    pub(in crate::tiff) const JPEG_TABLES: u16 = 347;
    pub(in crate::tiff) const JPEG_FILE: u16 = 513;
    pub(in crate::tiff) const JPEG_FILE_BYTES: u16 = 514;
    pub(in crate::tiff) const YCBCR_COEFFICIENTS: u16 = 529;
    pub(in crate::tiff) const YCBCR_SUBSAMPLING: u16 = 530;
    pub(in crate::tiff) const REFERENCE_BLACK_WHITE: u16 = 532;
    pub(in crate::tiff) const ICC_PROFILE: u16 = 34675;
    pub(in crate::tiff) const GDAL_NO_DATA: u16 = 42113;
    pub(in crate::tiff) const DNG_VERSION: u16 = 50706;
}
