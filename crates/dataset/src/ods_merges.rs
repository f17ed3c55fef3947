//! The merged cells of a spreadsheet of LibreOffice (`.ods`), which the reader of its cells does not tell.

use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::path::Path;

use calamine::Dimensions;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use silknow_errors::{Error, Result};
use silknow_files as files;
use zip::ZipArchive;

/// The file in the archive that has the cells.
const CONTENT: &str = "content.xml";

/// Where the reading of a sheet is, counted from 0.
#[derive(Default)]
struct Place {
    sheet: String,
    row: u32,
    column: u32,
    /// How often the row that is read stands in the sheet.
    rows: u32,
}

/// The cells of every sheet that are merged with cells below them.
///
/// # Errors
/// A file that is no archive with such cells.
pub(crate) fn merged_downwards(file: &Path) -> Result<HashMap<String, Vec<Dimensions>>> {
    let broken = |cause: String| Error::data("the spreadsheet cannot be read").in_file(file).caused_by(cause);
    let mut archive = ZipArchive::new(files::open(file)?).map_err(|cause| broken(cause.to_string()))?;
    let content = archive.by_name(CONTENT).map_err(|cause| broken(cause.to_string()))?;
    let mut reader = Reader::from_reader(BufReader::new(content.take(files::TEXT_BYTES)));
    let mut merged: HashMap<String, Vec<Dimensions>> = HashMap::new();
    let (mut place, mut buffer) = (Place::default(), Vec::new());
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|cause| broken(cause.to_string()))?;
        match &event {
            Event::Start(element) | Event::Empty(element) => match element.name().as_ref() {
                "table:table" => place = Place { sheet: text(element, "table:name"), ..Place::default() },
                "table:table-row" => {
                    (place.column, place.rows) = (0, number(element, "table:number-rows-repeated"));
                }
                "table:table-cell" | "table:covered-table-cell" => {
                    let below = number(element, "table:number-rows-spanned");
                    if below > 1 {
                        let (row, column) = (place.row, place.column);
                        let end = (row.saturating_add(below - 1), column);
                        merged.entry(place.sheet.clone()).or_default().push(Dimensions::new((row, column), end));
                    }
                    let columns = number(element, "table:number-columns-repeated");
                    place.column = place.column.saturating_add(columns);
                }
                _ => {}
            },
            Event::End(_) | Event::Eof => {}
            _ => continue,
        }
        // A row without cells is one empty element.
        let ends_row = match &event {
            Event::End(element) => element.name().as_ref() == "table:table-row",
            Event::Empty(element) => element.name().as_ref() == "table:table-row",
            Event::Eof => return Ok(merged),
            _ => false,
        };
        if ends_row {
            place.row = place.row.saturating_add(place.rows);
        }
        buffer.clear();
    }
}

/// The value of an attribute; empty where there is none, or no text.
fn text(element: &BytesStart<'_>, name: &str) -> String {
    let value = element.attributes().flatten().find(|attribute| attribute.key.as_ref() == name);
    value.and_then(|it| Some(it.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())).unwrap_or_default()
}

/// The number in an attribute; 1 where there is none.
fn number(element: &BytesStart<'_>, name: &str) -> u32 {
    text(element, name).parse().unwrap_or(1)
}
