//! Lists of objects, one address a line, and lists of such lists.

use std::collections::BTreeSet;
use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::Object;
use silknow_records::class_text::tidied;

use crate::cell_text::last_segment;

/// How the name of a further list ends.
const LIST_ENDING: &str = ".txt";

/// What begins a line that is passed over.
const COMMENT: char = '#';

/// The objects of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ObjectList {
    /// The addresses as they stand in the list.
    addresses: BTreeSet<String>,
    /// The last parts of the addresses, by which tables call objects.
    ids: BTreeSet<String>,
}

impl ObjectList {
    /// Reads a list. A line that ends in `.txt` and is no web address names a further list, relative to the folder of this
    /// one. Blank lines and lines that begin with `#` are passed over, as the loss of rules passes them over.
    ///
    /// # Errors
    /// A list that cannot be read, a further list that names further ones itself, and a list without an object.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let mut list = Self::default();
        for (line, text) in lines(&files::read_text(file)?) {
            if !names_a_list(text) {
                list.add(text);
                continue;
            }
            let further = file.with_file_name(text);
            let in_line = |error: Error| error.hint(format!("`{}` names it on line {line}", file.display()));
            for (line, text) in lines(&files::read_text(&further).map_err(in_line)?) {
                if names_a_list(text) {
                    return Err(Error::data(format!("the list names a further list, `{text}`"))
                        .in_file(&further)
                        .at_line(line)
                        .hint("one list names others, and these have the addresses of objects, one a line"));
                }
                list.add(text);
            }
        }
        if list.ids.is_empty() {
            return Err(Error::data("the list has no object")
                .in_file(file)
                .hint("write the address of an object a line"));
        }
        Ok(list)
    }

    /// True for an object with this address, or with the identifier that the address ends in.
    pub(crate) fn contains(&self, object: &Object) -> bool {
        object.address.as_deref().is_some_and(|address| self.addresses.contains(address))
            || !object.id.is_empty() && self.ids.contains(&*object.id)
    }

    /// How many objects it has.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    fn add(&mut self, address: &str) {
        self.ids.insert(tidied(last_segment(address)));
        self.addresses.insert(address.to_owned());
    }
}

/// True for a line that is the name of a further list.
fn names_a_list(line: &str) -> bool {
    line.ends_with(LIST_ENDING) && !line.contains("://")
}

/// The lines of a list that are neither blank nor comments, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let text = text.trim_start_matches('\u{feff}');
    (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty() && !line.starts_with(COMMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_name_further_lists() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        files::write(path("master.txt"), "rules/a.txt\r\n\r\nhttp://x.org/object/3/\n").unwrap();
        files::write(path("rules/a.txt"), "# Damask\nhttp://x.org/object/1\n 2 \nhttp://x.org/4.txt\n").unwrap();
        let list = ObjectList::read(&path("master.txt")).unwrap();
        assert_eq!(list.len(), 4);
        for (id, contained) in [("1", true), ("2", true), ("3", true), ("object", false), ("", false)] {
            assert_eq!(list.contains(&Object::with_id(id)), contained, "{id}");
        }
        let by_address = Object { address: Some("http://x.org/object/1".into()), ..Object::with_id("inv. 7") };
        assert!(list.contains(&by_address));
    }

    #[test]
    fn lists_that_are_not_there_or_empty_or_go_on_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (text, expected) in
            [("gone.txt\n", "gone.txt"), ("\n", "the list has no object"), ("a.txt\n", "a.txt:1: the list names")]
        {
            files::write(path("a.txt"), "b.txt\n").unwrap();
            files::write(path("master.txt"), text).unwrap();
            let message = ObjectList::read(&path("master.txt")).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
