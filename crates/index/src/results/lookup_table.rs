//! `kNN_LUT.csv`: per query its neighbours as Python list literals, for programs.
//!
//! `ast.literal_eval` reads every cell of the last four columns.

use std::path::Path;

use csv::{QuoteStyle, WriterBuilder};
use silknow_errors::{Error, Result};
use silknow_files as files;

use super::Answers;
use super::literals::{distance_text, list_literal, string_literal};

/// The name of the file within its folder.
pub const FILE_NAME: &str = "kNN_LUT.csv";

const HEADER: &str = "input_image_name,kNN_image_names,kNN_kg_object_uri,kNN_kD_index,kNN_descriptor_dist\n";

/// Writes `kNN_LUT.csv` into `folder`: one line per query, neighbours nearest first.
pub(crate) fn write(folder: &Path, answers: &Answers<'_>) -> Result<()> {
    let path = folder.join(FILE_NAME);
    files::write_with(&path, |file| {
        std::io::Write::write_all(file, HEADER.as_bytes())
            .map_err(|cause| files::refused("cannot write", &path, cause))?;
        let mut table = WriterBuilder::new().quote_style(QuoteStyle::NonNumeric).from_writer(file);
        for (query, name) in answers.retrieval.names.iter().enumerate() {
            let hits = answers.retrieval.hits.of(query).iter();
            let cells = [
                name.clone(),
                list_literal(["[", "]"], hits.clone().map(|hit| string_literal(answers.names.of(hit)))),
                list_literal(["[", "]"], hits.clone().map(|hit| string_literal(hit.record.object.address_or_id()))),
                list_literal(["[", "]"], hits.clone().map(|hit| hit.position.to_string())),
                list_literal(["[", "]"], hits.map(|hit| distance_text(hit.distance))),
            ];
            table
                .write_record(&cells)
                .map_err(|cause| Error::io(format!("cannot write `{}`", path.display())).caused_by(cause))?;
        }
        table.flush().map_err(|cause| files::refused("cannot write", &path, cause))
    })
}
