//! What kind of table a header is of.

use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};

use crate::address::has_image_ending;
use crate::export;
use crate::headers::names_images;
use crate::image_table::Columns;
use crate::table::Table;
use crate::table_options::TableOptions;

/// What kind of table a header is of.
pub(crate) enum Layout {
    /// A knowledge-graph export.
    Export,
    /// A table with a column of images.
    Images(Columns),
}

impl Layout {
    /// Finds the kind of a table from its header.
    ///
    /// # Errors
    /// A column that a key names and the table does not have; a header of neither kind.
    pub(crate) fn of(table: &Table, options: &TableOptions) -> Result<Self> {
        let headers = table.headers();
        let is_image = |header: &String| names_images(header);
        let image = match table.column_of_key("image_column", options.image_column.as_deref())? {
            Some(column) => column,
            None if headers.first().is_some_and(is_image) => 0,
            None => {
                let of_export = export::COLUMNS.iter().filter(|name| headers.iter().any(|header| header == *name));
                if of_export.count() > 2 {
                    return Ok(Self::Export);
                }
                headers.iter().position(is_image).ok_or_else(|| no_layout(table))?
            }
        };
        Columns::of(table, image, options).map(Self::Images)
    }
}

/// The error of a header that is neither an export's nor a table of images'.
fn no_layout(table: &Table) -> Error {
    const IMAGES: &str = "a table of images has them in a column such as image_file, image, filename, file or path; \
                          image_column names another";
    let first = table.headers().iter().find(|header| !header.is_empty()).map_or("", String::as_str);
    let cell: String = first.chars().take(80).collect();
    let is_picture = has_image_ending(first) || first.contains("://");
    if is_picture {
        return table
            .header_error(format!("the first line has no names of columns: its first cell is the image `{cell}`"))
            .hint("put a header line above it, such as image_file,material,place");
    }
    if table.headers().iter().filter(|header| !header.is_empty()).count() < 2 {
        return table
            .header_error(format!("the header is a single cell, `{cell}`"))
            .hint(format!("cells are separated by commas, semicolons, tabs or `|`; {IMAGES}"));
    }
    let guess = nearest(first, ["image_file", "image", "filename", "file", "path"]);
    let guess = guess.map_or_else(String::new, |guess| format!("is `{cell}` meant to be `{guess}`? "));
    table
        .header_error(format!(
            "neither an export nor a table of images: the first column is `{cell}`, no column has images"
        ))
        .hint(format!("{guess}{IMAGES}; an export has the columns {}", export::COLUMNS.join(", ")))
}
