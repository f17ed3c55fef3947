//! Labels that the user wants replaced by others: a table with the columns `old,new`, or `variable,old,new`, or files of
//! [class aggregations](crate::aggregation).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::class_text::{name_of, tidied, variable_name};
use silknow_records::rows::{Row, Rows};

use crate::aggregation::Aggregation;
use crate::replacement::Replacement;

/// The columns of a table of aliases; the first may be missing.
const COLUMNS: [&str; 3] = ["variable", "old", "new"];

/// What labels are replaced by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Aliases {
    file: PathBuf,
    entries: Vec<Alias>,
    /// Where the aliases are files of class aggregations.
    aggregations: Vec<Aggregation>,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Alias {
    line: u64,
    /// The variable whose labels are replaced; `None` for all.
    variable: Option<String>,
    old: String,
    new: String,
}

impl Aliases {
    /// Reads a table of aliases, a file of class aggregations, or a folder of such files. A first row of a table that is not
    /// `old,new` or `variable,old,new` is taken as an alias.
    ///
    /// # Errors
    /// Those of reading class aggregations; a file that cannot be read; a row of neither two nor three cells, without the old label, or with another new label
    /// for an old one.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        if let Some(aggregations) = Aggregation::read_all(file)? {
            return Ok(Self { file: file.to_path_buf(), entries: Vec::new(), aggregations });
        }
        let in_file = |error: Error| error.in_file(file);
        let mut aliases = Self { file: file.to_path_buf(), ..Self::default() };
        let mut seen: BTreeMap<(Option<String>, String), (u64, String)> = BTreeMap::new();
        let mut columns = 0;
        for (number, row) in Rows::sniffed(files::open(file)?, &COLUMNS).map_err(in_file)?.enumerate() {
            let row = row.map_err(in_file)?;
            if number == 0 {
                columns = row.len();
                if !(2..=3).contains(&columns) {
                    return Err(aliases
                        .error(&row, format!("the row has {columns} cells"))
                        .hint("a table of aliases has the columns old,new or variable,old,new"));
                }
                if is_header(&row) {
                    continue;
                }
            }
            row.check_length(columns).map_err(in_file)?;
            let alias = Alias {
                line: row.line(),
                variable: (columns == 3).then(|| variable_name(row.cell(0))).filter(|name| !name.is_empty()),
                old: tidied(row.cell(columns - 2)),
                new: tidied(row.cell(columns - 1)),
            };
            if alias.old.is_empty() {
                return Err(aliases.error(&row, "the old label is missing").hint("remove the row, or name the label"));
            }
            let key = (alias.variable.clone(), name_of(&alias.old));
            if let Some((line, new)) = seen.insert(key, (alias.line, alias.new.clone()))
                && new != alias.new
            {
                let message =
                    format!("`{}` is replaced by `{}` here, and by `{new}` on line {line}", alias.old, alias.new);
                return Err(aliases.error(&row, message).hint("remove one of the two rows"));
            }
            aliases.entries.push(alias);
        }
        Ok(aliases)
    }

    /// What replaces the labels of these variables, by the names of the labels; what replaces a label may itself be
    /// replaced.
    ///
    /// # Errors
    /// Aliases of a variable that is not among these, and those that lead in a circle.
    pub(crate) fn of_variables(&self, variables: &[String]) -> Result<Vec<BTreeMap<String, Replacement>>> {
        // A folder may have aggregations of more variables than are asked for.
        if !self.aggregations.is_empty() && self.file.is_dir() {
            return Ok(variables.iter().map(|variable| self.aggregated(variable)).collect());
        }
        let of_files = self.aggregations.iter().map(|aggregation| (1, &aggregation.variable));
        let of_rows = self.entries.iter().filter_map(|alias| alias.variable.as_ref().map(|name| (alias.line, name)));
        let named = of_rows.chain(of_files);
        if let Some((line, name)) = named.into_iter().find(|(_, name)| !variables.contains(name)) {
            let guess = nearest(name, variables.iter().map(String::as_str));
            let guess = guess.map_or_else(String::new, |guess| format!("did you mean `{guess}`? "));
            return Err(Error::data(format!("there is no variable `{name}`"))
                .in_file(&self.file)
                .at_line(line)
                .hint(format!("{guess}the variables are {}", variables.join(", "))));
        }
        variables.iter().map(|variable| self.of_variable(variable)).collect()
    }

    /// What the files of class aggregations say of a variable.
    fn aggregated(&self, variable: &str) -> BTreeMap<String, Replacement> {
        let of_variable = self.aggregations.iter().find(|aggregation| aggregation.variable == variable);
        of_variable.map(|aggregation| aggregation.replacements.clone()).unwrap_or_default()
    }

    fn of_variable(&self, variable: &str) -> Result<BTreeMap<String, Replacement>> {
        if !self.aggregations.is_empty() {
            return Ok(self.aggregated(variable));
        }
        // An alias of the variable alone counts more than one of all variables.
        let general = self.entries.iter().filter(|alias| alias.variable.is_none());
        let own = self.entries.iter().filter(|alias| alias.variable.as_deref() == Some(variable));
        let steps: BTreeMap<String, &Alias> = general.chain(own).map(|alias| (name_of(&alias.old), alias)).collect();
        let resolve = |(name, alias): (&String, &&Alias)| {
            let (mut seen, mut last) = (vec![name.clone()], *alias);
            loop {
                let next = name_of(&last.new);
                if seen.last() == Some(&next) {
                    break;
                }
                if seen.contains(&next) {
                    return Err(Error::data(format!("the aliases lead in a circle: {} → {next}", seen.join(" → ")))
                        .in_file(&self.file)
                        .at_line(last.line)
                        .hint("one label must stay: remove the row in which it is the old one"));
                }
                let Some(step) = steps.get(&next) else { break };
                seen.push(next);
                last = step;
            }
            let replacement =
                Replacement { line: alias.line, old: alias.old.clone(), new: last.new.clone(), used: false };
            Ok((name.clone(), replacement))
        };
        steps.iter().map(resolve).collect()
    }

    fn error(&self, row: &Row, message: impl Into<String>) -> Error {
        Error::data(message).in_file(&self.file).at_line(row.line())
    }
}

fn is_header(row: &Row) -> bool {
    let cells: Vec<String> = row.cells().map(|cell| tidied(cell).to_lowercase()).collect();
    cells == COLUMNS[3 - cells.len()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Aliases> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("aliases.csv");
        files::write(&file, text).unwrap();
        Aliases::read(&file)
    }

    fn resolved(text: &str, variable: &str) -> Result<Vec<(String, String)>> {
        let replacements = read(text)?.of_variables(&[variable.to_owned()])?.remove(0);
        Ok(replacements.into_iter().map(|(old, replacement)| (old, replacement.new)).collect())
    }

    fn pair(old: &str, new: &str) -> (String, String) {
        (old.to_owned(), new.to_owned())
    }

    #[test]
    fn chains_are_followed_with_and_without_a_header_in_every_dialect() {
        let expected = [pair("Seide", "raw silk"), pair("soie", "raw silk")];
        for text in [
            "old,new\nsoie,Seide\nSeide,raw silk\n",
            "soie;Seide\nSeide;raw silk\n",
            "Old\tNEW\rsoie\tSeide\rSeide\traw silk",
        ] {
            assert_eq!(resolved(text, "material").unwrap(), expected, "{text:?}");
        }
        assert_eq!(resolved("raw_silk,Raw silk\nraw silk,Raw silk\n", "m").unwrap(), [pair("raw_silk", "Raw silk")]);
        assert_eq!(resolved("x,\n", "m").unwrap(), [pair("x", "")]);
    }

    #[test]
    fn an_alias_of_one_variable_counts_more_and_leaves_others_alone() {
        let aliases = read("variable,old,new\n,a,b\n#weave type,a,c\n").unwrap();
        let [weave, place] = aliases.of_variables(&["weave_type".into(), "place".into()]).unwrap().try_into().unwrap();
        assert_eq!((weave["a"].new.as_str(), place["a"].new.as_str()), ("c", "b"));
        let message = aliases.of_variables(&["weave_typ".into()]).unwrap_err().to_string();
        assert!(message.contains("aliases.csv:3: there is no variable `weave_type`"), "{message}");
        assert!(message.contains("did you mean `weave_typ`?"), "{message}");
    }

    #[test]
    fn circles_and_contradictions_are_named_with_their_lines() {
        let message = resolved("old,new\na,b\nb,c\nc,a\n", "m").unwrap_err().to_string();
        assert!(message.contains("aliases.csv:4: the aliases lead in a circle: a → b → c → a"), "{message}");
        let message = read("a,b\nx,y\na,c\n").unwrap_err().to_string();
        assert!(message.contains("aliases.csv:3: `a` is replaced by `c` here, and by `b` on line 1"), "{message}");
        for (text, expected) in [
            ("a\n", ":1: the row has 1 cell"),
            ("a,b\nc\n", ":2: the row has 1 cell, the header 2"),
            ("a,b\n,c\n", ":2: the old label is missing"),
            ("a,b\n\"c,d\n", ":2: the quote that opens here is never closed"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
