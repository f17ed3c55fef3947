//! Collection files and master files: tab-separated lists of samples, and lists of such lists.
//!
//! Both layouts are read and written here and nowhere else.

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_files::{self as files, Batch};
use silknow_progress::Observer;
use silknow_records::class_text::{name_of, tidied};
use silknow_records::encoding::Utf8;
use silknow_records::unicode::{composed, trimmed};
use silknow_records::{
    LabelMatrix, Labels, MISSING, MISSING_NAME, Record, Variable, Vocabulary, VocabularyBuilder, is_missing, object_key,
};

use crate::companions;
use crate::labels::too_long;

/// The header of the image column, as it is written.
const IMAGE_HEADER: &str = "#image_file";

/// The headers of the image column that are read.
const IMAGE_HEADERS: [&str; 2] = [IMAGE_HEADER, "#image"];

/// An image of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What is known of it. Its name is the one in the collection file; its labels are classes of
    /// [`Collections::vocabulary`].
    pub record: Arc<Record>,
    /// Which of [`Collections::files`] lists it.
    pub collection: usize,
}

/// The samples of a master file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collections {
    /// The collection files, as the master file names them, in its order.
    pub files: Vec<String>,
    /// The folder that the names of images are relative to: the master file's.
    pub master_dir: PathBuf,
    /// The variables, in the order in which they were asked for, with the classes that occur, sorted by name.
    pub vocabulary: Vocabulary,
    /// The samples, in file order.
    pub samples: Vec<Sample>,
}

impl Collections {
    /// Where the image of a sample is: its name, from the master file's folder.
    pub fn image(&self, sample: &Sample) -> PathBuf {
        self.master_dir.join(&sample.record.name)
    }

    /// The key of every sample's object, in sample order; see [`object_key`].
    pub fn object_keys(&self) -> Vec<&str> {
        self.samples.iter().map(|sample| object_key(&sample.record.name)).collect()
    }

    /// The names of the variables.
    pub fn variables(&self) -> Vec<String> {
        self.vocabulary.names()
    }

    /// The labels of the samples `[N, V]`.
    pub fn labels(&self) -> LabelMatrix {
        LabelMatrix::of(self.vocabulary.len(), self.samples.iter().map(|sample| &sample.record.labels))
    }

    /// The given samples, in their order, with the classes that occur in them.
    #[must_use]
    pub fn select(&self, samples: &[usize]) -> Self {
        let mut samples: Vec<Sample> = samples.iter().map(|&sample| self.samples[sample].clone()).collect();
        let (vocabulary, translation) = self.vocabulary.occurring(samples.iter().map(|sample| &sample.record.labels));
        // Records are shared unless the indices of classes change.
        if vocabulary != self.vocabulary {
            for sample in &mut samples {
                let labels = translation.apply(&sample.record.labels);
                Arc::make_mut(&mut sample.record).labels = labels;
            }
        }
        Self { files: self.files.clone(), master_dir: self.master_dir.clone(), vocabulary, samples }
    }
}

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
        let collection = Collection::parse(&path, &text)?;
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
    /// Classes by variable and name that are no missing labels, though they are called so.
    named_missing: BTreeSet<(String, String)>,
}

impl Reading {
    fn of(variables: impl Iterator<Item = String>, master_dir: &Path) -> Result<Self> {
        let variables: Vec<String> = variables.collect();
        let classes = VocabularyBuilder::new(&variables);
        let named_missing = companions::classes_named_missing(master_dir)?;
        let seen = SeenImages::default();
        Ok(Self { variables, classes, records: Vec::new(), collections: Vec::new(), seen, named_missing })
    }

    /// The class of a cell.
    fn class(&mut self, variable: usize, cell: &str) -> i32 {
        let is_class = || {
            let named = (self.variables[variable].clone(), cell.to_owned());
            !self.named_missing.is_empty() && self.named_missing.contains(&named)
        };
        if is_missing(cell) && !is_class() {
            return MISSING;
        }
        self.classes.class_named(variable, &tidied(cell))
    }

    /// Adds the samples of a collection, whose file is the last of `files`.
    fn add(&mut self, collection: &Collection<'_>, files: &[String]) -> Result<()> {
        let columns = collection.columns(&self.variables)?;
        for row in collection.rows() {
            let (line, cells) = row?;
            let classes = columns.iter().enumerate().map(|(v, &column)| self.class(v, cells[1 + column]));
            let labels = Labels::single(classes.collect::<Vec<_>>());
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

/// Writes a collection file: every cell, the last too, is followed by a tab; white space in labels becomes `_`. The
/// labels of the records are classes of the vocabulary.
///
/// # Errors
/// An image path that a row cannot hold (a tab or line break, white space around it, nothing), two classes of one
/// variable, for which a row has no room, and what the disk refuses.
pub fn write_collection<'a>(
    path: impl AsRef<Path>,
    vocabulary: &Vocabulary,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<()> {
    let batch = Batch::new();
    write_collection_in(&batch, path, vocabulary, records)?;
    batch.commit()
}

/// Writes a collection file as [`write_collection`] does; it takes its name with the batch.
pub(crate) fn write_collection_in<'a>(
    batch: &Batch,
    path: impl AsRef<Path>,
    vocabulary: &Vocabulary,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<()> {
    let path = path.as_ref();
    batch.write_with(path, |file| {
        let mut put =
            |line: String| file.write_all(line.as_bytes()).map_err(|cause| files::refused("cannot write", path, cause));
        let variables = &vocabulary.variables;
        let headers: String =
            variables.iter().map(|variable| format!("#{}\t", name_of(&plain(&variable.name)))).collect();
        put(format!("{IMAGE_HEADER}\t{headers}\n"))?;
        for Record { name: image, labels, .. } in records {
            if image.is_empty() || image.trim() != image || image.contains(['\t', '\n', '\r']) {
                return Err(Error::data(format!("the image path {image:?} cannot stand in a collection file"))
                    .in_file(path)
                    .hint("rename the file: no tab, line break or white space around the name"));
            }
            if let Some((variable, classes)) = labels.larger_sets().next() {
                let (variable, classes) = (&variables[variable].name, classes.len());
                return Err(Error::data(format!("the image `{image}` has {classes} classes of `{variable}`"))
                    .in_file(path)
                    .hint("a collection file holds one class per variable"));
            }
            let cell = |(variable, &class): (&Variable, &i32)| format!("{}\t", name_of(variable.class_name(class)));
            put(format!("{image}\t{}\n", variables.iter().zip(labels.lowest()).map(cell).collect::<String>()))?;
        }
        Ok(())
    })
}

/// Writes a master file: one collection file name a line.
pub fn write_master(path: impl AsRef<Path>, collections: &[String]) -> Result<()> {
    files::write(path, master_text(collections))
}

/// The text of a master file.
pub(crate) fn master_text(collections: &[String]) -> String {
    collections.iter().map(|name| format!("{name}\n")).collect()
}

/// A collection file's text with its header read.
struct Collection<'a> {
    path: &'a Path,
    text: &'a str,
    /// The variables, without `#`, in the order of the columns behind the image's.
    variables: Vec<String>,
}

/// A row: its line and its cells, the image first.
type Row<'a> = (u64, Vec<&'a str>);

impl<'a> Collection<'a> {
    fn parse(path: &'a Path, text: &'a str) -> Result<Self> {
        let wrong = |message: String| Error::data(message).in_file(path).at_line(1);
        let header = lines(text).next().unwrap_or_default();
        let mut names: Vec<&str> = header.split('\t').map(str::trim).collect();
        if names.len() > 1 && names.last() == Some(&"") {
            names.pop();
        }
        if !IMAGE_HEADERS.contains(&names[0]) {
            return Err(wrong(format!("the first column is headed `{}`, not `{IMAGE_HEADER}`", names[0])).hint(
                format!("a collection file starts with a line such as `{IMAGE_HEADER}<tab>#place<tab>#material<tab>`"),
            ));
        }
        let variables: Vec<String> = names[1..].iter().map(|name| plain(name)).collect();
        let mut seen = BTreeSet::new();
        if let Some(name) = variables.iter().find(|name| name.is_empty() || !seen.insert(name.as_str())) {
            return Err(wrong(if name.is_empty() {
                "a column has no name".to_owned()
            } else {
                format!("the variable `{name}` stands twice in the header")
            }));
        }
        Ok(Self { path, text, variables })
    }

    /// Where the wanted variables are among this file's.
    fn columns(&self, wanted: &[String]) -> Result<Vec<usize>> {
        let find = |name: &String| {
            self.variables.iter().position(|variable| variable == name).ok_or_else(|| {
                let present: Vec<&str> = self.variables.iter().map(String::as_str).collect();
                let guess = nearest(name, present.iter().copied());
                let guess = guess.map_or_else(String::new, |guess| format!("did you mean `{guess}`? "));
                let list = if present.is_empty() { "no variable".to_owned() } else { present.join(", ") };
                Error::data(format!("the header has no variable `{name}`"))
                    .in_file(self.path)
                    .at_line(1)
                    .hint(format!("{guess}the header has {list}"))
            })
        };
        wanted.iter().map(find).collect()
    }

    /// The rows; blank lines are passed over.
    fn rows(&self) -> impl Iterator<Item = Result<Row<'a>>> {
        let width = 1 + self.variables.len();
        let lines = (1..).zip(lines(self.text)).skip(1).filter(|(_, text)| !text.trim().is_empty());
        lines.map(move |(line, text)| {
            let mut cells: Vec<&str> = text.split('\t').map(str::trim).collect();
            // Every cell is followed by a tab, the last too: what stands behind that one is not a cell.
            if cells.len() > width && cells.last() == Some(&"") {
                cells.pop();
            }
            let wrong = |message: String| Error::data(message).in_file(self.path).at_line(line);
            if cells.len() != width {
                return Err(wrong(format!("the row has {} cells, the header {width}", cells.len()))
                    .hint(format!("cells are separated by tabs; a missing label is `{MISSING_NAME}`")));
            }
            if cells[0].is_empty() {
                return Err(wrong("the image is missing".to_owned()));
            }
            if let Some((column, reason)) = (0..).zip(&cells[1..]).find_map(|(v, cell)| Some((v, too_long(cell)?))) {
                let error = wrong(reason).hint("a label is a word or a short text; correct the cell");
                return Err(error.at_column(&self.variables[column]));
            }
            Ok((line, cells))
        })
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
            let repeated = self.repeated;
            observer.warning(&format!("{repeated} images are listed again and taken once; the first is {first}"));
        }
    }
}

/// A variable's name without the `#` of the header, in its composed form.
fn plain(name: &str) -> String {
    composed(trimmed(name).trim_start_matches('#')).into_owned()
}

/// The text of a collection or master file, in any encoding that tables have.
fn read_text(path: &Path) -> Result<String> {
    let bytes = files::read_limited(path, files::TEXT_BYTES)?;
    // UTF-16 alone has zero bytes or begins with such a mark; all other text is read as UTF-8, with its line in errors.
    if !bytes.starts_with(&[0xff, 0xfe])
        && !bytes.starts_with(&[0xfe, 0xff])
        && !bytes.iter().take(2).any(|byte| *byte == 0)
    {
        return files::read_text(path);
    }
    let mut text = String::new();
    Utf8::new(bytes.as_slice()).read_to_string(&mut text).map_err(|cause| {
        Error::data("the text cannot be read")
            .in_file(path)
            .caused_by(cause)
            .hint("save the file with the encoding UTF-8")
    })?;
    Ok(text)
}

/// The lines of a text; they end in `\n`, `\r\n` or `\r`.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    let lines = text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'));
    lines.skip(usize::from(text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use silknow_progress::{Recorder, Silent};

    /// A folder with the given files and a master file that lists those that are collections.
    fn folder(collections: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in collections {
            files::write(folder.path().join(name), text).unwrap();
        }
        let names: Vec<String> = collections.iter().map(|(name, _)| (*name).to_owned()).collect();
        write_master(folder.path().join("masterfile.txt"), &names).unwrap();
        folder
    }

    fn read(folder: &tempfile::TempDir, variables: Option<&[&str]>) -> Result<Collections> {
        let variables = variables.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        read_master(folder.path(), "masterfile.txt", variables.as_deref(), &Silent)
    }

    fn message(collections: &[(&str, &str)], variables: Option<&[&str]>) -> String {
        read(&folder(collections), variables).unwrap_err().to_string()
    }

    #[test]
    fn columns_are_found_by_name_in_every_file() {
        let folder = folder(&[
            ("a.txt", "#image_file\t#place\t#technique\t\nimg/1.jpg\tES\tnan\t\n"),
            ("b.txt", "#image\t#technique\t#place\r\nimg/2.jpg\tdamask\tNaN\r\n\r\nimg/3.jpg\ttwill\t\r\n"),
        ]);
        let collections = read(&folder, Some(&["#technique", "place"])).unwrap();
        assert_eq!(collections.files, ["a.txt", "b.txt"]);
        assert_eq!(collections.variables(), ["technique", "place"]);
        assert_eq!(collections.image(&collections.samples[2]), folder.path().join("img/3.jpg"));
        assert_eq!(collections.samples[2].collection, 1);
        assert_eq!(collections.vocabulary.variables[0].classes, ["damask", "twill"]);
        let matrix = collections.labels();
        assert_eq!(matrix.indices(), [-1, 0, 0, -1, 1, -1]);
    }

    #[test]
    fn a_selection_has_the_classes_that_occur_in_it() {
        let folder = folder(&[("a.txt", "#image_file\t#place\t\na.jpg\tES\nb.jpg\tAT\nc.jpg\tES\nd.jpg\ttwo words\n")]);
        let all = read(&folder, None).unwrap();
        let some = all.select(&[2, 3]);
        assert_eq!(some.vocabulary.variables[0].classes, ["ES", "two words"]);
        assert_eq!((some.labels().indices(), some.samples[0].record.name.as_str()), ([0, 1].as_slice(), "c.jpg"));
        assert_eq!(all.labels().indices(), [1, 0, 1, 2]);
        assert_eq!(all.select(&[0, 1, 2, 3]), all);
    }

    #[test]
    fn the_tables_beside_the_collections_tell_of_objects_and_texts() {
        let folder =
            folder(&[("a.txt", "#image_file\t#time\t\nimg/mad__4__b.jpg\t1600s_(CE)\nimg/mad__5__c.jpg\tnan\n")]);
        let without = read(&folder, None).unwrap();
        assert_eq!(&*without.samples[0].record.object.id, "4");
        let records = "image_file,object_uri,title,note\nimg/mad__5__c.jpg,http://x.org/5,Silk,n\nother.jpg,,,\n";
        files::write(folder.path().join("records.csv"), records).unwrap();
        let classes = "variable,class,text\ntime,1600s_(CE),1600s_(CE)\ntime,other,x\nplace,ES,Spain\n";
        files::write(folder.path().join("classes.csv"), classes).unwrap();
        let collections = read(&folder, None).unwrap();
        assert_eq!(collections.vocabulary.variables[0].class_text(0), "1600s_(CE)");
        let [first, second] = [0, 1].map(|sample| &collections.samples[sample].record);
        assert_eq!((&*first.object.id, first.object.address_or_id()), ("4", "4"));
        assert_eq!((&*second.object.id, second.object.address_or_id()), ("5", "http://x.org/5"));
        assert_eq!(
            (second.object.title.as_deref(), &second.further),
            (Some("Silk"), &vec![("note".into(), "n".into())])
        );
        files::write(folder.path().join("classes.csv"), "variable,class\n").unwrap();
        let message = read(&folder, None).unwrap_err().to_string();
        assert!(message.contains("classes.csv:1: the column `text` is missing"), "{message}");
        files::write(folder.path().join("classes.csv"), "variable,class,text\n").unwrap();
        files::write(folder.path().join("records.csv"), "image_file,note\na\n").unwrap();
        let message = read(&folder, None).unwrap_err().to_string();
        assert!(message.contains("records.csv:2: the row has 1 cells"), "{message}");
    }

    #[test]
    fn lines_may_end_as_any_program_ends_them() {
        let text = "#image_file\t#place\t\na.jpg\tES\t\n\nb.jpg\tnan\n";
        let read_all = |collection: &[u8], master: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            files::write(folder.path().join("a.txt"), collection).unwrap();
            files::write(folder.path().join("masterfile.txt"), master).unwrap();
            read(&folder, None)
        };
        let expected = [("a.jpg".to_owned(), 0), ("b.jpg".to_owned(), MISSING)];
        let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for (collection, master) in [
            (text.replace('\n', "\r").into_bytes(), "a.txt\r"),
            (text.replace('\n', "\r\n").into_bytes(), "\r\na.txt\r\n"),
            (utf16, "\u{feff}a.txt"),
        ] {
            let collections = read_all(&collection, master.as_bytes()).unwrap();
            let samples = collections.samples.iter();
            let read: Vec<_> = samples.map(|it| (it.record.name.clone(), it.record.labels.lowest()[0])).collect();
            assert_eq!(read, expected);
        }
        let message = read_all(&text.replace("nan", "x\ty\tz").replace('\n', "\r").into_bytes(), b"a.txt").unwrap_err();
        assert!(message.to_string().contains("a.txt:4: the row has 4 cells"), "{message}");
        assert_eq!(lines("").count(), 0);
        assert_eq!(lines("a\n\nb").collect::<Vec<_>>(), ["a", "", "b"]);
    }

    #[test]
    fn labels_and_names_are_compared_as_they_look() {
        let text = "#image_file\t#mate\u{301}riau\t\na.jpg\tdor\u{e9}\nb.jpg\tdore\u{301}\nc.jpg\tUnknown\nd.jpg\t-\n";
        let folder = folder(&[("a.txt", text)]);
        let collections = read(&folder, Some(&["mat\u{e9}riau"])).unwrap();
        assert_eq!(collections.vocabulary.variables[0].classes, ["dor\u{e9}"]);
        assert_eq!(collections.labels().indices(), [0, 0, MISSING, MISSING]);
        // A table of classes says that a word is a class, though it is usually none.
        files::write(folder.path().join("classes.csv"), "variable;class;text\nmat\u{e9}riau;-;-\n").unwrap();
        let collections = read(&folder, None).unwrap();
        assert_eq!(collections.labels().indices(), [1, 1, MISSING, 0]);
        let twice = "#image_file\t#p\t\ncafe\u{301}.jpg\tES\ncaf\u{e9}.jpg\tFR\n";
        assert!(message(&[("a.txt", twice)], None).contains("with other labels"));
    }

    #[test]
    fn a_query_collection_needs_no_labels() {
        let folder = folder(&[("query.txt", "#image_file\t\na.jpg\t\nb.jpg\n")]);
        let collections = read(&folder, Some(&[])).unwrap();
        assert_eq!(collections.samples.len(), 2);
        assert!(read(&folder, None).unwrap().variables().is_empty());
    }

    #[test]
    fn rows_of_another_length_are_named_with_file_line_and_count() {
        let header = "#image_file\t#place\t#technique\t\n";
        let few = message(&[("c.txt", &format!("{header}a.jpg\tES\tdamask\t\nb.jpg\tES\n"))], None);
        assert!(few.contains("c.txt:3: the row has 2 cells, the header 3"), "{few}");
        let many = message(&[("c.txt", &format!("{header}a.jpg\tES\tdamask\tx\t\n"))], None);
        assert!(many.contains("c.txt:2: the row has 4 cells, the header 3"), "{many}");
        let long = message(&[("c.txt", &format!("{header}a.jpg\tES\t{}\t\n", "x".repeat(65_536)))], None);
        assert!(long.contains("c.txt:2:technique: the label has 65536 characters, and at most 1000"), "{long}");
        let empty = message(&[("c.txt", &format!("{header}\tES\tdamask\t\n"))], None);
        assert!(empty.contains("c.txt:2: the image is missing"), "{empty}");
    }

    #[test]
    fn a_header_without_the_wanted_variable_lists_those_it_has() {
        let text = message(&[("c.txt", "#image_file\t#place\t#technique\t\n")], Some(&["techniqe"]));
        assert!(text.contains("c.txt:1: the header has no variable `techniqe`"), "{text}");
        assert!(text.contains("did you mean `technique`? the header has place, technique"), "{text}");
    }

    #[test]
    fn wrong_headers_are_refused() {
        assert!(message(&[("c.txt", "a.jpg\tES\t\n")], None).contains("c.txt:1: the first column is headed `a.jpg`"));
        assert!(message(&[("c.txt", "")], None).contains("c.txt:1: the first column is headed ``"));
        let twice = message(&[("c.txt", "#image_file\t#place\t#place\t\n")], None);
        assert!(twice.contains("`place` stands twice"), "{twice}");
        assert!(message(&[("c.txt", "#image_file\t#\t#place\t\n")], None).contains("a column has no name"));
    }

    #[test]
    fn a_missing_collection_is_named_with_the_master_files_line() {
        let folder = folder(&[("a.txt", "#image_file\t\na.jpg\t\n")]);
        files::write(folder.path().join("masterfile.txt"), "a.txt\n\ngone.txt\n").unwrap();
        let message = read(&folder, None).unwrap_err().to_string();
        assert!(message.contains("masterfile.txt:3: the collection file") && message.contains("gone.txt"), "{message}");
    }

    #[test]
    fn a_master_file_without_samples_is_refused() {
        assert!(message(&[], None).contains("masterfile.txt: no collection file is listed"));
        assert!(message(&[("a.txt", "#image_file\t\n")], None).contains("masterfile.txt: no sample is listed"));
    }

    #[test]
    fn an_image_listed_again_is_taken_once_with_a_warning() {
        let row = "a.jpg\tES\t\n";
        let header = "#image_file\t#place\t\n";
        let folder =
            folder(&[("a.txt", &format!("{header}{row}")), ("b.txt", &format!("{header}{row}b.jpg\tnan\t\n"))]);
        files::write(folder.path().join("masterfile.txt"), "a.txt\nb.txt\na.txt\n").unwrap();
        let recorder = Recorder::default();
        let collections = read_master(folder.path(), "masterfile.txt", None, &recorder).unwrap();
        assert_eq!(collections.samples.len(), 2);
        let [file, image] = recorder.warnings().try_into().unwrap();
        assert!(file.contains("masterfile.txt:3: `a.txt` is listed twice"), "{file}");
        assert!(image.contains("1 images are listed again") && image.contains("b.txt:2: `a.jpg`"), "{image}");
    }

    #[test]
    fn an_image_listed_again_with_other_labels_is_refused_with_both_lines() {
        let header = "#image_file\t#place\t\n";
        let text = message(
            &[("a.txt", &format!("{header}a.jpg\tES\t\n")), ("b.txt", &format!("{header}a.jpg\tFR\t\n"))],
            None,
        );
        assert!(text.contains("b.txt:2: the image `a.jpg` stands on line 2 of `a.txt` with other labels"), "{text}");
    }

    #[test]
    fn written_cells_end_in_tabs_and_white_space_in_labels_becomes_underscores() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.txt");
        let mut classes = VocabularyBuilder::new(["place", "#time span"]);
        let mut record = Record::new("img/a b.jpg", 2);
        record.labels = classes.labels_of(["a b\tc", ""]);
        let vocabulary = classes.into_vocabulary();
        write_collection(&path, &vocabulary, [&record]).unwrap();
        let expected = "#image_file\t#place\t#time_span\t\nimg/a b.jpg\ta_b_c\tnan\t\n";
        assert_eq!(files::read_text(&path).unwrap(), expected);
        record.labels.set(0, &[0, 1]);
        let error = write_collection(&path, &vocabulary, [&record]).unwrap_err().to_string();
        assert!(error.contains("the image `img/a b.jpg` has 2 classes of `place`"), "{error}");
        let error =
            write_collection(&path, &Vocabulary::default(), [&Record::new("a\tb.jpg", 0)]).unwrap_err().to_string();
        assert!(error.contains("cannot stand in a collection file"), "{error}");
    }

    proptest! {
        #[test]
        fn collections_read_back_are_those_written(
            rows in proptest::collection::vec(
                ("[a-zé/._(][ a-zé/._(]{0,6}[a-z]", proptest::collection::vec(proptest::option::of("[A-Zé(),;#'\"-]{1,5}"), 2)),
                1..20,
            ),
        ) {
            let rows: std::collections::BTreeMap<String, Vec<Option<String>>> = rows
                .into_iter()
                .map(|(image, labels)| (image, labels.into_iter().map(|label| label.filter(|l| !is_missing(l))).collect()))
                .collect();
            let folder = tempfile::tempdir().unwrap();
            let variables: Vec<String> = ["place", "technique"].map(String::from).into();
            let mut classes = VocabularyBuilder::new(&variables);
            let record = |(image, labels): (&String, &Vec<Option<String>>)| {
                let mut record = Record::new(image, 2);
                record.labels = classes.labels_of(labels.iter().map(|label| label.as_deref().unwrap_or_default()));
                record
            };
            let records: Vec<Record> = rows.iter().map(record).collect();
            write_collection(folder.path().join("c.txt"), &classes.into_vocabulary(), &records).unwrap();
            write_master(folder.path().join("masterfile.txt"), &["c.txt".to_owned()]).unwrap();
            let collections = read(&folder, None).unwrap();
            prop_assert_eq!(&collections.variables(), &variables);
            let cells = |record: &Record| {
                let variables = collections.vocabulary.variables.iter().zip(record.labels.lowest());
                variables.map(|(variable, &class)| (class != MISSING).then(|| variable.class_name(class).to_owned())).collect()
            };
            let read_back: Vec<_> =
                collections.samples.iter().map(|sample| (sample.record.name.clone(), cells(&sample.record))).collect();
            prop_assert_eq!(read_back, rows.into_iter().collect::<Vec<_>>());
        }
    }
}
