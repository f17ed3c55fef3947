//! Checkpoints of version 2: `PREFIX.index`, which names the tensors, and `PREFIX.data-00000-of-00001`, which holds them.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;

use crate::checkpoint::checksum::masked_crc32c;
use crate::checkpoint::element_type;
use crate::checkpoint::fields::{self, Field};
use crate::checkpoint::table::Table;
use crate::tensor::{Listing, Tensor, TensorInfo, Values};

/// The most files that a checkpoint is divided into. TensorFlow writes one, rarely a few.
const MOST_SHARDS: u64 = 9_999;

/// A checkpoint of version 2.
#[derive(Debug)]
pub(crate) struct Bundle {
    index: PathBuf,
    shards: u64,
    places: Vec<Place>,
    /// The tensors, in the order of `places`.
    pub listing: Listing,
}

/// Where the bytes of a tensor lie.
#[derive(Clone, Copy, Debug)]
struct Place {
    shard: u64,
    offset: u64,
    size: u64,
    checksum: Option<u32>,
}

impl Bundle {
    /// Reads the names of the tensors.
    ///
    /// # Errors
    /// A damaged index, tensors whose shape does not fit their bytes.
    pub fn open(mut table: Table) -> Result<Self> {
        let index = table.path().to_path_buf();
        let mut bundle = Self { index, shards: 0, places: Vec::new(), listing: Listing::default() };
        table.each_entry(|_, key, value| bundle.take(key, value)).map_err(|error| error.in_file(&bundle.index))?;
        if bundle.shards == 0 {
            return Err(Error::data("the index of the checkpoint has no header").in_file(&bundle.index));
        }
        Ok(bundle)
    }

    /// The same, with the files of the tensors known to be there.
    ///
    /// # Errors
    /// A file that is missing.
    pub fn with_its_files(self) -> Result<Self> {
        let mut used: Vec<u64> = self.places.iter().map(|place| place.shard).collect();
        used.sort_unstable();
        used.dedup();
        for shard in used {
            let path = self.shard_path(shard);
            if !path.is_file() {
                return Err(Error::data(format!("`{}` is missing beside it", file_name(&path)))
                    .in_file(&self.index)
                    .hint("a checkpoint is an .index file and its .data files; copy all of them into one folder"));
            }
        }
        Ok(self)
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        if key.is_empty() {
            return self.take_header(value);
        }
        if self.shards == 0 {
            return Err(Error::data("the index of the checkpoint has no header"));
        }
        // Such keys belong to the slices of a tensor whose own entry says that it has some.
        if key[0] == 0 {
            return Ok(());
        }
        let name = std::str::from_utf8(key).map_err(|_| Error::data("the name of a tensor is not UTF-8"))?;
        let (mut kind, mut shape, mut sliced) = (0, Vec::new(), false);
        let mut place = Place { shard: 0, offset: 0, size: 0, checksum: None };
        fields::each(value, |number, field| {
            match number {
                1 => kind = field.number()?,
                2 => shape = fields::shape(field.bytes()?)?,
                3 => place.shard = field.number()?,
                4 => place.offset = field.number()?,
                5 => place.size = field.number()?,
                6 => {
                    if let Field::Four(bytes) = field {
                        place.checksum = Some(u32::from_le_bytes(bytes));
                    }
                }
                7 => sliced = true,
                _ => {}
            }
            Ok(())
        })
        .map_err(|error| Error::data(format!("the entry of `{name}` is damaged: {}", error.message())))?;
        let Some(element_type) = element_type(kind).filter(|_| !sliced) else {
            let why = if sliced { "is stored in slices".to_owned() } else { format!("has elements of type {kind}") };
            self.listing.passed_over.push((name.to_owned(), why));
            return Ok(());
        };
        let info = TensorInfo { name: name.to_owned(), shape, element_type };
        let needed = info.bytes()?;
        if needed != place.size {
            return Err(Error::data(format!(
                "the tensor `{name}` of shape {:?} needs {needed} bytes, and its entry states {}",
                info.shape, place.size
            )));
        }
        if place.shard >= self.shards {
            return Err(Error::data(format!(
                "the tensor `{name}` lies in data file {}, and there are {}",
                place.shard, self.shards
            )));
        }
        self.listing.tensors.push(info);
        self.places.push(place);
        Ok(())
    }

    fn take_header(&mut self, value: &[u8]) -> Result<()> {
        let (mut shards, mut endianness) = (0, 0);
        fields::each(value, |number, field| {
            match number {
                1 => shards = field.number()?,
                2 => endianness = field.number()?,
                _ => {}
            }
            Ok(())
        })?;
        if endianness != 0 {
            return Err(Error::data("the checkpoint was written on a machine with the highest byte first")
                .hint("write it again on a usual machine"));
        }
        if !(1..=MOST_SHARDS).contains(&shards) {
            return Err(Error::data(format!("the checkpoint claims to have {shards} data files")));
        }
        self.shards = shards;
        Ok(())
    }

    /// Reads the tensor at a position of the listing.
    ///
    /// # Errors
    /// A data file that is missing, cut or damaged.
    pub fn read(&self, position: usize) -> Result<Tensor> {
        let (info, place) = (&self.listing.tensors[position], self.places[position]);
        let path = self.shard_path(place.shard);
        let bytes = bytes_of(&path, place.offset, place.size)?.ok_or_else(|| {
            Error::data(format!("the tensor `{}` lies beyond the file's end", info.name))
                .in_file(&path)
                .hint("the file may have been cut; copy it again")
        })?;
        if place.checksum.is_some_and(|checksum| checksum != masked_crc32c([bytes.as_slice()])) {
            return Err(Error::data(format!("the tensor `{}` does not have its checksum", info.name))
                .in_file(&path)
                .hint("the file is damaged; copy it again"));
        }
        let values = Values::from_bytes(info.element_type, &bytes);
        Ok(Tensor { name: info.name.clone(), shape: info.shape.clone(), values })
    }

    fn shard_path(&self, shard: u64) -> PathBuf {
        self.index.with_extension(format!("data-{shard:05}-of-{:05}", self.shards))
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Bytes of a file; none where it is shorter.
fn bytes_of(path: &Path, offset: u64, count: u64) -> Result<Option<Vec<u8>>> {
    let mut file = files::open(path)?;
    let refused = |cause| files::refused("cannot read", path, cause);
    let length = file.get_ref().metadata().map_err(refused)?.len();
    if offset.checked_add(count).is_none_or(|end| end > length) {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(offset)).map_err(refused)?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes).map_err(refused)?;
    Ok((bytes.len() as u64 == count).then_some(bytes))
}
