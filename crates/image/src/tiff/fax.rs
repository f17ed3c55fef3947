//! Pictures of one bit as fax machines send them (ITU-T T.4, group 3): each row is coded as runs of white and black, or by
//! what changes against the row above.
//!
//! The codes of runs and changes are those of the crate `fax`; what surrounds them is here.

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader, slice_reader};
use silknow_errors::Result;

use super::refusal::{NAME, damaged, unsupported};
use crate::refusal::cut;

/// How the rows of a picture follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Each begins with a whole byte: modified Huffman, TIFF's compression 2.
    OnBytes,
    /// Each begins behind an end-of-line code: group 3 of one dimension.
    BehindCodes,
    /// As these, and a bit says which rows are coded against the row above: group 3 of two dimensions.
    BehindCodesAndTags,
}

impl Rows {
    /// Those of compression 3 with these options.
    pub(super) fn of_options(options: u64) -> Result<Self> {
        match options {
            _ if options & 0b10 != 0 => Err(unsupported("fax compression with rows that are not compressed")),
            _ if options & 1 != 0 => Ok(Self::BehindCodesAndTags),
            _ => Ok(Self::BehindCodes),
        }
    }
}

/// Fills `target`, rows of `width` pixels with one bit each, in which black is 1.
pub(super) fn decode(data: &[u8], rows: Rows, width: u32, target: &mut [u8]) -> Result<()> {
    // Codes are looked up by more bits than the last of them may have.
    let padded = [data, &[0; 4]].concat();
    let mut bits = Bits { reader: slice_reader(&padded), left: 8 * data.len() as u64 };
    let mut changes = Vec::new();
    for row in target.chunks_exact_mut(width.div_ceil(8) as usize) {
        let is_alone = match rows {
            Rows::OnBytes => {
                bits.skip_to_byte();
                true
            }
            Rows::BehindCodes | Rows::BehindCodesAndTags => {
                if bits.skip_line_ends(rows == Rows::BehindCodesAndTags) > 1 {
                    // Several ends of lines end the picture; the rows that are left are white.
                    return Ok(());
                }
                rows == Rows::BehindCodes || bits.take_tag()
            }
        };
        if bits.left == 0 {
            return Err(cut(NAME));
        }
        row.fill(0);
        if is_alone {
            runs(&mut bits, width, row)?
        } else {
            against(&mut bits, &changes, width, row)?
        }
        changes = changes_of(row, width);
    }
    Ok(())
}

/// The bits of the data.
struct Bits<R> {
    reader: R,
    /// Those that are left of the data, without what is padded.
    left: u64,
}

impl<R: BitReader> Bits<R> {
    fn skip(&mut self, bits: u8) {
        self.left = self.left.saturating_sub(u64::from(bits));
        // The bytes are in memory, and cannot fail to be read.
        let _ = self.reader.consume(bits);
    }

    fn skip_to_byte(&mut self) {
        self.skip((self.left % 8) as u8);
    }

    /// Passes over ends of lines, each of at least eleven zeros and a one, and tells their number. With `tags`, a bit stands
    /// behind each; that of the last is left.
    fn skip_line_ends(&mut self, tags: bool) -> usize {
        const FEWEST_ZEROS: u8 = 11;
        let mut ends = 0;
        loop {
            let ahead = if tags && ends > 0 { 1 } else { 0 };
            let window = self.reader.peek(FEWEST_ZEROS + ahead).unwrap_or(0);
            if self.left < u64::from(FEWEST_ZEROS) || window & ((1 << FEWEST_ZEROS) - 1) != 0 {
                return ends;
            }
            self.skip(ahead);
            while self.left > 0 && self.reader.peek(1) == Some(0) {
                self.skip(1);
            }
            self.skip(1);
            ends += 1;
        }
    }

    /// Takes the bit that says that a row is coded alone.
    fn take_tag(&mut self) -> bool {
        let tag = self.reader.peek(1);
        self.skip(1);
        tag == Some(1)
    }

    /// Takes what a table of codes finds.
    fn code<T>(&mut self, find: impl FnOnce(&mut Counted<'_, R>) -> Option<T>) -> Result<T> {
        let mut counted = Counted { reader: &mut self.reader, taken: 0 };
        let found = find(&mut counted);
        let taken = counted.taken;
        if taken > self.left {
            return Err(cut(NAME));
        }
        self.left -= taken;
        found.ok_or_else(|| damaged("a code of the fax data is wrong"))
    }

    /// The length of a run of one colour: codes of many pixels, then one of fewer than 64.
    fn run(&mut self, is_black: bool) -> Result<u32> {
        let mut length = 0;
        loop {
            let part = self.code(|bits| if is_black { black::decode(bits) } else { white::decode(bits) })?;
            length += u32::from(part);
            if part < 64 {
                return Ok(length);
            }
        }
    }
}

/// A reader that counts the bits that are taken.
struct Counted<'a, R> {
    reader: &'a mut R,
    taken: u64,
}

impl<R: BitReader> BitReader for Counted<'_, R> {
    type Error = R::Error;

    fn peek(&self, bits: u8) -> Option<u16> {
        self.reader.peek(bits)
    }

    fn consume(&mut self, bits: u8) -> std::result::Result<(), R::Error> {
        self.taken += u64::from(bits);
        self.reader.consume(bits)
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        self.reader.bits_to_byte_boundary()
    }
}

/// Reads a row of runs, of which the first is white.
fn runs<R: BitReader>(bits: &mut Bits<R>, width: u32, row: &mut [u8]) -> Result<()> {
    let (mut at, mut is_black) = (0, false);
    while at < width {
        let end = at.saturating_add(bits.run(is_black)?);
        paint(row, (at, end), width, is_black)?;
        (at, is_black) = (end, !is_black);
    }
    Ok(())
}

/// Reads a row that is coded against the changes of the row above.
fn against<R: BitReader>(bits: &mut Bits<R>, above: &[u32], width: u32, row: &mut [u8]) -> Result<()> {
    let mut at = None;
    let mut is_black = false;
    while at.unwrap_or(0) < width {
        let here = at.unwrap_or(0);
        // The next change above to the other colour; those to black have even places.
        let parity = usize::from(is_black);
        let next = (parity..above.len()).step_by(2).find(|&place| at.is_none_or(|at| above[place] > at));
        let change = |place: Option<usize>| place.and_then(|place| above.get(place)).copied().unwrap_or(width);
        match bits.code(|bits| mode::decode(bits))? {
            Mode::Pass => {
                let end = change(next.map(|place| place + 1));
                paint(row, (here, end), width, is_black)?;
                at = Some(end);
            }
            Mode::Vertical(shift) => {
                let end = change(next).checked_add_signed(shift.into()).filter(|&end| end >= here);
                let end = end.ok_or_else(|| damaged("a row of the fax data leads back"))?;
                paint(row, (here, end), width, is_black)?;
                (at, is_black) = (Some(end), !is_black);
            }
            Mode::Horizontal => {
                let first = here.saturating_add(bits.run(is_black)?);
                let second = first.saturating_add(bits.run(!is_black)?);
                paint(row, (here, first), width, is_black)?;
                paint(row, (first, second), width, !is_black)?;
                at = Some(second);
            }
            Mode::Extension => return Err(unsupported("fax compression with rows that are not compressed")),
            Mode::EOF => return Err(damaged("a row of the fax data ends too early")),
        }
    }
    Ok(())
}

/// Gives pixels their colour; white is there already.
fn paint(row: &mut [u8], (start, end): (u32, u32), width: u32, is_black: bool) -> Result<()> {
    if end > width {
        return Err(damaged(format!("a row of the fax data has more than {width} pixels")));
    }
    if is_black {
        for pixel in start..end {
            row[pixel as usize / 8] |= 0x80 >> (pixel % 8);
        }
    }
    Ok(())
}

/// The places at which a row changes its colour, which is white in front of it.
fn changes_of(row: &[u8], width: u32) -> Vec<u32> {
    let is_black = |pixel: u32| row[pixel as usize / 8] & (0x80 >> (pixel % 8)) != 0;
    let mut before = false;
    (0..width)
        .filter(|&pixel| {
            let changes = is_black(pixel) != before;
            before = is_black(pixel);
            changes
        })
        .collect()
}
