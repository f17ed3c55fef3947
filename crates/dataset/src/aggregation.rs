//! Class aggregations: files `class_aggregation_VARIABLE.txt` with a line `old ; new` for every class of a variable.
//!
//! The lines replace one after the other, as their order says: `b ; c` before `a ; b` leaves `b`, and after it, `c` takes the
//! place of `a` too. A line that replaces a class by itself, as most do in files that were written to be edited, changes
//! nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::class_text::{name_of, tidied, variable_name};

use crate::replacement::Replacement;

/// What stands before and behind the variable in the name of a file.
const FILE_NAME: (&str, &str) = ("class_aggregation_", ".txt");

/// Stands between the two classes of a line.
const SEPARATOR: char = ';';

/// The class aggregation of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aggregation {
    /// Its name.
    pub(crate) variable: String,
    /// What replaces its labels in the end, by their names.
    pub(crate) replacements: BTreeMap<String, Replacement>,
}

impl Aggregation {
    /// Reads a file that is called as class aggregations are, or all such files of a folder; `None` for another file.
    ///
    /// # Errors
    /// A folder without such a file, a file that cannot be read, and a line that is not `old ; new`.
    pub(crate) fn read_all(path: &Path) -> Result<Option<Vec<Self>>> {
        if !path.is_dir() {
            let Some(variable) = variable_of(path) else { return Ok(None) };
            return Ok(Some(vec![Self::read(path, variable)?]));
        }
        let refused = |cause| files::refused("cannot read", path, cause);
        let entries = std::fs::read_dir(path).map_err(refused)?;
        let mut found: Vec<PathBuf> = entries.map(|entry| Ok(entry.map_err(refused)?.path())).collect::<Result<_>>()?;
        // The order of a folder differs between systems.
        found.sort_unstable();
        let named = found.iter().filter_map(|file| Some((file, variable_of(file)?)));
        let aggregations = named.map(|(file, variable)| Self::read(file, variable)).collect::<Result<Vec<_>>>()?;
        if aggregations.is_empty() {
            let (begin, end) = FILE_NAME;
            return Err(Error::data(format!("the folder has no file {begin}VARIABLE{end}"))
                .in_file(path)
                .hint("label_aliases is a table old,new or variable,old,new, such a file, or a folder of such files"));
        }
        Ok(Some(aggregations))
    }

    fn read(file: &Path, variable: String) -> Result<Self> {
        let text = files::read_text(file)?;
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            if line.trim().is_empty() {
                continue;
            }
            let wrong = |message: &str| {
                Error::data(message).in_file(file).at_line(number).hint("a line is `old class ; new class`")
            };
            let (old, new) = line.split_once(SEPARATOR).ok_or_else(|| wrong("the line has no `;`"))?;
            if new.contains(SEPARATOR) {
                return Err(wrong("the line has more than one `;`"));
            }
            let (old, new) = (tidied(old), tidied(new));
            if old.is_empty() {
                return Err(wrong("the old class is missing"));
            }
            lines.push(Replacement { line: number, old, new, used: false });
        }
        let mut replacements: BTreeMap<String, Replacement> = BTreeMap::new();
        // From the end, what a line leads to is known when the line is looked at.
        for mut line in lines.into_iter().rev() {
            if let Some(later) = replacements.get(&name_of(&line.new)) {
                line.new.clone_from(&later.new);
            }
            replacements.insert(name_of(&line.old), line);
        }
        Ok(Self { variable, replacements })
    }
}

/// The variable whose class aggregation a file of this name is.
fn variable_of(file: &Path) -> Option<String> {
    let (begin, end) = FILE_NAME;
    let variable = variable_name(file.file_name()?.to_str()?.strip_prefix(begin)?.strip_suffix(end)?);
    (!variable.is_empty()).then_some(variable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aliases::Aliases;

    fn read(text: &str) -> Result<Vec<(String, String)>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("class_aggregation_material.txt");
        files::write(&file, text).unwrap();
        let replacements = Aliases::read(&file)?.of_variables(&["material".to_owned()])?.remove(0);
        Ok(replacements.into_iter().map(|(old, replacement)| (old, replacement.new)).collect())
    }

    #[test]
    fn lines_replace_one_after_the_other() {
        let pairs = |pairs: &[[&str; 2]]| -> Vec<(String, String)> {
            pairs.iter().map(|[old, new]| ((*old).to_owned(), (*new).to_owned())).collect()
        };
        assert_eq!(read("a ; b\nb ; c\n").unwrap(), pairs(&[["a", "c"], ["b", "c"]]));
        assert_eq!(read("b ; c\r\n\r\na;b\r\n").unwrap(), pairs(&[["a", "b"], ["b", "c"]]));
        assert_eq!(read("a ; b\nb ; a\n").unwrap(), pairs(&[["a", "a"], ["b", "a"]]));
        assert_eq!(read("raw_silk ; silk\na ; b\na ; c\n").unwrap(), pairs(&[["a", "b"], ["raw_silk", "silk"]]));
        assert_eq!(read("gold___silk ; silk\nx ; \n").unwrap(), pairs(&[["gold___silk", "silk"], ["x", ""]]));
    }

    #[test]
    fn a_line_of_another_form_is_named() {
        for (text, expected) in [
            ("a ; b\nc\n", "class_aggregation_material.txt:2: the line has no `;`"),
            ("a ; b ; c\n", ":1: the line has more than one `;`"),
            (" ; c\n", ":1: the old class is missing"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_folder_may_have_more_variables_than_the_table_and_a_file_may_not() {
        let folder = tempfile::tempdir().unwrap();
        for (variable, text) in [("material", "Seide ; silk\n"), ("depiction", "a ; b\n")] {
            files::write(folder.path().join(format!("class_aggregation_{variable}.txt")), text).unwrap();
        }
        let variables = ["place", "material"].map(str::to_owned);
        let [place, material] =
            Aliases::read(folder.path()).unwrap().of_variables(&variables).unwrap().try_into().unwrap();
        assert!(place.is_empty());
        assert_eq!(material["Seide"].new, "silk");
        let file = folder.path().join("class_aggregation_depiction.txt");
        let message = Aliases::read(&file).unwrap().of_variables(&variables).unwrap_err().to_string();
        assert!(message.contains("there is no variable `depiction`"), "{message}");
        let message = Aliases::read(tempfile::tempdir().unwrap().path()).unwrap_err().to_string();
        assert!(message.contains("the folder has no file class_aggregation_VARIABLE.txt"), "{message}");
    }
}
