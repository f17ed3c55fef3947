//! Master files: which collection files belong together, and what these say as one.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use silknow_errors::counts::counted;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_progress::Observer;
use silknow_records::class_text::tidied;
use silknow_records::unicode::composed;
use silknow_records::{Labels, MISSING, Record, VocabularyBuilder, is_missing, set_text};

use crate::collection::content::{Collections, Sample};
use crate::collection::file::{CollectionFile, plain};
use crate::collection::lines::{lines, read_text};
use crate::companions;

/// Reads a master file and the collection files that it lists; all lie in `master_dir`.
///
/// `relevant_variables` says which variables are read, and in which order; `#` before a name is fine. With
/// `None` they are those of the first collection file; with an empty list no label column is needed.
///
/// An image that is listed again with the same labels is kept once, with a warning.
///
/// Where the folder has a table of records ([`RECORDS_FILE`](crate::companions::RECORDS_FILE)), it tells the objects, the
/// sources and the further columns of the samples; without, objects are taken from the names of the images. A table of
/// classes ([`CLASSES_FILE`](crate::companions::CLASSES_FILE)) tells the texts of classes.
///
/// A cell such as `gold___silk` is a set of classes, unless the table of classes has a class of just that name.
///
/// # Errors
/// A missing file, a collection without a requested variable, a row with too few or too many cells, an image
/// listed again with other labels, no sample at all, and what is wrong in the two tables.
pub fn read_master(
    master_dir: &Path,
    master_file: &str,
    relevant_variables: Option<&[String]>,
    observer: &dyn Observer,
) -> Result<Collections> {
    let master_path = master_dir.join(master_file);
    let mut reading =
        relevant_variables.map(|names| Reading::of(names.iter().map(|name| plain(name)), master_dir)).transpose()?;
    let mut collection_files: Vec<String> = Vec::new();
    for (line, name) in (1..).zip(lines(&read_text(&master_path)?)) {
        let name = name.trim();
        if name.is_empty() {
            continue;
        }
        let path = master_dir.join(name);
        if !path.is_file() {
            return Err(Error::data(format!("the collection file `{}` does not exist", path.display()))
                .in_file(&master_path)
                .at_line(line)
                .hint("collection files lie in the master file's folder; the master file has one name a line"));
        }
        if collection_files.iter().any(|other| other == name) {
            observer.warning(&format!("{}:{line}: `{name}` is listed twice and read once", master_path.display()));
            continue;
        }
        let text = read_text(&path)?;
        let collection = CollectionFile::parse(&path, &text)?;
        let reading = match &mut reading {
            Some(reading) => reading,
            None => reading.insert(Reading::of(collection.variables.iter().cloned(), master_dir)?),
        };
        collection_files.push(name.to_owned());
        reading.add(&collection, &collection_files)?;
    }
    let Some(reading) = reading.filter(|reading| !reading.records.is_empty()) else {
        let message = if collection_files.is_empty() { "no collection file is listed" } else { "no sample is listed" };
        return Err(Error::data(message)
            .in_file(&master_path)
            .hint("give a master file whose collections have samples"));
    };
    reading.seen.warn(observer);
    reading.finish(collection_files, master_dir)
}

/// The samples read so far.
struct Reading {
    variables: Vec<String>,
    classes: VocabularyBuilder,
    records: Vec<Record>,
    /// The collection of every record.
    collections: Vec<usize>,
    seen: SeenImages,
    /// Classes by variable and name that look like a missing label or a set, and are neither.
    named_otherwise: BTreeSet<(String, String)>,
}

impl Reading {
    fn of(variables: impl Iterator<Item = String>, master_dir: &Path) -> Result<Self> {
        let variables: Vec<String> = variables.collect();
        let classes = VocabularyBuilder::new(&variables);
        let named_otherwise = companions::classes_named_otherwise(master_dir)?;
        let seen = SeenImages::default();
        Ok(Self { variables, classes, records: Vec::new(), collections: Vec::new(), seen, named_otherwise })
    }

    /// True for a name that looks like a missing label or a set, and is a class of the variable nevertheless.
    fn is_class(&self, variable: usize, name: &str) -> bool {
        !self.named_otherwise.is_empty()
            && self.named_otherwise.contains(&(self.variables[variable].clone(), name.to_owned()))
    }

    /// The class of a name.
    fn class(&mut self, variable: usize, name: &str) -> i32 {
        if is_missing(name) && !self.is_class(variable, name) {
            return MISSING;
        }
        self.classes.class_named(variable, &tidied(name))
    }

    /// The labels of the cells of a row, one per variable.
    fn labels<'a>(&mut self, cells: impl Iterator<Item = &'a str>) -> Labels {
        let (mut single, mut sets) = (Vec::with_capacity(self.variables.len()), Vec::new());
        for (variable, cell) in cells.enumerate() {
            match set_text::names(cell).filter(|_| !self.is_class(variable, cell)) {
                None => single.push(self.class(variable, cell)),
                Some(names) => {
                    let classes = names.into_iter().map(|name| self.class(variable, name.trim()));
                    sets.push((variable, classes.filter(|class| *class != MISSING).collect::<Vec<_>>()));
                    single.push(MISSING);
                }
            }
        }
        let mut labels = Labels::single(single);
        sets.iter().for_each(|(variable, classes)| labels.set(*variable, classes));
        labels
    }

    /// Adds the samples of a collection, whose file is the last of `files`.
    fn add(&mut self, collection: &CollectionFile<'_>, files: &[String]) -> Result<()> {
        let columns = collection.columns(&self.variables)?;
        for row in collection.rows() {
            let (line, cells) = row?;
            let labels = self.labels(columns.iter().map(|&column| cells[1 + column]));
            let name = cells[0];
            if let Some(&(first, first_line)) = self.seen.places.get(&*composed(name)) {
                if self.records[first].labels != labels {
                    let place = format!("line {first_line} of `{}`", files[self.collections[first]]);
                    return Err(Error::data(format!("the image `{name}` stands on {place} with other labels"))
                        .in_file(collection.path)
                        .at_line(line)
                        .hint("remove one of the two rows"));
                }
                self.seen.repeat(collection.path, line, name);
                continue;
            }
            self.seen.places.insert(composed(name).into_owned(), (self.records.len(), line));
            let mut record = Record::new(name, 0);
            record.labels = labels;
            self.records.push(record);
            self.collections.push(files.len() - 1);
        }
        Ok(())
    }

    /// The samples, with classes sorted by name, and with what the tables in the folder tell of them.
    fn finish(self, files: Vec<String>, master_dir: &Path) -> Result<Collections> {
        let (mut vocabulary, translation) = self.classes.into_sorted();
        companions::read_classes(master_dir, &mut vocabulary)?;
        let mut records = self.records;
        companions::read_records(master_dir, &mut records)?;
        let samples = records.into_iter().zip(self.collections).map(|(mut record, collection)| {
            record.labels = translation.apply(&record.labels);
            Sample { record: Arc::new(record), collection }
        });
        let samples = samples.collect();
        Ok(Collections { files, master_dir: master_dir.to_path_buf(), vocabulary, samples })
    }
}

/// The images read so far, to find those that are listed again.
#[derive(Default)]
struct SeenImages {
    /// Per image name, the position of its record and the line that lists it.
    places: HashMap<String, (usize, u64)>,
    repeated: usize,
    first_repeated: Option<String>,
}

impl SeenImages {
    /// Counts an image that is listed again.
    fn repeat(&mut self, path: &Path, line: u64, name: &str) {
        self.repeated += 1;
        self.first_repeated.get_or_insert_with(|| format!("{}:{line}: `{name}`", path.display()));
    }

    fn warn(&self, observer: &dyn Observer) {
        if let Some(first) = &self.first_repeated {
            let repeated = counted(self.repeated, "image is", "images are");
            observer.warning(&format!("{repeated} listed again and taken once; the first is {first}"));
        }
    }
}

/// Writes a master file: one collection file name a line.
pub fn write_master(path: impl AsRef<Path>, collections: &[String]) -> Result<()> {
    files::write(path, master_text(collections))
}

/// The text of a master file.
pub(crate) fn master_text(collections: &[String]) -> String {
    collections.iter().map(|name| format!("{name}\n")).collect()
}
