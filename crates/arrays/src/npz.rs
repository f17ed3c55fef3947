//! Named arrays in a NumPy container: `.npz` files that open with `numpy.load` and need no pickle.
//!
//! This module knows the container and how arrays stand in it. Which arrays a file must hold is up to its format.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use npyz::WriterBuilder;
use zip::result::ZipError;

use silknow_errors::{Error, Result};
use silknow_files as files;

pub use crate::array::{Array, Elements};
use crate::npy::{self, Fault, Stored};

/// Writes the named arrays to `path` as a whole, or not at all.
pub fn write(path: impl AsRef<Path>, arrays: &[(&str, Array)]) -> Result<()> {
    write_members(path.as_ref(), arrays.iter().map(|(name, array)| (*name, array)), |member, array| {
        write_array(member, array)
    })
}

/// Writes a Python pickle to `path` as the only array of objects, as `numpy.savez` names and stores it.
pub fn write_pickle(path: impl AsRef<Path>, pickle: &[u8]) -> Result<()> {
    write_members(path.as_ref(), [("arr_0", pickle)], |member, pickle| {
        // The length of everything before the content is a multiple of 64.
        let header = format!("{:<117}\n", "{'descr': '|O', 'fortran_order': False, 'shape': (), }");
        member.write_all(b"\x93NUMPY\x01\x00\x76\x00")?;
        member.write_all(header.as_bytes())?;
        member.write_all(pickle)
    })
}

fn write_members<'a, T>(
    path: &Path,
    members: impl IntoIterator<Item = (&'a str, T)>,
    fill: impl Fn(&mut dyn Write, T) -> io::Result<()>,
) -> Result<()> {
    files::write_with(path, |file| {
        let mut kept = FaultKeeper { inner: file, position: 0, fault: None };
        let mut archive = zip::ZipWriter::new(&mut kept);
        // Descriptors hardly shrink; stored members also open without inflating. The fixed time stamp that
        // is the default keeps files of the same content the same to the byte.
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .large_file(true);
        let failed = |cause: io::Error| files::refused("cannot write", path, cause);
        for (name, member) in members {
            archive.start_file(format!("{name}.npy"), options).map_err(|cause| failed(cause.into()))?;
            fill(&mut archive, member).map_err(failed)?;
        }
        archive.finish().map_err(|cause| failed(cause.into()))?;
        kept.fault.map_or(Ok(()), |cause| Err(failed(cause)))
    })
}

/// Reads an array that is a file of its own, `.npy`.
///
/// # Errors
/// As for [`Reader::array`].
pub fn read_npy(path: impl AsRef<Path>) -> Result<Array> {
    let path = path.as_ref();
    let file = files::open(path)?;
    let length = file.get_ref().metadata().map_err(|cause| files::refused("cannot read", path, cause))?.len();
    npy::read(file, Stored { length, in_file: length, compressed: false })
        .map_err(|fault| refusal(path, "the array", fault))
}

/// What is wrong with an array, which messages call by `name`.
fn refusal(path: &Path, name: &str, fault: Fault) -> Error {
    let failed = |what: String| Error::data(format!("{name} {what}")).in_file(path);
    match fault {
        Fault::Broken(cause) => failed("cannot be read".to_owned()).caused_by(cause),
        Fault::Pickle => failed("is a Python pickle, which is not read".to_owned())
            .hint("pickles can run code; import-index reads those of the old toolbox, others must be made again"),
        Fault::ColumnByColumn => {
            failed("is stored column by column".to_owned()).hint("store it with numpy.ascontiguousarray")
        }
        Fault::Type(descr) => failed(format!("has the unsupported type {descr}")),
        Fault::Range(number) => failed(format!("has a number out of range: {number}")),
    }
}

/// Keeps the first refusal of the disk for itself, and takes everything after it as if it were written: an archive
/// that is given up by an error tries to end itself all the same, and prints that it cannot.
struct FaultKeeper<W> {
    inner: W,
    position: u64,
    fault: Option<io::Error>,
}

impl<W> FaultKeeper<W> {
    /// The outcome of an attempt, or `otherwise` where this or an earlier one was refused.
    fn attempt<T>(&mut self, otherwise: T, work: impl FnOnce(&mut W) -> io::Result<T>) -> T {
        if self.fault.is_none() {
            match work(&mut self.inner) {
                Ok(value) => return value,
                Err(fault) => self.fault = Some(fault),
            }
        }
        otherwise
    }
}

impl<W: Write> Write for FaultKeeper<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.attempt(bytes.len(), |inner| inner.write(bytes));
        self.position += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt((), |inner| inner.flush());
        Ok(())
    }
}

impl<W: Seek> Seek for FaultKeeper<W> {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let otherwise = match target {
            SeekFrom::Start(position) => position,
            SeekFrom::Current(offset) => self.position.saturating_add_signed(offset),
            SeekFrom::End(_) => self.position,
        };
        self.position = self.attempt(otherwise, |inner| inner.seek(target));
        Ok(self.position)
    }
}

/// Writes one array to `path` as `.npy`, as a whole or not at all.
pub fn write_npy(path: impl AsRef<Path>, array: &Array) -> Result<()> {
    let path = path.as_ref();
    files::write_with(path, |file| {
        write_array(file, array).map_err(|cause| files::refused("cannot write", path, cause))
    })
}

fn write_array(writer: impl Write, array: &Array) -> io::Result<()> {
    fn write_elements<T: npyz::AutoSerialize + Copy>(
        writer: impl Write,
        shape: &[u64],
        elements: &[T],
    ) -> io::Result<()> {
        let mut rows = npyz::WriteOptions::new().default_dtype().shape(shape).writer(writer).begin_nd()?;
        rows.extend(elements.iter().copied())?;
        rows.finish()
    }
    let shape: Vec<u64> = array.shape.iter().map(|&length| length as u64).collect();
    match &array.elements {
        Elements::F32(elements) => write_elements(writer, &shape, elements),
        Elements::I32(elements) => write_elements(writer, &shape, elements),
        Elements::U8(elements) => write_elements(writer, &shape, elements),
        Elements::Text(elements) => {
            // NumPy has no zero-width text that every version reads back, so the width is at least 1.
            let width = elements.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
            let dtype = npyz::DType::new_scalar(format!("<U{width}").parse().expect("the type string is well formed"));
            let mut rows = npyz::WriteOptions::<str>::new().dtype(dtype).shape(&shape).writer(writer).begin_nd()?;
            for text in elements {
                rows.push(text.as_str())?;
            }
            rows.finish()
        }
    }
}

/// An open `.npz` file, whose arrays are read by name.
#[derive(Debug)]
pub struct Reader<R = std::io::BufReader<std::fs::File>> {
    path: PathBuf,
    /// Bytes of the whole file: no array has more in it.
    length: u64,
    archive: zip::ZipArchive<R>,
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// A missing file, one that is no such container (cut, or of another kind), and one with two arrays of one name.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = files::open(path)?;
        let length = file.get_ref().metadata().map_err(|cause| files::refused("cannot read", path, cause))?.len();
        let archive = zip::ZipArchive::new(file).map_err(|cause| {
            Error::data("not a complete .npz file")
                .in_file(path)
                .caused_by(cause)
                .hint("make the file again; it may have been cut")
        })?;
        if archive.has_duplicate_names() {
            return Err(Error::data("two arrays have the same name").in_file(path).hint("make the file again"));
        }
        Ok(Self { path: path.to_path_buf(), length, archive })
    }
}

impl<R: Read + Seek> Reader<R> {
    /// True when the file holds an array of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.archive.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// Reads a `float32` array (`float64` is rounded): shape and elements.
    pub fn f32(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let array = self.array(name)?;
        match array.elements {
            Elements::F32(elements) => Ok((array.shape, elements)),
            _ => Err(self.wrong_type(name, "float32")),
        }
    }

    /// Reads an `int32` array (`int64` where every value fits): shape and elements.
    pub fn i32(&mut self, name: &str) -> Result<(Vec<usize>, Vec<i32>)> {
        let array = self.array(name)?;
        match array.elements {
            Elements::I32(elements) => Ok((array.shape, elements)),
            _ => Err(self.wrong_type(name, "int32")),
        }
    }

    /// Reads a `uint8` array: shape and elements.
    pub fn u8(&mut self, name: &str) -> Result<(Vec<usize>, Vec<u8>)> {
        let array = self.array(name)?;
        match array.elements {
            Elements::U8(elements) => Ok((array.shape, elements)),
            _ => Err(self.wrong_type(name, "uint8")),
        }
    }

    /// Reads a unicode array: shape and elements.
    pub fn text(&mut self, name: &str) -> Result<(Vec<usize>, Vec<String>)> {
        let array = self.array(name)?;
        match array.elements {
            Elements::Text(elements) => Ok((array.shape, elements)),
            _ => Err(self.wrong_type(name, "unicode")),
        }
    }

    /// Reads an array of any supported type.
    ///
    /// # Errors
    /// The name of an array that is absent, cut, of an unsupported type, or a pickle (an older program's file); also of
    /// one whose shape does not fit the bytes in the file, before anything is allocated for it.
    pub fn array(&mut self, name: &str) -> Result<Array> {
        self.member(name, |reader, stored| npy::read(reader, stored))
    }

    /// Reads the bytes of the Python pickle that an array of objects is, without looking into them.
    ///
    /// # Errors
    /// The name of an array that is absent, cut, or no pickle; one that is much larger than its file.
    pub fn pickle(&mut self, name: &str) -> Result<Vec<u8>> {
        self.member(name, |reader, stored| npy::read_pickle(reader, stored))
    }

    fn member<T>(&mut self, name: &str, read: impl FnOnce(&mut dyn Read, Stored) -> Result<T, Fault>) -> Result<T> {
        let path = self.path.clone();
        let failed = |what: String| Error::data(format!("the array `{name}` {what}")).in_file(&path);
        let broken = |cause: io::Error| failed("cannot be read".to_owned()).caused_by(cause);
        let mut member = self.archive.by_name(&format!("{name}.npy")).map_err(|cause| match cause {
            ZipError::FileNotFound => {
                failed("is missing".to_owned()).hint("the file was made by another program or version; make it again")
            }
            other => broken(other.into()),
        })?;
        let stored = Stored {
            length: member.size(),
            in_file: member.compressed_size().min(self.length),
            compressed: member.compression() != zip::CompressionMethod::Stored,
        };
        read(&mut member, stored).map_err(|fault| refusal(&path, &format!("the array `{name}`"), fault))
    }

    fn wrong_type(&self, name: &str, expected: &str) -> Error {
        Error::data(format!("the array `{name}` is not of type {expected}")).in_file(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_of_the_disk_is_kept_and_an_archive_ends_in_peace() {
        /// A disk with room for so many bytes.
        struct Small(usize);
        impl Write for Small {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        impl Seek for Small {
            fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
                Err(io::ErrorKind::Other.into())
            }
        }
        let mut kept = FaultKeeper { inner: Small(10), position: 0, fault: None };
        kept.write_all(&[0; 8]).unwrap();
        assert!(kept.fault.is_none());
        kept.write_all(&[0; 8]).unwrap();
        assert_eq!(kept.seek(SeekFrom::Start(3)).unwrap(), 3);
        assert_eq!(kept.seek(SeekFrom::Current(2)).unwrap(), 5);
        assert_eq!(kept.fault.unwrap().kind(), io::ErrorKind::StorageFull);
    }
    use proptest::prelude::*;

    /// An `.npz` file with one member, whatever its content.
    fn container(member: &[u8], method: zip::CompressionMethod) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrays.npz");
        let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        archive.start_file("a.npy", zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(member).unwrap();
        archive.finish().unwrap();
        (folder, path)
    }

    fn npy(descr: &str, shape: &str, content: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(content);
        bytes
    }

    fn read_member(member: &[u8]) -> Result<Array> {
        let [stored, deflated] = [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated].map(|method| {
            let (_folder, path) = container(member, method);
            Reader::open(path).and_then(|mut reader| reader.array("a"))
        });
        assert_eq!(stored.as_ref().ok(), deflated.as_ref().ok());
        stored
    }

    #[test]
    fn shapes_that_the_bytes_do_not_fill_are_refused() {
        let huge =
            ["(4294967296, 4294967296)", "(18446744073709551615, 2)", "(99999999999999999999,)", "(3000000000,)"];
        for shape in huge.into_iter().chain(["(3,)", "(1,)", "(-1,)", "2"]) {
            for descr in ["<f4", "<i8", "|u1", "<U1", "<U4611686018427387905", "<U18446744073709551615"] {
                let outcome = read_member(&npy(descr, shape, &[0; 8]));
                assert!(outcome.is_err() || (descr, shape) == ("<i8", "(1,)"), "{descr} {shape}: {outcome:?}");
            }
        }
        assert!(read_member(&npy("<U0", "(1000000000000,)", b"")).is_err());
        assert!(read_member(&npy("|O", "(1,)", &[0; 8])).unwrap_err().to_string().contains("pickle"));
    }

    #[test]
    fn arrays_without_elements_single_values_and_foreign_byte_orders_are_read() {
        let shape = "(0, 18446744073709551615, 18446744073709551615)";
        assert_eq!(read_member(&npy("<f4", shape, b"")).unwrap().elements, Elements::F32(vec![]));
        assert_eq!(read_member(&npy("<i4", "()", &[7, 0, 0, 0])).unwrap(), Array::i32([], vec![7]));
        assert_eq!(read_member(&npy(">i4", "(1,)", &[0, 0, 1, 2])).unwrap(), Array::i32([1], vec![258]));
        assert_eq!(read_member(&npy(">f8", "(1,)", &1.5f64.to_be_bytes())).unwrap(), Array::f32([1], vec![1.5]));
        let text = |order: fn(u32) -> [u8; 4]| [97, 0, 233, 0].map(order).concat();
        for (descr, bytes) in [("<U2", text(u32::to_le_bytes)), (">U2", text(u32::to_be_bytes))] {
            let expected = Array::text([2], vec!["a".to_owned(), "é".to_owned()]);
            assert_eq!(read_member(&npy(descr, "(2,)", &bytes)).unwrap(), expected);
        }
    }

    #[test]
    fn an_array_that_inflates_beyond_its_shape_is_refused() {
        let (_folder, path) = container(&npy("|u1", "(10,)", &[0; 1 << 20]), zip::CompressionMethod::Deflated);
        let message = Reader::open(path).unwrap().array("a").unwrap_err().to_string();
        assert!(message.contains("its shape [10] needs 10 bytes, and 1048576 are there"), "{message}");
    }

    #[test]
    fn compressed_zeros_are_read_up_to_a_size_that_is_no_burden() {
        let member = |count: usize| npy("|u1", &format!("({count},)"), &vec![0; count]);
        let (_folder, path) = container(&member(1 << 20), zip::CompressionMethod::Deflated);
        assert_eq!(Reader::open(path).unwrap().u8("a").unwrap().1.len(), 1 << 20);
        let (_folder, path) = container(&member(17 << 20), zip::CompressionMethod::Deflated);
        let message = Reader::open(path).unwrap().array("a").unwrap_err().to_string();
        assert!(message.contains("needs 17825792 bytes, and 16777216 are there"), "{message}");
        let (_folder, path) = container(&member(17 << 20), zip::CompressionMethod::Stored);
        assert_eq!(Reader::open(path).unwrap().u8("a").unwrap().1.len(), 17 << 20);
    }

    #[test]
    fn two_arrays_of_one_name_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrays.npz");
        write(&path, &[("one", Array::u8([1], vec![1])), ("two", Array::u8([1], vec![2]))]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        while let Some(at) = bytes.windows(7).position(|name| name == b"two.npy") {
            bytes[at..at + 3].copy_from_slice(b"one");
        }
        std::fs::write(&path, bytes).unwrap();
        let message = Reader::open(&path).unwrap_err().to_string();
        assert!(message.contains("two arrays have the same name"), "{message}");
    }

    proptest! {
        /// Whatever is changed in a file, what is read has no more elements than the file has bytes.
        #[test]
        fn a_damaged_file_is_refused_or_read_within_its_size(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in proptest::option::of(any::<prop::sample::Index>()),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("arrays.npz");
            let arrays = [
                ("numbers", Array::i32([2, 3], vec![1, -2, 3, 4, 5, i32::MAX])),
                ("bytes", Array::u8([4], vec![0, 1, 2, 255])),
                ("texts", Array::text([2], vec!["twill".to_owned(), "é".to_owned()])),
            ];
            write(&path, &arrays).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            std::fs::write(&path, &bytes).unwrap();
            if let Ok(mut reader) = Reader::open(&path) {
                for name in ["numbers", "bytes", "texts"] {
                    if let Ok(array) = reader.array(name) {
                        let read = match array.elements {
                            Elements::F32(elements) => elements.capacity() * 4,
                            Elements::I32(elements) => elements.capacity() * 4,
                            Elements::U8(elements) => elements.capacity(),
                            Elements::Text(elements) => elements.iter().map(String::len).sum(),
                        };
                        prop_assert!(read <= bytes.len());
                    }
                }
            }
        }

        /// The same without the checksums of the container in the way: the header itself is changed.
        #[test]
        fn a_damaged_header_is_refused_or_read_within_its_size(
            changes in proptest::collection::vec((8usize..90, any::<u8>()), 1..4),
        ) {
            let mut member = npy("<f4", "(2, 3)", &[1; 24]);
            for (place, byte) in changes {
                let place = place % member.len();
                member[place] = byte;
            }
            if let Ok(array) = read_member(&member) {
                prop_assert!(array.shape.contains(&0) || array.shape.iter().product::<usize>() <= member.len());
            }
        }

        #[test]
        fn bytes_read_back_are_those_written(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("arrays.npz");
            write(&path, &[("bytes", Array::u8([bytes.len()], bytes.clone()))]).unwrap();
            prop_assert_eq!(Reader::open(&path).unwrap().u8("bytes").unwrap(), (vec![bytes.len()], bytes));
        }

        #[test]
        fn arrays_read_back_are_those_written(
            numbers in proptest::collection::vec(any::<i32>(), 0..20),
            texts in proptest::collection::vec("[^\u{0}]{0,6}", 0..10),
            floats in proptest::collection::vec(-1e6f32..1e6, 0..20),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("arrays.npz");
            let arrays = [
                ("numbers", Array::i32([numbers.len()], numbers)),
                ("texts", Array::text([texts.len(), 1], texts)),
                ("floats", Array::f32([1, floats.len()], floats)),
            ];
            write(&path, &arrays).unwrap();
            let mut reader = Reader::open(&path).unwrap();
            for (name, array) in arrays {
                prop_assert_eq!(reader.array(name).unwrap(), array);
            }
        }
    }

    #[test]
    fn a_missing_array_and_a_cut_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrays.npz");
        write(&path, &[("there", Array::i32([1], vec![7]))]).unwrap();
        let message = Reader::open(&path).unwrap().array("absent").unwrap_err().to_string();
        assert!(message.contains("arrays.npz: the array `absent` is missing"), "{message}");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 30]).unwrap();
        assert!(Reader::open(&path).unwrap_err().to_string().contains("not a complete .npz file"));
    }

    #[test]
    fn an_array_with_a_flipped_bit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrays.npz");
        write(&path, &[("numbers", Array::f32([2], vec![0.6, 0.7]))]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let place = bytes.windows(4).position(|four| four == 0.7f32.to_le_bytes()).unwrap();
        bytes[place] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let message = Reader::open(&path).unwrap().array("numbers").unwrap_err().to_string();
        assert!(message.contains("the array `numbers` cannot be read"), "{message}");
    }

    #[test]
    fn an_array_of_another_type_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrays.npz");
        write(&path, &[("numbers", Array::i32([1], vec![7]))]).unwrap();
        let message = Reader::open(&path).unwrap().f32("numbers").unwrap_err().to_string();
        assert!(message.contains("not of type float32"), "{message}");
    }
}
