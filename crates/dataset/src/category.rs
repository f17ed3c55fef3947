//! Which objects of an export are kept by their group, such as `fabrics`.

use std::collections::BTreeSet;

use silknow_errors::counts::counted;
use silknow_errors::{Error, Result};
use silknow_records::class_text::name_of;
use silknow_records::rows::Row;

use crate::bad_rows::BadCell;
use crate::cell_text::last_segment;
use crate::literal::parse_entries;
use crate::table::Table;
use crate::table_options::TableOptions;

/// The column of the groups, and the key that names the groups to keep.
const CATEGORY_GROUP: &str = "category_group";

/// The groups whose objects are kept.
pub(crate) struct Categories<'a> {
    table: &'a Table,
    column: usize,
    wanted: BTreeSet<String>,
    /// The groups of the objects that were left out.
    others: BTreeSet<String>,
    left_out: usize,
}

impl<'a> Categories<'a> {
    /// The groups that are asked for; `None` where all objects are kept.
    ///
    /// # Errors
    /// Groups asked for of a table that has no column of them.
    pub(crate) fn of(table: &'a Table, options: &TableOptions) -> Result<Option<Self>> {
        let Some(groups) = &options.category_group else { return Ok(None) };
        let column =
            table.column(CATEGORY_GROUP).ok_or_else(|| table.unknown_column(CATEGORY_GROUP, CATEGORY_GROUP))?;
        let wanted = groups.iter().map(|group| name_of(group)).collect();
        Ok(Some(Self { table, column, wanted, others: BTreeSet::new(), left_out: 0 }))
    }

    /// True for an object all of whose groups are wanted; one without a group is none.
    ///
    /// # Errors
    /// A cell with a broken list.
    pub(crate) fn keep(&mut self, row: &Row) -> Result<bool, BadCell> {
        let entries = parse_entries(row.cell(self.column)).map_err(|cause| {
            let reason = format!("not a list as Python writes it: {cause}");
            self.table.bad_cell(
                row,
                self.column,
                reason,
                "expected something like ['a', 'b'], a single value, or an empty cell",
            )
        })?;
        let groups: BTreeSet<String> = entries.iter().map(|entry| name_of(last_segment(entry))).collect();
        let kept = !groups.is_empty() && groups.is_subset(&self.wanted);
        if !kept {
            self.left_out += 1;
            self.others.extend(groups);
        }
        Ok(kept)
    }

    /// How many objects were left out.
    pub(crate) fn left_out(&self) -> usize {
        self.left_out
    }

    /// What is said of the objects that were left out.
    pub(crate) fn note(&self) -> String {
        let wanted: Vec<&str> = self.wanted.iter().map(String::as_str).collect();
        let left_out = counted(self.left_out, "object is", "objects are");
        format!("{left_out} left out: not of the groups {} alone", wanted.join(", "))
    }

    /// The error for a table of which no object is kept.
    pub(crate) fn nothing_left(&self) -> Error {
        let others: Vec<&str> = self.others.iter().take(20).map(String::as_str).collect();
        let others = if others.is_empty() { "there are none".to_owned() } else { others.join(", ") };
        self.table
            .error(format!("no object is left: {}", self.note()))
            .hint(format!("the groups of the table are {others}"))
    }
}
