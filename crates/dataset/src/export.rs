//! The knowledge-graph export: which columns it needs and how objects are read from them.
//!
//! Owns the meaning of the columns. Leaves the table's form to `table`, the cells' form to
//! [`crate::literal`], and which samples are kept to [`crate::filter`].

use std::collections::BTreeSet;
use std::path::Path;

use silknow_errors::Result;

use crate::catalogue::{Catalogue, Object, folder_of, last_segment, normalised_label};
use crate::literal::parse_entries;
use crate::table::{Row, Table};

/// The variables of an export, in the order in which collection files list them.
pub const VARIABLES: [&str; 5] = ["place", "timespan", "material", "technique", "depiction"];

/// The columns of the labels, in the order of [`VARIABLES`], and whether a label is an entry's last path segment.
const LABEL_COLUMNS: [(&str, bool); 5] = [
    ("place_country_code", false),
    ("time_label", false),
    ("material_group", true),
    ("technique_group", true),
    ("depict_group", true),
];

/// Reads the objects of an export.
///
/// # Errors
/// A missing column, a row of another length than the header, a broken list literal, an object without address.
pub(crate) fn read(file: &Path, table: &Table) -> Result<Catalogue> {
    let [place, time, material, technique, depiction] = LABEL_COLUMNS.map(|(name, _)| name);
    let [object, museum, images, labels @ ..] =
        table.columns(["obj", "museum", "deeplink", place, time, material, technique, depiction])?;
    let labels: [usize; 5] = labels;
    let mut objects = Vec::new();
    for row in table.rows()? {
        let row = row?;
        let uri = entries(table, &row, object)?.into_iter().next();
        let uri = uri.ok_or_else(|| {
            table.error_at(&row, object, "the object has no address").hint("give the object's URI, or remove the row")
        })?;
        let museum = entries(table, &row, museum)?.first().and_then(|entry| normalised_label(last_segment(entry)));
        let mut object_labels = Vec::with_capacity(labels.len());
        for (column, (_, is_group)) in labels.into_iter().zip(LABEL_COLUMNS) {
            object_labels.push(single_label(&entries(table, &row, column)?, is_group));
        }
        objects.push(Object {
            line: row.line(),
            id: last_segment(&uri).to_owned(),
            museum,
            images: entries(table, &row, images)?,
            labels: object_labels,
        });
    }
    Ok(Catalogue {
        file: file.to_path_buf(),
        image_folder: folder_of(file),
        variables: VARIABLES.map(str::to_owned).into(),
        has_museums: true,
        objects,
    })
}

fn entries(table: &Table, row: &Row, column: usize) -> Result<Vec<String>> {
    parse_entries(row.cell(column)).map_err(|cause| {
        table
            .error_at(row, column, "not a list as Python writes it")
            .caused_by(cause)
            .hint("expected something like ['a', 'b'], a single value, or an empty cell")
    })
}

/// The label of a variable: there is one only when the entries agree on it.
fn single_label(entries: &[String], is_group: bool) -> Option<String> {
    let value = |entry: &String| normalised_label(if is_group { last_segment(entry) } else { entry });
    let mut values: BTreeSet<String> = entries.iter().filter_map(value).collect();
    if values.len() == 1 { values.pop_first() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_files as files;

    const HEADER: &str = ",obj,museum,text,deeplink,place_country_code,time_label,technique_group,material_group,depict_group,category_group";

    fn read_text(text: &str) -> Result<Catalogue> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export.csv");
        files::write(&file, text).unwrap();
        Catalogue::read(&file)
    }

    #[test]
    fn an_object_is_read_with_its_images_and_labels() {
        let catalogue = read_text(&format!(
            "{HEADER}\n0,http://data.silknow.org/object/47,\"['http://x.org/museum/mad', 'http://x.org/museum/vam']\",\"two\n\
             lines\",\"['http://x.org/a,b.jpg', \"\"c.jpg\"\"]\",['ES'],nineteenth century (dates CE),\
             \"['http://x.org/facet/damask', 'http://y.org/facet/damask']\",\"['x/silk', 'x/cotton']\",[],['ignored'\n"
        ))
        .unwrap();
        let label = |text: &str| Some(text.to_owned());
        assert_eq!(
            catalogue.objects,
            [Object {
                line: 2,
                id: "47".into(),
                museum: Some("mad".into()),
                images: vec!["http://x.org/a,b.jpg".into(), "c.jpg".into()],
                labels: vec![label("ES"), label("nineteenth_century_(dates_CE)"), None, label("damask"), None],
            }]
        );
        assert_eq!(catalogue.variables, ["place", "timespan", "material", "technique", "depiction"]);
    }

    #[test]
    fn a_missing_column_is_named() {
        let message = read_text(&HEADER.replace("deeplink", "deeplinks")).unwrap_err().to_string();
        assert!(message.contains("export.csv:1: the column `deeplink` is missing"), "{message}");
        assert!(message.contains("is `deeplinks` meant to be `deeplink`?"), "{message}");
    }

    #[test]
    fn a_broken_list_is_named_with_its_own_line_and_column() {
        let text = format!("{HEADER}\n0,o,['m'],\"a\nb\",['a.jpg'],['ES',['x'],[],[],[],[]\n");
        let message = read_text(&text).unwrap_err().to_string();
        assert!(message.contains("export.csv:3:place_country_code: not a list"), "{message}");
        assert!(message.contains("the list is not closed"), "{message}");
    }

    #[test]
    fn an_object_without_address_is_refused() {
        let message = read_text(&format!("{HEADER}\n0,nan,['m'],t,[],[],[],[],[],[],[]\n")).unwrap_err().to_string();
        assert!(message.contains("export.csv:2:obj: the object has no address"), "{message}");
    }
}
