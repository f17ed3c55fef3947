//! Numbers and slices out of bytes that cannot be trusted: nothing is taken beyond their end.

use silknow_errors::{Error, Result};

/// A place in a slice of bytes, from which on it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    /// Reads from the beginning.
    pub fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    /// The number of bytes read so far.
    pub fn position(&self) -> usize {
        self.at
    }

    /// True when nothing is left.
    pub fn is_empty(&self) -> bool {
        self.at == self.all.len()
    }

    /// The number of bytes left.
    pub fn left(&self) -> usize {
        self.all.len() - self.at
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let taken = self.all[self.at..].get(..count).ok_or_else(|| {
            Error::data(format!("{count} bytes should follow at byte {}, and {} are left", self.at, self.left()))
        })?;
        self.at += count;
        Ok(taken)
    }

    /// The next bytes, as many as a number that was read from the same bytes says.
    pub fn take_long(&mut self, count: u64) -> Result<&'a [u8]> {
        self.take(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("as many as were taken"))
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// Four bytes, the lowest first.
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes, the lowest first.
    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Seven bits a byte, the lowest first; the high bit says that more follow.
    pub fn varint(&mut self) -> Result<u64> {
        let start = self.at;
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Error::data(format!("the number at byte {start} has more than 64 bits")))
    }

    /// The bytes up to the next `end`, which is taken too.
    pub fn until(&mut self, end: u8) -> Result<&'a [u8]> {
        let rest = &self.all[self.at..];
        let length = rest
            .iter()
            .position(|&byte| byte == end)
            .ok_or_else(|| Error::data(format!("the text at byte {} never ends", self.at)))?;
        self.at += length + 1;
        Ok(&rest[..length])
    }
}

/// Appends a number as [`Bytes::varint`] reads it.
pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
