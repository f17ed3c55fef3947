//! Retrieval: from the descriptors of queries to their neighbours, their predicted classes and the files of both.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_progress::Observer;
use silknow_records::{LabelMatrix, Labels, Vocabulary};

use crate::classification::{self, Classification, RankedNeighbours};
use crate::index::{Hit, Hits, Index};
use crate::meta::IndexMeta;
use crate::results::{Answers, knn_list, lookup_table};
use crate::search::{Queried, Search, find};
use crate::vote;

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Queries {
    /// Image paths `[Q]`, relative to the folder that the results go to.
    pub names: Vec<String>,
    /// Descriptors `[Q, D]`, row by row.
    pub descriptors: Vec<f32>,
    /// What labelled queries are labelled with.
    pub truth: Option<Truth>,
}

/// The labels of labelled queries.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The variables of the index, with the classes of the queries, some of which the index may not have.
    pub vocabulary: Vocabulary,
    /// The labels `[Q]`.
    pub labels: Vec<Labels>,
}

/// Finds the nearest images of every query and predicts its classes.
///
/// # Errors
/// As for [`find`]; parts of `queries` that do not belong together.
pub fn retrieve(index: &dyn Index, queries: Queries, search: &Search, observer: &dyn Observer) -> Result<Retrieval> {
    let (count, dims) = (queries.names.len(), index.dims());
    if queries.descriptors.len() != count * dims {
        return Err(Error::data(format!(
            "{count} queries have {} descriptor values, and the index has {dims} dimensions",
            queries.descriptors.len()
        ))
        .hint("compute the queries' descriptors with the model that built the index"));
    }
    let mut vocabulary = index.vocabulary().clone();
    let truth = match queries.truth {
        Some(truth) if truth.labels.len() != count => {
            return Err(Error::internal(format!("{count} queries have {} rows of labels", truth.labels.len())));
        }
        Some(truth) => {
            let translation = vocabulary.absorb(&truth.vocabulary)?;
            let labels: Vec<Labels> = truth.labels.iter().map(|labels| translation.apply(labels)).collect();
            Some(LabelMatrix::of(vocabulary.len(), &labels))
        }
        None => None,
    };
    let hits = find(index, Queried::descriptors(&queries.descriptors), search, observer)?;
    let predictions = vote::predict(&hits, vocabulary.len());
    Ok(Retrieval { vocabulary, names: queries.names, truth, predictions, hits })
}

/// What was found for Q queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrieval {
    /// The variables and classes of the index, followed by the classes that only the queries have.
    pub vocabulary: Vocabulary,
    /// Query image paths `[Q]`, relative to the folder that the results go to.
    pub names: Vec<String>,
    /// The labels `[Q, V]` of labelled queries.
    pub truth: Option<LabelMatrix>,
    /// Predicted class indices `[Q, V]`.
    pub predictions: LabelMatrix,
    /// What was found for each query.
    pub hits: Hits,
}

impl Retrieval {
    /// Writes `knn_list.txt`, `kNN_LUT.csv` and, for labelled queries, `pred_gt.npz` into `folder`; returns their
    /// paths.
    ///
    /// The names of the records are relative to `index_folder`; in the files they are relative to `folder`. The index was
    /// built with the model of this fingerprint.
    ///
    /// # Errors
    /// Paths that cannot be told from the folder, and what the file system refuses.
    pub fn write(
        &self,
        model_fingerprint: &str,
        index_folder: impl AsRef<Path>,
        folder: impl AsRef<Path>,
    ) -> Result<Vec<PathBuf>> {
        let folder = folder.as_ref();
        let names = FoundNames::new(&self.hits, index_folder.as_ref(), folder)?;
        let answers = Answers { retrieval: self, names: &names };
        knn_list::write(folder, &answers)?;
        lookup_table::write(folder, &answers)?;
        let mut written = vec![folder.join(knn_list::FILE_NAME), folder.join(lookup_table::FILE_NAME)];
        if let Some(classification) = self.classified(model_fingerprint, &names)? {
            classification.write(folder)?;
            written.push(folder.join(classification::FILE_NAME));
        }
        Ok(written)
    }

    /// What evaluation needs of labelled queries; none for queries without labels. The arguments are those of
    /// [`write`](Self::write).
    ///
    /// # Errors
    /// Paths that cannot be told from the folder; queries with different numbers of hits.
    pub fn classification(
        &self,
        model_fingerprint: &str,
        index_folder: impl AsRef<Path>,
        folder: impl AsRef<Path>,
    ) -> Result<Option<Classification>> {
        self.classified(model_fingerprint, &FoundNames::new(&self.hits, index_folder.as_ref(), folder.as_ref())?)
    }

    fn classified(&self, model_fingerprint: &str, names: &FoundNames) -> Result<Option<Classification>> {
        let Some(truth) = self.truth.clone() else { return Ok(None) };
        let k = self.hits.common_length().ok_or_else(|| {
            Error::configuration("the queries have different numbers of neighbours, which an evaluation cannot compare")
                .hint("search without a largest distance")
        })?;
        let found: Vec<&Hit> = self.hits.iter().flatten().collect();
        Ok(Some(Classification {
            vocabulary: self.vocabulary.clone(),
            names: self.names.clone(),
            truth,
            predictions: self.predictions.clone(),
            neighbours: Some(RankedNeighbours {
                k,
                names: found.iter().map(|hit| names.of(hit).to_owned()).collect(),
                distances: found.iter().map(|hit| hit.distance).collect(),
                labels: LabelMatrix::of(self.vocabulary.len(), found.iter().map(|hit| &hit.record.labels)),
            }),
            meta: IndexMeta::new(model_fingerprint).with("num_neighbors", k).to_json(),
        }))
    }
}

/// The names of the records that were found, relative to the folder of the results.
#[derive(Debug)]
pub(crate) struct FoundNames(HashMap<u64, String>);

impl FoundNames {
    fn new(hits: &Hits, index_folder: &Path, folder: &Path) -> Result<Self> {
        let mut names = HashMap::new();
        for hit in hits.iter().flatten() {
            if let Entry::Vacant(place) = names.entry(hit.position) {
                place.insert(files::relative_to(index_folder.join(&hit.record.name), folder)?);
            }
        }
        Ok(Self(names))
    }

    /// The name of a record that was found.
    pub fn of(&self, hit: &Hit) -> &str {
        &self.0[&hit.position]
    }
}
