//! Retrieval: from the descriptors of queries to their neighbours, their predicted classes and the files of both.
//!
//! Owns the order of the steps and the warning about too many neighbours. Does not own any step, nor how the
//! descriptors of the queries were computed.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_progress::Observer;
use silknow_records::{LabelMatrix, Vocabulary};

use crate::classification::{self, Classification, RankedNeighbours};
use crate::meta::IndexMeta;
use crate::neighbours::{Neighbours, SearchIndex};
use crate::results::{Answers, knn_list, lookup_table};
use crate::store::DescriptorIndex;
use crate::vote;

/// Queries between two looks at whether the work should stop.
const QUERIES_PER_STEP: usize = 2048;

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Queries {
    /// Image paths `[Q]`, relative to the folder that the results go to.
    pub names: Vec<String>,
    /// Descriptors `[Q, D]`, row by row.
    pub descriptors: Vec<f32>,
    /// The labels of labelled queries `[Q][V]`, for the variables of the index in their order. Their classes may be
    /// unknown to the index.
    pub labels: Option<Vec<Vec<Option<String>>>>,
}

/// An index, ready for queries.
#[derive(Debug)]
pub struct Retriever<'a> {
    index: Cow<'a, DescriptorIndex>,
    search: SearchIndex<'a>,
}

impl<'a> Retriever<'a> {
    /// Prepares an index for search.
    ///
    /// # Errors
    /// As for [`SearchIndex::new`].
    pub fn new(index: &'a DescriptorIndex) -> Result<Self> {
        Ok(Self { index: Cow::Borrowed(index), search: SearchIndex::new(&index.descriptors, index.dims)? })
    }

    /// Prepares an index for search and keeps it, for as long as it is needed.
    ///
    /// # Errors
    /// As for [`SearchIndex::new`].
    pub fn owning(index: DescriptorIndex) -> Result<Retriever<'static>> {
        let search = SearchIndex::new(index.descriptors.clone(), index.dims)?;
        Ok(Retriever { index: Cow::Owned(index), search })
    }

    /// What is searched.
    pub fn index(&self) -> &DescriptorIndex {
        &self.index
    }

    /// Finds the `k` nearest of every query and predicts its classes. Where `k` is above the size of the index, all
    /// are given, with a warning.
    ///
    /// # Errors
    /// `k` is 0; descriptors of other dimensions than the index has, or not finite; parts of `queries` that do not
    /// belong together; an interruption.
    pub fn retrieve(&self, queries: Queries, k: usize, observer: &dyn Observer) -> Result<Retrieval> {
        let count = queries.names.len();
        let dims = self.index.dims;
        if queries.descriptors.len() != count * dims {
            return Err(Error::data(format!(
                "{count} queries have {} descriptor values, and the index has {dims} dimensions",
                queries.descriptors.len()
            ))
            .hint("compute the queries' descriptors with the model that built the index"));
        }
        let mut vocabulary = self.index.vocabulary.clone();
        let truth = match &queries.labels {
            Some(rows) => Some(encode(&mut vocabulary, rows, count)?),
            None => None,
        };
        let neighbours = self.search(&queries.descriptors, k, observer)?;
        let predictions = vote::predict(&self.index.labels, &neighbours);
        Ok(Retrieval { vocabulary, names: queries.names, truth, predictions, neighbours })
    }

    /// The neighbours alone, `descriptors` being `[Q, D]`; see [`retrieve`](Self::retrieve).
    ///
    /// # Errors
    /// As for [`SearchIndex::nearest`], and an interruption.
    pub fn search(&self, descriptors: &[f32], k: usize, observer: &dyn Observer) -> Result<Neighbours> {
        let size = self.search.len();
        if k > size {
            observer.warning(&format!("{k} neighbours are asked for, but the index has {size}: all are given"));
        }
        let progress = observer.begin("searching neighbours", (descriptors.len() / self.index.dims) as u64);
        let mut neighbours = Neighbours::new(k.min(size));
        for step in descriptors.chunks(QUERIES_PER_STEP * self.index.dims) {
            observer.check()?;
            neighbours.append(self.search.nearest(step, k)?);
            progress.advance((step.len() / self.index.dims) as u64);
        }
        Ok(neighbours)
    }
}

/// The class indices of label rows, which must be `count` and as wide as the vocabulary.
fn encode(vocabulary: &mut Vocabulary, rows: &[Vec<Option<String>>], count: usize) -> Result<LabelMatrix> {
    let variables = vocabulary.len();
    if rows.len() != count || rows.iter().any(|row| row.len() != variables) {
        return Err(Error::internal(format!(
            "{count} queries have {} rows of labels, each of which must have {variables} entries",
            rows.len()
        )));
    }
    Ok(vocabulary.encode(rows.iter().map(Vec::as_slice)))
}

/// What was found for Q queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrieval {
    /// The variables and classes of the index, followed by the classes that only the queries have.
    pub vocabulary: Vocabulary,
    /// Query image paths `[Q]`, relative to the folder that the results go to.
    pub names: Vec<String>,
    /// True class indices `[Q, V]` of labelled queries.
    pub truth: Option<LabelMatrix>,
    /// Predicted class indices `[Q, V]`.
    pub predictions: LabelMatrix,
    /// The neighbours of each query.
    pub neighbours: Neighbours,
}

impl Retrieval {
    /// Writes `knn_list.txt`, `kNN_LUT.csv` and, for labelled queries, `pred_gt.npz` into `folder`; returns their
    /// paths.
    ///
    /// `index` is what was searched, and `index_names` are its image paths relative to `folder`
    /// ([`DescriptorIndex::names_relative_to`]).
    ///
    /// # Errors
    /// Names that are not those of the index (a fault of the caller), and what the file system refuses.
    pub fn write(
        &self,
        index: &DescriptorIndex,
        index_names: &[String],
        folder: impl AsRef<Path>,
    ) -> Result<Vec<PathBuf>> {
        let folder = folder.as_ref();
        if index_names.len() != index.len() {
            return Err(Error::internal(format!("{} names for {} images", index_names.len(), index.len())));
        }
        let answers = Answers {
            vocabulary: &self.vocabulary,
            query_names: &self.names,
            truth: self.truth.as_ref(),
            predictions: &self.predictions,
            neighbours: &self.neighbours,
            index_names,
            index_labels: &index.labels,
        };
        knn_list::write(folder, &answers)?;
        lookup_table::write(folder, &answers)?;
        let mut written = vec![folder.join(knn_list::FILE_NAME), folder.join(lookup_table::FILE_NAME)];
        if let Some(classification) = self.classification(index, index_names) {
            classification.write(folder)?;
            written.push(folder.join(classification::FILE_NAME));
        }
        Ok(written)
    }

    /// What evaluation needs of labelled queries; none for queries without labels. The arguments are those of
    /// [`write`](Self::write).
    pub fn classification(&self, index: &DescriptorIndex, index_names: &[String]) -> Option<Classification> {
        let truth = self.truth.clone()?;
        let positions: Vec<usize> = self.neighbours.positions.iter().map(|&position| position as usize).collect();
        let meta = IndexMeta::new(&index.meta.model_fingerprint).with("num_neighbors", self.neighbours.k);
        Some(Classification {
            vocabulary: self.vocabulary.clone(),
            names: self.names.clone(),
            truth,
            predictions: self.predictions.clone(),
            neighbours: Some(RankedNeighbours {
                k: self.neighbours.k,
                names: positions.iter().map(|&position| index_names[position].clone()).collect(),
                distances: self.neighbours.distances.clone(),
                labels: index.labels.select(&positions),
            }),
            meta: meta.to_json(),
        })
    }
}
