//! From stored numbers of any size to the 8 bits of a picture.
//!
//! Numbers of up to 8 bits are scaled from their full range. Wider ones are too where they use it, but many programs
//! store less: 12 bits in words of 16, floating-point numbers from 0 to 255, measurements of any range. Scaled from the
//! full range such a picture would be black or white all over. [`Range::of`] says which range is taken.

use super::directory::ByteOrder;
use super::layout::{Format, Samples};

/// The values that become black and white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// The least and the greatest value of a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    low: f64,
    high: f64,
}

/// Greater numbers stand for something that was not measured.
const GREATEST: f64 = 1e30;

/// A picture is taken to use a range when its greatest value is above this share of it.
const USED: f64 = 1.0 / 16.0;

impl Found {
    pub(super) const NOTHING: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };

    pub(super) fn is_nothing(&self) -> bool {
        self.low > self.high
    }
}

impl Range {
    const fn up_to(high: f64) -> Self {
        Self { low: 0.0, high }
    }

    /// The range that is taken before the values are known.
    pub(super) fn assumed(samples: &Samples) -> Self {
        match (samples.format, samples.bits) {
            _ if samples.bits > 8 && samples.stated.is_some() => {
                samples.stated.map_or(Self::up_to(1.0), |(low, high)| Self { low, high })
            }
            (Format::Float, _) => Self::up_to(1.0),
            (_, bits) => Self::up_to(greatest(bits)),
        }
    }

    /// Whether the range depends on the values.
    pub(super) fn is_open(samples: &Samples) -> bool {
        samples.format != Format::Unsigned || samples.bits > 12
    }

    /// The range for a picture with these values: the stated one unless the picture would be black or white in it; else
    /// the first usual range that holds all values and is used by them; else the values' own range.
    ///
    /// Usual are the full range of 13 to 16 bits, then that of the fewest bits that hold the values; 8, 16 and all bits
    /// of longer numbers; 1, 255 and 65535 for floating-point numbers.
    pub(super) fn of(samples: &Samples, found: Found) -> Self {
        let bits = samples.bits;
        let stated = samples.stated.filter(|_| bits > 8).map(|(low, high)| Self { low, high });
        if let Some(stated) = stated.filter(|stated| stated.shows(found)) {
            return stated;
        }
        let usual: Vec<f64> = match samples.format {
            Format::Float => vec![1.0, 255.0, 65535.0],
            Format::Unsigned if bits <= 16 => {
                let fewest = (1..=bits).map(greatest).find(|&high| high >= found.high);
                [Some(greatest(bits)), fewest].into_iter().flatten().collect()
            }
            Format::Unsigned => vec![255.0, 65535.0, greatest(bits)],
            Format::Signed => [8, 16, bits - 1].into_iter().filter(|&it| it < bits).map(greatest).collect(),
        };
        let usual = usual
            .into_iter()
            .map(Self::up_to)
            .find(|range| found.low >= range.low && found.high <= range.high && found.high > range.high * USED);
        match usual {
            Some(range) => range,
            None if found.low < found.high => Self { low: found.low, high: found.high },
            // All values are the same. What is not positive is black, and all else a middle grey.
            None => Self::up_to((2.0 * found.high).max(1.0)),
        }
    }

    /// Whether values show something in this range, though some may lie outside.
    fn shows(self, found: Found) -> bool {
        let margin = (self.high - self.low) * USED;
        found.high > self.low + margin && found.low < self.high - margin
    }

    fn scaled(self, value: f64) -> u8 {
        // What is no number becomes 0.
        (((value - self.low) / (self.high - self.low)) * 255.0).round() as u8
    }
}

/// The greatest number of so many bits.
fn greatest(bits: u32) -> f64 {
    2f64.powi(bits as i32) - 1.0
}

/// Reads the rows of one kind of numbers.
pub(super) struct RowReader {
    samples: Samples,
    /// Values of 8 bits for all numbers of up to 16.
    table: Vec<u8>,
    range: Range,
}

impl RowReader {
    /// For numbers that are scaled from a range to 8 bits.
    pub(super) fn scaling(samples: Samples, range: Range) -> Self {
        let table = match (samples.format, samples.bits) {
            (Format::Unsigned, bits @ 1..=16) => (0..1_u32 << bits).map(|it| range.scaled(f64::from(it))).collect(),
            (Format::Signed, bits @ 1..=16) => {
                (0..1_u64 << bits).map(|it| range.scaled(signed(it, bits) as f64)).collect()
            }
            _ => Vec::new(),
        };
        Self { samples, table, range }
    }

    /// For numbers of up to 8 bits that stay as they are.
    pub(super) fn raw(samples: Samples) -> Self {
        let table = (0..1_u32 << samples.bits.min(8)).map(|it| it as u8).collect();
        Self { samples, table, range: Range::up_to(255.0) }
    }

    /// Every number at `first` and then each `step`th of a row, as 8 bits, into `target` at the same distances as
    /// `target_step` says.
    pub(super) fn read(&self, row: &[u8], first: usize, step: usize, target: &mut [u8], target_step: usize) {
        let places = target.iter_mut().step_by(target_step).enumerate();
        if self.table.is_empty() {
            places.for_each(|(index, place)| *place = self.range.scaled(self.value(row, first + index * step)));
        } else if self.samples.bits == 8 {
            places.for_each(|(index, place)| *place = self.table[usize::from(row[first + index * step])]);
        } else {
            places.for_each(|(index, place)| *place = self.table[self.bits_of(row, first + index * step) as usize]);
        }
    }

    /// Widens `found` by numbers of a row: `count` of them, at `first` and then each `step`th.
    pub(super) fn find(&self, row: &[u8], first: usize, step: usize, count: usize, found: &mut Found) {
        for index in 0..count {
            let value = self.value(row, first + index * step);
            if value.abs() < GREATEST && self.samples.no_data != Some(value) {
                found.low = found.low.min(value);
                found.high = found.high.max(value);
            }
        }
    }

    fn value(&self, row: &[u8], index: usize) -> f64 {
        let whole = self.bits_of(row, index);
        match (self.samples.format, self.samples.bits) {
            (Format::Unsigned, _) => whole as f64,
            (Format::Signed, bits) => signed(whole, bits) as f64,
            (Format::Float, 16) => half(whole as u16),
            (Format::Float, 32) => f64::from(f32::from_bits(whole as u32)),
            (Format::Float, _) => f64::from_bits(whole),
        }
    }

    /// The bits of the number at `index` of a row.
    fn bits_of(&self, row: &[u8], index: usize) -> u64 {
        let bits = self.samples.bits as usize;
        match bits {
            8 => u64::from(row[index]),
            16 | 24 | 32 | 64 => self.samples.order.number(&row[index * bits / 8..][..bits / 8]),
            // Numbers that do not fill bytes follow one another from the highest bit on, in either order.
            _ => {
                let (start, end) = (index * bits, (index + 1) * bits);
                let bytes = &row[start / 8..end.div_ceil(8)];
                let whole = ByteOrder::Big.number(bytes) >> (bytes.len() * 8 - (end - start / 8 * 8));
                whole & ((1 << bits) - 1)
            }
        }
    }
}

fn signed(value: u64, bits: u32) -> i64 {
    (value << (64 - bits)) as i64 >> (64 - bits)
}

/// A floating-point number of 16 bits.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF) / 1024.0);
    match exponent {
        0 => sign * fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1.0 + fraction) * 2f64.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(bits: u32, format: Format) -> Samples {
        Samples { bits, format, order: ByteOrder::Little, per_pixel: 1, planar: false, stated: None, no_data: None }
    }

    fn range(bits: u32, format: Format, low: f64, high: f64) -> (f64, f64) {
        let range = Range::of(&samples(bits, format), Found { low, high });
        (range.low, range.high)
    }

    #[test]
    fn the_range_is_a_usual_one_that_holds_the_values_or_their_own() {
        assert_eq!(range(32, Format::Float, 0.1, 0.9), (0.0, 1.0));
        assert_eq!(range(32, Format::Float, 3.0, 250.0), (0.0, 255.0));
        assert_eq!(range(32, Format::Float, 0.0, 60000.0), (0.0, 65535.0));
        assert_eq!(range(32, Format::Float, -0.02, 1.05), (-0.02, 1.05));
        assert_eq!(range(32, Format::Float, 0.0, 1.5), (0.0, 1.5));
        assert_eq!(range(64, Format::Float, 0.001, 0.002), (0.001, 0.002));
        assert_eq!(range(16, Format::Unsigned, 0.0, 60000.0), (0.0, 65535.0));
        assert_eq!(range(16, Format::Unsigned, 0.0, 4000.0), (0.0, 4095.0));
        assert_eq!(range(16, Format::Unsigned, 0.0, 200.0), (0.0, 255.0));
        assert_eq!(range(32, Format::Unsigned, 0.0, 200.0), (0.0, 255.0));
        assert_eq!(range(32, Format::Unsigned, 5.0, 3e9), (0.0, 4294967295.0));
        assert_eq!(range(16, Format::Signed, 0.0, 30000.0), (0.0, 32767.0));
        assert_eq!(range(16, Format::Signed, -400.0, 900.0), (-400.0, 900.0));
        assert_eq!(range(32, Format::Float, 7.0, 7.0), (0.0, 14.0));
        assert_eq!(range(32, Format::Float, -3.0, -3.0), (0.0, 1.0));
    }

    #[test]
    fn a_stated_range_counts_unless_the_picture_would_be_black_or_white() {
        let stated = Samples { stated: Some((0.0, 100.0)), ..samples(32, Format::Float) };
        let range = |low, high| Range::of(&stated, Found { low, high }).high;
        assert_eq!(
            [range(0.0, 50.0), range(20.0, 400.0), range(0.0, 1.0), range(200.0, 250.0)],
            [100.0, 100.0, 1.0, 255.0]
        );
    }

    #[test]
    fn numbers_of_any_bits_are_read() {
        let read = |bits, row: &[u8], index| {
            RowReader::scaling(samples(bits, Format::Unsigned), Range::up_to(1.0)).bits_of(row, index)
        };
        assert_eq!([0, 1, 7].map(|it| read(1, &[0b1000_0001], it)), [1, 0, 1]);
        assert_eq!([0, 3].map(|it| read(2, &[0b1100_0010], it)), [3, 2]);
        assert_eq!([0, 1].map(|it| read(12, &[0xAB, 0xCD, 0xEF], it)), [0xABC, 0xDEF]);
        assert_eq!([0, 1].map(|it| read(17, &[0x80, 0x00, 0x40, 0x00, 0x20], it)), [0x10000, 0x10000]);
        assert_eq!(read(16, &[1, 2], 0), 0x0201);
    }

    #[test]
    fn half_precision_is_exact() {
        assert_eq!(
            [0x3C00, 0xC000, 0x3555, 0x0001, 0x7BFF].map(half),
            [1.0, -2.0, 0.333251953125, 2f64.powi(-24), 65504.0]
        );
        assert!(half(0x7C01).is_nan() && half(0xFC00) == f64::NEG_INFINITY);
    }
}
