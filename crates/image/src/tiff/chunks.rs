//! The bytes of a strip or tile: read, decompressed, and what a predictor left out put back.

use std::io::{Cursor, Read, Seek};

use image::ImageDecoder;
use image::codecs::webp::WebPDecoder;
use silknow_errors::Result;

use super::directory::{ByteOrder, TiffFile};
use super::fax;
use super::layout::{Compression, Layout, Predictor};
use super::refusal::{NAME, damaged, explain, unsupported};
use crate::jpeg;
use crate::refusal::cut;

/// Reads `rows` rows of a chunk into `target`: rows of [`Layout::row_bytes`], uncompressed and without predictor.
pub(super) fn read<R: Read + Seek>(
    file: &mut TiffFile<R>,
    layout: &Layout,
    index: usize,
    rows: u32,
    target: &mut Vec<u8>,
) -> Result<()> {
    let chunks = &layout.chunks;
    let (Some(&offset), Some(&count)) = (chunks.offsets.get(index), chunks.byte_counts.get(index)) else {
        return Err(damaged("a part of the picture is missing"));
    };
    // The budget of memory holds this size.
    let size = layout.chunk_bytes(rows) as usize;
    target.clear();
    if layout.compression == Compression::None {
        if count < size as u64 {
            return Err(cut(NAME));
        }
        file.append(offset, size as u64, target)?;
    } else {
        target.resize(size, 0);
    }
    if layout.reversed_bits {
        decompress(file, layout, (offset, count), rows, target, |bytes| {
            bytes.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        })?;
    } else {
        decompress(file, layout, (offset, count), rows, target, |_| {})?;
    }
    if let Some(subsampling) = layout.subsampled() {
        let full = with_full_colours(target, layout, rows, subsampling);
        *target = full;
    }
    let row_bytes = layout.row_bytes() as usize;
    let (samples, stride) = (layout.samples, layout.samples_per_chunk());
    match layout.predictor {
        _ if layout.subsampled().is_some() => {}
        Predictor::None => {}
        Predictor::Horizontal => {
            target.chunks_exact_mut(row_bytes).for_each(|row| add_up(row, samples.bits, stride, samples.order));
        }
        Predictor::Float => {
            let mut copy = vec![0; row_bytes];
            for row in target.chunks_exact_mut(row_bytes) {
                gather_floats(row, &mut copy, samples.bits, stride, samples.order);
            }
        }
    }
    Ok(())
}

/// Fills `target` with what the stored bytes stand for; `prepare` changes them before.
fn decompress<R: Read + Seek>(
    file: &mut TiffFile<R>,
    layout: &Layout,
    (offset, count): (u64, u64),
    rows: u32,
    target: &mut [u8],
    prepare: impl Fn(&mut [u8]),
) -> Result<()> {
    let mut stored = |in_front: &[u8]| -> Result<Vec<u8>> {
        let mut bytes = in_front.to_vec();
        file.append(offset, count, &mut bytes)?;
        prepare(&mut bytes[in_front.len()..]);
        Ok(bytes)
    };
    let one_row = |bits, compression| Strip {
        width: target.len() as u32,
        height: 1,
        bits,
        samples: 1,
        compression,
        bytes: count,
    };
    match layout.compression {
        Compression::None => prepare(target),
        Compression::PackBits => unpack_bits(&stored(&[])?, target)?,
        Compression::Zstd => {
            let bytes = stored(&[])?;
            let mut decoder = ruzstd::decoding::StreamingDecoder::new(bytes.as_slice())
                .map_err(|error| damaged(error.to_string()))?;
            decoder.read_exact(target).map_err(|error| damaged(error.to_string()))?;
        }
        Compression::Lzw => one_row(8, 5).decode(stored(&one_row(8, 5).header()?)?, target)?,
        Compression::Deflate => one_row(8, 8).decode(stored(&one_row(8, 8).header()?)?, target)?,
        Compression::Fax3(rows) => fax::decode(&stored(&[])?, rows, layout.chunks.width, target)?,
        Compression::Fax4 => {
            let strip = Strip { width: layout.chunks.width, height: rows, ..one_row(1, 4) };
            strip.decode(stored(&strip.header()?)?, target)?;
        }
        Compression::Jpeg => read_jpeg(&stored(&[])?, layout, rows, target)?,
        Compression::WebP => read_webp(&stored(&[])?, layout, rows, target)?,
    }
    Ok(())
}

/// A TIFF file of one strip with the simplest colours, made around compressed data so that the decoder of such files
/// undoes the compression and nothing else.
#[derive(Clone, Copy)]
struct Strip {
    width: u32,
    height: u32,
    bits: u16,
    samples: u16,
    compression: u16,
    bytes: u64,
}

/// Bytes of the file before the data: a header, nine entries and the end of their directory.
const STRIP_HEADER_BYTES: u32 = 8 + 2 + 9 * 12 + 4;

impl Strip {
    fn header(self) -> Result<Vec<u8>> {
        let bytes = u32::try_from(self.bytes).map_err(|_| unsupported("a part of more than 4 GB"))?;
        const SHORT: u16 = 3;
        const LONG: u16 = 4;
        let entries = [
            (256, LONG, self.width),
            (257, LONG, self.height),
            (258, SHORT, self.bits.into()),
            (259, SHORT, self.compression.into()),
            (262, SHORT, 1),
            (273, LONG, STRIP_HEADER_BYTES),
            (277, SHORT, self.samples.into()),
            (278, LONG, self.height),
            (279, LONG, bytes),
        ];
        let mut header = b"II*\0\x08\0\0\0".to_vec();
        header.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, value) in entries {
            header.extend([u16::to_le_bytes(tag), kind.to_le_bytes()].as_flattened());
            header.extend([1_u32.to_le_bytes(), value.to_le_bytes()].as_flattened());
        }
        header.extend([0; 4]);
        Ok(header)
    }

    /// Decodes a file that begins with [`header`](Self::header).
    fn decode(self, file: Vec<u8>, target: &mut [u8]) -> Result<()> {
        let decoder = ::tiff::decoder::Decoder::new(Cursor::new(file)).map_err(explain)?;
        let mut decoder = decoder.with_limits(::tiff::decoder::Limits::unlimited());
        decoder.read_image_bytes(target).map_err(explain)
    }
}

/// Decodes the data of a JPEG picture to its components, as they are stored: `components` bytes a pixel.
///
/// # Errors
/// Data that do not have these sides and components, and those of kinds that are not read.
pub(crate) fn jpeg_components(bytes: &[u8], (width, height): (u32, u32), components: u16) -> Result<Vec<u8>> {
    let strip = Strip { width, height, bits: 8, samples: components, compression: 7, bytes: bytes.len() as u64 };
    let mut target = vec![0; width as usize * height as usize * usize::from(components)];
    strip.decode([&strip.header()?, bytes].concat(), &mut target)?;
    Ok(target)
}

/// A chunk of JPEG data, perhaps with tables that all chunks share.
fn read_jpeg(data: &[u8], layout: &Layout, rows: u32, target: &mut [u8]) -> Result<()> {
    let whole;
    let file = match (layout.jpeg_tables.as_slice(), data) {
        ([0xFF, 0xD8, tables @ .., 0xFF, 0xD9], [0xFF, 0xD8, picture @ ..]) => {
            whole = [&[0xFF, 0xD8], tables, picture].concat();
            &whole
        }
        // The old kind of JPEG data: all that stands in front of the picture's codes, and these.
        ([0xFF, 0xD8, header @ .., 0xFF, 0xD9], codes) => {
            whole = [&[0xFF, 0xD8], header, codes, &[0xFF, 0xD9]].concat();
            &whole
        }
        _ => data,
    };
    let frame = jpeg::Frame::find(file).ok_or_else(|| damaged("JPEG data without a header"))?;
    frame.check(NAME)?;
    let components = layout.samples_per_chunk();
    if usize::from(frame.components) != components || frame.width != layout.chunks.width || frame.height < rows {
        return Err(damaged(format!(
            "JPEG data of {} x {} pixels and {} components in a part of {} x {rows} and {components}",
            frame.width, frame.height, frame.components, layout.chunks.width,
        )));
    }
    if frame.height > layout.chunks.height {
        return Err(damaged("JPEG data that are higher than their part"));
    }
    let decoded = jpeg_components(file, (frame.width, frame.height), components as u16)?;
    target.copy_from_slice(&decoded[..target.len()]);
    Ok(())
}

fn read_webp(data: &[u8], layout: &Layout, rows: u32, target: &mut [u8]) -> Result<()> {
    let failed = |error| crate::refusal::explain(error, NAME);
    let decoder = WebPDecoder::new(Cursor::new(data)).map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if width != layout.chunks.width || height < rows || height > layout.chunks.height {
        return Err(damaged(format!("WebP data of {width} x {height} pixels in a part of other size")));
    }
    let stored = usize::from(decoder.color_type().channel_count());
    let wanted = layout.samples_per_chunk();
    let mut decoded = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut decoded).map_err(failed)?;
    if stored > wanted || wanted > 4 {
        return Err(damaged(format!("WebP data of {stored} samples for {wanted}")));
    }
    for (target, source) in target.chunks_exact_mut(wanted).zip(decoded.chunks_exact(stored)) {
        let (colours, alpha) = target.split_at_mut(stored);
        colours.copy_from_slice(source);
        alpha.fill(255);
    }
    Ok(())
}

/// Undoes PackBits: runs and literal bytes, each with a count in front.
fn unpack_bits(mut source: &[u8], target: &mut [u8]) -> Result<()> {
    let mut at = 0;
    while at < target.len() {
        let (&count, rest) = source.split_first().ok_or_else(|| cut(NAME))?;
        let left = target.len() - at;
        match count as i8 {
            -128 => source = rest,
            count @ 0.. => {
                let length = (count as usize + 1).min(left);
                let literal = rest.get(..length).ok_or_else(|| cut(NAME))?;
                target[at..at + length].copy_from_slice(literal);
                at += length;
                source = &rest[length..];
            }
            count => {
                let length = (1 - isize::from(count)) as usize;
                let (&value, rest) = rest.split_first().ok_or_else(|| cut(NAME))?;
                let length = length.min(left);
                target[at..at + length].fill(value);
                at += length;
                source = rest;
            }
        }
    }
    Ok(())
}

/// Adds to each sample that of the pixel before it.
fn add_up(row: &mut [u8], bits: u32, stride: usize, order: ByteOrder) {
    if bits == 8 {
        for at in stride..row.len() {
            row[at] = row[at].wrapping_add(row[at - stride]);
        }
        return;
    }
    let size = bits as usize / 8;
    for at in (stride * size..row.len()).step_by(size) {
        let before = order.number(&row[at - stride * size..][..size]);
        let sum = before.wrapping_add(order.number(&row[at..at + size]));
        match order {
            ByteOrder::Little => row[at..at + size].copy_from_slice(&sum.to_le_bytes()[..size]),
            ByteOrder::Big => row[at..at + size].copy_from_slice(&sum.to_be_bytes()[8 - size..]),
        }
    }
}

/// Undoes the predictor of floating-point numbers: bytes are added up, and those of one number are brought together
/// from the planes of first bytes, second bytes and so on, in which they are stored.
fn gather_floats(row: &mut [u8], copy: &mut [u8], bits: u32, stride: usize, order: ByteOrder) {
    add_up(row, 8, stride, order);
    copy.copy_from_slice(row);
    let size = bits as usize / 8;
    let count = row.len() / size;
    for (index, value) in row.chunks_exact_mut(size).enumerate() {
        for (place, byte) in value.iter_mut().enumerate() {
            let plane = if order == ByteOrder::Big { place } else { size - 1 - place };
            *byte = copy[plane * count + index];
        }
    }
}

/// Gives every pixel its brightness and both of its colours, where blocks of pixels share the colours.
fn with_full_colours(blocks: &[u8], layout: &Layout, rows: u32, (across, down): (u32, u32)) -> Vec<u8> {
    let width = layout.chunks.width as usize;
    let (across, down, rows) = (across as usize, down as usize, rows as usize);
    let mut full = vec![0; 3 * width * rows];
    let blocks_across = width.div_ceil(across);
    for (number, block) in blocks.chunks_exact(across * down + 2).enumerate() {
        let (left, top) = (number % blocks_across * across, number / blocks_across * down);
        for y in top..rows.min(top + down) {
            for x in left..width.min(left + across) {
                let brightness = block[(y - top) * across + (x - left)];
                let colours = [brightness, block[across * down], block[across * down + 1]];
                full[3 * (y * width + x)..][..3].copy_from_slice(&colours);
            }
        }
    }
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_literals_are_unpacked_and_a_missing_end_is_noticed() {
        // The example of Apple's description of the format.
        let packed = [0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA];
        let expected = [
            0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22, 0xAA, 0xAA, 0xAA, 0xAA,
            0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
        ];
        let mut target = [0; 24];
        unpack_bits(&packed, &mut target).unwrap();
        assert_eq!(target, expected);
        assert!(unpack_bits(&packed[..13], &mut target).is_err());
    }

    #[test]
    fn predictors_are_undone_in_both_orders() {
        let mut row = [1, 0, 2, 0, 3, 1];
        add_up(&mut row, 16, 1, ByteOrder::Little);
        assert_eq!(row, [1, 0, 3, 0, 6, 1]);
        let mut row = [0, 1, 0, 2, 1, 3];
        add_up(&mut row, 16, 1, ByteOrder::Big);
        assert_eq!(row, [0, 1, 0, 3, 1, 6]);
        // 1.0 and 2.0 are 3F800000 and 40000000: planes 3F 40, 80 00, 00 00, 00 00, then differences.
        let stored = [0x3F, 0x01, 0x40, 0x80, 0x00, 0x00, 0x00, 0x00];
        for (order, decode) in
            [(ByteOrder::Little, f32::from_le_bytes as fn([u8; 4]) -> f32), (ByteOrder::Big, f32::from_be_bytes)]
        {
            let mut row = stored;
            gather_floats(&mut row, &mut [0; 8], 32, 1, order);
            assert_eq!(row.as_chunks::<4>().0.iter().map(|&bytes| decode(bytes)).collect::<Vec<_>>(), [1.0, 2.0]);
        }
    }
}
