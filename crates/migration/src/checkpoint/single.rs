//! Checkpoints of version 1: one table file, which holds the tensors themselves.

use std::collections::HashMap;

use silknow_errors::{Error, Result};

use crate::bytes::Bytes;
use crate::checkpoint::element_type;
use crate::checkpoint::fields::{self, Field};
use crate::checkpoint::table::{Handle, Table, each_entry};
use crate::tensor::{ElementType, Listing, Tensor, TensorInfo, Values};

/// A checkpoint of version 1.
#[derive(Debug)]
pub(crate) struct Single {
    table: Table,
    places: Vec<Place>,
    /// The tensors, in the order of `places`.
    pub listing: Listing,
}

/// Where a tensor lies.
#[derive(Clone, Debug)]
struct Place {
    block: Handle,
    key: Vec<u8>,
}

/// What the first entry says of one tensor.
struct Described {
    name: String,
    shape: Vec<usize>,
    kind: u64,
    /// The parts of the tensor, each of them a start and, where it is not all, a length per dimension.
    slices: Vec<Vec<(u64, Option<u64>)>>,
}

impl Single {
    /// Reads the names of the tensors, and finds where they lie.
    ///
    /// # Errors
    /// A damaged file, tensors that are announced and missing.
    pub fn open(mut table: Table) -> Result<Self> {
        let path = table.path().to_path_buf();
        let mut described = Vec::new();
        let mut places: HashMap<String, Place> = HashMap::new();
        let read = table.each_entry(|block, key, value| {
            if key.is_empty() {
                described = describe(value)?;
                return Ok(());
            }
            if let Some((name, _)) = part(value)? {
                places.insert(name.to_owned(), Place { block, key: key.to_vec() });
            }
            Ok(())
        });
        read.map_err(|error| error.in_file(&path))?;
        let mut single = Self { table, places: Vec::new(), listing: Listing::default() };
        for Described { name, shape, kind, slices } in described {
            let Some(element_type) = element_type(kind) else {
                single.listing.passed_over.push((name, format!("has elements of type {kind}")));
                continue;
            };
            if !is_whole(&slices, &shape) {
                single.listing.passed_over.push((name, "is stored in slices".to_owned()));
                continue;
            }
            let place = places.remove(&name).ok_or_else(|| {
                Error::data(format!("the tensor `{name}` is announced and not there"))
                    .in_file(&path)
                    .hint("the file is damaged; copy it again")
            })?;
            let info = TensorInfo { name, shape, element_type };
            info.bytes().map_err(|error| error.in_file(&path))?;
            single.listing.tensors.push(info);
            single.places.push(place);
        }
        Ok(single)
    }

    /// Reads the tensor at a position of the listing.
    ///
    /// # Errors
    /// A damaged file, a tensor with another number of elements than its shape has.
    pub fn read(&mut self, position: usize) -> Result<Tensor> {
        let info = self.listing.tensors[position].clone();
        let Place { block, key } = self.places[position].clone();
        let path = self.table.path().to_path_buf();
        let mut values = None;
        let read = self.table.block(block).and_then(|block| {
            each_entry(&block, |entry, value| {
                if entry == key
                    && let Some((_, tensor)) = part(value)?
                {
                    values = Some(elements(tensor, &info)?);
                }
                Ok(())
            })
        });
        read.map_err(|error| error.in_file(&path))?;
        let values =
            values.ok_or_else(|| Error::data(format!("the tensor `{}` is not there", info.name)).in_file(path))?;
        Ok(Tensor { name: info.name, shape: info.shape, values })
    }
}

/// The tensors that the first entry announces.
fn describe(value: &[u8]) -> Result<Vec<Described>> {
    let mut all = Vec::new();
    each_in(value, 1, |meta| {
        each_in(meta, 1, |tensor| {
            let mut described = Described { name: String::new(), shape: Vec::new(), kind: 0, slices: Vec::new() };
            fields::each(tensor, |number, field| {
                match number {
                    1 => described.name = field.text()?.to_owned(),
                    2 => described.shape = fields::shape(field.bytes()?)?,
                    3 => described.kind = field.number()?,
                    4 => described.slices.push(extents(field.bytes()?)?),
                    _ => {}
                }
                Ok(())
            })?;
            all.push(described);
            Ok(())
        })
    })?;
    Ok(all)
}

/// Calls `take` with every message that is field `wanted` of a message.
fn each_in(message: &[u8], wanted: u64, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    fields::each(message, |number, field| if number == wanted { take(field.bytes()?) } else { Ok(()) })
}

/// Start and length of a slice in every dimension.
fn extents(slice: &[u8]) -> Result<Vec<(u64, Option<u64>)>> {
    let mut extents = Vec::new();
    each_in(slice, 1, |extent| {
        let (mut start, mut length) = (0, None);
        fields::each(extent, |number, field| {
            match number {
                1 => start = field.number()?,
                2 => length = Some(field.number()?),
                _ => {}
            }
            Ok(())
        })?;
        extents.push((start, length));
        Ok(())
    })?;
    Ok(extents)
}

/// True when a tensor is stored in one part.
fn is_whole(slices: &[Vec<(u64, Option<u64>)>], shape: &[usize]) -> bool {
    slices.len() <= 1
        && slices
            .iter()
            .flatten()
            .zip(shape)
            .all(|(&(start, length), &whole)| start == 0 && length.is_none_or(|length| length == whole as u64))
}

/// The name and the tensor of an entry; none for an entry of another kind.
fn part(value: &[u8]) -> Result<Option<(&str, &[u8])>> {
    let mut found = None;
    fields::each(value, |number, field| {
        if number == 2 {
            let (mut name, mut tensor) = (None, None);
            fields::each(field.bytes()?, |number, field| {
                match number {
                    1 => name = Some(field.text()?),
                    3 => tensor = Some(field.bytes()?),
                    _ => {}
                }
                Ok(())
            })?;
            found = name.zip(tensor);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The elements of a `TensorProto`.
fn elements(tensor: &[u8], info: &TensorInfo) -> Result<Values> {
    /// The number of the field that has the elements of a type, one by one.
    fn listed_in(element_type: ElementType) -> u64 {
        match element_type {
            ElementType::F32 => 5,
            ElementType::F64 => 6,
            ElementType::I32 => 7,
            ElementType::I64 => 10,
            ElementType::F16 | ElementType::BF16 => 13,
        }
    }
    let needed = info.bytes()?;
    // The bytes of all elements as a raw tensor has them.
    let mut raw: Vec<u8> = Vec::new();
    fields::each(tensor, |number, field| {
        if number == 4 {
            raw = field.bytes()?.to_vec();
        } else if number == listed_in(info.element_type) {
            match (field, info.element_type) {
                (Field::Bytes(packed), ElementType::F32 | ElementType::F64) => raw.extend_from_slice(packed),
                (Field::Four(bytes), ElementType::F32) => raw.extend(bytes),
                (Field::Eight(bytes), ElementType::F64) => raw.extend(bytes),
                (Field::Number(number), element_type) => push(&mut raw, number, element_type),
                (Field::Bytes(packed), element_type) => {
                    let mut packed = Bytes::new(packed);
                    while !packed.is_empty() {
                        push(&mut raw, packed.varint()?, element_type);
                    }
                }
                _ => return Err(Error::data(format!("the elements of `{}` are of another type", info.name))),
            }
        }
        Ok(())
    })?;
    if raw.len() as u64 != needed {
        return Err(Error::data(format!(
            "the tensor `{}` of shape {:?} needs {needed} bytes, and {} are there",
            info.name,
            info.shape,
            raw.len()
        )));
    }
    Ok(Values::from_bytes(info.element_type, &raw))
}

/// Appends a whole number as an element of the given type.
fn push(raw: &mut Vec<u8>, number: u64, element_type: ElementType) {
    raw.extend_from_slice(&number.to_le_bytes()[..element_type.width()]);
}
