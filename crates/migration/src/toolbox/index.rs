//! The index of the old toolbox: descriptors inside of a pickled kd-tree, class names, image paths.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_index::{IndexMeta, MemoryIndex};
use silknow_records::{Labels, Record, Vocabulary, VocabularyBuilder};

use super::vocabulary::{labels, vocabulary};
use super::{Entries, pickle_of};
use crate::pickle::{self, Node, Pickle, Value, View};

/// What a `kdtree.npz` of the old toolbox holds.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolboxIndex {
    /// The variables and their classes.
    pub vocabulary: Vocabulary,
    /// The image paths `[N]`, relative to where the toolbox was started.
    pub names: Vec<String>,
    /// The labels of every image.
    pub labels: Vec<Labels>,
    /// The descriptors `[N, D]`, row by row, in the order of the names.
    pub descriptors: Vec<f32>,
    /// Numbers of a descriptor.
    pub dims: usize,
}

/// An index that was imported.
#[derive(Clone, Debug)]
pub struct ImportedIndex {
    /// The index, whose image paths are relative to its folder.
    pub index: MemoryIndex,
    /// The images that are not where their paths say.
    pub missing: Vec<PathBuf>,
}

impl ToolboxIndex {
    /// Reads a file of the old toolbox.
    ///
    /// # Errors
    /// A file of another kind, a pickle with anything that plain data do not need, numbers of images that differ.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = pickle_of(path)?;
        Self::parse(&bytes).map_err(|error| error.in_file(path))
    }

    /// Reads the pickle of such a file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let pickle = pickle::load(bytes)?;
        let entries = Entries::of(&pickle)?;
        let (rows, dims, descriptors) = descriptors(&entries)?;
        let named = match entries.value("relevant_variables") {
            Some(value) => Some(View::of(&pickle, value)?.texts("relevant_variables")?),
            None => None,
        };
        let listed = vocabulary(&entries.view("label2class_list")?, named.as_deref())?;
        let names = names(&pickle, entries.required("DictTrain")?)?;
        if names.len() != rows {
            return Err(Error::data(format!(
                "the tree has {rows} descriptors, and `DictTrain` has {} images",
                names.len()
            ))
            .hint("the toolbox kept an image once that its collections named twice; build the index again"));
        }
        let (all, variables) = (entries.view("Labels")?, listed.len());
        if all.len() != Some(rows) {
            return Err(Error::data(format!("the tree has {rows} descriptors, and `Labels` is not of as many images")));
        }
        let mut classes = VocabularyBuilder::from(listed);
        let labels = all
            .items("Labels")?
            .map(|sample| labels(&sample?, "Labels", &mut classes, variables))
            .collect::<Result<_>>()?;
        Ok(Self { vocabulary: classes.into_vocabulary(), names, labels, descriptors, dims })
    }

    /// The index as this program has it, for the folder that it will lie in. `images_root` is where the toolbox was started:
    /// the image paths are relative to it.
    ///
    /// # Errors
    /// Descriptors that are no numbers, folders without a common root.
    pub fn import(self, images_root: &Path, folder: &Path, meta: IndexMeta) -> Result<ImportedIndex> {
        import(self.vocabulary, self.names, self.labels, (self.descriptors, self.dims), (images_root, folder), meta)
    }
}

/// An index out of its parts, with the paths of the images checked.
pub(crate) fn import(
    vocabulary: Vocabulary,
    names: Vec<String>,
    labels: Vec<Labels>,
    (descriptors, dims): (Vec<f32>, usize),
    (images_root, folder): (&Path, &Path),
    meta: IndexMeta,
) -> Result<ImportedIndex> {
    let mut missing = Vec::new();
    let mut records = Vec::new();
    for (name, labels) in names.iter().zip(labels) {
        let mut path = images_root.join(name);
        if !path.is_file() && name.contains('\\') {
            // Collections made on Windows separate folders by backslashes.
            path = images_root.join(name.replace('\\', "/"));
        }
        if !path.is_file() {
            missing.push(path.clone());
        }
        let mut record = Record::new(files::relative_to(path, folder)?, vocabulary.len());
        record.labels = labels;
        records.push(Arc::new(record));
    }
    let index = MemoryIndex::new(vocabulary, records, descriptors, dims, meta)?;
    Ok(ImportedIndex { index, missing })
}

/// Rows, dimensions and numbers of the descriptors, which the tree keeps in their original order.
fn descriptors(entries: &Entries<'_>) -> Result<(usize, usize, Vec<f32>)> {
    let tree = entries.required("Tree")?;
    let Some(Node::Object { state: Some(state), .. }) = entries.pickle.node(tree) else {
        // The descriptors themselves serve as well.
        return View::of(entries.pickle, tree)?.matrix("Tree");
    };
    let data = entries.pickle.items(*state).and_then(|state| state.first());
    let data = data.ok_or_else(|| Error::data("the kd-tree holds nothing"))?;
    View::of(entries.pickle, *data)?.matrix("Tree")
}

/// The image paths: the keys of the dictionary, in its order.
fn names(pickle: &Pickle<'_>, images: Value) -> Result<Vec<String>> {
    let pairs = pickle
        .pairs(images)
        .ok_or_else(|| Error::data(format!("`DictTrain` is {}, and no dictionary of images", pickle.kind(images))))?;
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for &(key, _) in pairs {
        let name = pickle.text(key).ok_or_else(|| Error::data("`DictTrain` has an image whose path is no text"))?;
        if !seen.insert(name) {
            return Err(Error::data(format!("`DictTrain` has the image `{name}` twice")));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}
