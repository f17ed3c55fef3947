//! Files of the Python toolbox in the places of today's: they are imported in passing, and a note says so.

use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_index::{CLASSIFICATION_FILE, Classification, Index, IndexMeta, MemoryIndex, store};
use silknow_migration::{
    ImportedIndex, TensorFile, ToolboxIndex, is_of_toolbox, read_results, write_toolbox_index, write_toolbox_results,
};
use silknow_network::model::DESCRIPTION_FILE;
use silknow_network::{Model, Placement, StoredModel};
use silknow_progress::Observer;

use crate::context::Context;
use crate::import_model::{ImportModelParameters, read_model};

/// The folder beside today's files that those in the old layout are written into: they have the same names.
const OLD_LAYOUT_FOLDER: &str = "old_layout";

/// The model of a folder. One of the toolbox is imported in passing.
///
/// # Errors
/// A folder without a model, a damaged one.
pub(crate) fn model_in(folder: &Path, context: &Context<'_>) -> Result<StoredModel> {
    if !is_old_model(folder) {
        return StoredModel::read(folder);
    }
    let (model, summary) = read_model(&ImportModelParameters::new(folder, folder), context)?;
    context.observer.warning(&format!(
        "`{}` has a model of another program, {}, and is imported in passing; `silknow import-model` imports it once for all",
        folder.display(),
        summary.backbone
    ));
    Ok(model)
}

/// As [`model_in`], ready to describe.
///
/// # Errors
/// As for [`model_in`]; what the device refuses.
pub(crate) fn open_model_in(folder: &Path, placement: &Placement, context: &Context<'_>) -> Result<Model> {
    if is_old_model(folder) { model_in(folder, context)?.open(placement) } else { Model::load(folder, placement) }
}

/// True for a folder with a checkpoint or a SavedModel, and without a model of ours.
pub(crate) fn is_old_model(folder: &Path) -> bool {
    folder.is_dir() && !folder.join(DESCRIPTION_FILE).exists() && matches!(TensorFile::open(folder), Ok(Some(_)))
}

/// The index of a folder. One of the toolbox is taken for one of this model, since it names none; its image paths are relative
/// to the working directory.
///
/// # Errors
/// A missing or damaged index; one of the toolbox whose descriptors are not as long as the model's.
pub(crate) fn index_in(folder: &Path, model: &Model, observer: &dyn Observer) -> Result<MemoryIndex> {
    let path = folder.join(store::FILE_NAME);
    if !is_old(&path) {
        return MemoryIndex::read(folder);
    }
    let meta = IndexMeta::new(model.fingerprint()).with("imported_from", store::FILE_NAME);
    let ImportedIndex { index, missing } = ToolboxIndex::read(&path)?.import(Path::new("."), folder, meta)?;
    check_length(&index, model.dims()).map_err(|error| error.in_file(&path))?;
    observer.warning(&format!(
        "`{}` is of the Python toolbox and is imported in passing: it does not say which model made its descriptors, so that \
         this cannot be checked; {} of {} images are not where its paths lead from the working directory; `silknow \
         import-index` imports it once for all",
        path.display(),
        missing.len(),
        index.len()
    ));
    Ok(index)
}

/// The results in a folder.
///
/// # Errors
/// Missing or damaged results.
pub(crate) fn results_in(folder: &Path, observer: &dyn Observer) -> Result<Classification> {
    let path = folder.join(CLASSIFICATION_FILE);
    if !is_old(&path) {
        return Classification::read(folder);
    }
    let results = read_results(&path, None)?;
    observer.warning(&format!(
        "`{}` is of the Python toolbox and is imported in passing: it names no images, which are called by their positions",
        path.display()
    ));
    Ok(results)
}

/// Refuses an index that cannot be of a model whose descriptors have this length.
///
/// # Errors
/// Descriptors of another length.
pub(crate) fn check_length(index: &MemoryIndex, dims: usize) -> Result<()> {
    if index.dims() == dims {
        return Ok(());
    }
    Err(Error::data(format!(
        "the index has descriptors of {} numbers, and those of the model have {dims}: another model made it",
        index.dims()
    ))
    .hint("give the model that made the index, or build an index with this model"))
}

/// True for a file of the toolbox. Of a file that is none and of a damaged one the reader of today's files tells more.
fn is_old(path: &Path) -> bool {
    path.is_file() && is_of_toolbox(path).unwrap_or(false)
}

/// Writes the index of a folder in the old layout too; returns the file.
///
/// # Errors
/// What the file system refuses.
pub(crate) fn write_old_index(index: &MemoryIndex, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(OLD_LAYOUT_FOLDER).join(store::FILE_NAME);
    write_toolbox_index(&path, index, &index.names_relative_to(folder, ".")?)?;
    Ok(path)
}

/// Writes the results of a folder in the old layout too; returns the file.
///
/// # Errors
/// What the file system refuses.
pub(crate) fn write_old_results(results: &Classification, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(OLD_LAYOUT_FOLDER).join(CLASSIFICATION_FILE);
    write_toolbox_results(&path, results)?;
    Ok(path)
}
