//! The part of HDF5 that Keras files use: groups, and data sets of numbers that are stored in one piece.
//!
//! Addresses and lengths come from the file, so that everything is read through [`Storage`], which gives no byte that is not
//! there, and every object is visited once.

use std::collections::HashSet;

use silknow_errors::{Error, Result};

use crate::bytes::Bytes;
use crate::storage::Storage;
use crate::tensor::{ElementType, Listing, Tensor, TensorInfo, Values};

/// How deep groups may lie in groups.
const DEEPEST: usize = 24;

/// The most bytes that all names together may have, by bytes of the file: several objects can share a name.
const NAME_RATIO: u64 = 16;

/// The most bytes of one object header. It holds attributes, such as the description of a model.
const HEADER_BYTES: u64 = 64 << 20;

/// An address that says that there is nothing.
const NOWHERE: u64 = u64::MAX;

/// An open file.
#[derive(Debug)]
pub(crate) struct Hdf5 {
    storage: Storage,
    places: Vec<Place>,
    /// The data sets, in the order of `places`, named by their paths.
    pub listing: Listing,
}

/// Where the elements of a data set lie.
#[derive(Clone, Debug)]
enum Place {
    /// In the file.
    At(u64),
    /// In the description of the data set.
    Within(Vec<u8>),
}

/// A message of an object header.
struct Message {
    kind: u16,
    data: Vec<u8>,
}

/// What is found while the groups are walked.
struct Walk {
    seen: HashSet<u64>,
    name_bytes: u64,
}

impl Hdf5 {
    /// Opens a file and lists its data sets.
    ///
    /// # Errors
    /// A file of another kind, a damaged or cut one.
    pub fn open(storage: Storage) -> Result<Self> {
        let mut file = Self { storage, places: Vec::new(), listing: Listing::default() };
        let root = file.root()?;
        let mut walk = Walk { seen: HashSet::new(), name_bytes: 0 };
        file.visit(root, "", 0, &mut walk)?;
        Ok(file)
    }

    /// The address of the header of the outermost group.
    fn root(&mut self) -> Result<u64> {
        let superblock = self.storage.up_to(0, 128)?;
        let mut bytes = Bytes::new(&superblock);
        bytes.take(8)?;
        let version = bytes.byte()?;
        let (widths, before_root) = match version {
            // Versions of three parts, a reserved byte; behind the widths a reserved byte, sizes of nodes and flags.
            0 | 1 => {
                bytes.take(4)?;
                ([bytes.byte()?, bytes.byte()?], if version == 0 { 1 + 4 + 4 } else { 1 + 4 + 4 + 4 })
            }
            2 | 3 => ([bytes.byte()?, bytes.byte()?], 1),
            version => return Err(Error::data(format!("HDF5 files of version {version} are not read"))),
        };
        if widths != [8, 8] {
            return Err(Error::data("HDF5 files with addresses of other than eight bytes are not read"));
        }
        bytes.take(before_root)?;
        if bytes.u64()? != 0 {
            return Err(Error::data("the HDF5 file begins inside of another file"));
        }
        // Addresses of free space, end and driver; before the root's header stands its name in version 0 and 1.
        bytes.take(if version < 2 { 3 * 8 + 8 } else { 2 * 8 })?;
        bytes.u64()
    }

    /// Lists what lies below an object.
    fn visit(&mut self, address: u64, path: &str, depth: usize, walk: &mut Walk) -> Result<()> {
        if depth > DEEPEST {
            return Err(Error::data("groups lie too deep in groups"));
        }
        // A second name of an object that was seen already; also what keeps circles from being followed for ever.
        if !walk.seen.insert(address) {
            return Ok(());
        }
        let messages = self.messages(address)?;
        let find = |kind| messages.iter().find(|message| message.kind == kind).map(|message| message.data.as_slice());
        if let (Some(space), Some(datatype), Some(layout)) = (find(0x01), find(0x03), find(0x08)) {
            return self.data_set(path, space, datatype, layout);
        }
        let mut children = Vec::new();
        if let Some(table) = find(0x11) {
            let mut table = Bytes::new(table);
            let (tree, heap) = (table.u64()?, table.u64()?);
            self.symbols(tree, heap, depth, walk, &mut children)?;
        }
        for link in messages.iter().filter(|message| message.kind == 0x06) {
            children.extend(hard_link(&link.data)?);
        }
        if let Some(info) = find(0x02)
            && has_dense_links(info)?
        {
            return Err(Error::data(format!("the group `{path}` stores its links in a way that is not read"))
                .hint("write the file again with Keras, or with h5py and libver=\"earliest\""));
        }
        for (name, child) in children {
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            walk.name_bytes += path.len() as u64;
            if walk.name_bytes > self.storage.length().saturating_mul(NAME_RATIO) {
                return Err(Error::data("the names of the file are longer than the file can hold"));
            }
            self.visit(child, &path, depth + 1, walk)?;
        }
        Ok(())
    }

    /// The messages of an object header.
    fn messages(&mut self, address: u64) -> Result<Vec<Message>> {
        let begin = self.storage.up_to(address, 64)?;
        let mut bytes = Bytes::new(&begin);
        let new = begin.starts_with(b"OHDR");
        let (first, size, with_order) = if new {
            bytes.take(4)?;
            let (_version, flags) = (bytes.byte()?, bytes.byte()?);
            bytes.take(if flags & 0x20 == 0 { 0 } else { 16 })?;
            bytes.take(if flags & 0x10 == 0 { 0 } else { 4 })?;
            let mut size = [0; 8];
            let width = 1 << (flags & 3);
            size[..width].copy_from_slice(bytes.take(width)?);
            (address + bytes.position() as u64, u64::from_le_bytes(size), flags & 0x04 != 0)
        } else {
            if bytes.byte()? != 1 {
                return Err(Error::data(format!("there is no object at byte {address}")));
            }
            bytes.take(7)?;
            let size = bytes.u32()?;
            (address + 16, u64::from(size), false)
        };
        let mut messages = Vec::new();
        let mut parts = vec![(first, size)];
        let mut total = 0_u64;
        let mut next = 0;
        while let Some(&(start, size)) = parts.get(next) {
            next += 1;
            total = total.saturating_add(size);
            if total > HEADER_BYTES.min(self.storage.length()) {
                return Err(Error::data(format!("the object at byte {address} has a header of {total} bytes")));
            }
            let mut part = self.storage.at(start, size)?;
            if new && next > 1 {
                // Further parts have a signature, and a checksum at their end.
                part = part.get(4..part.len().saturating_sub(4)).unwrap_or_default().to_vec();
            }
            let mut bytes = Bytes::new(&part);
            let smallest = if new { 4 } else { 8 };
            while bytes.left() >= smallest {
                let (kind, size) = if new {
                    let kind = u16::from(bytes.byte()?);
                    let size = u16::from_le_bytes(bytes.array()?);
                    bytes.take(1)?;
                    bytes.take(if with_order { 2 } else { 0 })?;
                    (kind, size)
                } else {
                    let kind = u16::from_le_bytes(bytes.array()?);
                    let size = u16::from_le_bytes(bytes.array()?);
                    bytes.take(4)?;
                    (kind, size)
                };
                let data = bytes.take(size.into())?;
                match kind {
                    // The header goes on elsewhere.
                    0x10 => {
                        let mut further = Bytes::new(data);
                        parts.push((further.u64()?, further.u64()?));
                    }
                    0x01 | 0x02 | 0x03 | 0x06 | 0x08 | 0x11 => messages.push(Message { kind, data: data.to_vec() }),
                    _ => {}
                }
            }
        }
        Ok(messages)
    }

    /// The names and addresses of a group of the old format: a tree of tables.
    fn symbols(
        &mut self,
        node: u64,
        heap: u64,
        depth: usize,
        walk: &mut Walk,
        found: &mut Vec<(String, u64)>,
    ) -> Result<()> {
        if depth > DEEPEST {
            return Err(Error::data("the tree of a group is too deep"));
        }
        if !walk.seen.insert(node) {
            return Err(Error::data("the tree of a group leads back to itself"));
        }
        let begin = self.storage.at(node, 8)?;
        let count = u16::from_le_bytes([begin[6], begin[7]]);
        if begin.starts_with(b"TREE") {
            let children = self.storage.at(node + 24, 8 + 16 * u64::from(count))?;
            for child in children[8..].as_chunks::<16>().0 {
                let (address, _key) = child.split_first_chunk::<8>().expect("sixteen bytes");
                self.symbols(u64::from_le_bytes(*address), heap, depth + 1, walk, found)?;
            }
            return Ok(());
        }
        if !begin.starts_with(b"SNOD") {
            return Err(Error::data(format!("there is no table of names at byte {node}")));
        }
        let entries = self.storage.at(node + 8, 40 * u64::from(count))?;
        let names = self.storage.at(heap, 32)?;
        let mut names = Bytes::new(&names);
        if names.take(4)? != b"HEAP" {
            return Err(Error::data(format!("there are no names at byte {heap}")));
        }
        names.take(4)?;
        let (size, _free, start) = (names.u64()?, names.u64()?, names.u64()?);
        for entry in entries.as_chunks::<40>().0 {
            let mut entry = Bytes::new(entry);
            let (offset, address) = (entry.u64()?, entry.u64()?);
            let longest = size.checked_sub(offset).ok_or_else(|| Error::data("a name lies beyond the names"))?;
            let name = self.storage.up_to(start.saturating_add(offset), longest.min(1024))?;
            let name = Bytes::new(&name).until(0)?;
            walk.name_bytes += name.len() as u64;
            if walk.name_bytes > self.storage.length().saturating_mul(NAME_RATIO) {
                return Err(Error::data("the names of the file are longer than the file can hold"));
            }
            found.push((utf8(name)?, address));
        }
        Ok(())
    }

    fn data_set(&mut self, path: &str, space: &[u8], datatype: &[u8], layout: &[u8]) -> Result<()> {
        let shape = shape(space)?;
        let element_type = element_type(datatype)?;
        let (shape, element_type) = match (shape, element_type) {
            (Some(shape), Ok(element_type)) => (shape, element_type),
            (shape, element_type) => {
                let why = element_type.err().filter(|_| shape.is_some());
                self.listing.passed_over.push((path.to_owned(), why.unwrap_or_else(|| "has no elements".to_owned())));
                return Ok(());
            }
        };
        let info = TensorInfo { name: path.to_owned(), shape, element_type };
        let needed = info.bytes()?;
        let mut layout = Bytes::new(layout);
        let (version, class) = (layout.byte()?, layout.byte()?);
        let place = match (version, class) {
            (3 | 4, 0) => {
                let size = u16::from_le_bytes(layout.array()?);
                (u64::from(size), Place::Within(layout.take(size.into())?.to_vec()))
            }
            (3 | 4, 1) => {
                let address = layout.u64()?;
                (layout.u64()?, Place::At(address))
            }
            _ => {
                self.listing.passed_over.push((path.to_owned(), "is stored in chunks".to_owned()));
                return Ok(());
            }
        };
        let (size, place) = place;
        if size != needed {
            return Err(Error::data(format!(
                "`{path}` of shape {:?} needs {needed} bytes, and has {size}",
                info.shape
            )));
        }
        if let Place::At(address) = place
            && needed > 0
            && (address == NOWHERE || address.checked_add(size).is_none_or(|end| end > self.storage.length()))
        {
            return Err(Error::data(format!("`{path}` lies beyond the file's end"))
                .hint("the file may have been cut; copy it again"));
        }
        self.listing.tensors.push(info);
        self.places.push(place);
        Ok(())
    }

    /// Reads the data set at a position of the listing.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn read(&mut self, position: usize) -> Result<Tensor> {
        let TensorInfo { name, shape, element_type } = self.listing.tensors[position].clone();
        let bytes = match self.places[position].clone() {
            Place::Within(bytes) => bytes,
            Place::At(_) if shape.contains(&0) => Vec::new(),
            Place::At(address) => {
                let bytes = self.listing.tensors[position].bytes()?;
                self.storage.at(address, bytes)?
            }
        };
        Ok(Tensor { name, shape, values: Values::from_bytes(element_type, &bytes) })
    }
}

/// The target of a link to an object in the same file; none for links of other kinds.
fn hard_link(message: &[u8]) -> Result<Option<(String, u64)>> {
    let mut bytes = Bytes::new(message);
    let (_version, flags) = (bytes.byte()?, bytes.byte()?);
    let kind = if flags & 0x08 == 0 { 0 } else { bytes.byte()? };
    bytes.take(if flags & 0x04 == 0 { 0 } else { 8 })?;
    bytes.take(if flags & 0x10 == 0 { 0 } else { 1 })?;
    let mut length = [0; 8];
    let width = 1 << (flags & 3);
    length[..width].copy_from_slice(bytes.take(width)?);
    let name = utf8(bytes.take_long(u64::from_le_bytes(length))?)?;
    Ok(if kind == 0 { Some((name, bytes.u64()?)) } else { None })
}

/// True when a group of the new format keeps its links outside of its header.
fn has_dense_links(info: &[u8]) -> Result<bool> {
    let mut bytes = Bytes::new(info);
    let (_version, flags) = (bytes.byte()?, bytes.byte()?);
    bytes.take(if flags & 1 == 0 { 0 } else { 8 })?;
    Ok(bytes.u64()? != NOWHERE)
}

/// The lengths of the dimensions; none for a data set that is empty on purpose.
fn shape(space: &[u8]) -> Result<Option<Vec<usize>>> {
    let mut bytes = Bytes::new(space);
    let (version, rank, _flags) = (bytes.byte()?, bytes.byte()?, bytes.byte()?);
    match version {
        1 => {
            bytes.take(5)?;
        }
        2 => {
            if bytes.byte()? == 2 {
                return Ok(None);
            }
        }
        version => return Err(Error::data(format!("the shape of a data set has the unknown version {version}"))),
    }
    let length = |_| usize::try_from(bytes.u64()?).map_err(|_| Error::data("a dimension is too long"));
    (0..rank).map(length).collect::<Result<_>>().map(Some)
}

/// The type of the elements, or what is said of those that are passed over.
fn element_type(datatype: &[u8]) -> Result<std::result::Result<ElementType, String>> {
    let mut bytes = Bytes::new(datatype);
    let class = bytes.byte()? & 0x0F;
    let [flags, _, _] = bytes.array()?;
    let size = bytes.u32()?;
    if class > 1 {
        return Ok(Err("does not hold numbers".to_owned()));
    }
    if flags & 1 == 1 {
        return Ok(Err("has numbers with the highest byte first".to_owned()));
    }
    let exponent_bits = if class == 1 { bytes.take(6)?[5] } else { 0 };
    Ok(match (class, size, exponent_bits, flags & 8 != 0) {
        (1, 2, 5, _) => Ok(ElementType::F16),
        (1, 2, 8, _) => Ok(ElementType::BF16),
        (1, 4, 8, _) => Ok(ElementType::F32),
        (1, 8, 11, _) => Ok(ElementType::F64),
        (0, 4, _, true) => Ok(ElementType::I32),
        (0, 8, _, true) => Ok(ElementType::I64),
        _ => Err(format!("has numbers of {size} bytes of a type that is not read")),
    })
}

fn utf8(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::data("a name is not UTF-8"))
}
