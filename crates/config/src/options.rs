//! What was typed: the text of every key with its place, from a configuration file or given explicitly.
//!
//! A value that was given explicitly counts more than the file's. The errors about a key are worded here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, ErrorKind, Result, suggest};
use silknow_files as files;

use crate::choice::Recipe;
use crate::form::Fault;
use crate::key::{Key, Kind};
use crate::old_keys::{self, Meaning};

/// The key whose value stands for values of other keys.
const RECIPE: &str = "recipe";

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
    own: KeysOf,
    /// The keys of all operations, for errors about a key that stands in the wrong place.
    known: &'static [KeysOf],
    explicit_form: Explicit,
    file: Option<PathBuf>,
    in_file: BTreeMap<&'static str, Line>,
    explicit: BTreeMap<&'static str, String>,
    /// Keys of older versions that were given and mean nothing any more, with the reason.
    passed_over: BTreeMap<&'static str, &'static str>,
}

/// Keys, and whose they are, as errors name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeysOf {
    pub(crate) owner: &'static str,
    pub(crate) keys: &'static [Key],
}

impl KeysOf {
    fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.is_called(name))
    }
}

#[derive(Clone, Debug)]
struct Line {
    number: u64,
    /// The column of the value's first letter, counted from 1.
    column: usize,
    text: String,
}

impl Options {
    pub(crate) fn with(own: KeysOf, known: &'static [KeysOf], explicit_form: Explicit) -> Self {
        Self {
            own,
            known,
            explicit_form,
            file: None,
            in_file: BTreeMap::new(),
            explicit: BTreeMap::new(),
            passed_over: BTreeMap::new(),
        }
    }

    /// The keys that can be given.
    pub fn keys(&self) -> &'static [Key] {
        self.own.keys
    }

    pub(crate) fn owner(&self) -> &'static str {
        self.own.owner
    }

    fn key(&self, name: &str) -> Option<&'static Key> {
        self.own.key(name)
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
        for (whole, number) in text.lines().zip(1..) {
            let line = whole.trim();
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
            let Some((key, text)) = self.meant(name, value.trim(), str::to_owned).map_err(here)? else { continue };
            let before = &whole[..whole.find(';').map_or(0, |end| end + 1)];
            let blanks = value.chars().take_while(|letter| letter.is_whitespace()).count();
            let column = before.chars().count() + blanks + 1;
            let line = Line { number, column, text: text.to_owned() };
            if let Some(first) = self.in_file.insert(key.name, line) {
                let message = format!("the key `{name}` is repeated; it stands in line {} too", first.number);
                return Err(here(Error::configuration(message)).hint("keep one of the two lines"));
            }
        }
        let nothing = self.in_file.is_empty() && self.passed_over.is_empty();
        if nothing { Err(self.without_a_key().in_file(path)) } else { Ok(()) }
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
        let names = self.own.keys.iter().map(|key| key.name);
        let is_known = self.known.iter().any(|operation| operation.key(&name).is_some());
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
        let names: Vec<&str> = self.own.keys.iter().map(|key| key.name).collect();
        let example = self.own.keys.first().map_or_else(String::new, |key| format!("{}; {}", key.name, key.example));
        Error::configuration(format!("this is no configuration file of {}: no line states a key", self.own.owner))
            .hint(format!("a configuration has lines such as `{example}`; the keys are {}", names.join(", ")))
    }

    /// Gives a value explicitly; it counts more than the file's.
    ///
    /// # Errors
    /// An unknown key, a key given before (perhaps in another spelling).
    pub fn set(&mut self, name: &str, text: impl Into<String>) -> Result<()> {
        let text = text.into();
        let form = self.explicit_form;
        let Some((key, text)) = self.meant(name, text.trim(), |name| form.spell(name))? else { return Ok(()) };
        match self.explicit.insert(key.name, text.to_owned()) {
            None => Ok(()),
            Some(_) => {
                let name = self.explicit_form.spell(name);
                Err(Error::configuration(format!("`{name}` is given twice")).hint("give it once"))
            }
        }
    }

    /// The key and the value that a name and a value mean today; none where they are passed over.
    fn meant<'t>(
        &mut self,
        name: &str,
        text: &'t str,
        spell: impl Fn(&str) -> String,
    ) -> Result<Option<(&'static Key, &'t str)>> {
        if let Some(key) = self.key(name) {
            return match old_keys::not_ported(key.name, text) {
                Some(why) => {
                    Err(Error::configuration(format!("`{}; {text}` is not there any more: {why}", spell(name)))
                        .hint("choose soft_contrastive or soft_triplet, or their forms with _incomp_loss"))
                }
                None => Ok(Some((key, old_keys::value_today(key.name, text)))),
            };
        }
        match old_keys::meaning(name, text, |today| self.key(today).is_some()) {
            Some(Meaning::Is(today, value)) => match today.iter().find_map(|today| self.key(today)) {
                Some(key) => Ok(Some((key, value))),
                None => Err(self.unknown(name, spell)),
            },
            Some(Meaning::PassedOver(name, why)) => {
                self.passed_over.insert(name, why);
                Ok(None)
            }
            None => Err(self.unknown(name, spell)),
        }
    }

    /// What the user should know of keys of older versions that were given and passed over; none where there were none.
    pub fn warning(&self) -> Option<String> {
        let keys: Vec<String> = self.passed_over.iter().map(|(name, why)| format!("`{name}` ({why})")).collect();
        (!keys.is_empty()).then(|| {
            format!("keys of the Python toolbox that mean nothing any more are passed over: {}", keys.join(", "))
        })
    }

    fn unknown(&self, name: &str, spell: impl Fn(&str) -> String) -> Error {
        let error = Error::configuration(format!("unknown key `{}` for {}", spell(name), self.own.owner));
        let owners: Vec<&str> =
            self.known.iter().filter(|operation| operation.key(name).is_some()).map(|it| it.owner).collect();
        if !owners.is_empty() {
            return error.hint(format!("`{}` is a key of {}", spell(name), owners.join(" and ")));
        }
        let names: Vec<&str> = self.own.keys.iter().map(|key| key.name).collect();
        match suggest::nearest(name, names.iter().copied()) {
            Some(nearest) => error.hint(format!("did you mean `{}`?", spell(nearest))),
            None => error.hint(format!("known keys: {}", names.join(", "))),
        }
    }

    /// The text that counts for a key, where one was given.
    ///
    /// A recipe that was given explicitly counts less than other explicit values and more than the file, one in the file
    /// less than the file's other lines.
    pub fn text(&self, name: &str) -> Option<&str> {
        let explicit = self.explicit.get(name).map(String::as_str);
        let in_file = self.in_file.get(name).map(|line| line.text.as_str());
        let recipe = |of: Option<&str>| of?.parse::<Recipe>().ok()?.text(name);
        let recipe_explicitly = || recipe(self.explicit.get(RECIPE).map(String::as_str));
        let recipe_in_file = || recipe(self.in_file.get(RECIPE).map(|line| line.text.as_str()));
        explicit.or_else(recipe_explicitly).or(in_file).or_else(recipe_in_file)
    }

    pub(crate) fn missing(&self, key: &Key) -> Error {
        let error = Error::configuration(format!("the key `{}` of {} is missing", key.name, self.own.owner));
        match (&self.file, self.explicit_form) {
            (Some(file), _) => error.in_file(file).hint(format!("add a line such as `{}; {}`", key.name, key.example)),
            (None, Explicit::Flags) => error
                .hint(format!("give {}, or --config with a file that has it", flag_with_value(key.name, &key.example))),
            (None, Explicit::Arguments) => error.hint(format!("for example `{}`", key.example)),
        }
    }

    pub(crate) fn wrong(&self, key: &Key, text: &str, fault: Option<Fault>) -> Error {
        if let Some(fault) = fault {
            return self.wrong_part(key, fault);
        }
        let found = if text.is_empty() { "has no value".to_owned() } else { format!("is `{text}`") };
        let error = self.fault(key.name, |name| format!("`{name}` must be {}, but it {found}", key.expected));
        let nearest = match key.kind {
            Kind::Choice(words) => {
                suggest::nearest(text, words.iter().flat_map(|word| word.aliases.iter().copied().chain([word.word])))
            }
            _ => None,
        };
        match nearest {
            Some(word) => error.hint(format!("did you mean `{word}`?")),
            None => error.hint(format!("for example `{}`", key.example)),
        }
    }

    /// The error about a part of a value, at the column where the part begins.
    fn wrong_part(&self, key: &Key, fault: Fault) -> Error {
        let Fault { start, what, hint } = fault;
        let line = self.in_file.get(key.name).filter(|_| !self.explicit.contains_key(key.name));
        let error = self.fault(key.name, |name| match line {
            Some(_) => format!("`{name}` must be {}, but {what}", key.expected),
            None => format!("`{name}` must be {}, but {what} (at character {})", key.expected, start + 1),
        });
        let error = match line {
            Some(line) => error.at_column(line.column + start),
            None => error,
        };
        error.hint(hint.unwrap_or_else(|| format!("for example `{}`", key.example)))
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
