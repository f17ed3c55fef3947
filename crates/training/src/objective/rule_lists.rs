//! The lists of objects that rules are made of.

use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;

/// The ending of a line that names a further list, and of no address.
const LIST_ENDING: &str = ".txt";

/// What begins a line that is passed over.
const COMMENT: char = '#';

/// Objects that belong together, as a list names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RuleList {
    /// The file.
    pub file: PathBuf,
    /// The addresses or identifiers of the objects, each with its line.
    pub objects: Vec<Line>,
}

/// Reads the groups of a file: the objects that it names make one group, those of every further list that it names one more.
///
/// A line is the address of an object, or the name of a further list, relative to the folder of this one: a name that ends in
/// `.txt`, of a file that names objects alone. Empty lines and lines that begin with `#` are passed over.
///
/// # Errors
/// A file that cannot be read or is not UTF-8; a line that is no address; a list within a further list; a file without an object.
pub(super) fn read(path: &Path) -> Result<Vec<RuleList>> {
    let (own, further) = read_list(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut lists = if own.objects.is_empty() { Vec::new() } else { vec![own] };
    for (line, name) in further {
        let here = |error: Error| error.in_file(path).at_line(line);
        let listed = folder.join(&name);
        if !listed.is_file() {
            let message = format!("there is no list `{name}` in the folder of this one");
            return Err(here(Error::configuration(message)));
        }
        let (list, within) = read_list(&listed)?;
        if let Some((line, name)) = within.first() {
            return Err(Error::configuration(format!("`{name}` is a list within a list that another list names"))
                .in_file(&listed)
                .at_line(*line)
                .hint("name every list in the first one"));
        }
        lists.push(list);
    }
    if lists.iter().all(|list| list.objects.is_empty()) {
        return Err(Error::configuration("the rules name no object")
            .in_file(path)
            .hint("a list has the address of one object in each line"));
    }
    Ok(lists)
}

/// A text with its line.
type Line = (u64, String);

/// The objects of one file, and the further lists that it names.
fn read_list(path: &Path) -> Result<(RuleList, Vec<Line>)> {
    let text = files::read_text(path)?;
    let (mut objects, mut further) = (Vec::new(), Vec::new());
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(COMMENT) {
            continue;
        }
        if line.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err(Error::configuration(format!("`{line}` is not the address of an object"))
                .in_file(path)
                .at_line(number)
                .hint("write one address a line, without blanks and further columns"));
        }
        let is_list = line.ends_with(LIST_ENDING) && !line.contains("://");
        let lines = if is_list { &mut further } else { &mut objects };
        lines.push((number, line.to_owned()));
    }
    Ok((RuleList { file: path.to_path_buf(), objects }, further))
}
