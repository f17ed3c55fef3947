//! A plain folder of images, without a table.
//!
//! What is made of their images is the same as for an export: see [`crate::create`].

use std::path::{Path, PathBuf};

use silknow_errors::counts::counted;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_image::pictures_in;
use silknow_progress::Observer;
use silknow_records::{Labels, Object, Vocabulary};

use crate::catalogue::{Catalogue, Entry};

/// Every picture in a folder and the folders in it, sorted by path, without labels. Names are taken as they are, blanks
/// in front and behind included. Files that are no pictures are passed over, and so are those whose names are not
/// Unicode, which no table can hold; both are said.
pub(crate) fn read_folder(folder: &Path, observer: &dyn Observer) -> Result<Catalogue> {
    let content = pictures_in(folder)?;
    if let Some(note) = content.note() {
        observer.info(&note);
    }
    let (named, nameless): (Vec<PathBuf>, Vec<PathBuf>) =
        content.pictures.into_iter().partition(|path| path.to_str().is_some());
    if !nameless.is_empty() {
        let names: Vec<String> = nameless.iter().map(|path| format!("`{}`", path.display())).collect();
        observer.warning(&format!(
            "{} passed over because of names that are not Unicode; rename the files: {}",
            counted(nameless.len(), "picture is", "pictures are"),
            names.join(", ")
        ));
    }
    if named.is_empty() {
        return Err(Error::data("no image in this folder")
            .in_file(folder)
            .hint("pictures are told by their endings (jpg, png, tif, jp2 and others) and by their content"));
    }
    let entry = |path| {
        let images = vec![files::relative_to(path, folder)?];
        Ok(Entry { line: 0, object: Object::default(), images, labels: Labels::missing(0) })
    };
    Ok(Catalogue {
        file: folder.to_path_buf(),
        image_folder: folder.to_path_buf(),
        vocabulary: Vocabulary::default(),
        has_museums: false,
        entries: named.into_iter().map(entry).collect::<Result<_>>()?,
        bad_rows: Vec::new(),
        remainder: None,
    })
}

#[cfg(test)]
mod tests {
    use silknow_progress::Recorder;

    use super::*;

    #[test]
    fn a_folder_is_read_in_sorted_order_with_its_subfolders() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.PNG", "a/z.jpg", "a/notes.txt", ".hidden/x.jpg", ".y.jpg", " c.jpg"] {
            files::write(folder.path().join(name), "").unwrap();
        }
        files::write(folder.path().join("d"), b"\xFF\xD8\xFF\xE0").unwrap();
        let recorder = Recorder::default();
        let catalogue = read_folder(folder.path(), &recorder).unwrap();
        let images: Vec<&str> = catalogue.entries.iter().map(|entry| entry.images[0].as_str()).collect();
        assert_eq!(images, [" c.jpg", "a/z.jpg", "b.PNG", "d"]);
        assert!(catalogue.vocabulary.is_empty());
        let [note] = recorder.infos().try_into().unwrap();
        assert!(note.starts_with("1 file is passed over as no pictures: `") && note.ends_with("notes.txt`"), "{note}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_unicode_is_said() {
        use std::os::unix::ffi::OsStrExt;

        let folder = tempfile::tempdir().unwrap();
        for name in [&b"\xE9.jpg"[..], b"a.jpg"] {
            files::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), "").unwrap();
        }
        let recorder = Recorder::default();
        assert_eq!(read_folder(folder.path(), &recorder).unwrap().entries.len(), 1);
        assert!(recorder.warnings()[0].starts_with("1 picture is passed over because of names that are not Unicode"));
    }

    #[test]
    fn a_folder_without_images_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Catalogue::read(folder.path()).unwrap_err().to_string().contains("no image in this folder"));
    }
}
