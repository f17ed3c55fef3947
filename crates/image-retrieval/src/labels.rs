//! The labels of samples as the index takes those of queries.

use silknow_dataset::collection::Collections;
use silknow_records::MISSING;

/// The names of classes, a row per sample and an entry per variable.
pub(crate) fn label_rows(collections: &Collections) -> Vec<Vec<Option<String>>> {
    let variables = &collections.vocabulary.variables;
    let row = |classes: &[i32]| {
        let known = variables.iter().zip(classes);
        known.map(|(variable, &class)| (class != MISSING).then(|| variable.class_name(class).to_owned())).collect()
    };
    collections.samples.iter().map(|sample| row(sample.record.labels.lowest())).collect()
}
