//! The classification of labelled queries: what `pred_gt.npz` holds, its writer and its reader.
//!
//! Retrieval writes it, evaluation reads it. Owns the layout; does not own how a class is predicted.

use std::path::Path;

use silknow_foundation::npz::{self, Array};
use silknow_foundation::{Error, LabelMatrix, Result, Vocabulary};

/// The name of the file within its folder.
pub const FILE_NAME: &str = "pred_gt.npz";

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
    /// How it was made, as JSON text.
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
    /// Writes `pred_gt.npz` into `folder`.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<()> {
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
        npz::write(folder.as_ref().join(FILE_NAME), &arrays)
    }

    /// Reads `pred_gt.npz` from `folder`.
    ///
    /// # Errors
    /// A missing or cut file, arrays of another layout, class indices outside the vocabulary.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let path = folder.as_ref().join(FILE_NAME);
        let mut file = npz::Reader::open(&path)?;
        let wrong = |what: String| {
            Error::data(what).in_file(&path).hint("the file was made by another program or version; run get-knn again")
        };
        let (table_shape, cells) = file.text("label2class_list")?;
        let vocabulary =
            Vocabulary::from_table(&table_shape, &cells).map_err(|error| wrong(error.message().to_owned()))?;
        let variables = vocabulary.len();
        let (names_shape, names) = file.text("names")?;
        let &[samples] = names_shape.as_slice() else {
            return Err(wrong(format!("`names` has shape {names_shape:?}, expected [S]")));
        };
        let expect = |name: &str, shape: &[usize], expected: &[usize]| {
            if shape == expected {
                Ok(())
            } else {
                Err(wrong(format!("`{name}` has shape {shape:?}, expected {expected:?}")))
            }
        };
        let labels = |name: &str, indices: Vec<i32>| {
            for (position, &index) in indices.iter().enumerate() {
                let variable = &vocabulary.variables[position % variables];
                if index < -1 || index >= variable.classes.len() as i32 {
                    return Err(wrong(format!(
                        "`{name}` holds class {index}, but `{}` has {} classes",
                        variable.name,
                        variable.classes.len()
                    )));
                }
            }
            LabelMatrix::from_indices(variables, indices)
        };
        let mut matrix = |name: &str, expected: &[usize]| {
            let (shape, indices) = file.i32(name)?;
            expect(name, &shape, expected)?;
            labels(name, indices)
        };
        let truth = matrix("Groundtruth", &[samples, variables])?;
        let predictions = matrix("Predictions", &[samples, variables])?;
        let neighbours = if file.contains("neighbour_names") {
            let (shape, names) = file.text("neighbour_names")?;
            let &[_, k] = shape.as_slice() else {
                return Err(wrong(format!("`neighbour_names` has shape {shape:?}, expected [S, k]")));
            };
            expect("neighbour_names", &shape, &[samples, k])?;
            let (shape, distances) = file.f32("neighbour_distances")?;
            expect("neighbour_distances", &shape, &[samples, k])?;
            let (shape, indices) = file.i32("neighbour_labels")?;
            expect("neighbour_labels", &shape, &[samples, k, variables])?;
            Some(RankedNeighbours { k, names, distances, labels: labels("neighbour_labels", indices)? })
        } else {
            None
        };
        let meta = if file.contains("meta") { file.text("meta")?.1.concat() } else { String::new() };
        Ok(Self { vocabulary, names, truth, predictions, neighbours, meta })
    }
}
