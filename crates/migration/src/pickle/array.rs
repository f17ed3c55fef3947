//! NumPy's arrays within a pickle.

use silknow_errors::{Error, Result};

use crate::pickle::value::{Node, Pickle, Value};

/// An array of a pickle, with everything that it claims compared with the bytes that are there.
#[derive(Debug)]
pub(crate) struct Array<'p> {
    /// Lengths of the dimensions; empty for a single value.
    pub shape: Vec<usize>,
    pub elements: Elements<'p>,
}

/// The elements of an array, row by row.
#[derive(Debug)]
pub(crate) enum Elements<'p> {
    /// Any values.
    Values(&'p [Value]),
    Texts(Vec<String>),
    /// Numbers, as descriptors are held.
    Numbers(Vec<f32>),
}

/// The type of an array's elements.
#[derive(Clone, Copy, Debug)]
struct ElementType {
    /// `f`, `i`, `u`, `U`, `S`, `O`, ...
    kind: char,
    /// Bytes of a number, characters of a text.
    size: usize,
    big_endian: bool,
}

/// The most dimensions of an array, as NumPy has it.
const MOST_DIMENSIONS: usize = 32;

impl Pickle<'_> {
    /// The array that a value is; none where it is something else.
    ///
    /// # Errors
    /// An array that was never filled, of a type that the old toolbox did not use, or whose shape does not fit its bytes.
    pub(super) fn array(&self, value: Value) -> Result<Option<Array<'_>>> {
        let state = match self.node(value) {
            Some(Node::Array { state }) => state.ok_or_else(|| Error::data("an array was never filled"))?,
            Some(&Node::Scalar { dtype, data }) => {
                return Ok(Some(Array { shape: Vec::new(), elements: self.elements(dtype, data, 1)? }));
            }
            _ => return Ok(None),
        };
        let Some(&[_, shape, dtype, column_by_column, data]) = self.items(state) else {
            return Err(Error::data("an array is not described by shape, type, order and elements"));
        };
        let lengths = self.items(shape).filter(|lengths| lengths.len() <= MOST_DIMENSIONS);
        let lengths = lengths.ok_or_else(|| Error::data("an array has no shape"))?;
        let length = |length: &Value| match length {
            Value::Int(length) => usize::try_from(*length).ok(),
            _ => None,
        };
        let shape: Option<Vec<usize>> = lengths.iter().map(length).collect();
        let shape = shape.ok_or_else(|| Error::data("an array has no shape"))?;
        let count = shape.iter().try_fold(1_usize, |count, &length| count.checked_mul(length));
        let count = count.ok_or_else(|| Error::data(format!("an array has the impossible shape {shape:?}")))?;
        let mut elements = self.elements(dtype, data, count)?;
        // Stored column by column, an array of one dimension is the same; of more than two the toolbox wrote none.
        if column_by_column == Value::Bool(true) && shape.len() > 1 {
            match (&mut elements, shape.as_slice()) {
                (Elements::Numbers(numbers), &[rows, columns]) => *numbers = transposed(numbers, rows, columns),
                (Elements::Texts(texts), &[rows, columns]) => *texts = transposed(texts, rows, columns),
                _ => return Err(Error::data("an array is stored column by column")),
            }
        }
        Ok(Some(Array { shape, elements }))
    }

    /// The only value of an array of objects that has no dimensions; none for all else.
    pub fn only_value(&self, value: Value) -> Result<Option<Value>> {
        match self.array(value)? {
            Some(Array { shape, elements: Elements::Values(&[only]) }) if shape.is_empty() => Ok(Some(only)),
            _ => Ok(None),
        }
    }

    fn elements(&self, dtype: Value, data: Value, count: usize) -> Result<Elements<'_>> {
        let element = self.element_type(dtype)?;
        if element.kind == 'O' {
            let values = self.items(data).filter(|values| values.len() == count);
            return values
                .map(Elements::Values)
                .ok_or_else(|| Error::data(format!("an array does not have {count} values")));
        }
        let bytes = self.bytes(data)?.ok_or_else(|| Error::data("an array has no bytes"))?;
        let width = if element.kind == 'U' { element.size.checked_mul(4) } else { Some(element.size) };
        let width = width.filter(|&width| width > 0 && width.checked_mul(count) == Some(bytes.len()));
        let width = width.ok_or_else(|| {
            Error::data(format!(
                "{count} elements of type {}{} are not {} bytes",
                element.kind,
                element.size,
                bytes.len()
            ))
        })?;
        self.spend(bytes.len())?;
        match element.kind {
            'U' => Ok(Elements::Texts(
                bytes.chunks_exact(width).map(|text| wide_text(text, element.big_endian)).collect::<Result<_>>()?,
            )),
            'S' => Ok(Elements::Texts(bytes.chunks_exact(width).map(narrow_text).collect::<Result<_>>()?)),
            _ => numbers(&bytes, element).map(Elements::Numbers),
        }
    }

    fn element_type(&self, dtype: Value) -> Result<ElementType> {
        let Some(&Node::Dtype { code, state }) = self.node(dtype) else {
            return Err(Error::data("an array has no type of elements"));
        };
        // The order of the bytes stands before the type, or in the state.
        let plain = code.trim_start_matches(['<', '>', '|', '=']);
        let order = state.and_then(|state| self.items(state)).and_then(|state| self.text(*state.get(1)?));
        let mut letters = plain.chars();
        let kind = letters.next().ok_or_else(|| Error::data("an array has no type of elements"))?;
        let size = match letters.as_str() {
            "" => 0,
            size => size
                .parse()
                .map_err(|_| Error::data(format!("the type of elements `{}` is not known", plain.escape_default())))?,
        };
        Ok(ElementType { kind, size, big_endian: code.starts_with('>') || order == Some(">") })
    }
}

fn transposed<T: Clone>(elements: &[T], rows: usize, columns: usize) -> Vec<T> {
    (0..rows * columns).map(|at| elements[at % columns * rows + at / columns].clone()).collect()
}

fn numbers(bytes: &[u8], element: ElementType) -> Result<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], big_endian: bool, number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        let ordered = |&element: &[u8; N]| {
            let mut element = element;
            if big_endian {
                element.reverse();
            }
            number(element)
        };
        bytes.as_chunks::<N>().0.iter().map(ordered).collect()
    }
    let big = element.big_endian;
    match (element.kind, element.size) {
        ('f', 2) => Ok(each(bytes, big, |two| half::f16::from_le_bytes(two).to_f32())),
        ('f', 4) => Ok(each(bytes, big, f32::from_le_bytes)),
        ('f', 8) => Ok(each(bytes, big, |eight| f64::from_le_bytes(eight) as f32)),
        (kind, size) => Err(Error::data(format!("numbers of type {}{size} are not read", kind.escape_default()))),
    }
}

/// A text of four bytes a character, which ends in zeros where it is shorter than its place.
fn wide_text(bytes: &[u8], big_endian: bool) -> Result<String> {
    let codes = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&code| if big_endian { u32::from_be_bytes(code) } else { u32::from_le_bytes(code) });
    let codes: Vec<u32> = codes.collect();
    let length = codes.iter().rposition(|&code| code != 0).map_or(0, |last| last + 1);
    let text: Option<String> = codes[..length].iter().map(|&code| char::from_u32(code)).collect();
    text.ok_or_else(|| Error::data("a text is not Unicode"))
}

/// A text of one byte a character, which ends in zeros where it is shorter than its place.
fn narrow_text(bytes: &[u8]) -> Result<String> {
    let length = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let text = std::str::from_utf8(&bytes[..length]).map_err(|_| Error::data("a text is not UTF-8"))?;
    Ok(text.to_owned())
}
