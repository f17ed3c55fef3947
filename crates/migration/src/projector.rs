//! The two tables of the Embedding Projector: numbers without a header, and what they are of.

use std::io::Write;
use std::path::Path;

use silknow_errors::Result;
use silknow_files as files;
use silknow_index::{Index, MemoryIndex};

/// Writes the descriptors to `vectors` and the names and labels to `metadata`, tab-separated.
///
/// # Errors
/// What the file system refuses.
pub fn write_projector(vectors: &Path, metadata: &Path, index: &MemoryIndex, names: &[String]) -> Result<()> {
    let tables = files::Batch::new();
    tables.write_with(vectors, |file| {
        let mut write = || {
            for row in index.descriptors().chunks(index.dims().max(1)) {
                let cells: Vec<String> = row.iter().map(f32::to_string).collect();
                writeln!(file, "{}", cells.join("\t"))?;
            }
            Ok(())
        };
        write().map_err(|cause| files::refused("cannot write", vectors, cause))
    })?;
    let variables = &index.vocabulary().variables;
    let mut text = String::new();
    // The projector takes the first line for a header in tables of several columns alone.
    if !variables.is_empty() {
        let headers = variables.iter().map(|variable| variable.name.as_str());
        text.push_str(&line(std::iter::once("name").chain(headers)));
    }
    for (record, name) in index.records().iter().zip(names) {
        let labels: Vec<String> = variables
            .iter()
            .enumerate()
            .map(|(position, variable)| variable.class_names(record.labels.classes(position)))
            .collect();
        text.push_str(&line(std::iter::once(name.as_str()).chain(labels.iter().map(String::as_str))));
    }
    tables.write(metadata, text)?;
    tables.commit()
}

/// A line of cells, in which a tab or a line break is a blank: the projector knows no quotes.
fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.map(|cell| cell.replace(['\t', '\n', '\r'], " ")).collect();
    format!("{}\n", cells.join("\t"))
}
