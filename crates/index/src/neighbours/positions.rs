//! A set of positions: the descriptors among which is searched.

use std::ops::Range;

/// Positions in an index, one bit for each.
#[derive(Clone, Debug)]
pub(crate) struct Positions {
    bits: Vec<u64>,
    count: usize,
}

impl Positions {
    /// The number of positions in the set.
    pub fn count(&self) -> usize {
        self.count
    }

    /// True when the position is in the set.
    #[inline(always)]
    pub fn contains(&self, position: u32) -> bool {
        self.bits[position as usize / 64] >> (position % 64) & 1 == 1
    }

    /// True when a position of the range is in the set.
    pub fn meets(&self, range: Range<usize>) -> bool {
        range.into_iter().any(|position| self.contains(position as u32))
    }
}

/// The positions whose entries are true.
impl FromIterator<bool> for Positions {
    fn from_iter<T: IntoIterator<Item = bool>>(entries: T) -> Self {
        let mut positions = Self { bits: Vec::new(), count: 0 };
        for (position, entry) in entries.into_iter().enumerate() {
            if position % 64 == 0 {
                positions.bits.push(0);
            }
            if entry {
                positions.bits[position / 64] |= 1 << (position % 64);
                positions.count += 1;
            }
        }
        positions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_knows_its_positions() {
        let positions: Positions = (0..200).map(|position| position % 67 == 3).collect();
        assert_eq!((0..200).filter(|&position| positions.contains(position)).collect::<Vec<_>>(), [3, 70, 137]);
        assert_eq!(positions.count(), 3);
        assert!(positions.meets(64..71) && !positions.meets(71..137));
    }
}
