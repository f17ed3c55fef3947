//! From the texts of a table's cells to classes: what is missing, what is replaced, what cannot be a label; and what of the
//! result deserves a look.

use std::collections::{BTreeMap, HashMap};

use silknow_errors::Result;
use silknow_errors::counts::counted;
use silknow_progress::Observer;
use silknow_records::class_text::{MissingWords, name_of, tidied};
use silknow_records::unicode::folded;
use silknow_records::{MISSING, Translation, Vocabulary, VocabularyBuilder, set_text};

use crate::replacement::Replacement;
use crate::spreadsheet;
use crate::table_options::TableOptions;

/// The longest label, in characters. A longer text is a description.
pub(crate) const LONGEST_LABEL: usize = 1000;

/// The most examples that a warning lists.
const MOST_EXAMPLES: usize = 10;

/// The classes of a table while its rows are read.
pub(crate) struct Labelling<'a> {
    classes: VocabularyBuilder,
    missing: &'a MissingWords,
    /// Per variable whether an image may have several classes at once.
    takes_sets: Vec<bool>,
    /// What replaces labels, per variable.
    replacements: Vec<BTreeMap<String, Replacement>>,
    /// Per variable the number of cells with a list of several labels, and the first of them.
    lists: Vec<(usize, String)>,
    /// Per variable the number of rows of each class.
    rows: Vec<Vec<usize>>,
    /// Per variable the classes of texts that were met: most texts of a table recur.
    met: Vec<HashMap<Box<str>, i32>>,
}

/// The most texts of a variable that are remembered.
const MOST_TEXTS: usize = 4096;

/// How the labels of a variable stand in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// As people read them.
    AsText,
    /// As names, in which `_` stands for a blank.
    AsName,
}

/// A label before it has a class: what people read, and the name that files hold.
struct Label {
    text: String,
    name: String,
}

impl Label {
    fn of(label: &str, written: Written) -> Self {
        match written {
            Written::AsText => Self::of_text(label),
            Written::AsName => {
                let name = name_of(label);
                Self { text: silknow_records::class_text::text_of(&name), name }
            }
        }
    }

    fn of_text(text: &str) -> Self {
        Self { text: tidied(text), name: name_of(text) }
    }
}

/// The labels of a text, several where it is a set.
fn members(text: &str) -> Vec<Label> {
    set_text::names(text)
        .map_or_else(|| vec![Label::of_text(text)], |names| names.into_iter().map(Label::of_text).collect())
}

/// Why a text cannot be a label; `None` where it can.
pub(crate) fn refusal(text: &str) -> Option<String> {
    spreadsheet::fault(text).or_else(|| too_long(text))
}

/// What is wrong with a label that is too long.
pub(crate) fn too_long(text: &str) -> Option<String> {
    if text.len() <= LONGEST_LABEL {
        return None;
    }
    let length = text.chars().count();
    (length > LONGEST_LABEL).then(|| format!("the label has {length} characters, and at most {LONGEST_LABEL} are read"))
}

impl<'a> Labelling<'a> {
    /// No labels of these variables yet.
    ///
    /// # Errors
    /// Aliases of a variable that there is not, and those that lead in a circle; several classes asked for of a variable
    /// that there is not.
    pub(crate) fn new(variables: &[String], options: &'a TableOptions) -> Result<Self> {
        Ok(Self {
            classes: VocabularyBuilder::new(variables),
            missing: &options.missing,
            takes_sets: options.takes_sets(variables)?,
            replacements: options.aliases.of_variables(variables)?,
            lists: vec![(0, String::new()); variables.len()],
            rows: vec![Vec::new(); variables.len()],
            met: vec![HashMap::new(); variables.len()],
        })
    }

    /// True where an image may have several classes of a variable at once.
    pub(crate) fn takes_sets(&self, variable: usize) -> bool {
        self.takes_sets[variable]
    }

    /// The class of a label of a variable of which an image has one class; [`MISSING`] for none. All labels of a variable are
    /// written in the same way.
    pub(crate) fn class(&mut self, variable: usize, label: &str, written: Written) -> i32 {
        let met = self.met[variable].get(label).copied();
        let class = met.unwrap_or_else(|| self.new_class(variable, Label::of(label, written)));
        if met.is_none() && self.met[variable].len() < MOST_TEXTS {
            self.met[variable].insert(label.into(), class);
        }
        self.count(variable, class);
        class
    }

    fn new_class(&mut self, variable: usize, mut label: Label) -> i32 {
        if let Some(new) = self.replacement(variable, &label.name) {
            label = Label::of_text(new);
        }
        self.known(variable, &label)
    }

    /// The classes of the labels of one cell, for a variable of which an image may have several at once; none where all are
    /// missing.
    ///
    /// An alias may be of one label, or of all labels of the cell, joined by `___`; what replaces it may be several labels,
    /// written so too.
    pub(crate) fn classes(&mut self, variable: usize, labels: &[String], written: Written) -> Vec<i32> {
        let mut labels: Vec<Label> = labels.iter().map(|label| Label::of(label, written)).collect();
        if labels.len() > 1 {
            let known = labels.iter().filter(|label| !self.missing.contains(&label.text));
            let mut names: Vec<&str> = known.map(|label| label.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            if let Some(new) = self.replacement(variable, &names.join(set_text::SEPARATOR)) {
                labels = members(new);
            }
        }
        let mut classes = Vec::with_capacity(labels.len());
        for label in labels {
            let labels = match self.replacement(variable, &label.name) {
                Some(new) => members(new),
                None => vec![label],
            };
            for Label { text, name } in labels {
                let name = set_text::fitting(&name).into_owned();
                classes.push(self.known(variable, &Label { text, name }));
            }
        }
        classes.retain(|class| *class != MISSING);
        classes.sort_unstable();
        classes.dedup();
        classes.iter().for_each(|&class| self.count(variable, class));
        classes
    }

    /// What replaces the label of this name.
    fn replacement(&mut self, variable: usize, name: &str) -> Option<&str> {
        let replacement = self.replacements[variable].get_mut(name)?;
        replacement.used = true;
        Some(&replacement.new)
    }

    /// The class of a label that nothing replaces; [`MISSING`] for one that stands for none.
    fn known(&mut self, variable: usize, label: &Label) -> i32 {
        if self.missing.contains(&label.text) || label.name.is_empty() {
            return MISSING;
        }
        self.classes.class(variable, &label.text, &label.name)
    }

    /// Counts a row of a class.
    fn count(&mut self, variable: usize, class: i32) {
        let Ok(position) = usize::try_from(class) else { return };
        let rows = &mut self.rows[variable];
        if position >= rows.len() {
            rows.resize(position + 1, 0);
        }
        rows[position] += 1;
    }

    /// Counts a cell that lists several labels of a variable of which an image has one class, so that the cell gives none.
    pub(crate) fn several(&mut self, variable: usize, cell: &str) {
        let (count, first) = &mut self.lists[variable];
        *count += 1;
        if *count == 1 {
            *first = shortened(cell);
        }
    }

    /// The vocabulary with its classes sorted, and the indices in it; what deserves a look is said.
    pub(crate) fn finish(self, observer: &dyn Observer) -> (Vocabulary, Translation) {
        let Self { classes, replacements, lists, rows, .. } = self;
        let vocabulary = classes.clone().into_vocabulary();
        warn_of_unused(&vocabulary, &replacements, observer);
        for (variable, (count, first)) in vocabulary.names().iter().zip(&lists).filter(|(_, (count, _))| *count > 0) {
            observer.warning(&format!(
                "`{variable}`: {} several labels, such as `{first}`, and are taken as missing; where an image may have several \
                 classes of it, name it in multi_label_variables",
                counted(*count, "cell lists", "cells list")
            ));
        }
        warn_of_several_in_one(&vocabulary, &rows, observer);
        warn_of_na(&vocabulary, &rows, observer);
        warn_of_alike(&vocabulary, &rows, observer);
        classes.into_sorted()
    }
}

/// Warns of aliases that no label was replaced by.
fn warn_of_unused(vocabulary: &Vocabulary, replacements: &[BTreeMap<String, Replacement>], observer: &dyn Observer) {
    let mut unused: BTreeMap<(u64, &str), bool> = BTreeMap::new();
    for replacement in replacements.iter().flat_map(BTreeMap::values) {
        // A label that is replaced by itself needs not occur.
        let is_done = replacement.used || name_of(&replacement.old) == name_of(&replacement.new);
        *unused.entry((replacement.line, &replacement.old)).or_default() |= is_done;
    }
    let unused: Vec<&str> = unused.into_iter().filter(|(_, used)| !used).map(|((_, old), _)| old).collect();
    if unused.is_empty() {
        return;
    }
    let classes = || vocabulary.variables.iter().flat_map(|variable| variable.classes.iter().map(String::as_str));
    let examples = unused.iter().take(MOST_EXAMPLES).map(|old| {
        let guess = silknow_errors::suggest::nearest(&name_of(old), classes());
        guess.map_or_else(|| format!("`{old}`"), |guess| format!("`{old}` (is it meant to be `{guess}`?)"))
    });
    let examples = examples.collect::<Vec<_>>().join(", ");
    observer.warning(&format!(
        "label_aliases: {} not occur: {examples}",
        counted(unused.len(), "label that is to be replaced does", "labels that are to be replaced do")
    ));
}

/// The classes of a variable that have rows: index, text, rows.
fn classes<'a>(vocabulary: &'a Vocabulary, v: usize, rows: &'a [usize]) -> impl Iterator<Item = (String, usize)> + 'a {
    let variable = &vocabulary.variables[v];
    (0..).zip(rows).map(|(class, rows)| (variable.class_text(class).into_owned(), *rows))
}

/// Warns of classes that look like several values in one cell.
fn warn_of_several_in_one(vocabulary: &Vocabulary, rows: &[Vec<usize>], observer: &dyn Observer) {
    let has_parts = |name: &str| {
        [";", "|", "___"]
            .iter()
            .any(|between| name.split(between).filter(|part| !part.trim_matches('_').is_empty()).count() > 1)
    };
    for (v, variable) in vocabulary.variables.iter().enumerate() {
        let joint = classes(vocabulary, v, &rows[v]).zip(&variable.classes).filter(|(_, name)| has_parts(name));
        let joint: Vec<(String, usize)> = joint.map(|(class, _)| class).collect();
        if let Some((example, _)) = joint.first() {
            observer.warning(&format!(
                "`{}`: {} like several values in one, such as `{}`; each such text is a class of its own: keep one value a \
                 cell, replace them with label_aliases, or name the variable in multi_label_variables",
                variable.name,
                counted(joint.iter().map(|(_, rows)| rows).sum(), "cell looks", "cells look"),
                shortened(example)
            ));
        }
    }
}

/// Warns of the class `NA`, which may be Namibia or no answer.
fn warn_of_na(vocabulary: &Vocabulary, rows: &[Vec<usize>], observer: &dyn Observer) {
    for (v, variable) in vocabulary.variables.iter().enumerate() {
        let count: usize = classes(vocabulary, v, &rows[v])
            .filter(|(text, _)| text.eq_ignore_ascii_case("NA"))
            .map(|(_, rows)| rows)
            .sum();
        if count > 0 {
            observer.warning(&format!(
                "`{}`: `NA` is a class, of {} (Namibia?); where it means that nothing is known, add it to missing_values",
                variable.name,
                counted(count, "row", "rows")
            ));
        }
    }
}

/// Warns once of all classes that differ only by letter case or accents.
fn warn_of_alike(vocabulary: &Vocabulary, rows: &[Vec<usize>], observer: &dyn Observer) {
    let mut alike = Vec::new();
    for (v, variable) in vocabulary.variables.iter().enumerate() {
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (text, rows) in classes(vocabulary, v, &rows[v]) {
            groups.entry(folded(&text)).or_default().push(format!("`{}` ({rows})", shortened(&text)));
        }
        let groups = groups.into_values().filter(|group| group.len() > 1);
        alike.extend(groups.map(|group| format!("{}: {}", variable.name, group.join(", "))));
    }
    if alike.is_empty() {
        return;
    }
    let more = alike.len().saturating_sub(MOST_EXAMPLES);
    alike.truncate(MOST_EXAMPLES);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    observer.warning(&format!(
        "labels that differ only by letter case or accents are different classes (with their rows): {}{more}; label_aliases can \
         merge them",
        alike.join("; ")
    ));
}

/// A text for a message.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let text = tidied(text);
    if text.chars().count() <= MOST { text } else { format!("{}…", text.chars().take(MOST).collect::<String>()) }
}
