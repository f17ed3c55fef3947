//! TensorFlow checkpoints: files of named tensors, of version 1 and 2, and where they lie in folders.

mod bundle;
mod checksum;
mod fields;
mod find;
mod single;
mod table;

use std::path::Path;

use silknow_errors::{Error, Result};

pub(crate) use find::{Found, find};

use crate::tensor::{ElementType, Listing, Tensor};

/// An open checkpoint.
#[derive(Debug)]
pub(crate) enum Checkpoint {
    /// Version 2: an index and its data files.
    Bundle(bundle::Bundle),
    /// Version 1: one file.
    Single(single::Single),
}

impl Checkpoint {
    /// Opens a checkpoint by its table file: the `.index` of version 2, the whole of version 1. Which of the two it is, its
    /// first entry tells.
    pub fn open(path: &Path) -> Result<Self> {
        match Self::of(table::Table::open(path)?)? {
            Self::Bundle(bundle) => bundle.with_its_files().map(Self::Bundle),
            single => Ok(single),
        }
    }

    /// The checkpoint that a table file is.
    fn of(mut table: table::Table) -> Result<Self> {
        let path = table.path().to_path_buf();
        let mut is_bundle = None;
        if let Some(&first) = table.blocks().first() {
            let block = table.block(first).map_err(|error| error.in_file(&path))?;
            let mut entries = 0;
            table::each_entry(&block, |key, value| {
                entries += 1;
                if entries == 1 && key.is_empty() {
                    // Field 1 is a number in the header of version 2, and a message in the description of version 1.
                    is_bundle = Some(value.first() != Some(&0x0A));
                }
                Ok(())
            })
            .map_err(|error| error.in_file(&path))?;
        }
        match is_bundle {
            Some(true) => Ok(Self::Bundle(bundle::Bundle::open(table)?)),
            Some(false) => Ok(Self::Single(single::Single::open(table)?)),
            None => Err(Error::data("the table file is no checkpoint: it does not begin with a header").in_file(path)),
        }
    }

    /// What it holds.
    pub fn listing(&self) -> &Listing {
        match self {
            Self::Bundle(bundle) => &bundle.listing,
            Self::Single(single) => &single.listing,
        }
    }

    /// Reads the tensor at a position of the listing.
    pub fn read(&mut self, position: usize) -> Result<Tensor> {
        match self {
            Self::Bundle(bundle) => bundle.read(position),
            Self::Single(single) => single.read(position),
        }
    }
}

/// The type of elements that TensorFlow numbers so; none for texts and others that weights do not have.
fn element_type(number: u64) -> Option<ElementType> {
    match number {
        1 => Some(ElementType::F32),
        2 => Some(ElementType::F64),
        3 => Some(ElementType::I32),
        9 => Some(ElementType::I64),
        14 => Some(ElementType::BF16),
        19 => Some(ElementType::F16),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::{MUTATIONS, Random, survive, survive_damage};
    use crate::storage::Storage;

    fn data(name: &str) -> Vec<u8> {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
    }

    fn read(bytes: Vec<u8>) {
        let table = table::Table::of(Path::new("x.index"), Storage::Memory(bytes));
        if let Ok(mut checkpoint) = table.and_then(Checkpoint::of)
            && let Checkpoint::Single(_) = checkpoint
        {
            for position in 0..checkpoint.listing().tensors.len().min(20) {
                let _ = checkpoint.read(position);
            }
        }
    }

    fn entries(bytes: Vec<u8>, most: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut entries = Vec::new();
        let mut table = table::Table::of(Path::new("x"), Storage::Memory(bytes)).unwrap();
        table
            .each_entry(|_, key, value| {
                entries.push((key.to_vec(), value.to_vec()));
                Ok(())
            })
            .unwrap();
        entries.truncate(most);
        entries
    }

    /// The checksums are right and what stands under them is damaged.
    fn survive_damage_under_checksums(entries: &[(Vec<u8>, Vec<u8>)]) {
        for seed in 0..MUTATIONS {
            let mut random = Random::new(seed);
            let mut damaged = entries.to_vec();
            let at = if random.below(3) == 0 { 0 } else { random.below(damaged.len()) };
            let entry = &mut damaged[at];
            if random.below(8) == 0 {
                entry.0 = random.damaged(&entry.0);
            } else {
                entry.1 = random.damaged(&entry.1);
            }
            let file = table::write(&damaged);
            survive(seed, file.len(), 40, || read(file));
        }
    }

    #[test]
    fn damaged_indexes_are_survived() {
        survive_damage(&data("resnet_v2_50.ckpt.index"), 40, read);
        survive_damage_under_checksums(&entries(data("resnet_v2_50.ckpt.index"), 12));
    }

    #[test]
    fn damaged_checkpoints_of_version_1_are_survived() {
        // The first entry announces all tensors; the large kernel of the stem is left out.
        let mut few = entries(data("slim_v1.ckpt"), 30);
        few.retain(|(_, value)| value.len() < 20_000);
        survive_damage(&table::write(&few), 40, read);
        survive_damage_under_checksums(&few);
    }

    #[test]
    fn tensors_in_slices_of_other_types_and_of_wrong_sizes_are_told_apart() {
        let header = (Vec::new(), vec![0x08, 1]);
        let open = |entry: &[u8]| {
            let file = table::write(&[header.clone(), (b"a".to_vec(), entry.to_vec())]);
            Checkpoint::of(table::Table::of(Path::new("x.index"), Storage::Memory(file)).unwrap())
        };
        // f32 of shape [2], 8 bytes.
        let whole = [0x08, 1, 0x12, 4, 0x12, 2, 0x08, 2, 0x28, 8];
        assert_eq!(open(&whole).unwrap().listing().tensors[0].shape, [2]);
        let sliced = [whole.as_slice(), &[0x3A, 0]].concat();
        assert_eq!(open(&sliced).unwrap().listing().passed_over, [("a".to_owned(), "is stored in slices".to_owned())]);
        let text = [&[0x08, 7], &whole[2..]].concat();
        assert_eq!(open(&text).unwrap().listing().passed_over[0].1, "has elements of type 7");
        let refused = |entry: &[u8]| open(entry).unwrap_err().to_string();
        let short = [&whole[..8], &[0x28, 4]].concat();
        assert!(refused(&short).contains("the tensor `a` of shape [2] needs 8 bytes, and its entry states 4"));
        let elsewhere = [whole.as_slice(), &[0x18, 1]].concat();
        assert!(refused(&elsewhere).contains("lies in data file 1, and there are 1"));
        let dimension = [0x12, 9, 0x08, 255, 255, 255, 255, 255, 255, 255, 127];
        let huge = [[0x08, 1, 0x12, 22].as_slice(), &dimension, &dimension].concat();
        assert!(refused(&huge).contains("impossible shape"));
    }

    #[test]
    fn a_checkpoint_of_a_machine_with_another_order_of_bytes_is_refused() {
        for (header, expected) in [
            ([0x08, 1, 0x10, 1].as_slice(), "highest byte first"),
            (&[0x08, 0], "0 data files"),
            (&[0x08, 0x90, 0x4E], "10000 data files"),
        ] {
            let file = table::write(&[(Vec::new(), header.to_vec())]);
            let table = table::Table::of(Path::new("x.index"), Storage::Memory(file)).unwrap();
            let message = Checkpoint::of(table).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
