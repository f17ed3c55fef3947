//! Thrift's compact protocol, as far as Parquet's descriptions of a file need it.

use crate::bytes::put_varint;

/// The type of a list's items.
#[derive(Clone, Copy)]
pub(super) enum Item {
    Number = 5,
    Text = 8,
    Struct = 12,
}

/// A struct that is being written.
#[derive(Default)]
pub(super) struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

impl Struct {
    /// The number and the type of a field; fields come in ascending order.
    fn field(&mut self, number: u8, kind: u8) {
        self.bytes.push(((number - self.last) << 4) | kind);
        self.last = number;
    }

    /// A number of 32 bits.
    pub fn i32(mut self, number: u8, value: i32) -> Self {
        self.field(number, 5);
        put_varint(&mut self.bytes, zigzag(value.into()));
        self
    }

    /// A number of 64 bits.
    pub fn i64(mut self, number: u8, value: i64) -> Self {
        self.field(number, 6);
        put_varint(&mut self.bytes, zigzag(value));
        self
    }

    /// A text.
    pub fn text(mut self, number: u8, value: &str) -> Self {
        self.field(number, 8);
        text(&mut self.bytes, value);
        self
    }

    /// A struct.
    pub fn nested(mut self, number: u8, value: Self) -> Self {
        self.field(number, 12);
        self.bytes.extend(value.finish());
        self
    }

    /// A list of items, each as its bytes.
    pub fn list(mut self, number: u8, item: Item, items: &[Vec<u8>]) -> Self {
        self.field(number, 9);
        match u8::try_from(items.len()) {
            Ok(count @ 0..15) => self.bytes.push((count << 4) | item as u8),
            _ => {
                self.bytes.push(0xF0 | item as u8);
                put_varint(&mut self.bytes, items.len() as u64);
            }
        }
        self.bytes.extend(items.iter().flatten());
        self
    }

    /// The bytes of the whole struct.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

/// A number as an item of a list.
pub(super) fn number_item(value: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, zigzag(value.into()));
    bytes
}

/// A text as an item of a list.
pub(super) fn text_item(value: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    text(&mut bytes, value);
    bytes
}

fn text(bytes: &mut Vec<u8>, value: &str) {
    put_varint(bytes, value.len() as u64);
    bytes.extend(value.as_bytes());
}

/// A signed number as an unsigned one, small where it is near to zero.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}
