//! One collection file: its header, and one image a row.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use silknow_errors::counts::counted;
use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_files::{self as files, Batch};
use silknow_records::class_text::name_of;
use silknow_records::unicode::{composed, trimmed};
use silknow_records::{MISSING_NAME, Record, Variable, Vocabulary, set_text};

use crate::collection::lines::lines;
use crate::labels::too_long;

/// The header of the image column, as it is written.
const IMAGE_HEADER: &str = "#image_file";

/// The headers of the image column that are read.
const IMAGE_HEADERS: [&str; 2] = [IMAGE_HEADER, "#image"];

/// A collection file's text with its header read.
pub(crate) struct CollectionFile<'a> {
    pub(crate) path: &'a Path,
    text: &'a str,
    /// The variables, without `#`, in the order of the columns behind the image's.
    pub(crate) variables: Vec<String>,
}

/// A row: its line and its cells, the image first.
pub(crate) type Row<'a> = (u64, Vec<&'a str>);

impl<'a> CollectionFile<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// Another first column, a column without a name, and a variable that stands twice.
    pub(crate) fn parse(path: &'a Path, text: &'a str) -> Result<Self> {
        let wrong = |message: String| Error::data(message).in_file(path).at_line(1);
        let header = lines(text).next().unwrap_or_default();
        let mut names: Vec<&str> = header.split('\t').map(str::trim).collect();
        if names.len() > 1 && names.last() == Some(&"") {
            names.pop();
        }
        if !IMAGE_HEADERS.contains(&names[0]) {
            return Err(wrong(format!("the first column is headed `{}`, not `{IMAGE_HEADER}`", names[0])).hint(
                format!("a collection file starts with a line such as `{IMAGE_HEADER}<tab>#place<tab>#material<tab>`"),
            ));
        }
        let variables: Vec<String> = names[1..].iter().map(|name| plain(name)).collect();
        let mut seen = BTreeSet::new();
        if let Some(name) = variables.iter().find(|name| name.is_empty() || !seen.insert(name.as_str())) {
            return Err(wrong(if name.is_empty() {
                "a column has no name".to_owned()
            } else {
                format!("the variable `{name}` stands twice in the header")
            }));
        }
        Ok(Self { path, text, variables })
    }

    /// Where the wanted variables are among this file's.
    ///
    /// # Errors
    /// A variable that it does not have.
    pub(crate) fn columns(&self, wanted: &[String]) -> Result<Vec<usize>> {
        let find = |name: &String| {
            self.variables.iter().position(|variable| variable == name).ok_or_else(|| {
                let present: Vec<&str> = self.variables.iter().map(String::as_str).collect();
                let guess = nearest(name, present.iter().copied());
                let guess = guess.map_or_else(String::new, |guess| format!("did you mean `{guess}`? "));
                let list = if present.is_empty() { "no variable".to_owned() } else { present.join(", ") };
                Error::data(format!("the header has no variable `{name}`"))
                    .in_file(self.path)
                    .at_line(1)
                    .hint(format!("{guess}the header has {list}"))
            })
        };
        wanted.iter().map(find).collect()
    }

    /// The rows; blank lines are passed over.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Result<Row<'a>>> {
        let width = 1 + self.variables.len();
        let lines = (1..).zip(lines(self.text)).skip(1).filter(|(_, text)| !text.trim().is_empty());
        lines.map(move |(line, text)| {
            let mut cells: Vec<&str> = text.split('\t').map(str::trim).collect();
            // Every cell is followed by a tab, the last too: what stands behind that one is not a cell.
            if cells.len() > width && cells.last() == Some(&"") {
                cells.pop();
            }
            let wrong = |message: String| Error::data(message).in_file(self.path).at_line(line);
            if cells.len() != width {
                return Err(wrong(format!(
                    "the row has {}, the header {width}",
                    counted(cells.len(), "cell", "cells")
                ))
                .hint(format!("cells are separated by tabs; a missing label is `{MISSING_NAME}`")));
            }
            if cells[0].is_empty() {
                return Err(wrong("the image is missing".to_owned()));
            }
            let refusal = |cell: &str| cell.split(set_text::SEPARATOR).find_map(too_long);
            if let Some((column, reason)) = (0..).zip(&cells[1..]).find_map(|(v, cell)| Some((v, refusal(cell)?))) {
                let error = wrong(reason).hint("a label is a word or a short text; correct the cell");
                return Err(error.at_column(&self.variables[column]));
            }
            Ok((line, cells))
        })
    }
}

/// A variable's name without the `#` of the header, in its composed form.
pub(crate) fn plain(name: &str) -> String {
    composed(trimmed(name).trim_start_matches('#')).into_owned()
}

/// Writes a collection file: every cell, the last too, is followed by a tab; white space in labels becomes `_`. The
/// labels of the records are classes of the vocabulary; the names of a set are joined by `___`.
///
/// # Errors
/// An image path that a row cannot hold (a tab or line break, white space around it, nothing), a set with a name that does
/// not [fit](set_text::fits) in one, and what the disk refuses.
pub fn write_collection<'a>(
    path: impl AsRef<Path>,
    vocabulary: &Vocabulary,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<()> {
    let batch = Batch::new();
    write_collection_in(&batch, path, vocabulary, records)?;
    batch.commit()
}

/// Writes a collection file as [`write_collection`] does; it takes its name with the batch.
pub(crate) fn write_collection_in<'a>(
    batch: &Batch,
    path: impl AsRef<Path>,
    vocabulary: &Vocabulary,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<()> {
    let path = path.as_ref();
    batch.write_with(path, |file| {
        let mut put =
            |line: String| file.write_all(line.as_bytes()).map_err(|cause| files::refused("cannot write", path, cause));
        let variables = &vocabulary.variables;
        let headers: String =
            variables.iter().map(|variable| format!("#{}\t", name_of(&plain(&variable.name)))).collect();
        put(format!("{IMAGE_HEADER}\t{headers}\n"))?;
        for Record { name: image, labels, .. } in records {
            if image.is_empty() || image.trim() != image || image.contains(['\t', '\n', '\r']) {
                return Err(Error::data(format!("the image path {image:?} cannot stand in a collection file"))
                    .in_file(path)
                    .hint("rename the file: no tab, line break or white space around the name"));
            }
            let name = |variable: &Variable, class: i32| name_of(variable.class_name(class));
            for (variable, classes) in labels.larger_sets() {
                let mut names = classes.iter().map(|&class| name(&variables[variable], class));
                if let Some(name) = names.find(|name| !set_text::fits(name)) {
                    let (variable, classes) = (&variables[variable].name, classes.len());
                    let message =
                        format!("`{name}` is one of {classes} classes of `{variable}` of the image `{image}`");
                    return Err(Error::data(format!("{message}, and cannot stand in a set")).in_file(path).hint(
                        "rename the class: `___` joins the classes of a set, so no name has it, or `_` at its ends",
                    ));
                }
            }
            let cell = |(v, variable): (usize, &Variable)| match labels.classes(v) {
                [] => format!("{MISSING_NAME}\t"),
                classes => {
                    let names: Vec<String> = classes.iter().map(|&class| name(variable, class)).collect();
                    names.join(set_text::SEPARATOR) + "\t"
                }
            };
            put(format!("{image}\t{}\n", variables.iter().enumerate().map(cell).collect::<String>()))?;
        }
        Ok(())
    })
}
