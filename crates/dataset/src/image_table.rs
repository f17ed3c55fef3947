//! A table with a column of images: their labels, objects and museums, in columns of any names.

use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_progress::Observer;
use silknow_records::class_text::{tidied, variable_name};
use silknow_records::rows::Row;
use silknow_records::{Labels, Object};

use crate::bad_rows::BadCell;
use crate::catalogue::{Catalogue, Entry, Museums, TableOptions, folder_of};
use crate::export::{self, remainder};
use crate::folder::IMAGE_EXTENSIONS;
use crate::labels::{Label, Labelling, refusal};
use crate::literal::parse_entries;
use crate::local_path::found;
use crate::object_rows::{Objects, read_objects};
use crate::spreadsheet;
use crate::table::{Table, canonical};
use crate::variables::no_variables;

/// Headers of the column of images, without regard to letter case, blanks, `_`, `-` and `.`.
const IMAGE_HEADERS: [&str; 19] = [
    "imagefile",
    "image",
    "filename",
    "file",
    "path",
    "filepath",
    "imagepath",
    "imagename",
    "imagefilename",
    "img",
    "imgfile",
    "imgpath",
    "imgname",
    "picture",
    "picturefile",
    "photo",
    "photofile",
    "imageurl",
    "imagefilepath",
];

/// Headers of the column that tells objects apart, in the same form, the surest first.
const OBJECT_HEADERS: [&str; 8] =
    ["object", "obj", "objectid", "objid", "inventorynumber", "inventoryno", "objectnumber", "accessionnumber"];

/// The header of the column of museums.
const MUSEUM_HEADER: &str = "museum";

/// The longest name of a variable, in bytes: files are named after variables.
const LONGEST_NAME_BYTES: usize = 100;

/// What kind of table a header is of.
pub(crate) enum Layout {
    /// A knowledge-graph export.
    Export,
    /// A table with a column of images.
    Images(Columns),
}

/// The columns of a table of images that are no variables.
pub(crate) struct Columns {
    image: usize,
    object: Option<usize>,
    museum: Option<usize>,
}

impl Layout {
    /// Finds the kind of a table from its header.
    ///
    /// # Errors
    /// A column that a key names and the table does not have; a header of neither kind.
    pub(crate) fn of(table: &Table, options: &TableOptions) -> Result<Self> {
        let headers = table.headers();
        let is_image = |header: &str| IMAGE_HEADERS.contains(&canonical(header).as_str());
        let named = |key: &str, name: &Option<String>| {
            let column = |name: &String| table.column(name).ok_or_else(|| table.unknown_column(key, name));
            name.as_ref().map(column).transpose()
        };
        let first_is_image = headers.first().is_some_and(|header| is_image(header));
        let image = match named("image_column", &options.image_column)? {
            Some(column) => column,
            None if first_is_image => 0,
            None => {
                let of_export = export::COLUMNS.iter().filter(|name| headers.iter().any(|header| header == *name));
                if of_export.count() > 2 {
                    return Ok(Self::Export);
                }
                headers.iter().position(|header| is_image(header)).ok_or_else(|| no_layout(table))?
            }
        };
        let object = match named("object_column", &options.object_column)? {
            Some(column) => Some(column),
            None => OBJECT_HEADERS.iter().find_map(|name| {
                (0..headers.len()).find(|&column| column != image && canonical(&headers[column]) == *name)
            }),
        };
        let museum = (0..headers.len())
            .filter(|column| *column != image && Some(*column) != object)
            .find(|&column| variable_name(&headers[column]) == MUSEUM_HEADER);
        Ok(Self::Images(Columns { image, object, museum }))
    }
}

/// The error of a header that is neither an export's nor a table of images'.
fn no_layout(table: &Table) -> Error {
    const IMAGES: &str = "a table of images has them in a column such as image_file, image, filename, file or path; \
                          image_column names another";
    let first = table.headers().iter().find(|header| !header.is_empty()).map_or("", String::as_str);
    let cell: String = first.chars().take(80).collect();
    let ending = first.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let is_picture = ending.is_some_and(|ending| IMAGE_EXTENSIONS.contains(&ending.as_str())) || first.contains("://");
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

/// Reads a table of images.
///
/// A cell of the image column is a path from the table's folder, or an address. A column `museum` names the museum of each
/// image. Images with the same text in the object column show the same object. The other columns are variables, or, where
/// their texts do not recur, further columns of the records.
///
/// # Errors
/// Columns whose names become one, a variable that is not there, and a bad row where it ends the work: one of another
/// length than the header, without an image, or with a text that cannot be a label.
pub(crate) fn read(
    table: &Table,
    columns: Columns,
    options: &TableOptions,
    observer: &dyn Observer,
) -> Result<Catalogue> {
    let variables = variables(table, &columns, options, observer)?;
    let names: Vec<String> = variables.iter().map(|&column| variable_name(&table.headers()[column])).collect();
    let mut used = variables.clone();
    used.extend([Some(columns.image), columns.object, columns.museum].into_iter().flatten());
    let remainder = Some(remainder(table, &used)).filter(|_| used.len() < table.headers().len());
    let has_museums = columns.museum.is_some();
    let reading = Reading { table, options, columns, variables };
    let read = |row: &Row, labelling: &mut Labelling<'_>, museums: &mut Museums| reading.entry(row, labelling, museums);
    let Objects { entries, bad_rows, vocabulary } = read_objects(table, &names, options, observer, read)?;
    Ok(Catalogue {
        file: table.file().to_path_buf(),
        image_folder: folder_of(table.file()),
        vocabulary,
        has_museums,
        entries,
        bad_rows,
        remainder,
    })
}

/// The columns that are variables, in the order of the table.
fn variables(table: &Table, columns: &Columns, options: &TableOptions, observer: &dyn Observer) -> Result<Vec<usize>> {
    let headers = table.headers();
    let roles = [Some(columns.image), columns.object, columns.museum];
    let mut free: Vec<usize> =
        (0..headers.len()).filter(|&column| !roles.contains(&Some(column)) && !headers[column].is_empty()).collect();
    if let Some(names) = &options.variables {
        let mut wanted = Vec::new();
        for name in names {
            let by_name =
                || free.iter().copied().find(|&column| variable_name(&headers[column]) == variable_name(name));
            let column = by_name().or_else(|| table.column(name));
            wanted.push(column.ok_or_else(|| table.unknown_column("variables", name))?);
        }
        if let Some(&taken) = wanted.iter().find(|column| !free.contains(column)) {
            return Err(Error::configuration(format!(
                "variables: the column `{}` has the images, objects or museums",
                headers[taken]
            ))
            .hint("name another column with image_column or object_column, or leave it out of variables"));
        }
        free.retain(|column| wanted.contains(column));
    }
    table.check_distinct(free.iter().map(|&column| (column, variable_name(&headers[column]))))?;
    for &column in &free {
        check_name(table, column)?;
    }
    if options.variables.is_none() {
        let others = no_variables(table, &free, columns.object, &options.missing)?;
        if !others.is_empty() {
            let list = others.iter().map(|other| format!("`{}` ({})", headers[other.column], other.reason));
            let list = list.collect::<Vec<_>>().join(", ");
            observer.warning(&format!(
                "not taken for variables, but kept in records.csv: {list}; the key variables names the columns that are variables"
            ));
            free.retain(|column| others.iter().all(|other| other.column != *column));
        }
    }
    Ok(free)
}

/// Checks that a header gives the name of a variable.
fn check_name(table: &Table, column: usize) -> Result<()> {
    let header = &table.headers()[column];
    let name = variable_name(header);
    let refused = |message: String| Err(table.header_error(message).at_column(column + 1).hint("rename the column"));
    if name.is_empty() {
        return refused(format!("no name of a variable can be made of the header `{header}`"));
    }
    if name.len() > LONGEST_NAME_BYTES {
        let begin: String = header.chars().take(40).collect();
        return refused(format!("the header `{begin}…` is longer than {LONGEST_NAME_BYTES} bytes"));
    }
    Ok(())
}

/// Where the fields stand, and how they are read.
struct Reading<'a> {
    table: &'a Table,
    options: &'a TableOptions,
    columns: Columns,
    variables: Vec<usize>,
}

impl Reading<'_> {
    fn entry(&self, row: &Row, labelling: &mut Labelling<'_>, museums: &mut Museums) -> Result<Entry, BadCell> {
        let images = self.images(row)?;
        for column in self.variables.iter().copied().chain(self.columns.object).chain(self.columns.museum) {
            if let Some(reason) = refusal(row.cell(column)) {
                return Err(self.table.bad_cell(row, column, reason, "correct the cell, or empty it"));
            }
        }
        let known = |column: usize| Some(tidied(row.cell(column))).filter(|text| !self.options.missing.contains(text));
        let mut object = Object::with_id(self.columns.object.and_then(known).unwrap_or_default());
        object.museum = self.columns.museum.and_then(known).and_then(|museum| museums.named(&museum));
        let mut classes = Vec::with_capacity(self.variables.len());
        for (v, &column) in self.variables.iter().enumerate() {
            let label = self.label(row.cell(column), v, labelling);
            classes.push(labelling.class(v, label));
        }
        Ok(Entry { line: row.line(), object, images, labels: Labels::single(classes) })
    }

    fn images(&self, row: &Row) -> Result<Vec<String>, BadCell> {
        let column = self.columns.image;
        let bad = |reason: String, hint: &str| Err(self.table.bad_cell(row, column, reason, hint));
        let cell = silknow_records::unicode::trimmed(row.cell(column));
        if self.options.missing.contains(cell) {
            return bad("the image is missing".to_owned(), "give its path, or remove the row");
        }
        if spreadsheet::ERRORS.contains(&cell) {
            return bad(format!("`{cell}` is an error of the spreadsheet program"), "give the image's path");
        }
        let folder = folder_of(self.table.file());
        let mut images = listed(cell).unwrap_or_else(|| vec![cell.to_owned()]);
        images.iter_mut().for_each(|image| *image = found(&folder, std::mem::take(image)));
        if images.is_empty() {
            return bad("the list has no image".to_owned(), "give the image's path, or remove the row");
        }
        Ok(images)
    }

    /// The label of a cell. A list gives the label that its entries agree on.
    fn label(&self, cell: &str, variable: usize, labelling: &mut Labelling<'_>) -> Option<Label> {
        let Some(mut entries) = listed(cell) else { return Some(Label::of_text(cell)) };
        entries.retain(|entry| !self.options.missing.contains(entry));
        let mut names: Vec<String> = entries.iter().map(|entry| tidied(entry)).collect();
        names.dedup();
        if names.len() > 1 {
            labelling.several(variable, cell);
            return None;
        }
        names.first().map(|label| Label::of_text(label))
    }
}

/// The entries of a cell that is a list or a tuple as Python writes it; `None` for any other cell.
fn listed(cell: &str) -> Option<Vec<String>> {
    let cell = cell.trim();
    let is_sequence = cell.starts_with('[') && cell.ends_with(']') || cell.starts_with('(') && cell.ends_with(')');
    let has_quotes = cell.contains(['\'', '"']) || cell.len() == 2;
    if !is_sequence || !has_quotes { None } else { parse_entries(cell).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use silknow_config::{Parameters, TrainModelParameters};
    use silknow_files as files;
    use silknow_progress::Silent;

    #[test]
    fn a_table_of_images_is_read_with_its_variables() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.tsv");
        files::write(
            &file,
            "#image_file\t#weave type\tobject\t#museum\t\na.jpg\ttwill weave\t7\tMAD\t\nb.jpg\tnan\t7\t\t\n",
        )
        .unwrap();
        let catalogue = Catalogue::read(&file).unwrap();
        assert_eq!(catalogue.vocabulary.names(), ["weave_type"]);
        assert!(catalogue.has_museums);
        let [first, second] = catalogue.entries.as_slice() else { panic!("two rows") };
        assert_eq!((&*first.object.id, first.object.museum.as_deref()), ("7", Some("MAD")));
        let variable = &catalogue.vocabulary.variables[0];
        assert_eq!(
            (variable.class_name(first.labels.lowest()[0]), &*variable.class_text(0)),
            ("twill_weave", "twill weave")
        );
        assert_eq!((second.images[0].as_str(), second.labels.known(), second.line), ("b.jpg", 0, 3));
    }

    #[test]
    fn a_row_without_image_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.csv");
        files::write(&file, "image,weave\n,twill\n").unwrap();
        let message = Catalogue::read(&file).unwrap_err().to_string();
        assert!(message.contains("labels.csv:2:image: the image is missing"), "{message}");
    }

    /// The names of the variables that a table with such a header has, and why it has none.
    fn named(header: &str) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.csv");
        files::write_with(&file, |file| {
            let mut rows = csv::Writer::from_writer(file);
            rows.write_record(["image_file", header, "other"]).unwrap();
            rows.write_record(["a.jpg", "x", "y"]).unwrap();
            rows.flush().unwrap();
            Ok(())
        })?;
        Ok(Catalogue::read(&file)?.vocabulary.names())
    }

    proptest! {
        /// What a header gives can stand in a configuration file and in the header of a collection.
        #[test]
        fn every_header_gives_a_variable_that_all_files_can_hold(header in "[a-z,;#\t\n'\"=|\\[\\] \u{a0}\u{e9}]{0,12}|\\PC{0,12}") {
            let Ok(variables) = named(&header) else { return Ok(()) };
            let list = variables.iter().map(|name| format!("#{name}")).collect::<Vec<_>>().join(", ");
            let text = format!("logpath; x\nrelevant_variables; {list}\n");
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("train.txt");
            files::write(&path, text).unwrap();
            let parameters = TrainModelParameters::from_configuration_file(&path).unwrap();
            prop_assert_eq!(&parameters.training.relevant_variables, &variables);
            files::write(&path, parameters.to_configuration_text()).unwrap();
            let again = TrainModelParameters::from_configuration_file(&path).unwrap();
            prop_assert_eq!(&again.training.relevant_variables, &variables);

            let mut record = silknow_records::Record::new("a.jpg", variables.len());
            record.labels = Labels::single(vec![0; variables.len()]);
            let classes = |name: &String| silknow_records::Variable::new(name, ["x"]);
            let vocabulary = silknow_records::Vocabulary { variables: variables.iter().map(classes).collect() };
            crate::write_collection(folder.path().join("c.txt"), &vocabulary, [&record]).unwrap();
            crate::write_master(folder.path().join("m.txt"), &["c.txt".to_owned()]).unwrap();
            let read = crate::read_master(folder.path(), "m.txt", Some(&variables), &Silent).unwrap();
            prop_assert_eq!(read.variables(), variables);
        }
    }
}
