//! The classification of labelled queries: what `pred_gt.npz` holds, its writer and its reader.
//!
//! Retrieval writes the file and evaluation reads it. `Groundtruth`, `Predictions` and `neighbour_labels` hold one class per
//! label, of a set the lowest. The sets of two or more classes stand in further arrays, which are there when there are any.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use silknow_arrays::npz::{self, Array};
use silknow_errors::{Error, Result};
use silknow_records::table::{read_table, write_table};
use silknow_records::{LabelMatrix, Object, Record, Vocabulary};

use crate::layout::{CLASS_TEXTS, File, class_texts, label_sets};
use crate::stated_shares::StatedShares;

/// The name of the file within its folder.
pub const FILE_NAME: &str = "pred_gt.npz";

/// The further arrays of the sets of truth, predictions and neighbours' labels: rows of query, variable and class. Among the
/// neighbours, neighbour `rank` of query `q` has the position `q * k + rank`.
const TRUE_SETS: &str = "Groundtruth_sets";
const PREDICTED_SETS: &str = "Predictions_sets";
const NEIGHBOUR_SETS: &str = "neighbour_label_sets";

/// The further array of what is known of the neighbours' objects: the bytes of a table of records.
const WORKS: &str = "neighbour_records";

/// Truth and prediction of S labelled queries for V variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    /// The variables and their classes.
    pub vocabulary: Vocabulary,
    /// Query image paths `[S]`, relative to the folder of the file.
    pub names: Vec<String>,
    /// True class indices `[S, V]`.
    pub truth: LabelMatrix,
    /// Predicted class indices `[S, V]`.
    pub predictions: LabelMatrix,
    /// The neighbours that the predictions were made from; files of other programs may lack them.
    pub neighbours: Option<RankedNeighbours>,
    /// The shares of the classes, where the neighbours alone do not tell them.
    pub shares: Option<StatedShares>,
    /// How it was made, as JSON text (see [`IndexMeta`](crate::IndexMeta)); empty in files of other programs.
    pub meta: String,
}

/// The k neighbours of each of S queries, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedNeighbours {
    /// Neighbours per query.
    pub k: usize,
    /// Image paths `[S * k]`, relative to the folder of the file.
    pub names: Vec<String>,
    /// Euclidean distances of the descriptors `[S * k]`, in `[0, 2]`.
    pub distances: Vec<f32>,
    /// Class indices `[S * k, V]`.
    pub labels: LabelMatrix,
}

impl Classification {
    /// A classification from what is true and what was predicted. It has no neighbours, and the samples are called by their
    /// positions.
    ///
    /// # Errors
    /// Different numbers of samples, labels of other variables than the vocabulary's.
    pub fn from_labels(vocabulary: Vocabulary, truth: LabelMatrix, predictions: LabelMatrix) -> Result<Self> {
        let samples = truth.len();
        if predictions.len() != samples {
            return Err(Error::data(format!("{samples} samples have {} predictions", predictions.len()))
                .hint("give truth and predictions of the same samples, in the same order"));
        }
        if [&truth, &predictions].iter().any(|labels| labels.variables() != vocabulary.len()) {
            return Err(Error::data(format!("truth and predictions are not about {} variables", vocabulary.len())));
        }
        let names = (0..samples).map(|position| position.to_string()).collect();
        Ok(Self { vocabulary, names, truth, predictions, neighbours: None, shares: None, meta: String::new() })
    }

    /// Writes `pred_gt.npz` into `folder`.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<()> {
        self.write_with_works(folder, &[])
    }

    /// Writes `pred_gt.npz` with what is known of the objects that neighbours show, by the names of their images.
    pub(crate) fn write_with_works(&self, folder: impl AsRef<Path>, works: &[Record]) -> Result<()> {
        let samples = self.names.len();
        let variables = self.vocabulary.len();
        let (shape, cells) = self.vocabulary.to_table();
        let mut arrays = vec![
            ("Groundtruth", Array::i32([samples, variables], self.truth.indices().to_vec())),
            ("Predictions", Array::i32([samples, variables], self.predictions.indices().to_vec())),
            ("label2class_list", Array::text(shape, cells)),
            ("names", Array::text([samples], self.names.clone())),
        ];
        if let Some(near) = &self.neighbours {
            arrays.push(("neighbour_names", Array::text([samples, near.k], near.names.clone())));
            arrays.push(("neighbour_distances", Array::f32([samples, near.k], near.distances.clone())));
            arrays.push(("neighbour_labels", Array::i32([samples, near.k, variables], near.labels.indices().to_vec())));
        }
        arrays.push(("meta", Array::text([], vec![self.meta.clone()])));
        arrays.extend(class_texts(&self.vocabulary).map(|array| (CLASS_TEXTS, array)));
        let near = self.neighbours.as_ref().map(|near| &near.labels);
        let labels =
            [(TRUE_SETS, Some(&self.truth)), (PREDICTED_SETS, Some(&self.predictions)), (NEIGHBOUR_SETS, near)];
        arrays.extend(labels.into_iter().filter_map(|(name, labels)| Some((name, label_sets(labels?)?))));
        arrays.extend(self.shares.iter().flat_map(StatedShares::arrays));
        if !works.is_empty() {
            let table = write_table(works.iter());
            arrays.push((WORKS, Array::u8([table.len()], table)));
        }
        npz::write(folder.as_ref().join(FILE_NAME), &arrays)
    }

    /// Reads what `pred_gt.npz` of `folder` knows of the objects that neighbours show, by the names of their images. Empty where
    /// it knows no more than these names.
    ///
    /// # Errors
    /// A missing or cut file, a newer format, a table that cannot be read.
    pub fn read_works(folder: impl AsRef<Path>) -> Result<HashMap<String, Object>> {
        let mut file = File::open(&folder.as_ref().join(FILE_NAME), "get-knn")?;
        if file.contains("meta") {
            file.meta()?;
        }
        if !file.contains(WORKS) || !file.contains("neighbour_names") {
            return Ok(HashMap::new());
        }
        let samples = file.texts("names")?.len();
        let names: BTreeSet<String> = file.text_matrix("neighbour_names", samples)?.1.into_iter().collect();
        let mut records: Vec<Record> = names.into_iter().map(|name| Record::new(name, 0)).collect();
        read_table(file.bytes(WORKS)?.as_slice(), &mut records)
            .map_err(|error| file.wrong(format!("`{WORKS}`: {}", error.message())))?;
        Ok(records.into_iter().map(|record| (record.name, record.object)).collect())
    }

    /// Reads `pred_gt.npz` from `folder`.
    ///
    /// # Errors
    /// A missing or cut file, a newer format, arrays of another layout, class indices outside the vocabulary.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let mut file = File::open(&folder.as_ref().join(FILE_NAME), "get-knn")?;
        // The version is read first, because a newer file may hold other arrays.
        let meta = if file.contains("meta") { file.meta()? } else { String::new() };
        let vocabulary = file.vocabulary()?;
        let variables = vocabulary.len();
        let names = file.texts("names")?;
        let samples = names.len();
        let mut truth = file.labels("Groundtruth", &[samples, variables], &vocabulary)?;
        file.label_sets(TRUE_SETS, &vocabulary, &mut truth)?;
        let mut predictions = file.labels("Predictions", &[samples, variables], &vocabulary)?;
        file.label_sets(PREDICTED_SETS, &vocabulary, &mut predictions)?;
        let neighbours = if file.contains("neighbour_names") {
            let (k, names) = file.text_matrix("neighbour_names", samples)?;
            let (distances_k, distances) = file.matrix("neighbour_distances", samples)?;
            if distances_k != k {
                return Err(file.wrong(format!("{k} neighbours of a query have names and {distances_k} distances")));
            }
            let mut labels = file.labels("neighbour_labels", &[samples, k, variables], &vocabulary)?;
            file.label_sets(NEIGHBOUR_SETS, &vocabulary, &mut labels)?;
            Some(RankedNeighbours { k, names, distances, labels })
        } else {
            None
        };
        let shares = StatedShares::read(&mut file, samples, &vocabulary)?;
        Ok(Self { vocabulary, names, truth, predictions, neighbours, shares, meta })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_records::Variable;

    fn sample() -> Classification {
        let variable = |name: &str, classes: &[&str]| Variable::new(name, classes.iter().copied());
        Classification {
            vocabulary: Vocabulary {
                variables: vec![variable("place", &["DE", "ES", "FR"]), variable("technique", &["damask"])],
            },
            names: vec!["img/a.jpg".into(), "img/b.jpg".into()],
            truth: LabelMatrix::from_indices(2, vec![0, -1, 2, 0]).unwrap(),
            predictions: LabelMatrix::from_indices(2, vec![1, 0, -1, -1]).unwrap(),
            neighbours: Some(RankedNeighbours {
                k: 1,
                names: vec!["img/c.jpg".into(), "img/d.jpg".into()],
                distances: vec![0.25, 1.5],
                labels: LabelMatrix::from_indices(2, vec![1, 0, -1, -1]).unwrap(),
            }),
            shares: None,
            meta: r#"{"format_version":1}"#.into(),
        }
    }

    #[test]
    fn truth_and_predictions_must_be_of_the_same_samples_and_variables() {
        let vocabulary = Vocabulary { variables: vec![Variable::new("place", ["ES", "FR"])] };
        let labels = |indices: &[i32]| LabelMatrix::from_indices(1, indices.to_vec()).unwrap();
        let made = Classification::from_labels(vocabulary.clone(), labels(&[0, -1]), labels(&[1, 0])).unwrap();
        assert_eq!(made.names, ["0", "1"]);
        let unequal = Classification::from_labels(vocabulary, labels(&[-1, -1]), labels(&[-1])).unwrap_err();
        assert!(unequal.to_string().contains("2 samples have 1 predictions"), "{unequal}");
    }

    /// The message that a file with one array replaced is refused with.
    fn refusal(name: &'static str, array: Array) -> String {
        let folder = tempfile::tempdir().unwrap();
        let good = sample();
        good.write(folder.path()).unwrap();
        let path = folder.path().join(FILE_NAME);
        let mut file = npz::Reader::open(&path).unwrap();
        let names = ["Groundtruth", "Predictions", "label2class_list", "names", "neighbour_names"].into_iter().chain([
            "neighbour_distances",
            "neighbour_labels",
            "meta",
        ]);
        let arrays: Vec<_> = names
            .map(|other| (other, if other == name { array.clone() } else { file.array(other).unwrap() }))
            .collect();
        npz::write(&path, &arrays).unwrap();
        Classification::read(folder.path()).unwrap_err().to_string()
    }

    #[test]
    fn a_classification_read_back_is_the_one_written() {
        let folder = tempfile::tempdir().unwrap();
        for neighbours in [sample().neighbours, None] {
            let classification = Classification { neighbours, ..sample() };
            classification.write(folder.path()).unwrap();
            assert_eq!(Classification::read(folder.path()).unwrap(), classification);
        }
    }

    #[test]
    fn sets_stand_in_further_arrays_which_are_there_when_there_are_any() {
        let folder = tempfile::tempdir().unwrap();
        let further = [TRUE_SETS, PREDICTED_SETS, NEIGHBOUR_SETS];
        let plain = sample();
        plain.write(folder.path()).unwrap();
        let file = npz::Reader::open(folder.path().join(FILE_NAME)).unwrap();
        assert!(further.iter().all(|name| !file.contains(name)));
        let mut classification = plain.clone();
        classification.truth.set(1, 0, &[1, 2]);
        classification.predictions.set(0, 0, &[0, 1, 2]);
        classification.neighbours.as_mut().unwrap().labels.set(1, 0, &[0, 2]);
        classification.write(folder.path()).unwrap();
        assert_eq!(Classification::read(folder.path()).unwrap(), classification);
        let mut file = npz::Reader::open(folder.path().join(FILE_NAME)).unwrap();
        assert_eq!(file.array("Groundtruth").unwrap(), Array::i32([2, 2], vec![0, -1, 1, 0]));
        assert_eq!(file.array(TRUE_SETS).unwrap(), Array::i32([2, 3], vec![1, 0, 1, 1, 0, 2]));
        assert_eq!(file.array(NEIGHBOUR_SETS).unwrap(), Array::i32([2, 3], vec![1, 0, 0, 1, 0, 2]));
    }

    #[test]
    fn stated_shares_are_read_back_and_must_be_possible() {
        let folder = tempfile::tempdir().unwrap();
        let mut shares = StatedShares::new(2);
        shares.push(vec![vec![(1, 0.75), (0, 0.25)], Vec::new()]);
        shares.push(vec![vec![(2, 1.0)], vec![(0, 0.5)]]);
        let classification = Classification { shares: Some(shares.clone()), ..sample() };
        classification.write(folder.path()).unwrap();
        assert_eq!(Classification::read(folder.path()).unwrap(), classification);
        assert_eq!(shares.of(1, 1), [(0, 0.5)]);
        for impossible in [(3, 0.5), (0, 1.5)] {
            let mut shares = StatedShares::new(2);
            shares.push(vec![vec![impossible], Vec::new()]);
            Classification { shares: Some(shares), ..sample() }.write(folder.path()).unwrap();
            let message = Classification::read(folder.path()).unwrap_err().to_string();
            assert!(message.contains("query 0, variable 0") && message.contains("cannot be"), "{message}");
        }
    }

    #[test]
    fn a_classification_without_samples_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let empty = LabelMatrix::new(2);
        let classification =
            Classification { names: vec![], truth: empty.clone(), predictions: empty, neighbours: None, ..sample() };
        classification.write(folder.path()).unwrap();
        assert_eq!(Classification::read(folder.path()).unwrap(), classification);
    }

    #[test]
    fn another_layout_is_refused_and_says_which_array_and_what_to_do() {
        let cases = [
            ("Groundtruth", Array::i32([1, 2], vec![0, 0]), "`Groundtruth` has shape [1, 2], expected [2, 2]"),
            ("Predictions", Array::i32([2, 2], vec![0, 0, 3, 0]), "holds class 3, but `place` has 3 classes"),
            ("Groundtruth", Array::i32([2, 2], vec![0, -2, 1, 0]), "holds class -2"),
            ("names", Array::text([2, 1], vec!["a".into(), "b".into()]), "`names` has shape [2, 1]"),
            ("label2class_list", Array::text([2], vec!["a".into(), "b".into()]), "label2class_list has shape [2]"),
            ("neighbour_distances", Array::f32([2, 2], vec![0.0; 4]), "1 neighbours of a query have names and 2"),
            ("neighbour_labels", Array::i32([2, 2], vec![0; 4]), "`neighbour_labels` has shape [2, 2]"),
        ];
        for (name, array, expected) in cases {
            let message = refusal(name, array);
            assert!(message.contains(expected) && message.contains("run get-knn again"), "{message}");
        }
    }

    #[test]
    fn an_array_of_another_type_or_a_newer_format_is_refused() {
        let message = refusal("Groundtruth", Array::f32([2, 2], vec![0.0; 4]));
        assert!(message.contains("not of type int32"), "{message}");
        let message = refusal("meta", Array::text([], vec![r#"{"format_version":3}"#.into()]));
        assert!(message.contains("format version 3"), "{message}");
    }

    #[test]
    fn a_missing_array_and_a_missing_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = Classification::read(folder.path()).unwrap_err().to_string();
        assert!(message.contains(FILE_NAME) && message.contains("or run get-knn first"), "{message}");
        let names = Array::text([1], vec!["a".into()]);
        npz::write(folder.path().join(FILE_NAME), &[("names", names)]).unwrap();
        let message = Classification::read(folder.path()).unwrap_err().to_string();
        assert!(message.contains("the array `label2class_list` is missing"), "{message}");
    }
}
