//! `get-knn`: the nearest neighbours of query images, and the classes that they predict.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use silknow_config::GetKNNParameters;
use silknow_dataset::collection;
use silknow_errors::Result;
use silknow_files::FolderLock;
use silknow_index::{Index, MemoryIndex, Queries, Search, Truth, check_model, retrieve};
use silknow_network::Model;

use crate::classifier::{self, HeadOutputs};
use crate::context::Context;
use crate::describing::{Listed, SkippedImage, describe_images, skipped_note};
use crate::indexing::names;
use crate::retriever::Retriever;
use crate::toolbox_files;
use crate::voting;

/// What `get-knn` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
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
/// writes `knn_list.txt`, `kNN_LUT.csv`, `kNN_votes.csv` and, for labelled queries, `pred_gt.npz` into `savepath`.
///
/// With an index that has no variables nothing is predicted, and the neighbours alone are written. A model and an
/// index of the Python toolbox are imported in passing.
///
/// # Errors
/// A model, an index or a master file that cannot be read, an index of another model, no readable query, a folder
/// that is not writable, an interruption.
pub fn get_knn(parameters: &GetKNNParameters, context: &Context<'_>) -> Result<GetKNNSummary> {
    let GetKNNParameters { model_path, treepath, device, precision, .. } = parameters;
    let retriever = Retriever::open_or_import(model_path, treepath, *device, *precision, context)?;
    get_knn_among(retriever.model(), retriever.index(), parameters, context)
}

/// Does what [`get_knn`] does with a model and an index that were loaded before: `model_path`, `device` and `precision` of the
/// parameters have no effect; `treepath` is the folder that the names of the index's images are relative to.
///
/// # Errors
/// Those of [`get_knn`], but for reading the model and the index.
pub fn get_knn_among(
    model: &Model,
    index: &MemoryIndex,
    parameters: &GetKNNParameters,
    context: &Context<'_>,
) -> Result<GetKNNSummary> {
    let observer = context.observer;
    check_model(index, model.fingerprint())?;
    let mut search = Search::nearest(parameters.num_neighbors);
    let GetKNNParameters { vote, vote_temperature, confidence_threshold, .. } = *parameters;
    search.vote = voting::vote(vote, vote_temperature, confidence_threshold, model.facts())?;
    classifier::check(&search.vote, model.extra_heads().map(|(name, _)| name))?;
    let has_truth = parameters.bool_labeled_input && !index.vocabulary().is_empty();
    if parameters.bool_labeled_input && !has_truth {
        observer.info("the index has no variables: neighbours are listed, nothing is predicted or compared");
    }
    let variables = if has_truth { index.vocabulary().names() } else { Vec::new() };
    let collections = collection::read_master(
        &parameters.master_dir_prediction,
        &parameters.master_file_prediction,
        Some(&variables),
        observer,
    )?;
    let _lock = FolderLock::take(&parameters.savepath)?;
    let images: Vec<_> = collections.samples.iter().map(|sample| collections.image(sample)).collect();
    let (described, skipped) = describe_images(model, &images, Listed::InCollections, parameters.batch_size, observer)?;
    let labels = described.kept.iter().map(|&sample| collections.samples[sample].record.labels.clone()).collect();
    let truth = Truth { vocabulary: collections.vocabulary.clone(), labels };
    let heads: Vec<&str> = model.extra_heads().map(|(name, _)| name).collect();
    let outputs = HeadOutputs { names: &heads, values: &described.extra, images: described.kept.len() };
    let queries = Queries {
        names: names(&collections, &described.kept, &parameters.savepath)?,
        opinions: classifier::opinions(&search.vote, model.vocabulary(), outputs)?,
        descriptors: described.descriptors,
        truth: has_truth.then_some(truth),
    };
    let retrieval = retrieve(index, queries, &search, observer)?;
    let mut written = retrieval.write(index.model_fingerprint(), &parameters.treepath, &parameters.savepath)?;
    for file in &written.removed {
        observer.warning(&format!("`{}` was of earlier queries and does not fit these: it is removed", file.display()));
    }
    if let Some(results) = written.classification.filter(|_| parameters.old_layout) {
        written.files.push(toolbox_files::write_old_results(&results, &parameters.savepath)?);
    }
    Ok(GetKNNSummary {
        files: written.files,
        queries: retrieval.names.len(),
        neighbours: retrieval.hits.of(0).len(),
        index_images: index.len(),
        skipped,
    })
}
