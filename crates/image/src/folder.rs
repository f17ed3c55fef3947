//! Which files of a folder are pictures.
//!
//! A file counts when its name ends as those of pictures do, or, whatever else its name is, when its content is that of
//! a picture. So files without an ending are found, and so are the endings that browsers and old programs invent. Files
//! that are plainly something else by their names, such as tables and documents, are not opened.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use silknow_errors::Result;
use silknow_files as files;

use crate::kinds::{Content, TELLING_BYTES, content};

/// Endings of pictures, in lower case. Those of formats that are not read are among them: it is better that such a file
/// is listed with the reason than that it is missing without a word.
const PICTURES: [&str; 44] = [
    "jpg", "jpeg", "jpe", "jif", "jfif", "jfi", "png", "apng", "tif", "tiff", "btf", "tf8", "webp", "gif", "bmp",
    "dib", "jp2", "j2k", "j2c", "jpc", "jpf", "jpx", "heic", "heif", "hif", "avif", "jxl", "psd", "dng", "cr2", "cr3",
    "crw", "nef", "nrw", "arw", "sr2", "orf", "rw2", "raf", "pef", "x3f", "srw", "3fr", "iiq",
];

/// Endings of files that are something else, in lower case.
const OTHERS: [&str; 48] = [
    "txt", "csv", "tsv", "tab", "md", "rst", "log", "ini", "cfg", "conf", "json", "jsonl", "xml", "xmp", "html", "htm",
    "css", "js", "py", "r", "sh", "bat", "yaml", "yml", "toml", "pdf", "doc", "docx", "odt", "rtf", "xls", "xlsx",
    "ods", "ppt", "pptx", "odp", "zip", "gz", "tar", "7z", "rar", "mp3", "wav", "mp4", "mov", "avi", "npz", "npy",
];

/// Files and folders that systems put beside pictures, in lower case. Nothing is said of them.
const OF_THE_SYSTEM: [&str; 6] = ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "__macosx"];

/// How many files that were passed over are named.
const NAMED: usize = 3;

/// The files of a folder and of the folders in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderContent {
    /// The pictures, sorted by path.
    pub pictures: Vec<PathBuf>,
    /// The files that are no pictures, sorted by path, without hidden ones and those of the system.
    pub others: Vec<PathBuf>,
}

impl FolderContent {
    /// What should be said of the files that were passed over, with some of their names.
    pub fn note(&self) -> Option<String> {
        let names: Vec<String> = self.others.iter().take(NAMED).map(|path| format!("`{}`", path.display())).collect();
        let more = if self.others.len() > NAMED { ", ..." } else { "" };
        let files = if self.others.len() == 1 { "file is" } else { "files are" };
        (!self.others.is_empty())
            .then(|| format!("{} {files} passed over as no pictures: {}{more}", self.others.len(), names.join(", ")))
    }
}

/// The pictures in a folder and the folders in it.
///
/// Hidden files and folders, resource forks (`._x.jpg`) and what systems leave in folders (`Thumbs.db`) do not count.
/// Links to folders are not followed, because they may lead in a circle.
///
/// # Errors
/// A folder that cannot be listed.
pub fn pictures_in(folder: impl AsRef<Path>) -> Result<FolderContent> {
    let mut found = FolderContent::default();
    collect(folder.as_ref(), &mut found)?;
    found.pictures.sort();
    found.others.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut FolderContent) -> Result<()> {
    let refused = |cause| files::refused("cannot list the folder", folder, cause);
    for entry in fs::read_dir(folder).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if name.starts_with('.') || OF_THE_SYSTEM.contains(&name.as_str()) {
            continue;
        }
        let path = entry.path();
        // This is the type of the entry itself, which for a link is not that of what it leads to.
        let kind = entry.file_type().map_err(refused)?;
        if kind.is_dir() {
            collect(&path, found)?;
        } else if kind.is_symlink() && path.is_dir() {
            continue;
        } else if is_picture(&path) {
            found.pictures.push(path);
        } else {
            found.others.push(path);
        }
    }
    Ok(())
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().trim().to_lowercase()).unwrap_or_default();
    PICTURES.contains(&ending.as_str()) || !OTHERS.contains(&ending.as_str()) && holds_picture(path)
}

/// Whether the content of a file is that of a picture. A file that cannot be read is none.
fn holds_picture(path: &Path) -> bool {
    // Opening a pipe would wait for its other end.
    if !path.is_file() {
        return false;
    }
    let mut start = Vec::with_capacity(TELLING_BYTES);
    let read = File::open(path).and_then(|file| file.take(TELLING_BYTES as u64).read_to_end(&mut start));
    read.is_ok() && matches!(content(&start), Content::Read(_) | Content::Picture(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0";

    #[test]
    fn pictures_are_told_by_ending_or_content_and_the_rest_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let files: [(&str, &[u8]); 21] = [
            (" g.jpg", JPEG),
            ("a.JPG", b""),
            ("b.jfif", JPEG),
            ("below/c.jpe", JPEG),
            ("d.jpg_large", JPEG),
            ("e", JPEG),
            ("f.2019", b"\x89PNG\r\n\x1A\n"),
            ("h.heic", b""),
            ("i.jpg ", JPEG),
            ("k", b"II+\0\x08\0\0\0"),
            ("notes.txt", b""),
            ("labels.csv", JPEG),
            ("readme", b"These are pictures."),
            ("scan.pdf", b"%PDF"),
            ("Thumbs.db", JPEG),
            (".DS_Store", b""),
            ("._a.jpg", JPEG),
            (".hidden/x.jpg", JPEG),
            ("@eaDir/x.jpg", JPEG),
            ("__MACOSX/x.jpg", JPEG),
            ("desktop.ini", b""),
        ];
        for (name, bytes) in files {
            files::write(folder.path().join(name), bytes).unwrap();
        }
        let found = pictures_in(folder.path()).unwrap();
        let names = |paths: &[PathBuf]| -> Vec<String> {
            paths.iter().map(|path| files::relative_to(path, folder.path()).unwrap()).collect()
        };
        let pictures =
            [" g.jpg", "a.JPG", "b.jfif", "below/c.jpe", "d.jpg_large", "e", "f.2019", "h.heic", "i.jpg ", "k"];
        assert_eq!(names(&found.pictures), pictures);
        assert_eq!(names(&found.others), ["labels.csv", "notes.txt", "readme", "scan.pdf"]);
        let note = found.note().unwrap();
        assert!(
            note.starts_with("4 files are passed over as no pictures: `") && note.ends_with("readme`, ..."),
            "{note}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_circle_of_links_ends_and_a_linked_picture_counts() {
        let folder = tempfile::tempdir().unwrap();
        files::write(folder.path().join("a.jpg"), JPEG).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("back")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a.jpg"), folder.path().join("b")).unwrap();
        let found = pictures_in(folder.path()).unwrap();
        assert_eq!((found.pictures.len(), found.others.len()), (2, 0));
    }
}
