//! What an array is: a shape and elements of one type.

/// The elements of an array, in row-major order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Elements {
    /// `float32`
    F32(Vec<f32>),
    /// `int32`
    I32(Vec<i32>),
    /// `uint8`
    U8(Vec<u8>),
    /// unicode
    Text(Vec<String>),
}

/// An array: its shape and its elements in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Lengths of the dimensions; empty for a single value.
    pub shape: Vec<usize>,
    /// As many elements as the shape says.
    pub elements: Elements,
}

impl Array {
    /// A `float32` array.
    pub fn f32(shape: impl Into<Vec<usize>>, elements: Vec<f32>) -> Self {
        Self { shape: shape.into(), elements: Elements::F32(elements) }
    }

    /// An `int32` array.
    pub fn i32(shape: impl Into<Vec<usize>>, elements: Vec<i32>) -> Self {
        Self { shape: shape.into(), elements: Elements::I32(elements) }
    }

    /// A `uint8` array.
    pub fn u8(shape: impl Into<Vec<usize>>, elements: Vec<u8>) -> Self {
        Self { shape: shape.into(), elements: Elements::U8(elements) }
    }

    /// A unicode array.
    pub fn text(shape: impl Into<Vec<usize>>, elements: Vec<String>) -> Self {
        Self { shape: shape.into(), elements: Elements::Text(elements) }
    }
}
