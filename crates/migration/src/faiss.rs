//! Flat indexes of FAISS: descriptors row by row, behind a short header.

use std::io::Write;
use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files as files;

use crate::bytes::Bytes;

/// The kinds of flat indexes: Euclidean distance, inner product, and the general one of older versions.
const KINDS: [[u8; 4]; 3] = [*b"IxF2", *b"IxFI", *b"IxFl"];

/// The number of FAISS for the Euclidean distance.
const EUCLIDEAN: u32 = 1;

/// Descriptors of a file: numbers of a descriptor, and all of them `[N, D]`, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptors {
    /// Numbers of a descriptor.
    pub dims: usize,
    /// `[N, D]`, row by row.
    pub values: Vec<f32>,
}

/// True when the bytes are those that a flat index begins with.
pub(crate) fn is_flat(first: &[u8]) -> bool {
    KINDS.iter().any(|kind| first.starts_with(kind))
}

/// Reads a flat index.
///
/// # Errors
/// An index of another kind, a header that does not fit the bytes.
pub fn read_faiss(path: impl AsRef<Path>) -> Result<Descriptors> {
    let path = path.as_ref();
    parse(&files::read(path)?).map_err(|error| error.in_file(path))
}

fn parse(file: &[u8]) -> Result<Descriptors> {
    let mut bytes = Bytes::new(file);
    let kind: [u8; 4] = bytes.array()?;
    if !KINDS.contains(&kind) {
        return Err(Error::data(format!("`{}` is no flat index of FAISS", kind.escape_ascii()))
            .hint("store the vectors in a flat index: faiss.IndexFlatL2(d), then index.add(vectors)"));
    }
    let (dims, count) = (bytes.u32()?, bytes.u64()?);
    let (_unused, _trained, metric) = (bytes.take(16)?, bytes.byte()?, bytes.u32()?);
    if metric > EUCLIDEAN {
        return Err(Error::data(format!("the index measures distances in the way {metric}, which is not read"))
            .hint("flat indexes of the Euclidean distance and of the inner product are read"));
    }
    let values = bytes.u64()?;
    if u64::from(dims).checked_mul(count) != Some(values) || values.checked_mul(4) != Some(bytes.left() as u64) {
        return Err(Error::data(format!(
            "{count} vectors of {dims} numbers are not {values} numbers in {} bytes",
            bytes.left()
        )));
    }
    let values = bytes.take(bytes.left())?.as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
    Ok(Descriptors { dims: dims as usize, values })
}

/// Writes a flat index of the Euclidean distance.
///
/// # Errors
/// What the file system refuses.
pub fn write_faiss(path: impl AsRef<Path>, dims: usize, descriptors: &[f32]) -> Result<()> {
    let path = path.as_ref();
    let count = (descriptors.len() / dims.max(1)) as u64;
    let dims = u32::try_from(dims).map_err(|_| Error::data(format!("FAISS has no vectors of {dims} numbers")))?;
    files::write_with(path, |file| {
        let mut header = KINDS[0].to_vec();
        header.extend(dims.to_le_bytes());
        header.extend(count.to_le_bytes());
        // Two numbers that FAISS writes and does not use, and whether the index is trained.
        header.extend((1_u64 << 20).to_le_bytes().repeat(2));
        header.push(1);
        header.extend(EUCLIDEAN.to_le_bytes());
        header.extend((descriptors.len() as u64).to_le_bytes());
        let mut write = || {
            file.write_all(&header)?;
            descriptors.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))
        };
        write().map_err(|cause| files::refused("cannot write", path, cause))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::survive_damage;

    fn small() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.faiss");
        write_faiss(&path, 3, &[1.0, 0.0, -0.5, 0.25, 0.5, 2.0]).unwrap();
        (folder, path)
    }

    #[test]
    fn descriptors_read_back_are_those_written() {
        let (_folder, path) = small();
        let read = read_faiss(path).unwrap();
        assert_eq!(read, Descriptors { dims: 3, values: vec![1.0, 0.0, -0.5, 0.25, 0.5, 2.0] });
    }

    #[test]
    fn other_kinds_and_headers_that_do_not_fit_are_refused() {
        let (_folder, path) = small();
        let bytes = std::fs::read(path).unwrap();
        let message = parse(&[b"IwFl".as_slice(), &bytes[4..]].concat()).unwrap_err().to_string();
        assert!(message.contains("`IwFl` is no flat index of FAISS"), "{message}");
        let message = parse(&bytes[..bytes.len() - 1]).unwrap_err().to_string();
        assert!(message.contains("2 vectors of 3 numbers are not 6 numbers in 23 bytes"), "{message}");
    }

    #[test]
    fn damaged_files_are_survived() {
        let (_folder, path) = small();
        let euclidean = std::fs::read(&path).unwrap();
        // An index of inner products, of no vectors.
        let products = [b"IxFI".as_slice(), &3_u32.to_le_bytes(), &[0; 24], &[1], &[0; 12]].concat();
        assert_eq!(parse(&products).unwrap(), Descriptors { dims: 3, values: Vec::new() });
        for original in [euclidean, products] {
            survive_damage(&original, 4, |bytes| drop(parse(&bytes)));
        }
    }
}
