//! The parts of a dataset: which samples fall into which, and their collection and master files.

use std::path::Path;

use silknow_config::CreateDatasetParameters;
use silknow_errors::Result;
use silknow_files::Batch;
use silknow_progress::Observer;
use silknow_records::{LabelMatrix, Vocabulary, object_key};

use crate::collection::{master_text, write_collection_in};
use crate::duplicates::Duplicates;
use crate::samples::{Candidate, Listing};
use crate::split::{PARTS, split_into_parts, warn_of_uneven_classes};

/// The master file of all five collections.
pub const MASTER_FILE: &str = "masterfile.txt";

/// The master file of the collections that are trained with and indexed.
pub const MASTER_FILE_TREE: &str = "master_file_tree.txt";

/// The master file of the collection that queries come from.
pub const MASTER_FILE_PREDICTION: &str = "master_file_prediction.txt";

/// The sample indices of each part.
pub(crate) struct Parts {
    pub(crate) collections: Vec<Vec<usize>>,
    /// The samples that are kept for a list of objects alone; `None` without such a list.
    pub(crate) rules: Option<Vec<Vec<usize>>>,
}

impl Parts {
    /// Divides the samples. What the divisions of labelled samples lack is said.
    pub(crate) fn of(
        samples: &[Candidate],
        vocabulary: &Vocabulary,
        duplicates: &Duplicates,
        parameters: &CreateDatasetParameters,
        observer: &dyn Observer,
    ) -> Self {
        let names: Vec<&str> = samples.iter().map(|sample| sample.record.name.as_str()).collect();
        let objects: Vec<&str> = samples.iter().map(|sample| object_key(&sample.record.name)).collect();
        let labels = LabelMatrix::of(vocabulary.len(), samples.iter().map(|sample| &sample.record.labels));
        // Equal images stay in parts of one number, whatever they are kept for.
        let parts = split_into_parts(&duplicates.kept_together(&names), &labels, PARTS, parameters.seed);
        let is_alone = |sample: &usize| samples[*sample].listing == Listing::Alone;
        let (rules, collections): (Vec<_>, Vec<_>) =
            parts.into_iter().map(|part| part.into_iter().partition::<Vec<usize>, _>(is_alone)).unzip();
        let empty = collections.iter().filter(|part| part.is_empty()).count();
        if empty > 0 {
            let are = if empty == 1 { "is" } else { "are" };
            observer.warning(&format!("{empty} of {PARTS} collections {are} empty: there are too few objects"));
        }
        warn_of_uneven_classes(&collections, &objects, &labels, vocabulary, observer);
        Self { collections, rules: parameters.rule_objects.as_ref().map(|_| rules) }
    }

    /// Writes the collection files and the three master files that list them. Those of the list of objects are trained with,
    /// indexed and searched for, but are no folds of a cross-validation.
    pub(crate) fn write(
        &self,
        batch: &Batch,
        vocabulary: &Vocabulary,
        samples: &[Candidate],
        master_dir: &Path,
    ) -> Result<()> {
        let write = |begin: &str, parts: &[Vec<usize>]| -> Result<Vec<String>> {
            let names: Vec<String> = (1..=parts.len()).map(|number| format!("{begin}_{number}.txt")).collect();
            for (name, part) in names.iter().zip(parts) {
                let records = part.iter().map(|&sample| &samples[sample].record);
                write_collection_in(batch, master_dir.join(name), vocabulary, records)?;
            }
            Ok(names)
        };
        let names = write("collection", &self.collections)?;
        batch.write(master_dir.join(MASTER_FILE), master_text(&names))?;
        let rule_names = self.rules.as_ref().map(|parts| write("collection_rules", parts)).transpose()?;
        let (mut tree, mut queries) = (names, Vec::new());
        queries.extend(tree.pop());
        if let Some(mut rule_names) = rule_names {
            queries.extend(rule_names.pop());
            tree.extend(rule_names);
        }
        batch.write(master_dir.join(MASTER_FILE_TREE), master_text(&tree))?;
        batch.write(master_dir.join(MASTER_FILE_PREDICTION), master_text(&queries))
    }
}
