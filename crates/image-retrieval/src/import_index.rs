//! `import-index`: an index or results of another program, as this program has them.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_errors::{Error, Result};
use silknow_files::FolderLock;
use silknow_index::{CLASSIFICATION_FILE, Classification, Index, IndexMeta, MemoryIndex};
use silknow_migration::{
    ImportedIndex, ToolboxIndex, import_descriptors, is_of_toolbox, read_descriptors, read_results,
};
use silknow_network::StoredModel;

use crate::context::Context;
use crate::toolbox_files::{check_length, model_in};

/// The fingerprint of a model that nothing is known of.
const UNKNOWN_MODEL: &str = "unknown";

/// The names of an old index and of old results in their folders.
const OLD_FILES: [&str; 2] = ["kdtree.npz", "pred_gt.npz"];

/// What `import-index` needs to know.
#[derive(Clone, Debug)]
pub struct ImportIndexParameters {
    /// A `kdtree.npz` or `pred_gt.npz` of the old toolbox, a folder with them, a flat index of FAISS, or a NumPy array.
    pub path: PathBuf,
    /// The folder to write into.
    pub out: PathBuf,
    /// The folder that the image paths in the file are relative to.
    pub images_root: PathBuf,
    /// The table of the images of a flat index or an array: names, and further columns of labels.
    pub table: Option<PathBuf>,
    /// The model that made the descriptors, so that it can query the index.
    pub model_path: Option<PathBuf>,
    /// The names of the variables of old results, of which the file has the beginnings alone.
    pub variables: Option<Vec<String>>,
}

/// What `import-index` did.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct ImportIndexSummary {
    /// The index that was written, if one was.
    pub index: Option<PathBuf>,
    /// Descriptors of the index.
    pub images: usize,
    /// Numbers of a descriptor.
    pub dimensions: usize,
    /// The variables.
    pub variables: Vec<String>,
    /// Images that are not where their paths say.
    pub missing: Vec<PathBuf>,
    /// The results that were written, if some were.
    pub results: Option<PathBuf>,
    /// Images of the results.
    pub classified: usize,
    /// True when queries can be compared with the index: the model that made it is known.
    pub model_known: bool,
}

impl fmt::Display for ImportIndexSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = if self.variables.is_empty() { "none".to_owned() } else { self.variables.join(", ") };
        if let Some(index) = &self.index {
            writeln!(
                f,
                "{} images with {} values each in {}; variables: {variables}",
                self.images,
                self.dimensions,
                index.display()
            )?;
            if !self.missing.is_empty() {
                writeln!(
                    f,
                    "{} images are not where their paths say; --images-root tells where they are:",
                    self.missing.len()
                )?;
                for path in self.missing.iter().take(5) {
                    writeln!(f, "  {}", path.display())?;
                }
            }
            if !self.model_known {
                writeln!(
                    f,
                    "the model that made it is not known, so that no picture can be compared with it; give it with --model_path"
                )?;
            }
        }
        if let Some(results) = &self.results {
            writeln!(f, "results of {} images in {}; variables: {variables}", self.classified, results.display())?;
        }
        Ok(())
    }
}

/// Reads an index or results of another program and writes them as this program has them: `kdtree.npz`, `pred_gt.npz`.
///
/// # Errors
/// A file of another kind, a damaged file, a pickle with anything that plain data do not need, a table that does not fit, a
/// model that cannot be read.
pub fn import_index(parameters: &ImportIndexParameters, context: &Context<'_>) -> Result<ImportIndexSummary> {
    let model = parameters.model_path.as_deref().map(|folder| model_in(folder, context)).transpose()?;
    let fingerprint = model.as_ref().map_or(UNKNOWN_MODEL, StoredModel::fingerprint);
    let mut summary = ImportIndexSummary { model_known: model.is_some(), ..ImportIndexSummary::default() };
    let _lock = FolderLock::take(&parameters.out)?;
    for path in files_of(&parameters.path)? {
        context.observer.check()?;
        match read(&path, parameters, imported_from(&path, fingerprint))? {
            Imported::Index(ImportedIndex { index, missing }) => {
                if let Some(model) = &model {
                    let checked = check_length(&index, model.facts().dims()?);
                    checked.map_err(|error| error.in_file(&path))?;
                }
                index.write(&parameters.out)?;
                summary.index = Some(parameters.out.join(OLD_FILES[0]));
                (summary.images, summary.dimensions) = (index.len(), index.dims());
                summary.variables = index.vocabulary().names();
                summary.missing = missing;
            }
            Imported::Results(results) => {
                results.write(&parameters.out)?;
                summary.results = Some(parameters.out.join(CLASSIFICATION_FILE));
                summary.classified = results.names.len();
                if summary.index.is_none() {
                    summary.variables = results.vocabulary.names();
                }
            }
        }
    }
    Ok(summary)
}

/// Reads an index of another program into memory, with its image paths relative to the folder `out` of the parameters, where
/// nothing is written; and the images that are not where their paths say. The model that made it is told by its fingerprint
/// and the length of its descriptors, in the place of its folder.
///
/// # Errors
/// Those of [`import_index`]; a file of results.
pub fn read_index(
    parameters: &ImportIndexParameters,
    model: Option<(&str, usize)>,
) -> Result<(MemoryIndex, Vec<PathBuf>)> {
    let path = match parameters.path.is_dir() {
        true => parameters.path.join(OLD_FILES[0]),
        false => parameters.path.clone(),
    };
    let fingerprint = model.map_or(UNKNOWN_MODEL, |(fingerprint, _)| fingerprint);
    match read(&path, parameters, imported_from(&path, fingerprint))? {
        Imported::Index(ImportedIndex { index, missing }) => {
            let checked = model.map_or(Ok(()), |(_, dims)| check_length(&index, dims));
            checked.map_err(|error| error.in_file(&path))?;
            Ok((index, missing))
        }
        Imported::Results(_) => {
            Err(Error::data("the file holds results, and no index").in_file(path).hint("import its kdtree.npz"))
        }
    }
}

/// What an index says of where it came from.
fn imported_from(path: &Path, fingerprint: &str) -> IndexMeta {
    IndexMeta::new(fingerprint).with("imported_from", path.file_name().unwrap_or_default().to_string_lossy())
}

/// What a file was.
enum Imported {
    Index(ImportedIndex),
    Results(Classification),
}

/// The file itself, or the old files in a folder.
fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let found: Vec<PathBuf> = OLD_FILES.iter().map(|name| path.join(name)).filter(|path| path.is_file()).collect();
    if found.is_empty() {
        return Err(Error::data("the folder has neither kdtree.npz nor pred_gt.npz").in_file(path));
    }
    Ok(found)
}

fn read(path: &Path, parameters: &ImportIndexParameters, meta: IndexMeta) -> Result<Imported> {
    let places = (parameters.images_root.as_path(), parameters.out.as_path());
    if let Some(descriptors) = read_descriptors(path)? {
        let table = parameters.table.as_deref().ok_or_else(|| {
            Error::configuration("the file has descriptors, and does not say which images they are of")
                .in_file(path)
                .hint("give a table with --table: its first column names the images, further columns are labels")
        })?;
        return import_descriptors(descriptors, table, places, meta).map(Imported::Index);
    }
    if !is_of_toolbox(path)? {
        return Err(Error::data("the file is neither of the old toolbox nor an index of FAISS nor a NumPy array")
            .in_file(path)
            .hint("an index of this program needs no import"));
    }
    if path.file_name().is_some_and(|name| name == OLD_FILES[1]) {
        return read_results(path, parameters.variables.as_deref()).map(Imported::Results);
    }
    match ToolboxIndex::read(path) {
        Ok(index) => index.import(places.0, places.1, meta).map(Imported::Index),
        // A file of another name may hold results.
        Err(error) => match read_results(path, parameters.variables.as_deref()) {
            Ok(results) => Ok(Imported::Results(results)),
            Err(_) => Err(error),
        },
    }
}
