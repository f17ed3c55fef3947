//! The fields of a Protocol Buffers message, one after the other.

use silknow_errors::{Error, Result};

use crate::bytes::Bytes;

/// The value of one field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field<'a> {
    /// A whole number.
    Number(u64),
    /// A text, bytes, a message, or packed numbers.
    Bytes(&'a [u8]),
    /// Four bytes.
    Four([u8; 4]),
    /// Eight bytes.
    Eight([u8; 8]),
}

impl<'a> Field<'a> {
    /// The number of a field that must be one.
    pub fn number(self) -> Result<u64> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err(Error::data("a field holds something else than a number")),
        }
    }

    /// The bytes of a field that must have some.
    pub fn bytes(self) -> Result<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Error::data("a field holds something else than bytes")),
        }
    }

    /// The text of a field that must be one.
    pub fn text(self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Error::data("a name is not UTF-8"))
    }
}

/// Calls `take` with the number and the value of every field of a message.
pub(crate) fn each<'a>(message: &'a [u8], mut take: impl FnMut(u64, Field<'a>) -> Result<()>) -> Result<()> {
    let mut bytes = Bytes::new(message);
    while !bytes.is_empty() {
        let tag = bytes.varint()?;
        let field = match tag & 7 {
            0 => Field::Number(bytes.varint()?),
            1 => Field::Eight(bytes.array()?),
            2 => {
                let length = bytes.varint()?;
                Field::Bytes(bytes.take_long(length)?)
            }
            5 => Field::Four(bytes.array()?),
            kind => {
                return Err(Error::data(format!("a field of the unknown kind {kind} at byte {}", bytes.position())));
            }
        };
        take(tag >> 3, field)?;
    }
    Ok(())
}

/// The lengths of the dimensions in a `TensorShapeProto`.
pub(crate) fn shape(message: &[u8]) -> Result<Vec<usize>> {
    let mut lengths = Vec::new();
    each(message, |number, field| {
        match number {
            2 => {
                // A dimension of length 0 has no field for it.
                let mut length = 0;
                each(field.bytes()?, |number, field| {
                    if number == 1 {
                        length = field.number()?;
                    }
                    Ok(())
                })?;
                let length = usize::try_from(length).ok().filter(|&length| length <= isize::MAX as usize);
                lengths.push(length.ok_or_else(|| Error::data("a dimension has no known length"))?);
            }
            3 if field.number()? != 0 => return Err(Error::data("a tensor has an unknown number of dimensions")),
            _ => {}
        }
        Ok(())
    })?;
    Ok(lengths)
}
