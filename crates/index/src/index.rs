//! What an index is: records with descriptors, of which it gives the nearest.
//!
//! The trait is the seam between everything that uses neighbours (votes, result files, reports, services) and whatever
//! finds them. [`MemoryIndex`](crate::MemoryIndex) is the first implementation; the [checks](crate::conformance) are the
//! contract that every implementation keeps.

use std::ops::Range;
use std::sync::Arc;

use silknow_errors::{Error, Result};
use silknow_records::{Record, Vocabulary};

use crate::filter::Filter;

/// Records with descriptors, of which it gives the nearest.
///
/// Positions number the records from 0 without gaps, in the order in which they came. Neighbours are ordered by Euclidean
/// distance, and by position where distances are equal.
pub trait Index: Send + Sync {
    /// The variables and classes that the labels of the records are written with.
    fn vocabulary(&self) -> &Vocabulary;

    /// Length D of the descriptors.
    fn dims(&self) -> usize;

    /// The number of records N.
    fn len(&self) -> usize;

    /// True without records.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The fingerprint of the model that made the descriptors; empty where it is not known.
    fn model_fingerprint(&self) -> &str;

    /// For each of Q descriptors (`[Q, D]` row by row) the `k` nearest records that pass the filter; all that pass it
    /// where they are fewer.
    ///
    /// # Errors
    /// `k` is 0; descriptors that are not whole rows of D finite values; a filter that names what the index does not
    /// have.
    fn nearest(&self, descriptors: &[f32], k: usize, filter: &Filter) -> Result<Hits>;

    /// Appends records with their descriptors (`[records, D]` row by row). Their labels are written with `vocabulary`,
    /// which has the variables of the index; classes that are new to the index are taken over.
    ///
    /// # Errors
    /// Other variables; descriptors that are not whole rows of D finite values, one for each record. The index is then as
    /// it was.
    fn insert(&mut self, vocabulary: &Vocabulary, records: Vec<Record>, descriptors: &[f32]) -> Result<()>;

    /// Removes the records that pass the filter and returns their number. Those behind them move up.
    ///
    /// # Errors
    /// A filter that names what the index does not have.
    fn remove(&mut self, filter: &Filter) -> Result<usize>;
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The position of the record in the index.
    pub position: u64,
    /// The Euclidean distance of its descriptor from the query's; in `[0, 2]` for unit vectors.
    pub distance: f32,
    /// The record.
    pub record: Arc<Record>,
}

/// What was found for each of Q queries, nearest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    hits: Vec<Hit>,
    /// Where the hits of each query end.
    ends: Vec<usize>,
}

impl Hits {
    /// The number of queries Q.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True without queries.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The hits of one query, nearest first.
    pub fn of(&self, query: usize) -> &[Hit] {
        &self.hits[self.range(query)]
    }

    /// The hits of all queries, one query after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[Hit]> {
        (0..self.len()).map(|query| self.of(query))
    }

    /// Appends the hits of one more query.
    pub fn push(&mut self, hits: impl IntoIterator<Item = Hit>) {
        self.hits.extend(hits);
        self.ends.push(self.hits.len());
    }

    /// Appends the hits of further queries.
    pub fn append(&mut self, further: Self) {
        let before = self.hits.len();
        self.hits.extend(further.hits);
        self.ends.extend(further.ends.into_iter().map(|end| before + end));
    }

    /// The number of hits of every query, where all have the same.
    pub fn common_length(&self) -> Option<usize> {
        let mut lengths = self.iter().map(<[Hit]>::len);
        let first = lengths.next().unwrap_or(0);
        lengths.all(|length| length == first).then_some(first)
    }

    fn range(&self, query: usize) -> Range<usize> {
        query.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[query]
    }
}

/// One entry per query, each of them its hits.
impl FromIterator<Vec<Hit>> for Hits {
    fn from_iter<T: IntoIterator<Item = Vec<Hit>>>(queries: T) -> Self {
        let mut all = Self::default();
        queries.into_iter().for_each(|hits| all.push(hits));
        all
    }
}

/// Refuses an index that was built with another model than the one of this fingerprint: descriptors of two models have
/// nothing to do with each other.
///
/// # Errors
/// When both fingerprints are known and differ.
pub fn check_model(index: &dyn Index, fingerprint: &str) -> Result<()> {
    let built_with = index.model_fingerprint();
    if built_with == fingerprint {
        return Ok(());
    }
    Err(Error::data(format!(
        "the index was built with another model (fingerprint {built_with}) than the one given (fingerprint {fingerprint})"
    ))
    .hint("give the model that built the index, or run build-kdtree again with this model"))
}
