//! The bytes of a file that is read here and there: a file, a part of one, or memory. None is given that is not there.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files as files;

/// Bytes of known length.
#[derive(Debug)]
pub(crate) enum Storage {
    /// A part of a file: its first byte and its length.
    Part { file: BufReader<File>, start: u64, length: u64 },
    /// Memory.
    Memory(Vec<u8>),
}

impl Storage {
    /// All bytes of a file.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn open(path: &Path) -> Result<Self> {
        let file = files::open(path)?;
        let length = file.get_ref().metadata().map_err(|cause| files::refused("cannot read", path, cause))?.len();
        Ok(Self::Part { file, start: 0, length })
    }

    /// The number of bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Part { length, .. } => *length,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Bytes that must be there.
    pub fn at(&mut self, offset: u64, count: u64) -> Result<Vec<u8>> {
        if offset.checked_add(count).is_none_or(|end| end > self.length()) {
            return Err(Error::data(format!("{count} bytes should lie at byte {offset}, beyond the file's end"))
                .hint("the file is damaged or was cut; copy it again"));
        }
        let (from, size) = (offset as usize, count as usize);
        match self {
            Self::Memory(bytes) => Ok(bytes[from..from + size].to_vec()),
            Self::Part { file, start, .. } => {
                let mut bytes = vec![0; size];
                file.seek(SeekFrom::Start(*start + offset))
                    .and_then(|_| file.read_exact(&mut bytes))
                    .map_err(|cause| Error::io("cannot be read").caused_by(cause))?;
                Ok(bytes)
            }
        }
    }

    /// Up to `count` bytes: fewer at the end of the file.
    pub fn up_to(&mut self, offset: u64, count: u64) -> Result<Vec<u8>> {
        self.at(offset, count.min(self.length().saturating_sub(offset)))
    }
}
