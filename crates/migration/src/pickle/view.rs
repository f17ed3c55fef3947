//! Nested lists, tuples and arrays under one view, whichever of them the old toolbox chose.
//!
//! NumPy makes one array of texts out of lists of equal lengths and an array of arrays out of others, so that the same table
//! stands in files in several ways.

use std::borrow::Cow;
use std::rc::Rc;

use silknow_errors::{Error, Result};

use crate::pickle::array::{Array, Elements};
use crate::pickle::value::{Pickle, Value};

/// A value, or the part of an array under its first indices.
#[derive(Clone, Debug)]
pub(crate) enum View<'p> {
    /// A list, a tuple, a text, or something else.
    Value(&'p Pickle<'p>, Value),
    /// A part of an array: the number of indices that are given, and its first element.
    Part { pickle: &'p Pickle<'p>, array: Rc<Array<'p>>, depth: usize, start: usize },
}

impl<'p> View<'p> {
    /// A view of a value.
    pub fn of(pickle: &'p Pickle<'p>, value: Value) -> Result<Self> {
        Ok(match pickle.array(value)? {
            Some(array) => Self::Part { pickle, array: Rc::new(array), depth: 0, start: 0 },
            None => Self::Value(pickle, value),
        })
    }

    /// The number of items; none for what is not a row of items.
    pub fn len(&self) -> Option<usize> {
        match self {
            Self::Value(pickle, value) => Some(pickle.items(*value)?.len()),
            Self::Part { array, depth, .. } => array.shape.get(*depth).copied(),
        }
    }

    /// An item.
    ///
    /// # Errors
    /// When there is no such item, or it is a damaged array.
    pub fn item(&self, index: usize) -> Result<Self> {
        let none = || Error::data(format!("there is no item {index}"));
        match self {
            Self::Value(pickle, value) => {
                let items = pickle.items(*value).ok_or_else(none)?;
                Self::of(pickle, *items.get(index).ok_or_else(none)?)
            }
            Self::Part { pickle, array, depth, start } => {
                if array.shape.get(*depth).is_none_or(|&length| index >= length) {
                    return Err(none());
                }
                let depth = depth + 1;
                let start = start + index * array.shape[depth..].iter().product::<usize>();
                match &array.elements {
                    Elements::Values(values) if depth == array.shape.len() => {
                        Self::of(pickle, *values.get(start).ok_or_else(none)?)
                    }
                    _ => Ok(Self::Part { pickle, array: Rc::clone(array), depth, start }),
                }
            }
        }
    }

    /// The items, one after the other.
    ///
    /// # Errors
    /// What is no row of items, with `what` it should be.
    pub fn items(&self, what: &str) -> Result<impl Iterator<Item = Result<Self>> + use<'p, '_>> {
        let length =
            self.len().ok_or_else(|| Error::data(format!("`{what}` is {}, and no row of items", self.kind())))?;
        Ok((0..length).map(|index| self.item(index)))
    }

    /// The text that it is.
    pub fn text(&self) -> Result<Option<Cow<'_, str>>> {
        match self {
            Self::Value(pickle, value) => Ok(pickle.text(*value).map(Cow::Borrowed)),
            Self::Part { array, depth, start, .. } => match &array.elements {
                Elements::Texts(texts) if *depth == array.shape.len() => {
                    Ok(texts.get(*start).map(|text| Cow::Borrowed(text.as_str())))
                }
                _ => Ok(None),
            },
        }
    }

    /// The texts of a row.
    ///
    /// # Errors
    /// What is no row of texts, with `what` it should be.
    pub fn texts(&self, what: &str) -> Result<Vec<String>> {
        self.items(what)?
            .map(|item| {
                let item = item?;
                let text = item.text()?.map(Cow::into_owned);
                text.ok_or_else(|| Error::data(format!("`{what}` holds {} in the place of a text", item.kind())))
            })
            .collect()
    }

    /// The rows and columns of a matrix of numbers, and its elements.
    ///
    /// # Errors
    /// What is no such matrix, with `what` it should be.
    pub fn matrix(&self, what: &str) -> Result<(usize, usize, Vec<f32>)> {
        match self {
            Self::Part { array, depth: 0, .. } => match (&array.elements, array.shape.as_slice()) {
                (Elements::Numbers(numbers), &[rows, columns]) => Ok((rows, columns, numbers.clone())),
                _ => Err(Error::data(format!("`{what}` has shape {:?} and is no matrix of numbers", array.shape))),
            },
            _ => Err(Error::data(format!("`{what}` is {}, and no matrix of numbers", self.kind()))),
        }
    }

    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Value(pickle, value) => pickle.kind(*value),
            Self::Part { .. } => "an array",
        }
    }
}
