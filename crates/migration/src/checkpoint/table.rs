//! Table files: sorted keys with values, in blocks. TensorFlow's indexes (version 2) and whole checkpoints (version 1)
//! are such files.
//!
//! A file ends in a footer, which points to the index block, whose values point to the data blocks. Every block has a
//! checksum and may be compressed by Snappy.

use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};

use crate::bytes::Bytes;
use crate::checkpoint::checksum::masked_crc32c;
use crate::storage::Storage;

/// The last eight bytes of every table file.
pub(crate) const MAGIC: [u8; 8] = 0xDB47_7524_8B80_FB57_u64.to_le_bytes();

/// Two handles of at most 20 bytes, and the magic number.
const FOOTER_BYTES: u64 = 48;

/// The type and the checksum that follow a block.
const TRAILER_BYTES: u64 = 5;

/// The most bytes that one byte of Snappy can stand for: a copy of 64 bytes takes three.
const SNAPPY_RATIO: usize = 22;

/// The most bytes that a name may be longer than the entry that it stands in, on the average of a file: an entry repeats the
/// beginning of the name before it without storing it.
const NAME_RATIO: u64 = 16;

/// Where a block lies: its offset and its length in bytes, without the trailer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handle {
    offset: u64,
    size: u64,
}

impl Handle {
    fn read(bytes: &mut Bytes<'_>) -> Result<Self> {
        Ok(Self { offset: bytes.varint()?, size: bytes.varint()? })
    }

    /// The first byte after the block and its trailer.
    fn end(self) -> Option<u64> {
        self.offset.checked_add(self.size)?.checked_add(TRAILER_BYTES)
    }
}

/// An open table file.
#[derive(Debug)]
pub(crate) struct Table {
    path: PathBuf,
    storage: Storage,
    blocks: Vec<Handle>,
}

impl Table {
    /// Opens a file and reads its index block.
    ///
    /// # Errors
    /// A missing file, one of another kind, one whose index is damaged or points out of it.
    pub fn open(path: &Path) -> Result<Self> {
        Self::of(path, Storage::open(path)?)
    }

    /// Opens the bytes of a table file, which messages call by `path`.
    pub fn of(path: &Path, storage: Storage) -> Result<Self> {
        let mut table = Self { path: path.to_path_buf(), storage, blocks: Vec::new() };
        table.read_index().map_err(|error| error.in_file(path))?;
        Ok(table)
    }

    fn read_index(&mut self) -> Result<()> {
        let start = self.storage.length().checked_sub(FOOTER_BYTES).ok_or_else(not_a_table)?;
        let footer = self.storage.at(start, FOOTER_BYTES)?;
        if !footer.ends_with(&MAGIC) {
            return Err(not_a_table());
        }
        let mut footer = Bytes::new(&footer);
        let _meta_index = Handle::read(&mut footer)?;
        let index = Handle::read(&mut footer)?;
        let index = self.block(index)?;
        let mut blocks: Vec<Handle> = Vec::new();
        each_entry(&index, |_, value| {
            let handle = Handle::read(&mut Bytes::new(value))?;
            // Blocks that overlapped would let a small file stand for a large one.
            if blocks.last().is_some_and(|before| before.end().is_none_or(|end| end > handle.offset)) {
                return Err(Error::data("the blocks of the file are out of order"));
            }
            blocks.push(handle);
            Ok(())
        })?;
        self.blocks = blocks;
        Ok(())
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The data blocks, in order.
    pub fn blocks(&self) -> Vec<Handle> {
        self.blocks.clone()
    }

    /// Calls `take` with the block, the key and the value of every entry, in order.
    ///
    /// # Errors
    /// A damaged block, keys out of order, what `take` refuses.
    pub fn each_entry(&mut self, mut take: impl FnMut(Handle, &[u8], &[u8]) -> Result<()>) -> Result<()> {
        let mut name_bytes = 0;
        for handle in self.blocks() {
            let block = self.block(handle)?;
            each_entry(&block, |key, value| {
                name_bytes += key.len() as u64;
                if name_bytes > self.storage.length().saturating_mul(NAME_RATIO) {
                    return Err(Error::data("the names of the file are longer than the file can hold"));
                }
                take(handle, key, value)
            })?;
        }
        Ok(())
    }

    /// The content of a block.
    ///
    /// # Errors
    /// A block that lies beyond the file's end, is damaged, or grows by more than Snappy can.
    pub fn block(&mut self, handle: Handle) -> Result<Vec<u8>> {
        let wrong = |what: &str| Error::data(format!("the block at byte {} {what}", handle.offset));
        if handle.end().is_none_or(|end| end > self.storage.length()) {
            return Err(wrong("lies beyond the file's end").hint("the file may have been cut; copy it again"));
        }
        let stored = self.storage.at(handle.offset, handle.size + TRAILER_BYTES)?;
        let (content, trailer) = stored.split_at(handle.size as usize);
        let mut trailer = Bytes::new(trailer);
        let kind = trailer.byte()?;
        if trailer.u32()? != masked_crc32c([content, [kind].as_slice()]) {
            return Err(wrong("does not have its checksum").hint("the file is damaged; copy it again"));
        }
        match kind {
            0 => {
                let mut content = stored;
                content.truncate(handle.size as usize);
                Ok(content)
            }
            1 => {
                let damaged = |cause: snap::Error| wrong("cannot be decompressed").caused_by(cause);
                let length = snap::raw::decompress_len(content).map_err(damaged)?;
                if length > content.len().saturating_mul(SNAPPY_RATIO) {
                    return Err(wrong(&format!("has {} bytes and claims to hold {length}", content.len())));
                }
                snap::raw::Decoder::new().decompress_vec(content).map_err(damaged)
            }
            kind => Err(wrong(&format!("is compressed in the unknown way {kind}"))),
        }
    }
}

fn not_a_table() -> Error {
    Error::data("not a TensorFlow checkpoint: its last bytes are not those of a table file")
        .hint("the file may have been cut; copy it again")
}

/// Calls `take` with every key and value of a block.
///
/// # Errors
/// Keys out of order, lengths beyond the block's end, what `take` refuses.
pub(crate) fn each_entry(block: &[u8], mut take: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
    // The block ends in restart positions, which help to search in it, and their count.
    let short = || Error::data("a block is too short for its restart positions");
    let (rest, count) = block.split_last_chunk::<4>().ok_or_else(short)?;
    let restarts = (u32::from_le_bytes(*count) as usize).checked_mul(4).ok_or_else(short)?;
    let mut entries = Bytes::new(&rest[..rest.len().checked_sub(restarts).ok_or_else(short)?]);
    let mut key: Vec<u8> = Vec::new();
    let mut first = true;
    while !entries.is_empty() {
        let [shared, unshared, length] = [entries.varint()?, entries.varint()?, entries.varint()?];
        let suffix = entries.take_long(unshared)?;
        let shared = usize::try_from(shared).ok().filter(|&shared| shared <= key.len());
        let shared = shared.ok_or_else(|| Error::data("a key repeats more than the key before it has"))?;
        if !first && key[shared..] >= *suffix {
            return Err(Error::data("the keys of a block are out of order"));
        }
        first = false;
        key.truncate(shared);
        key.extend_from_slice(suffix);
        take(&key, entries.take_long(length)?)?;
    }
    Ok(())
}

/// Writes a table file as TensorFlow does, but for compression: for tests that change what is in one.
#[cfg(test)]
pub(crate) fn write(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    use crate::bytes::put_varint as varint;

    /// A block with its trailer; its handle.
    fn block(file: &mut Vec<u8>, entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let start = file.len();
        for (key, value) in entries {
            varint(file, 0);
            varint(file, key.len() as u64);
            varint(file, value.len() as u64);
            file.extend(key);
            file.extend(value);
        }
        file.extend([0, 0, 0, 0, 1, 0, 0, 0]);
        let mut handle = Vec::new();
        varint(&mut handle, start as u64);
        varint(&mut handle, (file.len() - start) as u64);
        let checksum = masked_crc32c([&file[start..], &[0]]);
        file.push(0);
        file.extend(checksum.to_le_bytes());
        handle
    }
    let mut file = Vec::new();
    let data: Vec<_> = entries.chunks(8).map(|part| (part[part.len() - 1].0.clone(), block(&mut file, part))).collect();
    let mut footer = block(&mut file, &[]);
    footer.extend(block(&mut file, &data));
    footer.resize(40, 0);
    file.extend(footer);
    file.extend(MAGIC);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<(Vec<u8>, Vec<u8>)> {
        (0..20_u8).map(|number| (vec![b'a', number], vec![number; usize::from(number)])).collect()
    }

    fn read(bytes: Vec<u8>) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut read = Vec::new();
        Table::of(Path::new("x.index"), Storage::Memory(bytes))?.each_entry(|_, key, value| {
            read.push((key.to_vec(), value.to_vec()));
            Ok(())
        })?;
        Ok(read)
    }

    #[test]
    fn entries_read_back_are_those_written() {
        assert_eq!(read(write(&entries())).unwrap(), entries());
    }

    #[test]
    fn a_flipped_bit_and_a_cut_are_refused() {
        let good = write(&entries());
        let mut flipped = good.clone();
        flipped[5] ^= 1;
        let message = read(flipped).unwrap_err().to_string();
        assert!(message.contains("the block at byte 0 does not have its checksum"), "{message}");
        let message = read(good[..good.len() - 1].to_vec()).unwrap_err().to_string();
        assert!(message.contains("x.index: not a TensorFlow checkpoint"), "{message}");
        let message = read(good[100..].to_vec()).unwrap_err().to_string();
        assert!(message.contains("checksum") || message.contains("beyond the file's end"), "{message}");
    }

    #[test]
    fn keys_out_of_order_are_refused() {
        let mut entries = entries();
        entries.swap(2, 3);
        assert!(read(write(&entries)).unwrap_err().to_string().contains("out of order"));
    }

    #[test]
    fn a_block_that_claims_to_grow_beyond_reason_is_refused() {
        // Snappy's length, 2^32 - 1, and nothing behind it.
        let content = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F];
        let mut file = content.to_vec();
        file.push(1);
        file.extend(masked_crc32c([content.as_slice(), &[1]]).to_le_bytes());
        let mut table = Table { path: "x".into(), storage: Storage::Memory(file), blocks: Vec::new() };
        let message = table.block(Handle { offset: 0, size: 5 }).unwrap_err().to_string();
        assert!(message.contains("has 5 bytes and claims to hold 4294967295"), "{message}");
    }
}
