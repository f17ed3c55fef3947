//! The files of the old Python toolbox: `kdtree.npz` and `pred_gt.npz`, which are pickles.

mod index;
mod results;
mod vocabulary;
mod write;

use std::path::Path;

use silknow_arrays::npz;
use silknow_errors::{Error, Result};

pub use index::{ImportedIndex, ToolboxIndex};
pub use results::read_results;
pub use write::{write_toolbox_index, write_toolbox_results};

pub(crate) use index::import;

use crate::pickle::{Pickle, Value, View};

/// The only array in a file of the old toolbox.
const ARRAY: &str = "arr_0";

/// True for a file of the old toolbox: an `.npz` file whose only array is a pickle.
///
/// # Errors
/// A missing file, one that is no `.npz` file.
pub fn is_of_toolbox(path: impl AsRef<Path>) -> Result<bool> {
    Ok(npz::Reader::open(path)?.contains(ARRAY))
}

/// The bytes of the pickle in a file of the old toolbox.
fn pickle_of(path: &Path) -> Result<Vec<u8>> {
    let mut file = npz::Reader::open(path)?;
    if !file.contains(ARRAY) {
        return Err(Error::data(format!("the file is not of the Python toolbox: it has no array `{ARRAY}`"))
            .in_file(path)
            .hint("files of this program need no import"));
    }
    file.pickle(ARRAY)
}

/// The dictionary that a file of the old toolbox is.
struct Entries<'p> {
    pickle: &'p Pickle<'p>,
    pairs: &'p [(Value, Value)],
}

impl<'p> Entries<'p> {
    /// The dictionary, which stands in an array without dimensions.
    fn of(pickle: &'p Pickle<'p>) -> Result<Self> {
        let inside = pickle.only_value(pickle.root)?.unwrap_or(pickle.root);
        let pairs = pickle.pairs(inside);
        let pairs =
            pairs.ok_or_else(|| Error::data(format!("the pickle is {}, and no dictionary", pickle.kind(inside))))?;
        Ok(Self { pickle, pairs })
    }

    /// The entry of a name. As in Python, the last one counts.
    fn value(&self, name: &str) -> Option<Value> {
        self.pairs.iter().rev().find(|(key, _)| self.pickle.text(*key) == Some(name)).map(|&(_, value)| value)
    }

    /// The entry of a name that must be there.
    fn required(&self, name: &str) -> Result<Value> {
        self.value(name).ok_or_else(|| {
            let keys: Vec<_> = self.pairs.iter().filter_map(|(key, _)| self.pickle.text(*key)).take(20).collect();
            Error::data(format!("the entry `{name}` is missing; there are {}", keys.join(", ")))
        })
    }

    fn view(&self, name: &str) -> Result<View<'p>> {
        View::of(self.pickle, self.required(name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::{survive_damage, survive_damage_on_disk};

    fn pickle_in(name: &str) -> Vec<u8> {
        pickle_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
    }

    #[test]
    fn damaged_pickles_of_indexes_are_survived() {
        for name in ["kdtree_protocol2.npz", "kdtree_protocol4.npz"] {
            survive_damage(&pickle_in(name), 100, |bytes| drop(ToolboxIndex::parse(&bytes)));
        }
    }

    #[test]
    fn damaged_pickles_of_results_are_survived() {
        for name in ["pred_gt_protocol2.npz", "pred_gt_protocol4.npz"] {
            survive_damage(&pickle_in(name), 100, |bytes| drop(results::parse(&bytes, None)));
        }
    }

    /// The pickle stands compressed in an archive, whose own damage comes before that of the pickle.
    #[test]
    fn damaged_archives_are_survived() {
        for name in ["kdtree_protocol2.npz", "kdtree_old_protocol3.npz"] {
            let original = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap();
            survive_damage_on_disk(&original, 100, |path| {
                let _ = is_of_toolbox(path);
                let _ = ToolboxIndex::read(path);
            });
        }
    }

    #[test]
    fn values_that_repeat_a_large_one_do_not_fill_the_memory() {
        // A row of 15,000 classes, which the list of variables repeats 900 times.
        let mut pickle =
            b"\x80\x03}(X\x10\x00\x00\x00label2class_list](cnumpy.core.multiarray\n_reconstruct\n".to_vec();
        pickle.extend(
            b"cnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01M\x98\x3a\x85cnumpy\ndtype\nX\x02\x00\x00\x00U1\x89\x88\x87R",
        );
        pickle.extend(b"\x89B\x60\xea\x00\x00");
        pickle.extend([b'a', 0, 0, 0].repeat(15_000));
        pickle.extend(b"tbq\x01");
        pickle.extend(b"h\x01".repeat(899));
        pickle.extend(b"eX\x0b\x00\x00\x00GroundtruthNu.");
        crate::hostile::survive(0, pickle.len(), 100, || {
            let names: Vec<String> = (0..900).map(|number| number.to_string()).collect();
            let message = results::parse(&pickle, Some(&names)).unwrap_err().to_string();
            assert!(message.contains("repeats a class") || message.contains("much more than it holds"), "{message}");
        });
    }
}
