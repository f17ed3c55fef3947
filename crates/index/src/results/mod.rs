//! The answers to queries as text for people and tables: what the writers need, and what they have in common.
//!
//! A distance is written the same way in all of them.

pub(crate) mod knn_list;
mod literals;
pub(crate) mod lookup_table;
pub(crate) mod votes_table;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::{LabelMatrix, Record};

use crate::classification::{self, Classification, RankedNeighbours};
use crate::index::{Hit, Hits};
use crate::meta::{FORMAT_WITH_SETS, IndexMeta};
use crate::retrieve::Retrieval;
use crate::stated_shares::StatedShares;
use crate::vote::Voters;

/// What was found for queries, with the names that the files state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers<'a> {
    pub retrieval: &'a Retrieval,
    pub names: &'a FoundNames,
}

/// What was written for queries.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Written {
    /// The paths of the files.
    pub files: Vec<PathBuf>,
    /// What evaluation needs of labelled queries, which is the content of `pred_gt.npz`; none for queries without labels.
    pub classification: Option<Classification>,
    /// Files of earlier queries that were removed, because these queries have nothing to replace them with.
    pub removed: Vec<PathBuf>,
}

impl Retrieval {
    /// Writes `knn_list.txt`, `kNN_LUT.csv`, with variables `kNN_votes.csv`, and for labelled queries `pred_gt.npz` into
    /// `folder`. Of these, files of earlier queries that are not replaced are removed.
    ///
    /// The names of the records are relative to `index_folder`; in the files they are relative to `folder`. The index was
    /// built with the model of this fingerprint.
    ///
    /// # Errors
    /// Paths that cannot be told from the folder; labelled queries with different numbers of hits; what the file system
    /// refuses.
    pub fn write(
        &self,
        model_fingerprint: &str,
        index_folder: impl AsRef<Path>,
        folder: impl AsRef<Path>,
    ) -> Result<Written> {
        let folder = folder.as_ref();
        let names = FoundNames::new(&self.hits, index_folder.as_ref(), folder)?;
        let answers = Answers { retrieval: self, names: &names };
        knn_list::write(folder, &answers)?;
        lookup_table::write(folder, &answers)?;
        let mut files = vec![folder.join(knn_list::FILE_NAME), folder.join(lookup_table::FILE_NAME)];
        // What an earlier run found for other queries would be read as if it were of these.
        let mut outdated = Vec::new();
        let votes = folder.join(votes_table::FILE_NAME);
        if self.vocabulary.is_empty() {
            outdated.push(votes);
        } else {
            votes_table::write(folder, self)?;
            files.push(votes);
        }
        let classification = self.classified(model_fingerprint, &names)?;
        let compared = folder.join(classification::FILE_NAME);
        if let Some(classification) = &classification {
            classification.write_with_works(folder, &names.works(&self.hits))?;
            files.push(compared);
        } else {
            outdated.push(compared);
        }
        outdated.retain(|file| file.exists());
        outdated.iter().try_for_each(files::remove_if_there)?;
        Ok(Written { files, classification, removed: outdated })
    }

    fn classified(&self, model_fingerprint: &str, names: &FoundNames) -> Result<Option<Classification>> {
        let Some(truth) = self.truth.clone() else { return Ok(None) };
        let k = self.hits.common_length().ok_or_else(|| {
            Error::configuration("the queries have different numbers of neighbours, which an evaluation cannot compare")
                .hint("search without a largest distance")
        })?;
        let found: Vec<&Hit> = self.hits.iter().flatten().collect();
        let labels = LabelMatrix::of(self.vocabulary.len(), found.iter().map(|hit| &hit.record.labels));
        let mut meta = self.vote.describe(IndexMeta::new(model_fingerprint).with("num_neighbors", k));
        if [&truth, &self.predictions, &labels].iter().any(|labels| labels.has_larger_sets()) {
            meta.format_version = FORMAT_WITH_SETS;
        }
        Ok(Some(Classification {
            vocabulary: self.vocabulary.clone(),
            names: self.names.clone(),
            truth,
            predictions: self.predictions.clone(),
            neighbours: Some(RankedNeighbours {
                k,
                names: found.iter().map(|hit| names.of(hit).to_owned()).collect(),
                distances: found.iter().map(|hit| hit.distance).collect(),
                labels,
            }),
            shares: (self.vote.voters != Voters::Neighbours)
                .then(|| StatedShares::of_ballots(self.vocabulary.len(), &self.ballots)),
            meta: meta.to_json(),
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

    /// The objects of the records that were found, of which more is known than the names of their images tell.
    fn works(&self, hits: &Hits) -> Vec<Record> {
        let found: BTreeMap<u64, &Hit> = hits.iter().flatten().map(|hit| (hit.position, hit)).collect();
        let work = |hit: &Hit| {
            let mut work = Record::new(self.of(hit), 0);
            let is_told = work.object == hit.record.object;
            work.object = hit.record.object.clone();
            (!is_told).then_some(work)
        };
        found.into_values().filter_map(work).collect()
    }

    /// The name of a record that was found.
    pub fn of(&self, hit: &Hit) -> &str {
        &self.0[&hit.position]
    }
}
