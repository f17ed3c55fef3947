//! Images that a user names one by one or by folder.

use std::collections::BTreeSet;
use std::path::PathBuf;

use silknow_errors::{Error, Result};
use silknow_image::pictures_in;
use silknow_progress::Observer;

/// The images among `paths`, folders searched to the bottom, sorted by path and each once. A file that is named itself
/// is tried whatever it is; what is passed over in folders is told to the observer.
///
/// # Errors
/// A path that does not exist, and no image at all.
pub(crate) fn expand(paths: &[PathBuf], observer: &dyn Observer) -> Result<Vec<PathBuf>> {
    let mut images = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            let content = pictures_in(path)?;
            if let Some(note) = content.note() {
                observer.info(&note);
            }
            images.extend(content.pictures);
        } else if path.exists() {
            images.insert(path.clone());
        } else {
            return Err(Error::io(format!("there is no image or folder `{}`", path.display()))
                .hint("check the path; it is relative to the current working directory"));
        }
    }
    if images.is_empty() {
        return Err(Error::data("there is no image in the folders given")
            .hint("pictures are told by their endings (jpg, png, tif, jp2 and others) and by their content"));
    }
    Ok(images.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use silknow_files as files;
    use silknow_progress::{Recorder, Silent};

    use super::*;

    #[test]
    fn folders_are_searched_and_the_list_is_sorted_without_repetition() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["b.jpg", "a.PNG", "notes.txt", "below/c.tiff", "odd.name"] {
            files::write(path(name), "").unwrap();
        }
        let recorder = Recorder::default();
        let images = expand(&[folder.path().to_path_buf(), path("odd.name"), path("b.jpg")], &recorder).unwrap();
        assert!(recorder.infos()[0].starts_with("2 files are passed over"), "{:?}", recorder.infos());
        assert_eq!(images, [path("a.PNG"), path("b.jpg"), path("below/c.tiff"), path("odd.name")]);
    }

    #[test]
    fn a_missing_path_and_an_empty_folder_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let message = expand(&[folder.path().join("absent.jpg")], &Silent).unwrap_err().to_string();
        assert!(message.contains("there is no image or folder") && message.contains("absent.jpg"), "{message}");
        assert!(
            expand(&[folder.path().to_path_buf()], &Silent)
                .unwrap_err()
                .to_string()
                .contains("no image in the folders")
        );
    }
}
