//! Whether a file that is there is the picture of its source.
//!
//! A file from the network is told by its address. A copy is told by the length and time of its original, and by the content
//! where these differ.

use std::fs;
use std::path::Path;

use silknow_files as files;

use crate::address::Source;
use crate::sources::{Entry, Sources, nanoseconds};

/// The most bytes that an image file may have.
const MAX_FILE_BYTES: u64 = 100_000_000;

/// What the file of an image is before it is fetched.
pub(crate) enum Standing {
    /// The image, fetched from this source.
    Stands,
    /// The image, as an earlier version left it.
    IsAdopted,
    /// Another picture, or perhaps another one.
    IsOutdated,
    /// There is no file.
    IsMissing,
}

/// Whether the file of an image is the picture of its source.
pub(crate) fn standing(id: &str, target: &Path, source: &Source<'_>, sources: &Sources) -> Standing {
    let Some(file) = fs::metadata(target).ok().filter(|file| file.is_file() && file.len() > 0) else {
        return Standing::IsMissing;
    };
    let known = sources.get(id);
    let key = source.key();
    let is_of_source = known.as_ref().is_some_and(|entry| *entry.source == *key);
    if let Source::File(original) = source
        && let Ok(at_original) = fs::metadata(original)
    {
        let modified = at_original.modified().ok().map(nanoseconds);
        let looks_the_same = |entry: &Entry| entry.bytes == at_original.len() && entry.modified == modified;
        if (is_of_source && known.as_ref().is_some_and(looks_the_same)) || is_same_file(original, target) {
            return Standing::Stands;
        }
        return match (read_original(original), read_original(target)) {
            (Ok(content), Ok(copy)) if content == copy => {
                sources.set(id, Entry::copied(key, &content, modified));
                Standing::Stands
            }
            _ => Standing::IsOutdated,
        };
    }
    if is_of_source {
        Standing::Stands
    } else if sources.is_adopted(id) {
        sources.set(id, Entry::adopted(key, file.len()));
        Standing::IsAdopted
    } else {
        Standing::IsOutdated
    }
}

/// When a file was last changed, in nanoseconds since 1970.
pub(crate) fn changed(path: &Path) -> Option<u64> {
    fs::metadata(path).ok()?.modified().ok().map(nanoseconds)
}

/// The content of a file of this machine, or why it cannot be copied.
pub(crate) fn read_original(path: &Path) -> Result<Vec<u8>, String> {
    let size = fs::metadata(path).map_err(|cause| files::refused("cannot read", path, cause).in_one_line())?;
    if size.is_dir() {
        return Err(format!("`{}` is a folder", path.display()));
    }
    if size.len() > MAX_FILE_BYTES {
        return Err(format!("the file has {} bytes, above the limit of {MAX_FILE_BYTES}", size.len()));
    }
    files::read(path).map_err(|error| error.in_one_line())
}

/// True when both paths lead to one file that is there.
pub(crate) fn is_same_file(first: &Path, second: &Path) -> bool {
    matches!((first.canonicalize(), second.canonicalize()), (Ok(first), Ok(second)) if first == second)
}
