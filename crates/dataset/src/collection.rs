//! Collection files and master files: tab-separated lists of samples, and lists of such lists.
//!
//! Owns both layouts, reading and writing. Leaves to [`crate::create`] what is written, and to
//! [`silknow_records`] how labels become numbers.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_progress::Observer;

use silknow_records::{LabelMatrix, MISSING_NAME, Record, Vocabulary, VocabularyBuilder, is_missing, object_key};

/// The header of the image column, as it is written.
const IMAGE_HEADER: &str = "#image_file";

/// The headers of the image column that are read.
const IMAGE_HEADERS: [&str; 2] = [IMAGE_HEADER, "#image"];

/// An image of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What is known of it; named as the collection file names it.
    pub record: Arc<Record>,
    /// Which of [`Collections::files`] lists it.
    pub collection: usize,
}

/// The samples of a master file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collections {
    /// The collection files, as the master file names them, in its order.
    pub files: Vec<String>,
    /// The folder that image names are relative to: the master file's.
    pub master_dir: PathBuf,
    /// The variables with the classes that occur, sorted by name.
    pub vocabulary: Vocabulary,
    /// The samples, in file order.
    pub samples: Vec<Sample>,
}

impl Collections {
    /// Where the image of a sample is.
    pub fn image(&self, sample: usize) -> PathBuf {
        self.master_dir.join(&self.samples[sample].record.name)
    }

    /// The key of every sample's object, in sample order; see [`object_key`].
    pub fn object_keys(&self) -> Vec<&str> {
        self.samples.iter().map(|sample| object_key(&sample.record.name)).collect()
    }

    /// The labels of all samples.
    pub fn labels(&self) -> LabelMatrix {
        LabelMatrix::of(self.vocabulary.len(), self.samples.iter().map(|sample| &sample.record.labels))
    }
}

/// Reads a master file and the collection files that it lists; all lie in `master_dir`.
///
/// `relevant_variables` says which variables are read, and in which order; `#` before a name is fine. With
/// `None` they are those of the first collection file; with an empty list no label column is needed.
///
/// An image that is listed again with the same labels is kept once, with a warning.
///
/// # Errors
/// A missing file, a collection without a requested variable, a row with too few or too many cells, an image
/// listed again with other labels, and no sample at all.
pub fn read_master(
    master_dir: &Path,
    master_file: &str,
    relevant_variables: Option<&[String]>,
    observer: &dyn Observer,
) -> Result<Collections> {
    let master_path = master_dir.join(master_file);
    let mut collections = Collections { master_dir: master_dir.to_path_buf(), ..Collections::default() };
    let mut classes = VocabularyBuilder::default();
    let mut wanted =
        relevant_variables.map(|names| names.iter().map(|name| plain(name).to_owned()).collect::<Vec<_>>());
    let mut seen = SeenImages::default();
    for (line, name) in (1..).zip(files::read_text(&master_path)?.lines()) {
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
        if collections.files.iter().any(|other| other == name) {
            observer.warning(&format!("{}:{line}: `{name}` is listed twice and read once", master_path.display()));
            continue;
        }
        let text = files::read_text(&path)?;
        let collection = Collection::parse(&path, &text)?;
        let variables = wanted.get_or_insert_with(|| collection.variables.clone());
        if collections.files.is_empty() {
            classes = VocabularyBuilder::new(variables.iter().cloned());
        }
        let index = collections.files.len();
        collections.files.push(name.to_owned());
        for row in collection.rows(&collection.columns(variables)?) {
            let (line, name, labels) = row?;
            let mut record = Record::new(name, variables.len());
            record.labels = classes.labels_named(labels);
            if seen.is_new(&collections, &path, line, &record)? {
                collections.samples.push(Sample { record: Arc::new(record), collection: index });
            }
        }
    }
    seen.warn(observer);
    if collections.samples.is_empty() {
        let message = if collections.files.is_empty() { "no collection file is listed" } else { "no sample is listed" };
        return Err(Error::data(message)
            .in_file(&master_path)
            .hint("give a master file whose collections have samples"));
    }
    let (vocabulary, sorted) = classes.into_sorted();
    for sample in &mut collections.samples {
        let record = Arc::make_mut(&mut sample.record);
        record.labels = sorted.apply(&record.labels);
    }
    collections.vocabulary = vocabulary;
    Ok(collections)
}

/// Writes a collection file: every cell, the last too, is followed by a tab; white space in labels becomes `_`.
///
/// # Errors
/// An image path that a row cannot hold (a tab or line break, white space around it, nothing), a row without
/// one label per variable, and what the disk refuses.
pub fn write_collection<'a>(
    path: impl AsRef<Path>,
    variables: &[String],
    rows: impl IntoIterator<Item = (&'a str, &'a [Option<String>])>,
) -> Result<()> {
    let path = path.as_ref();
    files::write_with(path, |file| {
        let mut put =
            |line: String| file.write_all(line.as_bytes()).map_err(|cause| files::refused("cannot write", path, cause));
        let headers: String = variables.iter().map(|name| format!("#{}\t", one_word(plain(name)))).collect();
        put(format!("{IMAGE_HEADER}\t{headers}\n"))?;
        for (image, labels) in rows {
            if image.is_empty() || image.trim() != image || image.contains(['\t', '\n', '\r']) {
                return Err(Error::data(format!("the image path {image:?} cannot stand in a collection file"))
                    .in_file(path)
                    .hint("rename the file: no tab, line break or white space around the name"));
            }
            if labels.len() != variables.len() {
                return Err(Error::internal(format!("{} labels for {} variables", labels.len(), variables.len())));
            }
            let cell = |label: &Option<String>| {
                let label = label.as_deref().map(one_word).filter(|label| !is_missing(label));
                format!("{}\t", label.as_deref().unwrap_or(MISSING_NAME))
            };
            put(format!("{image}\t{}\n", labels.iter().map(cell).collect::<String>()))?;
        }
        Ok(())
    })
}

/// Writes a master file: one collection file name a line.
pub fn write_master(path: impl AsRef<Path>, collections: &[String]) -> Result<()> {
    files::write(path, collections.iter().map(|name| format!("{name}\n")).collect::<String>())
}

/// A collection file's text with its header read.
struct Collection<'a> {
    path: &'a Path,
    text: &'a str,
    /// The variables, without `#`, in the order of the columns behind the image's.
    variables: Vec<String>,
}

/// A row: its line, the image, the labels.
type Row<'a> = (u64, &'a str, Vec<&'a str>);

impl<'a> Collection<'a> {
    fn parse(path: &'a Path, text: &'a str) -> Result<Self> {
        let wrong = |message: String| Error::data(message).in_file(path).at_line(1);
        let header = text.lines().next().unwrap_or_default();
        let mut names: Vec<&str> = header.split('\t').map(str::trim).collect();
        if names.len() > 1 && names.last() == Some(&"") {
            names.pop();
        }
        if !IMAGE_HEADERS.contains(&names[0]) {
            return Err(wrong(format!("the first column is headed `{}`, not `{IMAGE_HEADER}`", names[0])).hint(
                format!("a collection file starts with a line such as `{IMAGE_HEADER}<tab>#place<tab>#material<tab>`"),
            ));
        }
        let variables: Vec<String> = names[1..].iter().map(|name| plain(name).to_owned()).collect();
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

    /// The rows, with the labels of the given columns; blank lines are passed over.
    fn rows(&self, columns: &[usize]) -> impl Iterator<Item = Result<Row<'a>>> {
        let width = 1 + self.variables.len();
        let lines = (1..).zip(self.text.lines()).skip(1).filter(|(_, text)| !text.trim().is_empty());
        lines.map(move |(line, text)| {
            let mut cells: Vec<&str> = text.split('\t').map(str::trim).collect();
            // The tab behind the last cell opens another one, which is none.
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
            let label = |&column: &usize| cells[1 + column];
            Ok((line, cells[0], columns.iter().map(label).collect()))
        })
    }
}

/// The images read so far, to find those that are listed again.
#[derive(Default)]
struct SeenImages {
    /// Per image name, the position of its sample and the line that lists it.
    places: HashMap<String, (usize, u64)>,
    repeated: usize,
    first_repeated: Option<String>,
}

impl SeenImages {
    /// True when the sample is to be added to the collections; false when it is there already.
    fn is_new(&mut self, collections: &Collections, path: &Path, line: u64, record: &Record) -> Result<bool> {
        let Some(&(first, first_line)) = self.places.get(&record.name) else {
            self.places.insert(record.name.clone(), (collections.samples.len(), line));
            return Ok(true);
        };
        let first = &collections.samples[first];
        if first.record.labels != record.labels {
            let place = format!("line {first_line} of `{}`", collections.files[first.collection]);
            return Err(Error::data(format!("the image `{}` stands on {place} with other labels", record.name))
                .in_file(path)
                .at_line(line)
                .hint("remove one of the two rows"));
        }
        self.repeated += 1;
        self.first_repeated.get_or_insert_with(|| format!("{}:{line}: `{}`", path.display(), record.name));
        Ok(false)
    }

    fn warn(&self, observer: &dyn Observer) {
        if let Some(first) = &self.first_repeated {
            let repeated = self.repeated;
            observer.warning(&format!("{repeated} images are listed again and taken once; the first is {first}"));
        }
    }
}

/// A variable's name without the `#` of the header.
fn plain(name: &str) -> &str {
    name.trim().trim_start_matches('#')
}

/// A text without white space: it becomes `_`.
fn one_word(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join("_")
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
        assert_eq!(collections.variables, ["technique", "place"]);
        let label = |text: &str| Some(text.to_owned());
        let labels: Vec<_> = collections.label_rows().collect();
        assert_eq!(labels, [[None, label("ES")], [label("damask"), None], [label("twill"), None]]);
        assert_eq!(collections.samples[2].image, folder.path().join("img/3.jpg"));
        assert_eq!(collections.samples[2].collection, 1);
        let (vocabulary, matrix) = collections.encode();
        assert_eq!(vocabulary.variables[0].classes, ["damask", "twill"]);
        assert_eq!(matrix.indices(), [-1, 0, 0, -1, 1, -1]);
    }

    #[test]
    fn a_query_collection_needs_no_labels() {
        let folder = folder(&[("query.txt", "#image_file\t\na.jpg\t\nb.jpg\n")]);
        let collections = read(&folder, Some(&[])).unwrap();
        assert_eq!(collections.samples.len(), 2);
        assert!(read(&folder, None).unwrap().variables.is_empty());
    }

    #[test]
    fn rows_of_another_length_are_named_with_file_line_and_count() {
        let header = "#image_file\t#place\t#technique\t\n";
        let few = message(&[("c.txt", &format!("{header}a.jpg\tES\tdamask\t\nb.jpg\tES\n"))], None);
        assert!(few.contains("c.txt:3: the row has 2 cells, the header 3"), "{few}");
        let many = message(&[("c.txt", &format!("{header}a.jpg\tES\tdamask\tx\t\n"))], None);
        assert!(many.contains("c.txt:2: the row has 4 cells, the header 3"), "{many}");
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
    fn headers_that_are_none_are_refused() {
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
        let labels = [Some("a b\tc".to_owned()), None];
        write_collection(&path, &["place".into(), "#time span".into()], [("img/a b.jpg", labels.as_slice())]).unwrap();
        let expected = "#image_file\t#place\t#time_span\t\nimg/a b.jpg\ta_b_c\tnan\t\n";
        assert_eq!(files::read_text(&path).unwrap(), expected);
        let error = write_collection(&path, &[], [("a\tb.jpg", [].as_slice())]).unwrap_err().to_string();
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
            let cells = rows.iter().map(|(image, labels)| (image.as_str(), labels.as_slice()));
            write_collection(folder.path().join("c.txt"), &variables, cells).unwrap();
            write_master(folder.path().join("masterfile.txt"), &["c.txt".to_owned()]).unwrap();
            let collections = read(&folder, None).unwrap();
            prop_assert_eq!(&collections.variables, &variables);
            let read_back: Vec<_> = collections.samples.into_iter().map(|sample| (sample.name, sample.labels)).collect();
            prop_assert_eq!(read_back, rows.into_iter().collect::<Vec<_>>());
        }
    }
}
