//! From the rows of a table to objects with labels: what exports and tables of images have in common.

use silknow_errors::Result;
use silknow_progress::Observer;
use silknow_records::Vocabulary;
use silknow_records::rows::Row;

use crate::bad_rows::{BadCell, BadRows};
use crate::catalogue::{Entry, Museums};
use crate::category::Categories;
use crate::labels::Labelling;
use crate::table::Table;
use crate::table_options::TableOptions;

/// The objects of a table.
pub(crate) struct Objects {
    /// In file order; their labels are classes of the vocabulary.
    pub(crate) entries: Vec<Entry>,
    /// The rows that are left out.
    pub(crate) bad_rows: Vec<BadCell>,
    /// The variables with their classes sorted.
    pub(crate) vocabulary: Vocabulary,
}

/// Reads every row of a table with `entry`, which gives its object with labels of `variables`. Objects of other groups than
/// those that are asked for are passed over.
///
/// # Errors
/// A table that cannot be read, keys about variables or columns that it does not have, a bad row where it ends the work, and
/// no good row at all.
pub(crate) fn read_objects(
    table: &Table,
    variables: &[String],
    options: &TableOptions,
    observer: &dyn Observer,
    entry: impl Fn(&Row, &mut Labelling<'_>, &mut Museums) -> Result<Entry, BadCell>,
) -> Result<Objects> {
    let mut labelling = Labelling::new(variables, options)?;
    let mut categories = Categories::of(table, options)?;
    let mut museums = Museums::default();
    let mut bad_rows = BadRows::new(table.file(), options.strict);
    let mut entries = Vec::new();
    let mut read = |row: Row| -> Result<Option<Entry>, BadCell> {
        let kept = categories.as_mut().map_or(Ok(true), |categories| categories.keep(&row))?;
        if kept { entry(&row, &mut labelling, &mut museums).map(Some) } else { Ok(None) }
    };
    for row in table.rows()? {
        match row?.and_then(&mut read) {
            Ok(entry) => entries.extend(entry),
            Err(cell) => bad_rows.add(cell)?,
        }
    }
    if let Some(categories) = categories.filter(|categories| categories.left_out() > 0) {
        if entries.is_empty() {
            return Err(categories.nothing_left());
        }
        observer.info(&categories.note());
    }
    let bad_rows = bad_rows.finish(entries.len(), observer)?;
    let (vocabulary, translation) = labelling.finish(observer);
    for entry in &mut entries {
        entry.labels = translation.apply(&entry.labels);
    }
    Ok(Objects { entries, bad_rows, vocabulary })
}
