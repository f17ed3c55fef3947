//! Named tensors, as the files of weights have them.

use silknow_errors::{Error, Result};

/// The type of a tensor's elements in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ElementType {
    /// 16-bit floating point.
    F16,
    /// 16-bit floating point with the exponents of 32 bits.
    BF16,
    /// 32-bit floating point.
    F32,
    /// 64-bit floating point.
    F64,
    /// 32-bit whole numbers.
    I32,
    /// 64-bit whole numbers.
    I64,
}

impl ElementType {
    /// Bytes of an element.
    pub fn width(self) -> usize {
        match self {
            Self::F16 | Self::BF16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }
}

/// What a file says of one of its tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name in the file.
    pub name: String,
    /// Lengths of the dimensions; empty for a single value.
    pub shape: Vec<usize>,
    /// The type of its elements.
    pub element_type: ElementType,
}

impl TensorInfo {
    /// Bytes of all elements.
    ///
    /// # Errors
    /// A shape beyond every memory.
    pub(crate) fn bytes(&self) -> Result<u64> {
        let bytes = self
            .shape
            .iter()
            .try_fold(self.element_type.width() as u64, |bytes, &length| bytes.checked_mul(length as u64));
        bytes
            .ok_or_else(|| Error::data(format!("the tensor `{}` has the impossible shape {:?}", self.name, self.shape)))
    }
}

/// What a file of tensors holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    /// The tensors that can be read.
    pub tensors: Vec<TensorInfo>,
    /// The names of those that cannot, each with the reason.
    pub passed_over: Vec<(String, String)>,
}

/// The elements of a tensor, row by row. Half precision is widened, which keeps every value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// From 16 or 32 bits.
    F32(Vec<f32>),
    /// From 64 bits.
    F64(Vec<f64>),
    /// From 32 bits.
    I32(Vec<i32>),
    /// From 64 bits.
    I64(Vec<i64>),
}

impl Values {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
        }
    }

    /// True without elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as a network computes with them.
    pub fn into_f32(self) -> Vec<f32> {
        match self {
            Self::F32(values) => values,
            Self::F64(values) => values.into_iter().map(|value| value as f32).collect(),
            Self::I32(values) => values.into_iter().map(|value| value as f32).collect(),
            Self::I64(values) => values.into_iter().map(|value| value as f32).collect(),
        }
    }

    /// Elements from their bytes, the lowest first.
    pub(crate) fn from_bytes(element_type: ElementType, bytes: &[u8]) -> Self {
        fn each<const N: usize, T>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
            bytes.as_chunks::<N>().0.iter().map(|&element| value(element)).collect()
        }
        match element_type {
            ElementType::F16 => Self::F32(each(bytes, |two| half::f16::from_le_bytes(two).to_f32())),
            ElementType::BF16 => Self::F32(each(bytes, |two| half::bf16::from_le_bytes(two).to_f32())),
            ElementType::F32 => Self::F32(each(bytes, f32::from_le_bytes)),
            ElementType::F64 => Self::F64(each(bytes, f64::from_le_bytes)),
            ElementType::I32 => Self::I32(each(bytes, i32::from_le_bytes)),
            ElementType::I64 => Self::I64(each(bytes, i64::from_le_bytes)),
        }
    }
}

/// A named tensor with its elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name in the file.
    pub name: String,
    /// Lengths of the dimensions; empty for a single value.
    pub shape: Vec<usize>,
    /// As many elements as the shape says, row by row.
    pub values: Values,
}
