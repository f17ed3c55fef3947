//! `knn_list.txt`: per query its labels, its predictions and its neighbours, as text for people.
//!
//! Owns the layout, to the space. Tabs and spaces are those of the documented format; other programs read them.

use std::io::Write;
use std::path::Path;

use silknow_errors::Result;
use silknow_files as files;

use super::{Answers, distance_text};

/// The name of the file within its folder.
pub const FILE_NAME: &str = "knn_list.txt";

/// Writes `knn_list.txt` into `folder`. Queries without truth have no block `Groundtruth`.
pub fn write(folder: impl AsRef<Path>, answers: &Answers<'_>) -> Result<()> {
    let path = folder.as_ref().join(FILE_NAME);
    files::write_with(&path, |file| {
        (0..answers.query_names.len())
            .try_for_each(|query| file.write_all(entry(answers, query).as_bytes()))
            .map_err(|cause| files::refused("cannot write", &path, cause))
    })
}

/// The text on one query.
fn entry(answers: &Answers<'_>, query: usize) -> String {
    let vocabulary = answers.vocabulary;
    let header: String = vocabulary.variables.iter().map(|variable| format!("#{} \t", variable.name)).collect();
    let labels = |row: &[i32], after: &str| -> String {
        row.iter().enumerate().map(|(v, &class)| vocabulary.class_name(v, class).to_owned() + after).collect()
    };
    let mut text = format!("*******{}*******\n", answers.query_names[query]);
    if let Some(truth) = answers.truth {
        text += &format!(" Groundtruth: \n{header}\n{}\n", labels(truth.row(query), " \t \t"));
    }
    text += &format!(" Predictions: \n{header}\n{}\n", labels(answers.predictions.row(query), " \t \t"));
    text += &format!(" k nearest neighbours: \n#filename \t #distance {header}\n");
    let (positions, distances) = answers.neighbours.of(query);
    for (&position, &distance) in positions.iter().zip(distances) {
        let position = position as usize;
        text += &format!(
            "{} \t{} \t{}\n",
            answers.index_names[position],
            distance_text(distance),
            labels(answers.index_labels.row(position), " \t")
        );
    }
    text.push('\n');
    text
}
