//! The knowledge-graph export: which columns it needs and how objects are read from them.
//!
//! The form of a table is read by `table`, the form of a cell by [`crate::literal`].

use std::path::Path;

use silknow_errors::Result;
use silknow_records::class_text::name_of;
use silknow_records::rows::Row;
use silknow_records::{Labels, MISSING, Object, VocabularyBuilder, is_missing};

use crate::catalogue::{Catalogue, Entry, Museums, Remainder, folder_of, last_segment};
use crate::literal::parse_entries;
use crate::table::Table;

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
    let columns = table.columns(["obj", "museum", "deeplink", place, time, material, technique, depiction])?;
    let [object, museum, images, labels @ ..] = columns;
    let labels: [usize; 5] = labels;
    let mut classes = VocabularyBuilder::new(VARIABLES);
    let mut museums = Museums::default();
    let mut objects = Vec::new();
    for row in table.rows()? {
        let row = row?;
        let uri = entries(table, &row, object)?.into_iter().next();
        let uri = uri.ok_or_else(|| {
            table.error_at(&row, object, "the object has no address").hint("give the object's URI, or remove the row")
        })?;
        let museum = entries(table, &row, museum)?.first().and_then(|entry| museums.named(last_segment(entry)));
        let mut object_labels = vec![MISSING; labels.len()];
        for (v, (column, (_, is_group))) in labels.into_iter().zip(LABEL_COLUMNS).enumerate() {
            if let Some(label) = single_label(&entries(table, &row, column)?, is_group) {
                // The last segment of an address is a name, in which `_` stands for a blank, as in file names.
                object_labels[v] =
                    if is_group { classes.class_named(v, &name_of(label)) } else { classes.class_of(v, label) };
            }
        }
        let mut object = Object::with_id(last_segment(&uri));
        object.museum = museum;
        object.address = Some(uri.into());
        let images = entries(table, &row, images)?;
        objects.push(Entry { line: row.line(), object, images, labels: Labels::single(object_labels) });
    }
    let (vocabulary, translation) = classes.into_sorted();
    for object in &mut objects {
        object.labels = translation.apply(&object.labels);
    }
    Ok(Catalogue {
        file: file.to_path_buf(),
        image_folder: folder_of(file),
        vocabulary,
        has_museums: true,
        entries: objects,
        remainder: Some(remainder(table, &columns)),
    })
}

/// The columns that are left when the given ones are used: those that have a name.
fn remainder(table: &Table, used: &[usize]) -> Remainder {
    let unused: Vec<usize> = (0..table.headers().len())
        .filter(|column| !used.contains(column) && !table.headers()[*column].is_empty())
        .collect();
    let find = |name: &str| unused.iter().copied().find(|&column| table.headers()[column].eq_ignore_ascii_case(name));
    let title = find("title").or_else(|| find("label"));
    let further = unused.iter().filter(|&&column| Some(column) != title);
    let further = further.map(|&column| (table.headers()[column].as_str().into(), column)).collect();
    Remainder { table: table.clone(), title, text: find("text"), further }
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
fn single_label(entries: &[String], is_group: bool) -> Option<&str> {
    let labels = entries.iter().map(|entry| if is_group { last_segment(entry) } else { entry });
    let mut labels = labels.filter(|label| !is_missing(label));
    let first = labels.next()?;
    let name = name_of(first);
    labels.all(|label| name_of(label) == name).then_some(first)
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
        let mut object = Object::with_id("47");
        object.museum = Some("mad".into());
        object.address = Some("http://data.silknow.org/object/47".into());
        let images = vec!["http://x.org/a,b.jpg".into(), "c.jpg".into()];
        let labels = Labels::single([0, 0, MISSING, 0, MISSING]);
        assert_eq!(catalogue.entries, [Entry { line: 2, object, images, labels }]);
        let variables = &catalogue.vocabulary.variables;
        assert_eq!(catalogue.vocabulary.names(), ["place", "timespan", "material", "technique", "depiction"]);
        assert_eq!(variables[1].classes, ["nineteenth_century_(dates_CE)"]);
        assert_eq!(variables[1].class_text(0), "nineteenth century (dates CE)");
        assert_eq!((variables[0].class_name(0), variables[3].class_name(0)), ("ES", "damask"));
    }

    /// The title and the further columns of the first row.
    fn completed(header: &str, cells: &str) -> (Option<String>, Vec<(String, String)>) {
        let text = format!(
            "obj,museum,deeplink,place_country_code,time_label,technique_group,material_group,depict_group,{header}\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export.csv");
        files::write(&file, format!("{text}http://x.org/1,['mad'],['a.jpg'],[],[],[],[],[],{cells}\n")).unwrap();
        let catalogue = Catalogue::read(&file).unwrap();
        let record = silknow_records::Record::new("a.jpg", 0);
        let mut completed = None;
        let remainder = catalogue.remainder.unwrap();
        remainder
            .complete([(2, &record)].into_iter(), |record| {
                completed = Some(record.clone());
                Ok(())
            })
            .unwrap();
        let record = completed.unwrap();
        let further = record.further.iter().map(|(header, cell)| (header.to_string(), cell.to_string()));
        (record.object.title.map(Into::into), further.collect())
    }

    #[test]
    fn titles_and_further_columns_are_read_from_the_rows_again() {
        let pair = |header: &str, cell: &str| (header.to_owned(), cell.to_owned());
        let (title, further) = completed("text,,img,category_group", "\"['A', 'B']\",x,,['ignored'");
        assert_eq!(title.as_deref(), Some("A"));
        assert_eq!(further, [pair("text", "['A', 'B']"), pair("category_group", "['ignored'")]);
        let (title, further) = completed("text,Label,TITLE", "['A'],L,  The\ttitle ");
        assert_eq!(title.as_deref(), Some("The title"));
        assert_eq!(further, [pair("text", "['A']"), pair("Label", "L")]);
        assert_eq!(completed("label,text", "['broken,['A']").0.as_deref(), Some("['broken"));
        assert_eq!(completed("text", "['broken").0, None);
    }

    #[test]
    fn a_row_that_is_gone_when_it_is_read_again_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export.csv");
        files::write(&file, format!("{HEADER}\n0,http://x.org/1,['m'],t,[],[],[],[],[],[],[]\n")).unwrap();
        let remainder = Catalogue::read(&file).unwrap().remainder.unwrap();
        let record = silknow_records::Record::new("a.jpg", 0);
        let error = remainder.complete([(3, &record)].into_iter(), |_| Ok(())).unwrap_err().to_string();
        assert!(error.contains("export.csv:3: the row is not there any more"), "{error}");
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
