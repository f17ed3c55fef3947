//! Images without a knowledge graph: a plain folder, or a table of image paths and labels.
//!
//! What is made of their images is the same as for an export: see [`crate::create`].

use std::fs;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::{Labels, Object, Vocabulary, VocabularyBuilder};

use crate::catalogue::{Catalogue, Entry, Museums, folder_of, normalised_label};
use crate::table::Table;

/// File name endings of the image formats that are read, in lower case.
pub(crate) const IMAGE_EXTENSIONS: [&str; 8] = ["jpg", "jpeg", "png", "tif", "tiff", "webp", "gif", "bmp"];

/// Names of the first column by which a table of images is told from an export.
const IMAGE_COLUMNS: [&str; 2] = ["image_file", "image"];

/// True when the first column of a table holds image paths.
pub(crate) fn is_image_table(table: &Table) -> bool {
    table.headers().first().is_some_and(|name| IMAGE_COLUMNS.contains(&plain(name).as_str()))
}

/// Reads a table of images: the first column is an image's path (relative to the table's folder) or address.
///
/// A column `museum` names the museum of each image. A column `object` says which images show the same object. Every
/// other column with a name is a variable.
pub(crate) fn read_table(file: &Path, table: &Table) -> Result<Catalogue> {
    let names: Vec<String> = table.headers().iter().map(|name| plain(name)).collect();
    let museum = names.iter().position(|name| name == "museum");
    let object = names.iter().position(|name| name == "object");
    let variables: Vec<usize> = (1..names.len())
        .filter(|&column| Some(column) != museum && Some(column) != object && !names[column].is_empty())
        .collect();
    let mut classes = VocabularyBuilder::new(variables.iter().map(|&column| &names[column]));
    let mut museums = Museums::default();
    let mut objects = Vec::new();
    for row in table.rows()? {
        let row = row?;
        let image = row.cell(0).trim();
        if image.is_empty() {
            return Err(table.error_at(&row, 0, "the image is missing").hint("give its path, or remove the row"));
        }
        let id = object.map_or("", |column| row.cell(column).trim());
        let mut object = Object::with_id(id);
        object.museum = museum.and_then(|column| museums.named(row.cell(column)));
        let labels = classes.labels_of(variables.iter().map(|&column| row.cell(column)));
        objects.push(Entry { line: row.line(), object, images: vec![image.to_owned()], labels });
    }
    let (vocabulary, translation) = classes.into_sorted();
    for object in &mut objects {
        object.labels = translation.apply(&object.labels);
    }
    Ok(Catalogue {
        file: file.to_path_buf(),
        image_folder: folder_of(file),
        vocabulary,
        has_museums: museum.is_some(),
        entries: objects,
        remainder: None,
    })
}

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

/// A header without the `#` of collection files, its white space as `_`.
fn plain(header: &str) -> String {
    normalised_label(header.trim_start_matches('#')).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_images_is_read_with_its_variables() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.tsv");
        files::write(
            &file,
            "#image_file\t#weave type\tobject\t#museum\t\na.jpg\ttwill weave\t7\tMAD\t\nb.jpg\tnan\t7\t\t\n",
        )
        .unwrap();
        let catalogue = Catalogue::read(&file).unwrap();
        assert_eq!(catalogue.vocabulary.names(), ["weave_type"]);
        assert!(catalogue.has_museums);
        let [first, second] = catalogue.entries.as_slice() else { panic!("two rows") };
        assert_eq!((&*first.object.id, first.object.museum.as_deref()), ("7", Some("MAD")));
        let variable = &catalogue.vocabulary.variables[0];
        assert_eq!(
            (variable.class_name(first.labels.lowest()[0]), &*variable.class_text(0)),
            ("twill_weave", "twill weave")
        );
        assert_eq!((second.images[0].as_str(), second.labels.known(), second.line), ("b.jpg", 0, 3));
    }

    #[test]
    fn a_row_without_image_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.csv");
        files::write(&file, "image,weave\n,twill\n").unwrap();
        let message = Catalogue::read(&file).unwrap_err().to_string();
        assert!(message.contains("labels.csv:2:image: the image is missing"), "{message}");
    }

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
