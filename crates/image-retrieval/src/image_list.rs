//! Images that a user names one by one or by folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;

/// Endings of files that are taken from a folder; a file named itself is tried whatever its ending.
const ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "tif", "tiff", "webp", "gif", "bmp"];

/// The images among `paths`, folders searched to the bottom, sorted by path and each once.
///
/// # Errors
/// A path that does not exist, and no image at all.
pub(crate) fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut images = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            collect(path, &mut images)?;
        } else if path.exists() {
            images.insert(path.clone());
        } else {
            return Err(Error::io(format!("there is no image or folder `{}`", path.display()))
                .hint("check the path; it is relative to the current working directory"));
        }
    }
    if images.is_empty() {
        return Err(Error::data("there is no image in the folders given")
            .hint(format!("files with these endings are taken: {}", ENDINGS.join(", "))));
    }
    Ok(images.into_iter().collect())
}

fn collect(folder: &Path, images: &mut BTreeSet<PathBuf>) -> Result<()> {
    let refused = |cause| files::refused("cannot read the folder", folder, cause);
    for entry in fs::read_dir(folder).map_err(refused)? {
        let path = entry.map_err(refused)?.path();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        // Links to folders are not followed, because they may form a circle.
        if path.is_dir() && !path.is_symlink() {
            collect(&path, images)?;
        } else if path.is_file() && ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            images.insert(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_and_the_list_is_sorted_without_repetition() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["b.jpg", "a.PNG", "notes.txt", "below/c.tiff", "odd.name"] {
            files::write(path(name), "").unwrap();
        }
        let images = expand(&[folder.path().to_path_buf(), path("odd.name"), path("b.jpg")]).unwrap();
        assert_eq!(images, [path("a.PNG"), path("b.jpg"), path("below/c.tiff"), path("odd.name")]);
    }

    #[test]
    fn a_missing_path_and_an_empty_folder_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let message = expand(&[folder.path().join("absent.jpg")]).unwrap_err().to_string();
        assert!(message.contains("there is no image or folder") && message.contains("absent.jpg"), "{message}");
        assert!(expand(&[folder.path().to_path_buf()]).unwrap_err().to_string().contains("no image in the folders"));
    }
}
