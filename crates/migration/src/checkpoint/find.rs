//! Where the weights lie that a path stands for, and of what kind they are: by content, not by ending.

use std::ffi::OsString;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;

use super::table::MAGIC as TABLE_MAGIC;

/// The first bytes of every HDF5 file.
const HDF5_SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// The first bytes of every zip archive.
const ZIP_SIGNATURE: &[u8] = b"PK\x03\x04";

/// A file of weights that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A TensorFlow checkpoint, by its table file.
    Checkpoint(PathBuf),
    /// A Keras file `.h5` or `.weights.h5`.
    Hdf5(PathBuf),
    /// A Keras archive `.keras`.
    KerasArchive(PathBuf),
}

/// The weights of TensorFlow or Keras that a path stands for; none where it is a file of another kind.
///
/// The path is a file, the prefix of a checkpoint, or a folder: one with a file `checkpoint`, a TF-Hub module, a SavedModel,
/// or one that holds a single checkpoint or Keras file.
///
/// # Errors
/// A path at which there is nothing, a folder without weights or with several.
pub(crate) fn find(path: &Path) -> Result<Option<Found>> {
    if path.is_dir() {
        return in_folder(path).map(Some);
    }
    if path.is_file() {
        if let Some(found) = by_content(path)? {
            return Ok(Some(found));
        }
        // The other files of a checkpoint stand for all of it.
        return Ok(prefix_of(path)
            .map(|prefix| with_index(&prefix))
            .filter(|index| index.is_file())
            .map(Found::Checkpoint));
    }
    let index = with_index(path);
    if index.is_file() {
        return Ok(Some(Found::Checkpoint(index)));
    }
    Err(Error::data(format!(
        "`{}` does not exist, neither as a file nor as the prefix of a checkpoint",
        path.display()
    ))
    .hint("give the file, the checkpoint's prefix (the name before .index), or the folder that holds it"))
}

/// What a file is, by its first and last bytes.
fn by_content(path: &Path) -> Result<Option<Found>> {
    let refused = |cause| files::refused("cannot read", path, cause);
    let mut file = files::open(path)?;
    let length = file.get_ref().metadata().map_err(refused)?.len();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    (&mut file).take(HDF5_SIGNATURE.len() as u64).read_to_end(&mut first).map_err(refused)?;
    file.seek(SeekFrom::Start(length.saturating_sub(TABLE_MAGIC.len() as u64))).map_err(refused)?;
    (&mut file).take(TABLE_MAGIC.len() as u64).read_to_end(&mut last).map_err(refused)?;
    if first.starts_with(HDF5_SIGNATURE) {
        return Ok(Some(Found::Hdf5(path.to_path_buf())));
    }
    if last == TABLE_MAGIC {
        return Ok(Some(Found::Checkpoint(path.to_path_buf())));
    }
    if first.starts_with(ZIP_SIGNATURE) {
        // PyTorch's files are such archives too.
        let archive = zip::ZipArchive::new(file);
        let is_keras = archive.is_ok_and(|archive| archive.index_for_name(crate::keras::WEIGHTS_IN_ARCHIVE).is_some());
        return Ok(is_keras.then(|| Found::KerasArchive(path.to_path_buf())));
    }
    Ok(None)
}

/// `PREFIX.index`.
fn with_index(prefix: &Path) -> PathBuf {
    let mut name = OsString::from(prefix);
    name.push(".index");
    name.into()
}

/// The prefix of the checkpoint that a file `PREFIX.data-00000-of-00001` or `PREFIX.meta` belongs to.
fn prefix_of(path: &Path) -> Option<PathBuf> {
    let ending = path.extension()?.to_str()?;
    (ending == "meta" || ending.starts_with("data-")).then(|| path.with_extension(""))
}

fn in_folder(folder: &Path) -> Result<Found> {
    let state = folder.join("checkpoint");
    if state.is_file() {
        return latest(folder, &state);
    }
    for variables in [folder.join("variables"), folder.to_path_buf()] {
        let index = variables.join("variables.index");
        if index.is_file() {
            return Ok(Found::Checkpoint(index));
        }
    }
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).map_err(|cause| files::refused("cannot read", folder, cause))?;
    for entry in entries {
        let path = entry.map_err(|cause| files::refused("cannot read", folder, cause))?.path();
        if path.is_file() {
            found.extend(by_content(&path)?.map(|found| (path, found)));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    match found.len() {
        1 => Ok(found.remove(0).1),
        0 => Err(Error::data("the folder holds no weights of TensorFlow or Keras")
            .in_file(folder)
            .hint("looked for: checkpoint, variables/variables.index, *.index, *.ckpt, *.h5, *.keras")),
        _ => {
            let names: Vec<_> = found.iter().filter_map(|(path, _)| path.file_name()?.to_str()).collect();
            Err(Error::data(format!("the folder holds several files of weights: {}", names.join(", ")))
                .in_file(folder)
                .hint("give one of them instead of the folder"))
        }
    }
}

/// The checkpoint that the file `checkpoint` of a folder names.
fn latest(folder: &Path, state: &Path) -> Result<Found> {
    let text = files::read_small_text(state).map_err(|error| error.in_file(state))?;
    let named = text.lines().find_map(|line| {
        let value = line.trim().strip_prefix("model_checkpoint_path:")?.trim();
        Some(value.strip_prefix('"')?.strip_suffix('"')?.replace("\\\\", "\\"))
    });
    let named = named.ok_or_else(|| {
        Error::data("the file does not say `model_checkpoint_path: \"...\"`")
            .in_file(state)
            .hint("give the checkpoint's prefix (the name before .index) instead of the folder")
    })?;
    // The folder may have moved since, so that the last part of the name counts before the whole.
    let last = named.rsplit(['/', '\\']).next().unwrap_or(&named);
    for prefix in [folder.join(last), folder.join(&named)] {
        let index = with_index(&prefix);
        if index.is_file() {
            return Ok(Found::Checkpoint(index));
        }
        if prefix.is_file()
            && let Some(found) = by_content(&prefix)?
        {
            return Ok(found);
        }
    }
    Err(Error::data(format!("it names the checkpoint `{named}`, which is not in the folder"))
        .in_file(state)
        .hint("copy the checkpoint's .index and .data files into the folder, or give its prefix"))
}
