//! A table with a column of images: their labels, objects and museums, in columns of any names.

use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_progress::Observer;
use silknow_records::class_text::{tidied, variable_name};
use silknow_records::rows::Row;
use silknow_records::{Labels, MISSING, Object};

use crate::address::has_image_ending;
use crate::bad_rows::BadCell;
use crate::catalogue::{Catalogue, Entry, Museums, folder_of};
use crate::headers::canonical;
use crate::labels::{Labelling, Written, refusal};
use crate::local_path::found;
use crate::object_rows::{Objects, read_objects};
use crate::remainder::Remainder;
use crate::spreadsheet;
use crate::table::Table;
use crate::table_options::TableOptions;
use crate::values::{listed, values};
use crate::variables::no_variables;

/// Headers of the column that tells objects apart, in the same form, the surest first.
const OBJECT_HEADERS: [&str; 11] = [
    "object",
    "obj",
    "objectid",
    "objid",
    "inventorynumber",
    "inventoryno",
    "objectnumber",
    "accessionnumber",
    "inventarnummer",
    "numéroinventaire",
    "númeroinventario",
];

/// The header of the column of museums.
const MUSEUM_HEADER: &str = "museum";

/// The longest name of a variable, in bytes: files are named after variables.
const LONGEST_NAME_BYTES: usize = 100;

/// The columns of a table of images that are no variables.
pub(crate) struct Columns {
    image: usize,
    object: Option<usize>,
    museum: Option<usize>,
}

impl Columns {
    /// The columns of a table whose images stand in the column `image`.
    ///
    /// # Errors
    /// A column that a key names and the table does not have.
    pub(crate) fn of(table: &Table, image: usize, options: &TableOptions) -> Result<Self> {
        let headers = table.headers();
        let object = match table.column_of_key("object_column", options.object_column.as_deref())? {
            Some(column) => Some(column),
            None => OBJECT_HEADERS.iter().find_map(|name| {
                (0..headers.len()).find(|&column| column != image && canonical(&headers[column]) == *name)
            }),
        };
        let museum = (0..headers.len())
            .filter(|column| *column != image && Some(*column) != object)
            .find(|&column| variable_name(&headers[column]) == MUSEUM_HEADER);
        Ok(Self { image, object, museum })
    }
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
    let remainder = Some(Remainder::of(table, &used)).filter(|_| used.len() < table.headers().len());
    let has_museums = columns.museum.is_some();
    let reading = Reading { table, options, columns, variables, folder: folder_of(table.file()) };
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
        // Sets of classes recur less than single ones, and are longer.
        let single = free.iter().copied().filter(|&column| !options.is_named_multi(&variable_name(&headers[column])));
        let others = no_variables(table, &single.collect::<Vec<_>>(), columns.object, &options.missing)?;
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
    /// The folder that plain image paths are relative to.
    folder: PathBuf,
}

impl Reading<'_> {
    fn entry(&self, row: &Row, labelling: &mut Labelling<'_>, museums: &mut Museums) -> Result<Entry, BadCell> {
        let images = self.images(row)?;
        let single = self.variables.iter().enumerate().filter(|(v, _)| !labelling.takes_sets(*v));
        let single = single.map(|(_, &column)| column);
        for column in single.chain(self.columns.object).chain(self.columns.museum) {
            self.check(row, column, row.cell(column))?;
        }
        let mut sets = Vec::new();
        for (v, &column) in self.variables.iter().enumerate().filter(|(v, _)| labelling.takes_sets(*v)) {
            let values = values(row.cell(column));
            values.iter().try_for_each(|value| self.check(row, column, value))?;
            sets.push((v, values));
        }
        let known = |column: usize| Some(tidied(row.cell(column))).filter(|text| !self.options.missing.contains(text));
        let mut object = Object::with_id(self.columns.object.and_then(known).unwrap_or_default());
        object.museum = self.columns.museum.and_then(known).and_then(|museum| museums.named(&museum));
        let mut classes = Vec::with_capacity(self.variables.len());
        for (v, &column) in self.variables.iter().enumerate() {
            let takes_sets = labelling.takes_sets(v);
            classes.push(if takes_sets { MISSING } else { self.class(row.cell(column), v, labelling) });
        }
        let mut labels = Labels::single(classes);
        for (v, values) in sets {
            labels.set(v, &labelling.classes(v, &values, Written::AsText));
        }
        Ok(Entry { line: row.line(), object, images, labels })
    }

    /// Checks a text that may be a label, the object's, or the museum's.
    fn check(&self, row: &Row, column: usize, text: &str) -> Result<(), BadCell> {
        let Some(reason) = refusal(text) else { return Ok(()) };
        Err(self.table.bad_cell(row, column, reason, "correct the cell, or empty it"))
    }

    fn images(&self, row: &Row) -> Result<Vec<String>, BadCell> {
        let column = self.columns.image;
        let bad = |reason: String, hint: &str| Err(self.table.bad_cell(row, column, reason, hint));
        let cell = silknow_records::unicode::trimmed(row.cell(column));
        if self.options.missing.contains(cell) {
            return bad("the image is missing".to_owned(), "give its path, or remove the row");
        }
        if let Some(reason) = spreadsheet::fault(cell) {
            return bad(reason, "give the image's path");
        }
        let folder = &self.folder;
        let mut images = listed(cell).or_else(|| several(cell, folder)).unwrap_or_else(|| vec![cell.to_owned()]);
        images.iter_mut().for_each(|image| *image = found(folder, std::mem::take(image)));
        if images.is_empty() {
            return bad("the list has no image".to_owned(), "give the image's path, or remove the row");
        }
        Ok(images)
    }

    /// The class of a cell. A list gives the label that its entries agree on.
    fn class(&self, cell: &str, variable: usize, labelling: &mut Labelling<'_>) -> i32 {
        let Some(mut entries) = listed(cell) else { return labelling.class(variable, cell, Written::AsText) };
        entries.retain(|entry| !self.options.missing.contains(entry));
        let mut names: Vec<String> = entries.iter().map(|entry| tidied(entry)).collect();
        names.dedup();
        if names.len() > 1 {
            labelling.several(variable, cell);
            return MISSING;
        }
        names.first().map_or(MISSING, |label| labelling.class(variable, label, Written::AsText))
    }
}

/// The images of a cell that names several, as people write them: behind each other with `;`, `|`, commas, blanks or line
/// breaks between. `None` for any other cell: each part has to be an address or to end as an image does, and no file may have
/// the whole name.
fn several(cell: &str, folder: &Path) -> Option<Vec<String>> {
    if !cell.contains([';', '|', ',', '\n', ' ']) {
        return None;
    }
    let has_addresses = cell.contains("://");
    let parts: Vec<&str> = if has_addresses {
        // Addresses may have any of these marks in them: only where another address follows do they part.
        let starts = cell.match_indices("://").filter_map(|(at, _)| {
            let start = cell[..at].rfind(|letter: char| !letter.is_ascii_alphanumeric()).map_or(0, |before| before + 1);
            (start == 0 || cell[..start].ends_with([';', '|', ',', '\n', ' '])).then_some(start)
        });
        let starts: Vec<usize> = starts.collect();
        let ends = starts.iter().skip(1).copied().chain([cell.len()]);
        starts.iter().zip(ends).map(|(&start, end)| &cell[start..end]).collect()
    } else {
        cell.split([';', '|', ',', '\n']).collect()
    };
    let part =
        |part: &str| part.trim_matches(|letter: char| letter.is_whitespace() || ";|,".contains(letter)).to_owned();
    let parts: Vec<String> = parts.into_iter().map(part).filter(|part| !part.is_empty()).collect();
    let are_images = has_addresses && parts.first().is_some_and(|first| cell.starts_with(first))
        || parts.iter().all(|part| has_image_ending(part));
    (parts.len() > 1 && are_images && (has_addresses || !folder.join(cell).exists())).then_some(parts)
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
    fn several_values_of_a_variable_that_is_named_are_a_set_whatever_they_look_like() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.csv");
        // Every text is another, as no variable's are.
        let materials =
            ["silk; gold", "gold|silver; silk", "['a', 'b; c']", "silk", "unknown", "a, b", "x___y", "p\nq"];
        let materials = materials.iter().chain(&["1;2", "3;4", "5;6", "7;8", "8;9"]).enumerate();
        let rows: String = materials.map(|(number, cell)| format!("{number}.jpg\t\"{cell}\"\tES; FR\n")).collect();
        files::write(&file, format!("image\tmaterial\tplace\n{rows}")).unwrap();
        let options = TableOptions { multi_label_variables: vec!["material".into()], ..TableOptions::default() };
        let catalogue = Catalogue::read_with(&file, &options, &Silent).unwrap();
        assert_eq!(catalogue.vocabulary.names(), ["material", "place"]);
        let [material, place] = catalogue.vocabulary.variables.as_slice() else { panic!("two variables") };
        assert_eq!(place.classes, ["ES;_FR"]);
        let texts = |position: usize| material.class_texts(catalogue.entries[position].labels.classes(0));
        let expected = ["gold, silk", "gold, silk, silver", "a, b; c", "silk", "", "a, b", "x, y", "p, q"];
        for (position, expected) in expected.into_iter().enumerate() {
            assert_eq!(texts(position), Some(expected.to_owned()).filter(|text| !text.is_empty()), "{position}");
        }
        assert_eq!(catalogue.entries[5].labels.classes(0).len(), 1);
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
