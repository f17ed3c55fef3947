//! The temporary files that become whole files: their names, their creation, and their removal once their writer is
//! dead.
//!
//! A writer keeps its temporary file locked until the file takes its final name. The system gives up the locks of a
//! process that ends, however it ends, so a temporary file that nobody has locked belongs to nobody.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

const PREFIX: &str = ".silknow-";
const SUFFIX: &str = ".part";

/// An empty temporary file in `folder`, with the permissions of `like`, else those that the umask leaves.
pub(crate) fn create(folder: &Path, like: Option<&Permissions>) -> io::Result<NamedTempFile> {
    loop {
        let temporary = create_unlocked(folder, like)?;
        // Between its creation and its lock a file looks abandoned, and whoever takes the folder may remove it then.
        if matches!(temporary.as_file().try_lock(), Err(TryLockError::WouldBlock)) {
            continue;
        }
        if temporary.path().try_exists()? {
            return Ok(temporary);
        }
    }
}

#[cfg(unix)]
fn create_unlocked(folder: &Path, like: Option<&Permissions>) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    // The kernel takes the umask away from the mode of a new file. A program cannot ask for its umask without
    // changing it for all of its threads. A file that takes the place of another is at first for its owner alone, so
    // that its content is at no time open to more people than before.
    let mode = if like.is_some() { 0o600 } else { 0o666 };
    let permissions = Permissions::from_mode(mode);
    let temporary =
        tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).permissions(permissions).tempfile_in(folder)?;
    if let Some(like) = like {
        // A file system without permissions refuses this; every file has the same ones there.
        let _ = temporary.as_file().set_permissions(Permissions::from_mode(like.mode() & 0o777));
    }
    Ok(temporary)
}

#[cfg(not(unix))]
fn create_unlocked(folder: &Path, _like: Option<&Permissions>) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder)
}

/// Removes the temporary files in `folder`, and not below it, whose writers are dead.
///
/// This needs no [`FolderLock`](crate::FolderLock): files of living writers stay. What cannot be listed, opened or removed
/// stays too, for it is in nobody's way.
pub fn remove_abandoned(folder: impl AsRef<Path>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            let path = entry.path();
            if let Ok(file) = open_to_lock(&path)
                && file.try_lock().is_ok()
            {
                // The lock is held until the file is gone, so that no writer can take it in between.
                let _ = fs::remove_file(&path);
            }
        }
    }
}

/// Opens a file that is there for locking it. Some file systems lock only what is open for writing.
pub(crate) fn open_to_lock(path: &Path) -> io::Result<File> {
    match OpenOptions::new().write(true).open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_temporary_files_without_a_writer_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let alive = create(folder.path(), None).unwrap();
        let abandoned = folder.path().join(".silknow-Dead01.part");
        let below = folder.path().join("below");
        let others = [
            folder.path().join("table.part"),
            folder.path().join(".silknow-table.csv"),
            folder.path().join(".other.part"),
            below.join(".silknow-Dead02.part"),
        ];
        fs::create_dir(&below).unwrap();
        fs::create_dir(folder.path().join(".silknow-folder.part")).unwrap();
        fs::write(&abandoned, "half").unwrap();
        others.iter().for_each(|path| fs::write(path, "kept").unwrap());
        remove_abandoned(folder.path());
        assert!(!abandoned.exists());
        assert!(alive.path().exists());
        assert!(others.iter().all(|path| path.exists()));
        assert!(folder.path().join(".silknow-folder.part").exists());
    }
}
