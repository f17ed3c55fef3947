//! The one place that touches files: it puts the path into every message, writes whole files or none, and
//! keeps two runs out of one folder.

pub mod digest;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};

/// Reads a whole file.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    fs::read(path).map_err(|cause| refused("cannot read", path, cause))
}

/// Reads a whole UTF-8 text file, without a byte-order mark. Other encodings are an error that names the line.
pub fn read_text(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    let bytes = read(path)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count() as u64;
        Error::data("the text is not UTF-8").in_file(path).at_line(line).hint("save the file with the encoding UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Opens a file for buffered reading.
pub fn open(path: impl AsRef<Path>) -> Result<BufReader<File>> {
    let path = path.as_ref();
    File::open(path).map(BufReader::new).map_err(|cause| refused("cannot open", path, cause))
}

/// Creates a folder and its parents; one that is there already is fine.
pub fn create_folder(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    fs::create_dir_all(path).map_err(|cause| refused("cannot create the folder", path, cause))
}

/// Writes a file as a whole: `fill` writes into a temporary file beside it, which then takes the name.
///
/// Folders on the way are created. When `fill` or the disk fails, what stood under the name before stands
/// there still, and no temporary file is left.
pub fn write_with(path: impl AsRef<Path>, fill: impl FnOnce(&mut BufWriter<&File>) -> Result<()>) -> Result<()> {
    let path = path.as_ref();
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    create_folder(folder)?;
    let temporary = tempfile::Builder::new()
        .prefix(".")
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(|cause| refused("cannot write into the folder of", path, cause))?;
    let mut writer = BufWriter::new(temporary.as_file());
    fill(&mut writer)?;
    writer.flush().map_err(|cause| refused("cannot write", path, cause))?;
    drop(writer);
    make_readable_by_all(temporary.as_file());
    temporary.persist(path).map_err(|error| refused("cannot write", path, error.error))?;
    Ok(())
}

/// Writes a whole file from bytes; see [`write_with`].
pub fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    write_with(path, |writer| writer.write_all(content.as_ref()).map_err(|cause| refused("cannot write", path, cause)))
}

/// Temporary files are made for their owner alone; a finished file follows the habits of ordinary ones.
#[cfg(unix)]
fn make_readable_by_all(file: &File) {
    use std::os::unix::fs::PermissionsExt;
    // A file system without permissions refuses this; the file is as good without.
    let _ = file.set_permissions(fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn make_readable_by_all(_file: &File) {}

/// The error for a file or folder that the system refused, with its path and a hint for the usual reasons.
pub fn refused(what: &str, path: &Path, cause: std::io::Error) -> Error {
    use std::io::ErrorKind as Reason;
    let hint = match cause.kind() {
        Reason::NotFound => Some("check the path; it is relative to the current working directory"),
        Reason::PermissionDenied | Reason::ReadOnlyFilesystem => {
            Some("check the permissions, or choose another folder")
        }
        Reason::AlreadyExists | Reason::NotADirectory => {
            Some("a file stands where a folder is due; choose another folder")
        }
        Reason::StorageFull | Reason::QuotaExceeded => {
            Some("free some disk space and run again; finished files are kept")
        }
        Reason::FileTooLarge => Some("choose a folder on a disk that takes files of this size"),
        _ => None,
    };
    let error = Error::io(format!("{what} `{}`", path.display())).caused_by(cause);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Keeps other runs out of a folder while it lives.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    // Held open: the system gives the lock up when the process ends, however it ends.
    _file: File,
}

impl FolderLock {
    const NAME: &'static str = ".silknow.lock";

    /// Takes the folder (created where missing) or says that another run works in it.
    pub fn take(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        create_folder(folder)?;
        let path = folder.join(Self::NAME);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|cause| refused("cannot write into the folder of", &path, cause))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::io(format!("another run is working in the folder `{}`", folder.display()))
                    .hint("wait until it is done, or give this run a folder of its own"))
            }
            // A file system without locks: two runs at once are the rarer harm than no run at all.
            Err(TryLockError::Error(_)) => Ok(Self { path, _file: file }),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // A file that stays behind is harmless: the lock is on the open file, not on its being there.
        let _ = fs::remove_file(&self.path);
    }
}

/// `path` relative to `folder`, with `..` where it lies outside, and `/` between the parts on every system.
///
/// Both are made absolute first; an error when the working directory is gone or the two share no root.
pub fn relative_to(path: impl AsRef<Path>, folder: impl AsRef<Path>) -> Result<String> {
    let absolute = |path: &Path| {
        std::path::absolute(path).map(|path| clean(&path)).map_err(|cause| refused("cannot resolve", path, cause))
    };
    let path = absolute(path.as_ref())?;
    let folder = absolute(folder.as_ref())?;
    let shared = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return Err(Error::io(format!("`{}` and `{}` have no common root", path.display(), folder.display())));
    }
    let up = folder.components().skip(shared).map(|_| "..".to_owned());
    let down = path.components().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    Ok(up.chain(down).collect::<Vec<_>>().join("/"))
}

/// An absolute path without `.` and `..`, by its text alone: links are not followed.
fn clean(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.txt");
        write(&path, "old").unwrap();
        let error = write_with(&path, |writer| {
            writer.write_all(b"half").unwrap();
            Err(Error::internal("stop"))
        });
        assert!(error.is_err());
        assert_eq!(read_text(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn text_that_is_not_utf8_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latin.csv");
        write(&path, b"fine\nd\xe9j\xe0\n").unwrap();
        let message = read_text(&path).unwrap_err().to_string();
        assert!(message.contains("latin.csv:2: the text is not UTF-8"), "{message}");
    }

    #[test]
    fn a_folder_is_taken_once_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        assert!(FolderLock::take(folder.path()).unwrap_err().to_string().contains("another run"));
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
    }

    #[test]
    fn relative_paths_climb_and_descend() {
        assert_eq!(relative_to("/a/b/c.jpg", "/a/d").unwrap(), "../b/c.jpg");
        assert_eq!(relative_to("/a/./d/../b/c.jpg", "/a/b/").unwrap(), "c.jpg");
    }

    #[test]
    fn a_missing_file_says_so_with_its_path() {
        let message = read("/nowhere/at/all").unwrap_err().to_string();
        assert!(message.contains("cannot read `/nowhere/at/all`") && message.contains("hint:"), "{message}");
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results");
        write(&path, "").unwrap();
        for place in [path.clone(), path.join("below")] {
            let message = create_folder(&place).unwrap_err().to_string();
            assert!(
                message.contains("cannot create the folder") && message.contains("hint: a file stands"),
                "{message}"
            );
        }
    }
}
