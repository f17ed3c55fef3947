//! Images without a knowledge graph: a plain folder, or a table of image paths and labels.
//!
//! What is made of their images is the same as for an export: see [`crate::create`].

use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_image::pictures_in;
use silknow_progress::Observer;
use silknow_records::{Labels, Object, Vocabulary, VocabularyBuilder};

use crate::catalogue::{Catalogue, Entry, Museums, folder_of, normalised_label};
use crate::table::Table;

/// Endings of pictures that are no part of a sample's name, in lower case. Which files are pictures is decided elsewhere.
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
            "{} pictures are passed over because their names are not Unicode; rename them: {}",
            nameless.len(),
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
        remainder: None,
    })
}

/// A header without the `#` of collection files, its white space as `_`.
fn plain(header: &str) -> String {
    normalised_label(header.trim_start_matches('#')).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use silknow_progress::Recorder;

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
        assert!(recorder.warnings()[0].starts_with("1 pictures are passed over because their names are not Unicode"));
    }

    #[test]
    fn a_folder_without_images_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Catalogue::read(folder.path()).unwrap_err().to_string().contains("no image in this folder"));
    }
}
