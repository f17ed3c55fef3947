//! Messages of Protocol Buffers that are written: fields with their numbers, nested to any depth.

use std::io::{self, Write};

use crate::bytes::put_varint;

// How a field's value is stored.
const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// Numbers that become bytes at once.
const AT_ONCE: usize = 4096;

/// A message. Long arrays stay where they are until it is written.
#[derive(Default)]
pub(super) struct Message<'a> {
    pieces: Vec<Piece<'a>>,
}

enum Piece<'a> {
    Bytes(Vec<u8>),
    Floats(&'a [f32]),
}

impl<'a> Message<'a> {
    /// A field that is a whole number.
    pub fn number(&mut self, field: u64, value: u64) {
        let bytes = self.key(field, VARINT);
        put_varint(bytes, value);
    }

    /// A field that is a number with a point.
    pub fn float(&mut self, field: u64, value: f32) {
        self.key(field, FOUR_BYTES).extend(value.to_le_bytes());
    }

    /// A field that is a text.
    pub fn text(&mut self, field: u64, value: &str) {
        let bytes = self.key(field, LENGTH_DELIMITED);
        put_varint(bytes, value.len() as u64);
        bytes.extend(value.as_bytes());
    }

    /// A field that is a message.
    pub fn nested(&mut self, field: u64, message: Self) {
        let length = message.length();
        put_varint(self.key(field, LENGTH_DELIMITED), length);
        for piece in message.pieces {
            match piece {
                Piece::Bytes(bytes) => self.bytes().extend(bytes),
                floats => self.pieces.push(floats),
            }
        }
    }

    /// A field that is the bytes of numbers, the lowest byte of each first.
    pub fn floats(&mut self, field: u64, values: &'a [f32]) {
        put_varint(self.key(field, LENGTH_DELIMITED), size_of_val(values) as u64);
        self.pieces.push(Piece::Floats(values));
    }

    /// The number of bytes.
    pub fn length(&self) -> u64 {
        let length = |piece: &Piece<'_>| match piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::Floats(values) => size_of_val(*values) as u64,
        };
        self.pieces.iter().map(length).sum()
    }

    /// Writes all bytes.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => out.write_all(bytes)?,
                Piece::Floats(values) => {
                    for values in values.chunks(AT_ONCE) {
                        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                        out.write_all(&bytes)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Begins a field, and gives the bytes that go on with its value.
    fn key(&mut self, field: u64, kind: u64) -> &mut Vec<u8> {
        let bytes = self.bytes();
        put_varint(bytes, field << 3 | kind);
        bytes
    }

    /// The bytes at the end.
    fn bytes(&mut self) -> &mut Vec<u8> {
        if !matches!(self.pieces.last(), Some(Piece::Bytes(_))) {
            self.pieces.push(Piece::Bytes(Vec::new()));
        }
        match self.pieces.last_mut() {
            Some(Piece::Bytes(bytes)) => bytes,
            _ => unreachable!("bytes were put there"),
        }
    }
}
