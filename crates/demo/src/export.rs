//! The export table, in the layout of the knowledge graph's: columns, addresses, Python list literals.
//!
//! This module knows how a record is spelt. `catalogue` draws the records.

use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files as files;

use crate::catalogue::{Class, Material, Record, Technique, Timespan};

/// The table's columns; the first is the row's number and has no name.
pub const COLUMNS: [&str; 13] = [
    "",
    "obj",
    "museum",
    "text",
    "img",
    "deeplink",
    "place_uri",
    "place_country_code",
    "time_uri",
    "time_label",
    "technique_group",
    "material_group",
    "depict_group",
];

/// The ending `.example` is reserved, so these addresses never belong to a real site.
const SITE: &str = "https://silknow.example";

/// Writes the table.
pub fn write(path: impl AsRef<Path>, records: &[Record]) -> Result<()> {
    let path = path.as_ref();
    files::write_with(path, |file| {
        let failed = |cause: csv::Error| Error::io("cannot write the table").in_file(path).caused_by(cause);
        let mut table = csv::Writer::from_writer(file);
        table.write_record(COLUMNS).map_err(failed)?;
        for (position, record) in records.iter().enumerate() {
            table.write_record(row(position, record)).map_err(failed)?;
        }
        table.flush().map_err(|cause| files::refused("cannot write", path, cause))
    })
}

/// The cells of one record.
fn row(position: usize, record: &Record) -> [String; COLUMNS.len()] {
    let labels = &record.labels;
    let image_pages = record.images.iter().enumerate();
    [
        position.to_string(),
        format!("{SITE}/object/{}", record.id),
        list([format!("{SITE}/museum/{}", record.museum)]),
        list(text(record)),
        list(image_pages.map(|(number, _)| format!("{SITE}/image/{}-{}", record.id, number + 1))),
        list(record.images.iter().map(|image| image.deeplink.clone())),
        list(labels.place.iter().map(|place| format!("http://sws.geonames.org/{}", place.label()))),
        list(labels.place.iter().map(|place| place.label().to_owned())),
        list(labels.timespan.iter().map(|&timespan| format!("http://vocab.getty.edu/aat/{}", century(timespan)))),
        list(labels.timespan.iter().map(|timespan| timespan.label().to_owned())),
        facets(&labels.technique),
        facets(&labels.material),
        facets(&labels.depiction),
    ]
}

/// Title and description, as a museum might word them.
fn text(record: &Record) -> [String; 2] {
    let silk = &record.silk;
    let weave = match silk.technique {
        Technique::Tabby => "Tabby",
        Technique::Twill => "Twill",
        Technique::Satin => "Satin",
        Technique::Damask => "Damask",
        Technique::Velvet => "Velvet",
    };
    let fibre = match silk.material {
        Material::Silk => "Silk",
        Material::Linen => "Linen",
        Material::MetalThread => "Silk, metal thread",
        Material::Wool => "Wool",
    };
    [format!("{weave} with {}", silk.depiction.label()), format!("{fibre}; weaver's mark unknown")]
}

/// The last segment of a century's address.
fn century(timespan: Timespan) -> &'static str {
    match timespan {
        Timespan::Sixteenth => "century-16",
        Timespan::Seventeenth => "century-17",
        Timespan::Eighteenth => "century-18",
        Timespan::Nineteenth => "century-19",
    }
}

/// Classes as a list of vocabulary addresses.
fn facets<T: Class>(classes: &[T]) -> String {
    list(classes.iter().map(|class| format!("http://data.silknow.org/vocabulary/facet/{}", class.label())))
}

/// A Python list literal of strings in single quotes.
fn list(entries: impl IntoIterator<Item = String>) -> String {
    let quoted: Vec<String> =
        entries.into_iter().map(|entry| format!("'{}'", entry.replace('\\', "\\\\").replace('\'', "\\'"))).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_literal_escapes_quotes_and_backslashes() {
        assert_eq!(list(["weaver's".to_owned(), "a, b".to_owned()]), r"['weaver\'s', 'a, b']");
        assert_eq!(list([r"a\b".to_owned()]), r"['a\\b']");
        assert_eq!(list([]), "[]");
    }
}
