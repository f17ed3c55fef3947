//! `get-knn`: the nearest neighbours of query images, and the classes that they predict.
//!
//! Owns the order of steps. Leaves the search, the vote and the result files to the index.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use silknow_config::GetKNNParameters;
use silknow_dataset::collection;
use silknow_errors::Result;
use silknow_files::{self as files, FolderLock};
use silknow_index::{Queries, Retriever};

use crate::context::Context;
use crate::describing::{SkippedImage, describe_images, skipped_note};
use crate::labels::label_rows;
use crate::searching::load_model_and_index;

/// What `get-knn` did.
#[derive(Clone, Debug, Serialize)]
pub struct GetKNNSummary {
    /// The files that were written.
    pub files: Vec<PathBuf>,
    /// Query images that were answered.
    pub queries: usize,
    /// Neighbours per query.
    pub neighbours: usize,
    /// Images in the index.
    pub index_images: usize,
    /// Query images that could not be read, each with the reason.
    pub skipped: Vec<SkippedImage>,
}

impl fmt::Display for GetKNNSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} queries answered with {} of {} images each{}",
            self.queries,
            self.neighbours,
            self.index_images,
            skipped_note(&self.skipped)
        )?;
        for file in &self.files {
            write!(f, "\n  {}", file.display())?;
        }
        Ok(())
    }
}

/// Describes the images of a master file, finds their nearest neighbours in an index, predicts their classes, and
/// writes `knn_list.txt`, `kNN_LUT.csv` and, for labelled queries, `pred_gt.npz` into `savepath`.
///
/// # Errors
/// A model, an index or a master file that cannot be read, an index of another model, no readable query, a folder
/// that is not writable, an interruption.
pub fn get_knn(parameters: &GetKNNParameters, context: &Context<'_>) -> Result<GetKNNSummary> {
    let observer = context.observer;
    let (model, index) =
        load_model_and_index(&parameters.model_path, &parameters.treepath, parameters.device, parameters.precision)?;
    let variables = if parameters.bool_labeled_input { index.vocabulary.names() } else { Vec::new() };
    let collections = collection::read_master(
        &parameters.master_dir_prediction,
        &parameters.master_file_prediction,
        Some(&variables),
        observer,
    )?;
    let _lock = FolderLock::take(&parameters.savepath)?;
    let images: Vec<_> = collections.samples.iter().map(|sample| collections.image(sample)).collect();
    let (described, skipped) = describe_images(&model, &images, parameters.batch_size, observer)?;
    let collections = collections.select(&described.kept);
    let names = collections
        .samples
        .iter()
        .map(|sample| files::relative_to(collections.image(sample), &parameters.savepath))
        .collect::<Result<Vec<_>>>()?;
    let labels = parameters.bool_labeled_input.then(|| label_rows(&collections));
    let queries = Queries { names, descriptors: described.descriptors, labels };
    let retrieval = Retriever::new(&index)?.retrieve(queries, parameters.num_neighbors, observer)?;
    let index_names = index.names_relative_to(&parameters.treepath, &parameters.savepath)?;
    let written = retrieval.write(&index, &index_names, &parameters.savepath)?;
    Ok(GetKNNSummary {
        files: written,
        queries: retrieval.names.len(),
        neighbours: retrieval.neighbours.k,
        index_images: index.len(),
        skipped,
    })
}
