//! The index on disk: `kdtree.npz`, its writer and its reader.
//!
//! Owns the layout and the check that an index and a model belong together. Does not own how the descriptors came
//! about, nor how they are searched (neighbours).

use std::path::Path;

use silknow_arrays::npz::{self, Array};
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::{LabelMatrix, Vocabulary};

use crate::layout::File;
use crate::meta::IndexMeta;

/// The name of the file within its folder.
pub const FILE_NAME: &str = "kdtree.npz";

/// The descriptors of N images, with their labels for V variables.
#[derive(Clone, Debug, PartialEq)]
pub struct DescriptorIndex {
    /// The variables and their classes.
    pub vocabulary: Vocabulary,
    /// Image paths `[N]`, relative to the folder of the file.
    pub names: Vec<String>,
    /// Class indices `[N, V]`.
    pub labels: LabelMatrix,
    /// Descriptors `[N, D]`, row by row.
    pub descriptors: Vec<f32>,
    /// The number of dimensions D.
    pub dims: usize,
    /// Which model made it, and how.
    pub meta: IndexMeta,
}

impl DescriptorIndex {
    /// An index of descriptors `[N, D]` from anywhere: the names of N images and their labels, rows `[N][V]` for the
    /// variables of these names.
    ///
    /// # Errors
    /// Parts that do not belong together, and descriptors that are not finite numbers.
    pub fn from_descriptors(
        descriptors: Vec<f32>,
        dims: usize,
        names: Vec<String>,
        variables: &[String],
        labels: &[Vec<Option<String>>],
        meta: IndexMeta,
    ) -> Result<Self> {
        if descriptors.len() != names.len() * dims {
            return Err(Error::data(format!(
                "{} names for {} descriptor values of {dims} dimensions",
                names.len(),
                descriptors.len()
            ))
            .hint("give every descriptor one name"));
        }
        let (vocabulary, labels) = Vocabulary::of_table(variables, labels, names.len())?;
        let index = Self { vocabulary, names, labels, descriptors, dims, meta };
        index.check_descriptors()?;
        Ok(index)
    }

    /// The number of images N.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True without images.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Writes `kdtree.npz` into `folder`.
    ///
    /// # Errors
    /// Parts that do not belong together (a fault of the caller), descriptors that are not finite numbers, and what
    /// the file system refuses.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<()> {
        let path = folder.as_ref().join(FILE_NAME);
        let (count, variables) = (self.len(), self.vocabulary.len());
        if self.descriptors.len() != count * self.dims || self.labels.indices().len() != count * variables {
            return Err(Error::internal(format!(
                "an index of {count} images has {} descriptor values of {} dimensions and {} labels of {variables} \
                 variables",
                self.descriptors.len(),
                self.dims,
                self.labels.indices().len()
            )));
        }
        self.check_descriptors().map_err(|error| error.in_file(&path))?;
        let (shape, cells) = self.vocabulary.to_table();
        npz::write(
            path,
            &[
                ("Tree", Array::f32([count, self.dims], self.descriptors.clone())),
                ("Labels", Array::i32([count, variables], self.labels.indices().to_vec())),
                ("DictTrain", Array::text([count], self.names.clone())),
                ("relevant_variables", Array::text([variables], self.vocabulary.names())),
                ("label2class_list", Array::text(shape, cells)),
                ("meta", Array::text([], vec![self.meta.to_json()])),
            ],
        )
    }

    /// Reads `kdtree.npz` from `folder`.
    ///
    /// # Errors
    /// A missing or cut file, a newer format, arrays of another layout, class indices outside the vocabulary,
    /// descriptors that are not finite numbers.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let path = folder.as_ref().join(FILE_NAME);
        let mut file = File::open(&path, "build-kdtree")?;
        // Before all else: of a newer file nothing can be expected to be where it is looked for.
        let meta = file.meta()?;
        let meta = IndexMeta::from_json(&meta).map_err(|error| error.in_file(&path))?;
        let vocabulary = file.vocabulary()?;
        if file.texts("relevant_variables")? != vocabulary.names() {
            return Err(file.wrong("`relevant_variables` and `label2class_list` name different variables"));
        }
        let names = file.texts("DictTrain")?;
        let (dims, descriptors) = file.matrix("Tree", names.len())?;
        let labels = file.labels("Labels", &[names.len(), vocabulary.len()], &vocabulary)?;
        let index = Self { vocabulary, names, labels, descriptors, dims, meta };
        index.check_descriptors().map_err(|error| error.in_file(&path))?;
        Ok(index)
    }

    /// Refuses a model other than the one that made this index.
    ///
    /// # Errors
    /// When the fingerprints differ: descriptors of two models have nothing to do with each other.
    pub fn check_model(&self, fingerprint: &str) -> Result<()> {
        if self.meta.model_fingerprint == fingerprint {
            return Ok(());
        }
        Err(Error::data(format!(
            "the index was built with another model (fingerprint {}) than the one given (fingerprint {fingerprint})",
            self.meta.model_fingerprint
        ))
        .hint("give the model that built the index, or run build-kdtree again with this model"))
    }

    /// The image paths, which are relative to `index_folder`, relative to `folder` instead.
    ///
    /// # Errors
    /// As for [`files::relative_to`].
    pub fn names_relative_to(&self, index_folder: impl AsRef<Path>, folder: impl AsRef<Path>) -> Result<Vec<String>> {
        let index_folder = index_folder.as_ref();
        self.names.iter().map(|name| files::relative_to(index_folder.join(name), &folder)).collect()
    }

    fn check_descriptors(&self) -> Result<()> {
        match self.descriptors.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(place) => Err(Error::data(format!(
                "the descriptor of `{}` holds {}, which is not a finite number",
                self.names[place / self.dims],
                self.descriptors[place]
            ))
            .hint("the model may not have converged; train it with a lower learning rate")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use silknow_records::{MISSING, Variable};

    fn sample() -> DescriptorIndex {
        DescriptorIndex {
            vocabulary: Vocabulary {
                variables: vec![Variable::new("place", ["DE", "ES"]), Variable::new("technique", [] as [String; 0])],
            },
            names: ["../img/a.jpg", "../img/b.jpg", "../img/c.jpg"].map(String::from).into(),
            labels: LabelMatrix::from_indices(2, vec![0, MISSING, MISSING, MISSING, 1, MISSING]).unwrap(),
            descriptors: vec![1.0, 0.0, 0.6, 0.8, 0.0, -1.0],
            dims: 2,
            meta: IndexMeta::new("fingerprint").with("master_file", "master_file_tree.txt"),
        }
    }

    /// The message that a file with one array replaced is refused with.
    fn refusal(name: &'static str, array: Array) -> String {
        let folder = tempfile::tempdir().unwrap();
        sample().write(folder.path()).unwrap();
        let path = folder.path().join(FILE_NAME);
        let mut file = npz::Reader::open(&path).unwrap();
        let names = ["Tree", "Labels", "DictTrain", "relevant_variables", "label2class_list", "meta"];
        let arrays = names.map(|other| (other, if other == name { array.clone() } else { file.array(other).unwrap() }));
        npz::write(&path, &arrays).unwrap();
        DescriptorIndex::read(folder.path()).unwrap_err().to_string()
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
        ];
        for (name, array, expected) in cases {
            let message = refusal(name, array);
            assert!(message.contains(expected) && message.contains("run build-kdtree again"), "{message}");
        }
    }

    #[test]
    fn descriptors_that_are_not_numbers_are_refused_in_both_directions() {
        let message = refusal("Tree", Array::f32([3, 2], vec![0.0, 0.0, f32::NAN, 0.0, 0.0, 0.0]));
        assert!(message.contains("the descriptor of `../img/b.jpg` holds NaN"), "{message}");
        let mut index = sample();
        index.descriptors[5] = f32::INFINITY;
        let folder = tempfile::tempdir().unwrap();
        assert!(index.write(folder.path()).unwrap_err().to_string().contains("`../img/c.jpg` holds inf"));
    }

    #[test]
    fn a_newer_format_and_a_foreign_description_are_refused() {
        let text = |text: &str| Array::text([], vec![text.to_owned()]);
        assert!(refusal("meta", text(r#"{"format_version":2}"#)).contains("kdtree.npz: the file has format version 2"));
        assert!(refusal("meta", text("{}")).contains("not the description that this program writes"));
    }

    #[test]
    fn a_missing_a_cut_and_a_foreign_file_are_refused_with_their_path() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = || DescriptorIndex::read(folder.path()).unwrap_err().to_string();
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
    fn an_index_of_another_model_is_refused() {
        let index = sample();
        index.check_model("fingerprint").unwrap();
        let message = index.check_model("other").unwrap_err().to_string();
        assert!(message.contains("another model") && message.contains("other"), "{message}");
    }

    #[test]
    fn an_index_of_descriptors_holds_them_and_refuses_parts_that_do_not_belong_together() {
        let make = |descriptors: &[f32], names: &[&str], place: &[Option<&str>]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let rows: Vec<_> = place.iter().map(|class| vec![class.map(str::to_owned)]).collect();
            let meta = IndexMeta::new("fingerprint");
            DescriptorIndex::from_descriptors(descriptors.to_vec(), 2, names, &["place".to_owned()], &rows, meta)
        };
        let index = make(&[1.0, 0.0, 0.0, 1.0], &["a", "b"], &[Some("ES"), None]).unwrap();
        assert_eq!((index.len(), index.dims), (2, 2));
        assert_eq!(index.labels.indices(), [0, MISSING]);
        let refusals = [
            (make(&[1.0, 0.0], &["a", "b"], &[None]), "2 names for 2 descriptor values"),
            (make(&[1.0, 0.0, 0.0], &["a"], &[None]), "1 names for 3 descriptor values"),
            (make(&[1.0, 0.0], &["a"], &[]), "0 rows of labels for 1"),
            (make(&[1.0, f32::NAN], &["a"], &[None]), "the descriptor of `a` holds NaN"),
        ];
        for (refused, expected) in refusals {
            let message = refused.unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn parts_that_do_not_belong_together_are_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = sample();
        index.names.pop();
        assert!(index.write(folder.path()).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn names_are_told_from_another_folder() {
        let names = sample().names_relative_to("/museum/index", "/museum/out/results").unwrap();
        assert_eq!(names, ["../../img/a.jpg", "../../img/b.jpg", "../../img/c.jpg"]);
    }

    proptest! {
        #[test]
        fn an_index_read_back_is_the_one_written(
            rows in proptest::collection::vec((-1i32..3, "[^\u{0}]{0,12}", -1e6f32..1e6), 0..20),
            fingerprint in ".{0,8}",
        ) {
            let classes = ["silk", "woven_(dates_CE)", "ß"];
            let index = DescriptorIndex {
                vocabulary: Vocabulary { variables: vec![Variable::new("material", classes)] },
                labels: LabelMatrix::from_indices(1, rows.iter().map(|row| row.0).collect()).unwrap(),
                names: rows.iter().map(|row| row.1.clone()).collect(),
                descriptors: rows.iter().flat_map(|row| [row.2, -row.2]).collect(),
                dims: 2,
                meta: IndexMeta::new(fingerprint),
            };
            let folder = tempfile::tempdir().unwrap();
            index.write(folder.path()).unwrap();
            prop_assert_eq!(DescriptorIndex::read(folder.path()).unwrap(), index);
        }
    }
}
