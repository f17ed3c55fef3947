//! The knowledge-graph export: which columns it needs and how objects are read from them.
//!
//! The form of a table is read by `table`, the form of a cell by [`crate::literal`].

use std::path::PathBuf;

use silknow_errors::{Error, Result};
use silknow_progress::Observer;
use silknow_records::class_text::{name_of, tidied};
use silknow_records::rows::Row;
use silknow_records::{Labels, Object};

use crate::bad_rows::BadCell;
use crate::catalogue::{Catalogue, Entry, Museums, folder_of};
use crate::cell_text::last_segment;
use crate::labels::{Labelling, Written, refusal};
use crate::literal::parse_entries;
use crate::local_path::found;
use crate::object_rows::{Objects, read_objects};
use crate::remainder::Remainder;
use crate::spreadsheet;
use crate::table::Table;
use crate::table_options::TableOptions;
use crate::values::divided;

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

/// The columns that an export must have.
pub(crate) const COLUMNS: [&str; 8] = [
    "obj",
    "museum",
    "deeplink",
    LABEL_COLUMNS[0].0,
    LABEL_COLUMNS[1].0,
    LABEL_COLUMNS[2].0,
    LABEL_COLUMNS[3].0,
    LABEL_COLUMNS[4].0,
];

/// Reads the objects of an export.
///
/// # Errors
/// A missing column, and a bad row where it ends the work: one of another length than the header, with a broken list, or
/// without the object's address.
pub(crate) fn read(table: &Table, options: &TableOptions, observer: &dyn Observer) -> Result<Catalogue> {
    let columns = table.columns(COLUMNS)?;
    let [object, museum, images, labels @ ..] = columns;
    let kept = kept_variables(options)?;
    let variables: Vec<String> = kept.iter().map(|&v| VARIABLES[v].to_owned()).collect();
    let label_columns: Vec<(usize, bool)> = kept.iter().map(|&v| (labels[v], LABEL_COLUMNS[v].1)).collect();
    let folder = folder_of(table.file());
    let reading = Reading { table, options, object, museum, images, label_columns, folder };
    let read = |row: &Row, labelling: &mut Labelling<'_>, museums: &mut Museums| reading.entry(row, labelling, museums);
    let Objects { entries, bad_rows, vocabulary } = read_objects(table, &variables, options, observer, read)?;
    Ok(Catalogue {
        file: table.file().to_path_buf(),
        image_folder: folder_of(table.file()),
        vocabulary,
        has_museums: true,
        entries,
        bad_rows,
        remainder: Some(Remainder::of(table, &columns)),
    })
}

/// The positions in [`VARIABLES`] of the variables that are asked for.
fn kept_variables(options: &TableOptions) -> Result<Vec<usize>> {
    let Some(names) = &options.variables else { return Ok((0..VARIABLES.len()).collect()) };
    let bare = |name: &String| name.trim_start_matches('#').to_owned();
    if let Some(unknown) = names.iter().map(bare).find(|name| !VARIABLES.contains(&name.as_str())) {
        return Err(Error::configuration(format!("variables: an export has no variable `{unknown}`"))
            .hint(format!("an export has {}", VARIABLES.join(", "))));
    }
    Ok((0..VARIABLES.len()).filter(|&v| names.iter().map(bare).any(|name| name == VARIABLES[v])).collect())
}

/// Where the fields of an export stand, and how they are read.
struct Reading<'a> {
    table: &'a Table,
    options: &'a TableOptions,
    object: usize,
    museum: usize,
    images: usize,
    /// The columns of the labels, and whether a label is an entry's last path segment.
    label_columns: Vec<(usize, bool)>,
    /// The folder that plain image paths are relative to.
    folder: PathBuf,
}

impl Reading<'_> {
    fn entry(&self, row: &Row, labelling: &mut Labelling<'_>, museums: &mut Museums) -> Result<Entry, BadCell> {
        let uri = self.entries(row, self.object)?.into_iter().next().ok_or_else(|| {
            let hint = "give the object's URI, or remove the row";
            self.table.bad_cell(row, self.object, "the object has no address", hint)
        })?;
        let museum = self.entries(row, self.museum)?.into_iter().next();
        let mut texts = Vec::with_capacity(self.label_columns.len());
        for (v, &(column, is_group)) in self.label_columns.iter().enumerate() {
            let entries = self.entries(row, column)?;
            let labels = match labelling.takes_sets(v) {
                true => Self::all_labels(&entries, row.cell(column), is_group),
                false => self.single_label(&entries, is_group).into_iter().collect(),
            };
            if let Some(reason) = labels.iter().find_map(|label| refusal(label)) {
                return Err(self.table.bad_cell(row, column, reason, "correct the cell, or empty it"));
            }
            texts.push(labels);
        }
        let images = self.entries(row, self.images)?.into_iter().map(|image| found(&self.folder, image)).collect();
        let mut labels = Labels::missing(texts.len());
        for (v, (texts, (_, is_group))) in texts.iter().zip(&self.label_columns).enumerate() {
            // The last segment of an address is a name, in which `_` stands for a blank, as in file names.
            let written = if *is_group { Written::AsName } else { Written::AsText };
            let classes = match texts.first() {
                _ if labelling.takes_sets(v) => labelling.classes(v, texts, written),
                Some(text) => vec![labelling.class(v, text, written)],
                None => Vec::new(),
            };
            labels.set(v, &classes);
        }
        let mut object = Object::with_id(tidied(last_segment(&uri)));
        object.museum = museum.and_then(|museum| museums.named(last_segment(&museum)));
        object.address = Some(uri.into());
        Ok(Entry { line: row.line(), object, images, labels })
    }

    /// The entries of a cell that are not missing.
    fn entries(&self, row: &Row, column: usize) -> Result<Vec<String>, BadCell> {
        if let Some(reason) = spreadsheet::fault(row.cell(column)) {
            return Err(self.table.bad_cell(row, column, reason, "correct the cell, or empty it"));
        }
        let mut entries = parse_entries(row.cell(column)).map_err(|cause| {
            let hint = "expected something like ['a', 'b'], a single value, or an empty cell";
            self.table.bad_cell(row, column, format!("not a list as Python writes it: {cause}"), hint)
        })?;
        entries.retain(|entry| !self.options.missing.contains(entry));
        Ok(entries)
    }

    /// The labels of a variable of which an object may have several. A cell that is no list may have several values too.
    fn all_labels(entries: &[String], cell: &str, is_group: bool) -> Vec<String> {
        let is_list = cell.trim_start().starts_with(['[', '(', '\'', '"']);
        let values = |entry: &String| if is_list { vec![entry.clone()] } else { divided(entry) };
        let segment = |value: String| if is_group { last_segment(&value).to_owned() } else { value };
        entries.iter().flat_map(values).map(segment).collect()
    }

    /// The label of a variable: there is one only when the entries agree on it.
    fn single_label(&self, entries: &[String], is_group: bool) -> Option<String> {
        let labels = entries.iter().map(|entry| if is_group { last_segment(entry) } else { entry });
        let mut labels = labels.filter(|label| !self.options.missing.contains(label));
        let first = labels.next()?;
        let name = name_of(first);
        labels.all(|label| name_of(label) == name).then(|| first.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_files as files;
    use silknow_progress::Silent;
    use silknow_records::MISSING;

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

    /// The classes by name that each row of an export has of `material`, as `multi_label_variables` and aliases say.
    fn materials(cells: &[&str], aliases: Option<(&str, &str)>, options: &TableOptions) -> Vec<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export.csv");
        let mut text = format!("{HEADER}\n");
        for cell in cells {
            text += &format!("0,http://x.org/1,['m'],t,['a.jpg'],[],[],[],\"{cell}\",[],['x/fabrics']\n");
        }
        files::write(&file, text).unwrap();
        let mut options = options.clone();
        if let Some((name, text)) = aliases {
            let path = folder.path().join(name);
            files::write(&path, text).unwrap();
            options.aliases = crate::aliases::Aliases::read(&path).unwrap();
        }
        let catalogue = Catalogue::read_with(&file, &options, &Silent).unwrap();
        let variable = &catalogue.vocabulary.variables[2];
        let names = |classes: &[i32]| classes.iter().map(|&class| variable.class_name(class).to_owned()).collect();
        catalogue.entries.iter().map(|entry| names(entry.labels.classes(2))).collect()
    }

    #[test]
    fn several_values_are_a_set_where_the_variable_is_named_and_no_label_elsewhere() {
        let cells =
            ["['x/silk', 'x/gold_thread']", "['x/silk', 'y/silk']", "x/linen; nan |x/silk", "[]", "['x/a___b', '_c']"];
        let multi = TableOptions { multi_label_variables: vec!["#material".into()], ..TableOptions::default() };
        let expected: [&[&str]; 5] = [&["gold_thread", "silk"], &["silk"], &["linen", "silk"], &[], &["a__b", "c"]];
        assert_eq!(materials(&cells, None, &multi), expected);
        let single = materials(&cells[..2], None, &TableOptions::default());
        assert_eq!(single, [&[][..], &["silk"]]);
        let aliases = "gold_thread ; metal\ngold_thread___silk ; brocade\nlinen ; flax___silk\na ; b\n";
        let expected: [&[&str]; 3] = [&["brocade"], &["silk"], &["flax", "silk"]];
        let found = materials(&cells[..3], Some(("class_aggregation_material.txt", aliases)), &multi);
        assert_eq!(found, expected);
        let found = materials(&cells[..1], Some(("a.csv", "old,new\ngold_thread,metal\nsilk,nan\n")), &multi);
        assert_eq!(found, [["metal"]]);
    }

    #[test]
    fn several_classes_of_a_variable_that_is_not_there_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export.csv");
        files::write(&file, format!("{HEADER}\n0,http://x.org/1,['m'],t,[],[],[],[],[],[],[]\n")).unwrap();
        let options = TableOptions { multi_label_variables: vec!["materials".into()], ..TableOptions::default() };
        let message = Catalogue::read_with(&file, &options, &Silent).unwrap_err().to_string();
        assert!(message.contains("multi_label_variables: there is no variable `materials`"), "{message}");
        assert!(message.contains("did you mean `material`?"), "{message}");
    }

    #[test]
    fn objects_of_other_groups_are_left_out_when_groups_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export.csv");
        let groups = ["['x/fabrics']", "['x/paintings']", "\"['x/fabrics', 'x/paintings']\"", "[]", "fabrics"];
        let rows = (0..).zip(groups).map(|(number, group)| {
            format!("{number},http://x.org/{number},['m'],t,['a.jpg'],['P{number}'],[],[],[],[],{group}\n")
        });
        files::write(&file, format!("{HEADER}\n{}", rows.collect::<String>())).unwrap();
        let read = |groups: &[&str]| {
            let groups = groups.iter().map(|group| (*group).to_owned()).collect();
            let options = TableOptions { category_group: Some(groups), ..TableOptions::default() };
            Catalogue::read_with(&file, &options, &Silent)
        };
        let catalogue = read(&["fabrics"]).unwrap();
        assert_eq!(catalogue.entries.iter().map(|entry| entry.line).collect::<Vec<_>>(), [2, 6]);
        assert_eq!(catalogue.vocabulary.variables[0].classes, ["P0", "P4"]);
        assert_eq!(read(&["fabrics", "paintings"]).unwrap().entries.len(), 4);
        let message = read(&["carpets"]).unwrap_err().to_string();
        assert!(message.contains("no object is left: 5 objects are left out"), "{message}");
        assert!(message.contains("the groups of the table are fabrics, paintings"), "{message}");
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
