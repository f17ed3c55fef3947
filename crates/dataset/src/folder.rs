//! A plain folder of images, without a table.
//!
//! What is made of their images is the same as for an export: see [`crate::create`].

use std::fs;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::{Labels, Object, Vocabulary};

use crate::catalogue::{Catalogue, Entry};

/// File name endings of the image formats that are read, in lower case.
pub(crate) const IMAGE_EXTENSIONS: [&str; 8] = ["jpg", "jpeg", "png", "tif", "tiff", "webp", "gif", "bmp"];

/// Every image in a folder and the folders in it, sorted by path, without labels.
pub(crate) fn read_folder(folder: &Path) -> Result<Catalogue> {
    let mut paths = Vec::new();
    collect_images(folder, &mut paths)?;
    paths.sort();
    if paths.is_empty() {
        return Err(Error::data("no image in this folder")
            .in_file(folder)
            .hint(format!("image files end in {}", IMAGE_EXTENSIONS.join(", "))));
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
        entries: paths.into_iter().map(entry).collect::<Result<_>>()?,
        bad_rows: Vec::new(),
        remainder: None,
    })
}

fn collect_images(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let refused = |cause| files::refused("cannot list the folder", folder, cause);
    for entry in fs::read_dir(folder).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let path = entry.path();
        // This is the type of the entry itself. Links to folders are not followed, because they may lead in a circle.
        if entry.file_type().map_err(refused)?.is_dir() {
            if !hidden {
                collect_images(&path, paths)?;
            }
        } else if !hidden && has_image_extension(&path) {
            paths.push(path);
        }
    }
    Ok(())
}

fn has_image_extension(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| IMAGE_EXTENSIONS.contains(&extension.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_in_sorted_order_with_its_subfolders() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.PNG", "a/z.jpg", "a/notes.txt", ".hidden/x.jpg", ".y.jpg"] {
            files::write(folder.path().join(name), "").unwrap();
        }
        let catalogue = Catalogue::read(folder.path()).unwrap();
        let images: Vec<&str> = catalogue.entries.iter().map(|entry| entry.images[0].as_str()).collect();
        assert_eq!(images, ["a/z.jpg", "b.PNG"]);
        assert!(catalogue.vocabulary.is_empty());
    }

    #[test]
    fn a_folder_without_images_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Catalogue::read(folder.path()).unwrap_err().to_string().contains("no image in this folder"));
    }
}
