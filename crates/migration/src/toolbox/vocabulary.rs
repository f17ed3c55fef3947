//! Variables and classes as the old toolbox listed them.

use silknow_errors::{Error, Result};
use silknow_records::{Labels, Variable, Vocabulary, VocabularyBuilder, is_missing};

use crate::pickle::View;

/// The list of variables and classes.
const LIST: &str = "label2class_list";

/// The most variables of a file. The toolbox knew six.
const MOST_VARIABLES: usize = 1000;

/// The variables that the toolbox's tables had.
const KNOWN: [&str; 6] = ["place", "timespan", "material", "technique", "depiction", "museum"];

/// The vocabulary of `label2class_list`: per variable a row of its name and its classes.
///
/// NumPy cut the name to the length of the longest class, so that variables are called by `names`, position by position. Where
/// there are none, a cut name is completed if it is the beginning of one variable alone.
pub(super) fn vocabulary(list: &View<'_>, names: Option<&[String]>) -> Result<Vocabulary> {
    let rows = list.len().filter(|&rows| rows <= MOST_VARIABLES);
    let rows = rows.ok_or_else(|| Error::data(format!("`{LIST}` is no list of variables")))?;
    if let Some(names) = names
        && names.len() != rows
    {
        return Err(Error::data(format!(
            "`{LIST}` has {rows} variables, and {} are named: {}",
            names.len(),
            names.join(", ")
        )));
    }
    let mut variables: Vec<Variable> = Vec::new();
    for (position, row) in list.items(LIST)?.enumerate() {
        let mut classes = row?.texts(LIST)?;
        if classes.is_empty() {
            return Err(Error::data(format!("`{LIST}` has a variable without a name")));
        }
        let listed = classes.remove(0);
        let longest = classes.iter().map(|class| class.chars().count()).max().unwrap_or(0);
        classes.retain(|class| !is_missing(class));
        let name = match names {
            Some(names) => names[position].clone(),
            None => completed(listed, longest),
        };
        let name = name.trim_start_matches('#').to_owned();
        let mut sorted: Vec<&String> = classes.iter().collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::data(format!("`{LIST}` repeats a class of `{name}`")));
        }
        if variables.iter().any(|variable| variable.name == name) {
            return Err(Error::data(format!("two variables are called `{name}`")));
        }
        variables.push(Variable::new(name, classes));
    }
    Ok(Vocabulary { variables })
}

/// A name that may be cut to `longest` characters.
fn completed(listed: String, longest: usize) -> String {
    if listed.chars().count() < longest {
        return listed;
    }
    let mut fitting = KNOWN.iter().filter(|known| known.starts_with(&listed));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => (*only).to_owned(),
        _ => listed,
    }
}

/// The labels of a sample: per variable a class, or a row of classes. Classes that are not listed are appended.
pub(super) fn labels(
    sample: &View<'_>,
    what: &str,
    classes: &mut VocabularyBuilder,
    variables: usize,
) -> Result<Labels> {
    if sample.len() != Some(variables) {
        return Err(Error::data(format!("`{what}` has a sample whose labels are not of {variables} variables")));
    }
    let mut labels = Labels::missing(variables);
    for (variable, label) in sample.items(what)?.enumerate() {
        let label = label?;
        let names = match label.text()? {
            Some(name) => vec![name.into_owned()],
            None => label.texts(what)?,
        };
        let known = names.iter().filter(|name| !is_missing(name));
        let indices: Vec<i32> = known.map(|name| classes.class_named(variable, name)).collect();
        labels.set(variable, &indices);
    }
    Ok(labels)
}
