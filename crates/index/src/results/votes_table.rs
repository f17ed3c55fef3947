//! `kNN_votes.csv`: per query and variable what is said of it, with the probability of every class, for programs.
//!
//! `ast.literal_eval` reads the cells of the last column: a dictionary from the names of classes to their shares of the vote.

use std::path::Path;

use csv::WriterBuilder;
use silknow_errors::{Error, Result};
use silknow_files as files;

use super::literals::{list_literal, string_literal};
use crate::retrieve::Retrieval;
use crate::vote::ClassShare;

/// The name of the file within its folder.
pub const FILE_NAME: &str = "kNN_votes.csv";

const HEADER: [&str; 6] =
    ["input_image_name", "variable", "prediction", "confidence", "known_neighbours", "probabilities"];

/// Writes `kNN_votes.csv` into `folder`: one line per query and variable. `prediction` is the name of the class as files hold it,
/// of several classes joined by `___`, and `nan` where there is none; `confidence` is that of the vote, also where it was too low
/// for a prediction.
pub(crate) fn write(folder: &Path, retrieval: &Retrieval) -> Result<()> {
    let path = folder.join(FILE_NAME);
    files::write_with(&path, |file| {
        let mut table = WriterBuilder::new().from_writer(file);
        let mut write = |cells: [&str; 6]| {
            table
                .write_record(cells)
                .map_err(|cause| Error::io(format!("cannot write `{}`", path.display())).caused_by(cause))
        };
        write(HEADER)?;
        for (query, name) in retrieval.names.iter().enumerate() {
            for (v, variable) in retrieval.vocabulary.variables.iter().enumerate() {
                let ballot = &retrieval.ballots[query][v];
                let share = |voted: &ClassShare| {
                    format!("{}: {:?}", string_literal(variable.class_name(voted.class)), rounded(voted.share))
                };
                let probabilities = list_literal(["{", "}"], ballot.classes.iter().map(share));
                write([
                    name,
                    &variable.name,
                    &variable.class_names(retrieval.predictions.classes(query, v)),
                    &format!("{:?}", rounded(ballot.confidence())),
                    &ballot.known.to_string(),
                    &probabilities,
                ])?;
            }
        }
        table.flush().map_err(|cause| files::refused("cannot write", &path, cause))
    })
}

/// A share to six decimals: more digits tell nothing of so few neighbours.
fn rounded(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}
