//! The two tables that stand beside collection files and tell what these cannot hold: `records.csv` (the object, the
//! source and the title of every image) and `classes.csv` (the texts of classes as people read them).
//!
//! Either may be missing, as it is in folders that version 0.1.0 made.

use std::collections::BTreeSet;
use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files::{self as files, Batch};
use silknow_records::class_text::text_of;
use silknow_records::rows::Rows;
use silknow_records::table::{self, TableWriter};
use silknow_records::{MISSING_NAME, Record, Vocabulary, is_missing, set_text};

use crate::remainder::Remainder;
use crate::samples::Candidate;

/// The table of records, in the master folder.
pub const RECORDS_FILE: &str = "records.csv";

/// The table of classes with their texts, in the master folder.
pub const CLASSES_FILE: &str = "classes.csv";

/// The columns of the table of classes.
const CLASS_COLUMNS: [&str; 3] = ["variable", "class", "text"];

/// Completes records by the table of records in a folder, where there is one; see [`table::read_table`].
pub(crate) fn read_records(folder: &Path, records: &mut [Record]) -> Result<()> {
    let path = folder.join(RECORDS_FILE);
    if !path.is_file() {
        return Ok(());
    }
    table::read_table(files::open(&path)?, records).map_err(|error| error.in_file(path))
}

/// Sets the texts of classes by the table of classes in a folder, where there is one.
///
/// # Errors
/// A table without one of the columns `variable`, `class`, `text`, a row of another length than the header's, and text
/// that is not UTF-8.
pub(crate) fn read_classes(folder: &Path, vocabulary: &mut Vocabulary) -> Result<()> {
    let path = folder.join(CLASSES_FILE);
    if !path.is_file() {
        return Ok(());
    }
    // Most texts follow from the class's name, and looking a class up takes long where there are many.
    let set = |variable: &str, class: &str, text: &str| {
        if !text.is_empty() && text != text_of(class) {
            vocabulary.set_text(variable, class, text);
        }
    };
    each_class(&path, set)
}

/// The classes of the table of classes, where there is one, whose names would be read as something else: as a missing label,
/// or as a set of several classes. The variable and the name of each. Whoever made the table says that they are classes
/// nevertheless.
///
/// # Errors
/// Those of [`read_classes`].
pub(crate) fn classes_named_otherwise(folder: &Path) -> Result<BTreeSet<(String, String)>> {
    let path = folder.join(CLASSES_FILE);
    let mut classes = BTreeSet::new();
    if path.is_file() {
        each_class(&path, |variable, class, _| {
            let looks_missing = is_missing(class) && !class.eq_ignore_ascii_case(MISSING_NAME) && !class.is_empty();
            if looks_missing || set_text::names(class).is_some() {
                classes.insert((variable.to_owned(), class.to_owned()));
            }
        })?;
    }
    Ok(classes)
}

/// Hands variable, class and text of each row of a table of classes on.
fn each_class(path: &Path, take: impl FnMut(&str, &str, &str)) -> Result<()> {
    let rows = files::open(path).and_then(|file| Rows::sniffed(file, &CLASS_COLUMNS))?;
    each_row(rows, take).map_err(|error| error.in_file(path))
}

fn each_row(mut rows: Rows<impl std::io::Read>, mut take: impl FnMut(&str, &str, &str)) -> Result<()> {
    let expected = || format!("expected the header {}", CLASS_COLUMNS.join(","));
    let header = rows.next().transpose()?;
    let header = header.ok_or_else(|| Error::data("the table of classes is empty").hint(expected()))?;
    let mut columns = [0; CLASS_COLUMNS.len()];
    for (column, name) in columns.iter_mut().zip(CLASS_COLUMNS) {
        *column = header.cells().position(|cell| cell.trim() == name).ok_or_else(|| {
            Error::data(format!("the column `{name}` is missing")).at_line(header.line()).hint(expected())
        })?;
    }
    for row in rows {
        let row = row?;
        row.check_length(header.len())?;
        let [variable, class, text] = columns.map(|column| row.cell(column));
        take(variable, class, text);
    }
    Ok(())
}

/// Writes the table of classes: all classes of all variables with their texts.
///
/// # Errors
/// What the disk refuses.
pub(crate) fn write_classes(batch: &Batch, folder: &Path, vocabulary: &Vocabulary) -> Result<()> {
    let path = folder.join(CLASSES_FILE);
    batch.write_with(&path, |file| {
        let mut rows = csv::Writer::from_writer(file);
        let mut write = || -> csv::Result<()> {
            rows.write_record(CLASS_COLUMNS)?;
            for variable in &vocabulary.variables {
                for (index, class) in (0..).zip(&variable.classes) {
                    rows.write_record([variable.name.as_str(), class, &variable.class_text(index)])?;
                }
            }
            Ok(rows.flush()?)
        };
        write().map_err(|cause| files::refused("cannot write", &path, cause.into()))
    })
}

/// Writes the table of records: those of the samples, completed by the further columns of their table where it has any.
///
/// # Errors
/// A table that was changed since it was read, and what the disk refuses.
pub(crate) fn write_records(
    batch: &Batch,
    folder: &Path,
    samples: &[Candidate],
    remainder: Option<&Remainder>,
) -> Result<()> {
    let path = folder.join(RECORDS_FILE);
    let refused = |cause| files::refused("cannot write", &path, cause);
    batch.write_with(&path, |file| {
        let further = remainder.map_or_else(Vec::new, |rest| rest.further.iter().map(|(it, _)| it.clone()).collect());
        let mut table = TableWriter::new(file, further).map_err(refused)?;
        let mut write = |record: &Record| table.write(record).map_err(refused);
        match remainder {
            Some(rest) => rest.complete(samples.iter().map(|sample| (sample.line, &sample.record)), write)?,
            None => samples.iter().try_for_each(|sample| write(&sample.record))?,
        }
        table.finish().map(|_| ()).map_err(refused)
    })
}
