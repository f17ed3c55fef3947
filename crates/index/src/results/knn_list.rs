//! `knn_list.txt`: per query its labels, its predictions and its neighbours, as text for people.
//!
//! Tabs and spaces are those of the documented format, because other programs read them.

use std::io::Write;
use std::path::Path;

use silknow_errors::Result;
use silknow_files as files;
use silknow_records::Labels;

use super::Answers;
use super::literals::distance_text;

/// The name of the file within its folder.
pub const FILE_NAME: &str = "knn_list.txt";

/// Writes `knn_list.txt` into `folder`. Queries without truth have no block `Groundtruth`, and those of an index without
/// variables no block `Predictions`.
pub(crate) fn write(folder: &Path, answers: &Answers<'_>) -> Result<()> {
    let path = folder.join(FILE_NAME);
    files::write_with(&path, |file| {
        (0..answers.retrieval.names.len())
            .try_for_each(|query| file.write_all(entry(answers, query).as_bytes()))
            .map_err(|cause| files::refused("cannot write", &path, cause))
    })
}

/// The text on one query.
fn entry(answers: &Answers<'_>, query: usize) -> String {
    let Answers { retrieval, names } = answers;
    let vocabulary = &retrieval.vocabulary;
    let header: String = vocabulary.variables.iter().map(|variable| format!("#{} \t", variable.name)).collect();
    let labels = |labels: &Labels, after: &str| -> String {
        vocabulary
            .variables
            .iter()
            .enumerate()
            .map(|(v, variable)| variable.class_names(labels.classes(v)) + after)
            .collect()
    };
    let mut text = format!("*******{}*******\n", retrieval.names[query]);
    if let Some(truth) = &retrieval.truth {
        text += &format!(" Groundtruth: \n{header}\n{}\n", labels(&truth.labels(query), " \t \t"));
    }
    if !vocabulary.is_empty() {
        text += &format!(" Predictions: \n{header}\n{}\n", labels(&retrieval.predictions.labels(query), " \t \t"));
    }
    text += &format!(" k nearest neighbours: \n#filename \t #distance {header}\n");
    for hit in retrieval.hits.of(query) {
        let (name, distance) = (names.of(hit), distance_text(hit.distance));
        text += &format!("{name} \t{distance} \t{}\n", labels(&hit.record.labels, " \t"));
    }
    text.push('\n');
    text
}
