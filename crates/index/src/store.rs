//! The index on disk: `kdtree.npz`, its writer and its reader.
//!
//! `Tree`, `Labels`, `DictTrain`, `relevant_variables`, `label2class_list` and `meta` are the documented arrays. Further
//! arrays are there where there is something to say: `label_sets` for labels that are sets, `class_texts` for classes
//! whose text does not follow from their name, `image_root` for images that lie outside the folder of the file, `records`
//! for what is known of the objects.

use std::path::Path;
use std::sync::Arc;

use silknow_arrays::npz::{self, Array};
use silknow_errors::Result;
use silknow_files::FolderLock;
use silknow_records::table::{read_table, write_table};
use silknow_records::{Object, Record};

use crate::index::Index;
use crate::layout::{CLASS_TEXTS, File, class_texts, label_sets};
use crate::memory::MemoryIndex;
use crate::meta::{FORMAT_WITH_SETS, IndexMeta};
use crate::root::is_below;

/// The name of the file within its folder.
pub const FILE_NAME: &str = "kdtree.npz";

/// The array of the labels that are sets of two or more classes: rows of image, variable, class.
const LABEL_SETS: &str = "label_sets";

/// The table of records, as `records.csv` has it: its bytes.
const RECORDS: &str = "records";

/// The folder below which all images lie, where this is not the folder of the file.
const IMAGE_ROOT: &str = "image_root";

impl MemoryIndex {
    /// Writes `kdtree.npz` into `folder`.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<()> {
        let path = folder.as_ref().join(FILE_NAME);
        let (count, variables) = (self.len(), self.vocabulary.len());
        let (shape, cells) = self.vocabulary.to_table();
        let labels = self.labels();
        let sets = label_sets(&labels);
        let mut meta = self.meta.clone();
        if sets.is_some() {
            meta.format_version = meta.format_version.max(FORMAT_WITH_SETS);
        }
        let names = self.records.iter().map(|record| record.name.clone()).collect();
        let mut arrays = vec![
            ("Tree", Array::f32([count, self.dims], self.descriptors.clone())),
            ("Labels", Array::i32([count, variables], labels.indices().to_vec())),
            ("DictTrain", Array::text([count], names)),
            ("relevant_variables", Array::text([variables], self.vocabulary.names())),
            ("label2class_list", Array::text(shape, cells)),
            ("meta", Array::text([], vec![meta.to_json()])),
        ];
        arrays.extend(sets.map(|array| (LABEL_SETS, array)));
        arrays.extend(class_texts(&self.vocabulary).map(|array| (CLASS_TEXTS, array)));
        let root = self.image_root();
        if root.starts_with(['/', '.']) {
            arrays.push((IMAGE_ROOT, Array::text([], vec![root])));
        }
        // Objects that follow from the names of their images are not stored.
        let tells_more = |record: &Record| {
            let by_name = Object::of_image_name(&record.name);
            record.source.is_some() || !record.further.is_empty() || record.object != by_name
        };
        if self.records.iter().any(|record| tells_more(record)) {
            let table = write_table(self.records.iter().map(|record| &**record));
            arrays.push((RECORDS, Array::u8([table.len()], table)));
        }
        npz::write(path, &arrays)
    }

    /// Writes `kdtree.npz` into `folder` while no other run works in it.
    ///
    /// # Errors
    /// As for [`write`](Self::write); a folder in which another run works.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let _lock = FolderLock::take(&folder)?;
        self.write(folder)
    }

    /// Reads `kdtree.npz` from `folder`.
    ///
    /// # Errors
    /// A missing or cut file, a newer format, arrays of another layout, class indices outside the vocabulary,
    /// descriptors that are not finite numbers.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let path = folder.as_ref().join(FILE_NAME);
        let mut file = File::open(&path, "build-kdtree")?;
        // The version is read first, because a newer file may hold other arrays.
        let meta = file.meta()?;
        let meta = IndexMeta::from_json(&meta).map_err(|error| error.in_file(&path))?;
        let vocabulary = file.vocabulary()?;
        if file.texts("relevant_variables")? != vocabulary.names() {
            return Err(file.wrong("`relevant_variables` and `label2class_list` name different variables"));
        }
        let names = file.texts("DictTrain")?;
        let (dims, descriptors) = file.matrix("Tree", names.len())?;
        let mut labels = file.labels("Labels", &[names.len(), vocabulary.len()], &vocabulary)?;
        file.label_sets(LABEL_SETS, &vocabulary, &mut labels)?;
        if file.contains(IMAGE_ROOT) {
            let root = file.text(IMAGE_ROOT)?;
            if let Some(name) = names.iter().find(|name| !is_below(name, &root)) {
                return Err(file.wrong(format!("the image `{name}` does not lie in the folder `{root}` of the images")));
            }
        }
        let record = |(position, name): (usize, String)| {
            let mut record = Record::new(name, vocabulary.len());
            record.labels = labels.labels(position);
            record
        };
        let mut records: Vec<Record> = names.into_iter().enumerate().map(record).collect();
        if file.contains(RECORDS) {
            read_table(file.bytes(RECORDS)?.as_slice(), &mut records)
                .map_err(|error| file.wrong(format!("`{RECORDS}`: {}", error.message())))?;
        }
        let records = records.into_iter().map(Arc::new).collect();
        // The labels were checked against the vocabulary as their arrays were read.
        Self::with_checked_labels(vocabulary, records, descriptors, dims, meta).map_err(|error| error.in_file(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use silknow_records::{Variable, Vocabulary, VocabularyBuilder};

    /// Three images; the second has no label, and nobody has one for the second variable.
    fn sample() -> MemoryIndex {
        let mut classes = VocabularyBuilder::new(["place", "technique"]);
        let images = [("../img/a.jpg", "DE"), ("../img/b.jpg", "nan"), ("../img/c.jpg", "ES")];
        let records = images.map(|(name, place)| {
            let mut record = Record::new(name, 2);
            record.labels = classes.labels_of([place, "nan"]);
            Arc::new(record)
        });
        let meta = IndexMeta::new("fingerprint").with("master_file", "master_file_tree.txt");
        let descriptors = vec![1.0, 0.0, 0.6, 0.8, 0.0, -1.0];
        MemoryIndex::new(classes.into_vocabulary(), records.into(), descriptors, 2, meta).unwrap()
    }

    /// The message that a file with one array replaced is refused with.
    fn refusal(name: &'static str, array: Array) -> String {
        let folder = tempfile::tempdir().unwrap();
        sample().write(folder.path()).unwrap();
        let path = folder.path().join(FILE_NAME);
        let mut file = npz::Reader::open(&path).unwrap();
        let names = ["Tree", "Labels", "DictTrain", "relevant_variables", "label2class_list", "meta"];
        let mut arrays: Vec<_> = names
            .iter()
            .map(|&other| (other, file.array(other).unwrap()))
            .filter(|(other, _)| *other != name)
            .collect();
        arrays.push((name, array));
        npz::write(&path, &arrays).unwrap();
        MemoryIndex::read(folder.path()).unwrap_err().to_string()
    }

    #[test]
    fn another_layout_is_refused_and_says_which_array_and_what_to_do() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let cases = [
            ("Tree", Array::f32([2, 3], vec![0.0; 6]), "`Tree` has shape [2, 3], expected 3 rows"),
            ("Tree", Array::f32([6], vec![0.0; 6]), "`Tree` has shape [6]"),
            ("Labels", Array::i32([3, 1], vec![0; 3]), "`Labels` has shape [3, 1], expected [3, 2]"),
            ("Labels", Array::i32([3, 2], vec![0; 6]), "holds class 0, but `technique` has 0 classes"),
            ("DictTrain", Array::text([1, 3], texts(&["a", "b", "c"])), "`DictTrain` has shape [1, 3]"),
            ("relevant_variables", Array::text([2], texts(&["technique", "place"])), "name different variables"),
            (LABEL_SETS, Array::i32([2, 2], vec![0; 4]), "`label_sets` has shape [2, 2]"),
            (LABEL_SETS, Array::i32([1, 3], vec![3, 0, 0]), "image 3, variable 0, class 0, which is not there"),
            (LABEL_SETS, Array::i32([1, 3], vec![0, 1, 0]), "image 0, variable 1, class 0, which is not there"),
            (LABEL_SETS, Array::i32([1, 3], vec![0, -1, 0]), "holds a negative number"),
            (CLASS_TEXTS, Array::text([1], texts(&["a"])), "`class_texts` has shape [1]"),
            (RECORDS, Array::u8([4], b"name".to_vec()), "`records`: "),
            (IMAGE_ROOT, Array::text([], texts(&["../img/b"])), "`../img/a.jpg` does not lie in the folder `../img/b`"),
        ];
        for (name, array, expected) in cases {
            let message = refusal(name, array);
            assert!(message.contains(expected) && message.contains("run build-kdtree again"), "{message}");
        }
    }

    #[test]
    fn descriptors_that_are_not_numbers_are_refused() {
        let message = refusal("Tree", Array::f32([3, 2], vec![0.0, 0.0, f32::NAN, 0.0, 0.0, 0.0]));
        assert!(message.contains("the descriptor of `../img/b.jpg` holds NaN"), "{message}");
    }

    #[test]
    fn a_newer_format_and_a_foreign_description_are_refused() {
        let text = |text: &str| Array::text([], vec![text.to_owned()]);
        assert!(refusal("meta", text(r#"{"format_version":3}"#)).contains("kdtree.npz: the file has format version 3"));
        assert!(refusal("meta", text("{}")).contains("not the description that this program writes"));
    }

    #[test]
    fn a_missing_a_cut_and_a_foreign_file_are_refused_with_their_path() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = || MemoryIndex::read(folder.path()).unwrap_err().to_string();
        assert!(refusal().contains("kdtree.npz") && refusal().contains("or run build-kdtree first"), "{}", refusal());
        sample().write(folder.path()).unwrap();
        let path = folder.path().join(FILE_NAME);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(refusal().contains("not a complete .npz file"), "{}", refusal());
        std::fs::write(&path, "<html></html>").unwrap();
        assert!(refusal().contains("not a complete .npz file"), "{}", refusal());
        let mut damaged = bytes.clone();
        let place = bytes.windows(4).position(|four| four == 0.6f32.to_le_bytes()).unwrap();
        damaged[place] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert!(refusal().contains("the array `Tree` cannot be read"), "{}", refusal());
    }

    #[test]
    fn sets_and_unusual_texts_are_kept_and_raise_the_version() {
        let mut classes = VocabularyBuilder::new(["material"]);
        let sets = [
            vec![classes.class_of(0, "silk")],
            vec![],
            vec![classes.class_of(0, "gold_thread"), classes.class_of(0, "silk")],
        ];
        let records = sets.iter().map(|set| {
            let mut record = Record::new("a.jpg", 1);
            record.labels.set(0, set);
            Arc::new(record)
        });
        let records = records.collect();
        let index =
            MemoryIndex::new(classes.into_vocabulary(), records, vec![0.5; 3], 1, IndexMeta::new("model")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        index.write(folder.path()).unwrap();
        let read = MemoryIndex::read(folder.path()).unwrap();
        assert_eq!(read.meta.format_version, FORMAT_WITH_SETS);
        assert_eq!((read.records, &read.vocabulary), (index.records, &index.vocabulary));
        assert_eq!(read.vocabulary.variables[0].class_text(1), "gold_thread");
    }

    #[test]
    fn what_is_known_of_objects_is_kept() {
        let mut index = sample();
        let record = Arc::make_mut(&mut index.records[1]);
        record.object = Object {
            address: Some("https://museum.example/47".into()),
            title: Some("Robe, \"à la française\"".into()),
            ..Object::with_id("47")
        };
        record.source = Some("https://museum.example/47.jpg".into());
        record.further = vec![("text".into(), "['two',\n'lines']".into())];
        let folder = tempfile::tempdir().unwrap();
        index.write(folder.path()).unwrap();
        assert_eq!(MemoryIndex::read(folder.path()).unwrap(), index);
    }

    #[test]
    fn an_index_without_variables_is_read_back() {
        let records: Vec<_> = ["a.jpg", "b.jpg"].map(|name| Arc::new(Record::new(name, 0))).into();
        let index = MemoryIndex::new(Vocabulary::default(), records, vec![0.0; 4], 2, IndexMeta::new("model")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        index.write(folder.path()).unwrap();
        assert_eq!(MemoryIndex::read(folder.path()).unwrap(), index);
    }

    proptest! {
        #[test]
        fn an_index_read_back_is_the_one_written(
            rows in proptest::collection::vec((-1i32..3, "[^\u{0}]{0,12}", -1e6f32..1e6), 0..20),
            fingerprint in ".{0,8}",
        ) {
            let vocabulary = Vocabulary { variables: vec![Variable::new("material", ["silk", "woven_(dates_CE)", "ß"])] };
            let records = rows.iter().map(|(class, name, _)| {
                let mut record = Record::new(name, 1);
                record.labels.set(0, &[*class][usize::from(*class < 0)..]);
                Arc::new(record)
            });
            let descriptors = rows.iter().flat_map(|row| [row.2, -row.2]).collect();
            let index =
                MemoryIndex::new(vocabulary, records.collect(), descriptors, 2, IndexMeta::new(fingerprint)).unwrap();
            let folder = tempfile::tempdir().unwrap();
            index.write(folder.path()).unwrap();
            prop_assert_eq!(MemoryIndex::read(folder.path()).unwrap(), index);
        }
    }
}
