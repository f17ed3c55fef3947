//! Which columns of a table are variables: those whose texts recur, as classes do. Titles, notes and addresses do not.

use std::collections::HashSet;

use silknow_errors::Result;
use silknow_records::class_text::{MissingWords, name_of};

use crate::address::has_image_ending;
use crate::digest::digest;
use crate::spreadsheet;
use crate::table::Table;

/// The rows that are looked at.
const ROWS_LOOKED_AT: usize = 10_000;

/// With fewer known texts, a column is taken for a variable however few of them recur.
const FEWEST_TEXTS: usize = 10;

/// A longer text, in bytes, is more likely a note than a label.
const LONG_BYTES: usize = 100;

/// A column that is not taken for a variable, with the reason.
pub(crate) struct NoVariable {
    pub(crate) column: usize,
    pub(crate) reason: String,
}

/// What was counted of a column.
#[derive(Default)]
struct Counts {
    known: usize,
    long: usize,
    addresses: usize,
    /// Texts that end as names of images do.
    images: usize,
    distinct: HashSet<u64>,
    /// The objects that have a text.
    objects: HashSet<u64>,
}

/// Those of the columns that look like no variable, judged by the first ten thousand rows: more than half of the texts are
/// different (one text an object), or more than half are web addresses or names of images, or more than half are longer than 100 bytes. A
/// column with fewer than ten texts is taken for a variable if it has no addresses and no long texts.
///
/// # Errors
/// Those of reading the table.
pub(crate) fn no_variables(
    table: &Table,
    columns: &[usize],
    object: Option<usize>,
    missing: &MissingWords,
) -> Result<Vec<NoVariable>> {
    let mut counts: Vec<Counts> = columns.iter().map(|_| Counts::default()).collect();
    for row in table.rows()?.take(ROWS_LOOKED_AT) {
        let Ok(row) = row? else { continue };
        let object = object.map(|column| name_of(row.cell(column))).filter(|id| !missing.contains(id));
        for (&column, counts) in columns.iter().zip(&mut counts) {
            let cell = row.cell(column);
            if missing.contains(cell) || spreadsheet::fault(cell).is_some() {
                continue;
            }
            counts.known += 1;
            counts.long += usize::from(cell.len() > LONG_BYTES);
            counts.addresses += usize::from(is_address(cell));
            counts.images += usize::from(has_image_ending(cell));
            counts.distinct.insert(digest(&name_of(cell)));
            let owner = object.as_ref().map_or_else(|| digest(&row.line()), digest);
            counts.objects.insert(owner);
        }
    }
    let reason = |counts: &Counts| {
        let (texts, distinct) = (counts.objects.len(), counts.distinct.len());
        if 2 * counts.addresses > counts.known {
            Some("it has web addresses".to_owned())
        } else if 2 * counts.images > counts.known {
            Some("it has names of images, which one column alone gives: list several images in its cells".to_owned())
        } else if 2 * counts.long > counts.known {
            Some("it has long texts".to_owned())
        } else if texts >= FEWEST_TEXTS && 2 * distinct > texts {
            let what = if object.is_some() { "objects" } else { "rows" };
            Some(format!("{distinct} different texts for {texts} {what}"))
        } else {
            None
        }
    };
    let judged = columns.iter().zip(&counts);
    Ok(judged.filter_map(|(&column, counts)| Some(NoVariable { column, reason: reason(counts)? })).collect())
}

fn is_address(cell: &str) -> bool {
    let cell = cell.trim_start();
    ["http://", "https://", "www."]
        .iter()
        .any(|begin| cell.get(..begin.len()).is_some_and(|it| it.eq_ignore_ascii_case(begin)))
}
