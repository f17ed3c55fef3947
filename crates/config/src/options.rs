//! What was typed: the text of every key with its place, from a configuration file or given explicitly.
//!
//! A value that was given explicitly counts more than the file's. The errors about a key are worded here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, ErrorKind, Result, suggest};
use silknow_files as files;

use crate::group::Group;
use crate::key::{Key, Kind, Operation};

/// How values that do not come from a file were given; it decides how errors call them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Explicit {
    /// As arguments of a function: `num_neighbors`.
    #[default]
    Arguments,
    /// As flags of the command line: `--num_neighbors`.
    Flags,
}

impl Explicit {
    /// The key as it is typed in this form.
    fn spell(self, key: &str) -> String {
        match self {
            Self::Arguments => key.to_owned(),
            Self::Flags => format!("--{key}"),
        }
    }
}

/// The raw options of one operation or group of keys: for every key that was given, its text.
///
/// ```
/// use silknow_config::{EvaluateModelParameters, Explicit, Operation, Options, Parameters};
///
/// let mut options = Options::new(Operation::EvaluateModel, Explicit::Arguments);
/// options.parse_file("pred_gt_path; ./results/\nresult_path; ./results/\n", "evaluate.txt")?;
/// options.set("result_path", "./elsewhere/")?;
/// let parameters = EvaluateModelParameters::from_options(&options)?;
/// assert_eq!(parameters.result_path.to_str(), Some("./elsewhere/"));
/// # Ok::<(), silknow_config::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose options they are, as errors name it.
    owner: &'static str,
    keys: &'static [Key],
    explicit_form: Explicit,
    file: Option<PathBuf>,
    in_file: BTreeMap<&'static str, Line>,
    explicit: BTreeMap<&'static str, String>,
}

#[derive(Clone, Debug)]
struct Line {
    number: u64,
    text: String,
}

impl Options {
    /// No options of an operation yet. Errors about explicit values will call them as `explicit_form` says.
    pub fn new(operation: Operation, explicit_form: Explicit) -> Self {
        Self::with(operation.verb(), operation.keys_of(), explicit_form)
    }

    /// No options of a group of keys yet; `owner` is what errors call it.
    pub fn of<G: Group>(owner: &'static str, explicit_form: Explicit) -> Self {
        Self::with(owner, G::keys(), explicit_form)
    }

    fn with(owner: &'static str, keys: &'static [Key], explicit_form: Explicit) -> Self {
        Self { owner, keys, explicit_form, file: None, in_file: BTreeMap::new(), explicit: BTreeMap::new() }
    }

    /// The keys that can be given.
    pub fn keys(&self) -> &'static [Key] {
        self.keys
    }

    pub(crate) fn owner(&self) -> &'static str {
        self.owner
    }

    fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.is_called(name))
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// A file that is missing or not UTF-8, an unknown key, a repeated key.
    pub fn read_file(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        // Not UTF-8 is a fault of the configuration here, and not of the data.
        let text = files::read_small_text(path).map_err(|error| match error.kind() {
            ErrorKind::Data => error.with_kind(ErrorKind::Configuration),
            _ => error,
        })?;
        self.parse_file(&text, path)
    }

    /// Reads the text of a configuration file; `path` is what errors call it.
    ///
    /// A line is `key; value`. A line without `;` and a `****TITLE****` line are ignored, unless the line states a key in
    /// another form, such as `key: value` or `key = value`.
    ///
    /// # Errors
    /// An unknown key, a repeated key, a key in another form, and no key at all: such a file is something else.
    pub fn parse_file(&mut self, text: &str, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.file = Some(path.to_path_buf());
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim();
            if line.starts_with("****") {
                continue;
            }
            let here = |error: Error| error.in_file(path).at_line(number);
            if let Some(right) = self.in_right_form(line) {
                return Err(here(
                    Error::configuration(format!("`{line}` is not read: key and value are separated by a semicolon"))
                        .hint(format!("write `{right}`")),
                ));
            }
            let Some((name, value)) = line.split_once(';') else { continue };
            let name = name.trim();
            let key = self.key(name).ok_or_else(|| here(self.unknown(name, str::to_owned)))?;
            let line = Line { number, text: value.trim().to_owned() };
            if let Some(first) = self.in_file.insert(key.name, line) {
                let message = format!("the key `{name}` is repeated; it stands in line {} too", first.number);
                return Err(here(Error::configuration(message)).hint("keep one of the two lines"));
            }
        }
        if self.in_file.is_empty() { Err(self.without_a_key().in_file(path)) } else { Ok(()) }
    }

    /// A line that states a key with something else than a semicolon behind it, as it should be written.
    fn in_right_form(&self, line: &str) -> Option<String> {
        const QUOTES: [char; 3] = ['"', '\'', '`'];
        let head = line.split_once(';').map_or(line, |(head, _)| head);
        // `path: c;d` is a colon before the semicolon of a value, `csvfile; a=b` is right as it is.
        let (name, value) = match head.find([':', '=']) {
            Some(end) => (&line[..end], line[end..].trim_start_matches([':', '='])),
            None if head.len() < line.len() => return None,
            None => match line.split_once(char::is_whitespace) {
                Some((name, value)) if !value.trim().contains(char::is_whitespace) => (name, value),
                Some(_) => return None,
                None => (line, ""),
            },
        };
        let name = name.trim().trim_start_matches("--").trim_matches(QUOTES).trim();
        let value = value.trim().trim_end_matches([',', ';']).trim().trim_matches(QUOTES);
        let is_word = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "_-".contains(letter));
        let name = Some(name.replace('-', "_")).filter(|_| is_word)?;
        let names = self.keys.iter().map(|key| key.name);
        let is_known = Operation::ALL.iter().any(|operation| operation.key(&name).is_some());
        let known = match self.key(&name) {
            Some(key) => key.name.to_owned(),
            None if is_known => name,
            // A sentence may hold a colon or consist of two words; a misspelt key alone is taken for one.
            None if head.contains([':', '=']) => suggest::nearest(&name, names)?.to_owned(),
            None => return None,
        };
        Some(format!("{known}; {value}").trim_end().to_owned())
    }

    /// The error for a file in which no line states a key.
    fn without_a_key(&self) -> Error {
        let names: Vec<&str> = self.keys.iter().map(|key| key.name).collect();
        let example = self.keys.first().map_or_else(String::new, |key| format!("{}; {}", key.name, key.example));
        Error::configuration(format!("this is no configuration file of {}: no line states a key", self.owner))
            .hint(format!("a configuration has lines such as `{example}`; the keys are {}", names.join(", ")))
    }

    /// Gives a value explicitly; it counts more than the file's.
    ///
    /// # Errors
    /// An unknown key, a key given before (perhaps in another spelling).
    pub fn set(&mut self, name: &str, text: impl Into<String>) -> Result<()> {
        let key = self.key(name).ok_or_else(|| self.unknown(name, |name| self.explicit_form.spell(name)))?;
        match self.explicit.insert(key.name, text.into().trim().to_owned()) {
            None => Ok(()),
            Some(_) => {
                let name = self.explicit_form.spell(name);
                Err(Error::configuration(format!("`{name}` is given twice")).hint("give it once"))
            }
        }
    }

    fn unknown(&self, name: &str, spell: impl Fn(&str) -> String) -> Error {
        let error = Error::configuration(format!("unknown key `{}` for {}", spell(name), self.owner));
        let owners: Vec<&str> =
            Operation::ALL.iter().filter(|operation| operation.key(name).is_some()).map(|it| it.verb()).collect();
        if !owners.is_empty() {
            return error.hint(format!("`{}` is a key of {}", spell(name), owners.join(" and ")));
        }
        let names: Vec<&str> = self.keys.iter().map(|key| key.name).collect();
        match suggest::nearest(name, names.iter().copied()) {
            Some(nearest) => error.hint(format!("did you mean `{}`?", spell(nearest))),
            None => error.hint(format!("known keys: {}", names.join(", "))),
        }
    }

    /// The text that counts for a key, where one was given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.explicit.get(name).or_else(|| self.in_file.get(name).map(|line| &line.text)).map(String::as_str)
    }

    pub(crate) fn missing(&self, key: &Key) -> Error {
        let error = Error::configuration(format!("the key `{}` of {} is missing", key.name, self.owner));
        match (&self.file, self.explicit_form) {
            (Some(file), _) => error.in_file(file).hint(format!("add a line such as `{}; {}`", key.name, key.example)),
            (None, Explicit::Flags) => error
                .hint(format!("give {}, or --config with a file that has it", flag_with_value(key.name, &key.example))),
            (None, Explicit::Arguments) => error.hint(format!("for example `{}`", key.example)),
        }
    }

    pub(crate) fn wrong(&self, key: &Key, text: &str) -> Error {
        let found = if text.is_empty() { "has no value".to_owned() } else { format!("is `{text}`") };
        let error = self.fault(key.name, |name| format!("`{name}` must be {}, but it {found}", key.expected));
        let nearest = match key.kind {
            Kind::Choice(words) => suggest::nearest(text, words.iter().copied()),
            _ => None,
        };
        match nearest {
            Some(word) => error.hint(format!("did you mean `{word}`?")),
            None => error.hint(format!("for example `{}`", key.example)),
        }
    }

    /// An error about the value of a key, at its place: the line of the file, or the flag or argument.
    pub fn fault(&self, name: &str, message: impl FnOnce(&str) -> String) -> Error {
        match (self.explicit.contains_key(name), &self.file, self.in_file.get(name)) {
            (false, Some(file), Some(line)) => Error::configuration(message(name)).in_file(file).at_line(line.number),
            _ => Error::configuration(message(&self.explicit_form.spell(name))),
        }
    }
}

fn flag_with_value(name: &str, value: &str) -> String {
    // A value that a shell would split or read as a comment is quoted, so that the flag can be copied.
    if value.contains([' ', '#', '[']) { format!("--{name} '{value}'") } else { format!("--{name} {value}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::Parameters;
    use crate::parameters::{CreateDatasetParameters, TrainModelParameters};

    fn dataset() -> Options {
        Options::new(Operation::CreateDataset, Explicit::Flags)
    }

    fn message(result: Result<impl std::fmt::Debug>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn titles_and_lines_without_semicolon_are_ignored() {
        let mut options = dataset();
        options.parse_file("****A; TITLE****\n\nsome words\r\n  csvfile ; a;b.csv \r\n", "c.txt").unwrap();
        assert_eq!(options.text("csvfile"), Some("a;b.csv"));
        assert_eq!(options.in_file.len(), 1);
    }

    #[test]
    fn a_key_in_another_form_is_pointed_out_with_the_right_one() {
        for (line, right) in [
            ("num_labeled: 2", "num_labeled; 2"),
            ("  num_labeled = 2 ", "num_labeled; 2"),
            ("num_labeled=2;", "num_labeled; 2"),
            ("\"csvfile\": \"./a b.csv\",", "csvfile; ./a b.csv"),
            ("csvfile: C:\\a;b.csv", "csvfile; C:\\a;b.csv"),
            ("--num_labeled 2", "num_labeled; 2"),
            ("num_labeled\t2", "num_labeled; 2"),
            ("num-labeled: 2", "num_labeled; 2"),
            ("minnumsaples = 3", "minnumsamples; 3"),
            ("imgsavpath: ./x/", "imgsavepath; ./x/"),
            ("num_neighbors: 3", "num_neighbors; 3"),
            ("csvfile", "csvfile;"),
        ] {
            let message = message(dataset().parse_file(&format!("seed; 1\n{line}\n"), "c.txt"));
            let expected = format!(
                "c.txt:2: `{}` is not read: key and value are separated by a semicolon\nhint: write `{right}`",
                line.trim()
            );
            assert_eq!(message, expected);
        }
        let prose = "Note: made by hand\nthese are words\n# num_labeled: 2\na = b\nseed; 1\ncsvfile; a:b=c";
        dataset().parse_file(prose, "c.txt").unwrap();
    }

    #[test]
    fn a_file_without_a_key_is_no_configuration() {
        for text in ["", "****TITLE****\n", "image_file,place\na.jpg,ES\n", "some words\n"] {
            let message = message(dataset().parse_file(text, "c.csv"));
            assert!(
                message.starts_with(
                    "c.csv: this is no configuration file of create-dataset: no line states a key\nhint: a configuration has \
                     lines such as `csvfile; ./export.csv`; the keys are csvfile, imgsavepath,"
                ),
                "{message}"
            );
        }
    }

    #[test]
    fn explicit_values_count_more_than_the_files_in_either_order() {
        let mut options = dataset();
        options.set("num_labeled", "2").unwrap();
        options.parse_file("num_labeled; 1", "c.txt").unwrap();
        assert_eq!(options.text("num_labeled"), Some("2"));
    }

    #[test]
    fn an_unknown_key_names_file_line_and_nearest_key() {
        assert_eq!(
            message(dataset().parse_file("csvfile; a\nimgsavpath; b", "c.txt")),
            "c.txt:2: unknown key `imgsavpath` for create-dataset\nhint: did you mean `imgsavepath`?"
        );
        assert_eq!(
            message(dataset().set("imgsavpath", "b")),
            "unknown key `--imgsavpath` for create-dataset\nhint: did you mean `--imgsavepath`?"
        );
    }

    #[test]
    fn a_key_of_another_operation_is_told_so() {
        assert_eq!(
            message(dataset().parse_file("num_neighbors; 3", "c.txt")),
            "c.txt:1: unknown key `num_neighbors` for create-dataset\nhint: `num_neighbors` is a key of get-knn \
             and crossvalidation"
        );
    }

    #[test]
    fn a_repeated_key_names_both_lines_also_in_another_spelling() {
        assert_eq!(
            message(dataset().parse_file("minnumsamples; 3\n\nminnumsaples; 4", "c.txt")),
            "c.txt:3: the key `minnumsaples` is repeated; it stands in line 1 too\nhint: keep one of the two lines"
        );
        let mut options = dataset();
        options.set("minnumsamples", "3").unwrap();
        assert!(message(options.set("minnumsaples", "3")).starts_with("`--minnumsaples` is given twice"));
    }

    #[test]
    fn a_missing_key_is_named_with_a_line_or_flag_to_copy() {
        let mut options = dataset();
        assert_eq!(
            message(CreateDatasetParameters::from_options(&options)),
            "the key `csvfile` of create-dataset is missing\nhint: give --csvfile ./export.csv, or --config with a \
             file that has it"
        );
        options.parse_file("num_labeled; 1", "c.txt").unwrap();
        assert_eq!(
            message(CreateDatasetParameters::from_options(&options)),
            "c.txt: the key `csvfile` of create-dataset is missing\nhint: add a line such as `csvfile; ./export.csv`"
        );
    }

    #[test]
    fn a_wrong_value_names_its_place_and_what_was_expected() {
        let mut options = dataset();
        options.parse_file("csvfile; a.csv\nnum_labeled; 6", "c.txt").unwrap();
        assert_eq!(
            message(CreateDatasetParameters::from_options(&options)),
            "c.txt:2: `num_labeled` must be a whole number from 0 to 5, but it is `6`\nhint: for example `1`"
        );
        options.set("num_labeled", "-1").unwrap();
        assert_eq!(
            message(CreateDatasetParameters::from_options(&options)),
            "`--num_labeled` must be a whole number from 0 to 5, but it is `-1`\nhint: for example `1`"
        );
    }

    #[test]
    fn a_misspelt_choice_names_the_nearest() {
        let mut options = Options::new(Operation::TrainModel, Explicit::Arguments);
        options.set("device", "cud").unwrap();
        assert_eq!(
            message(TrainModelParameters::from_options(&options)),
            "`device` must be auto, cpu, cuda or wgpu, but it is `cud`\nhint: did you mean `cuda`?"
        );
    }

    #[test]
    fn a_file_that_is_not_utf8_is_a_fault_of_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.txt");
        std::fs::write(&path, b"csvfile; a\nnum_labeled; \xff").unwrap();
        let error = dataset().read_file(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("c.txt:2: the text is not UTF-8"), "{error}");
        assert_eq!(dataset().read_file(folder.path().join("none.txt")).unwrap_err().kind(), ErrorKind::Io);
    }
}
