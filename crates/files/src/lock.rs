//! One run at a time in a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};

use crate::refusal::refused;
use crate::temporary::{open_to_lock, remove_abandoned};
use crate::writing::{create_folder, parent};

/// Keeps other runs out of a folder while it lives.
///
/// The lock is on an open file named `.silknow.lock`, which stays in the folder for good. Whoever removed it would
/// let a third run in: one that makes and locks a new file, while a second still waits with the old one open.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    // The file stays open, because the system releases the lock when the process ends, however it ends.
    _file: File,
}

impl FolderLock {
    const NAME: &'static str = ".silknow.lock";

    /// Takes the folder (created where missing), and removes the temporary files that killed runs left in it.
    ///
    /// # Errors
    /// Another run that works in the folder; a folder that cannot be written.
    pub fn take(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        create_folder(folder)?;
        let path = folder.join(Self::NAME);
        let file = open_or_create(&path).map_err(|cause| refused("cannot write into the folder of", &path, cause))?;
        let is_taken = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => {
                return Err(Error::io(format!("another run is working in the folder `{}`", folder.display()))
                    .hint("wait until it is done, or give this run a folder of its own"));
            }
            // Some file systems have no locks. Two runs at once are rare there, so the work goes on without a lock.
            Err(TryLockError::Error(_)) => false,
        };
        if is_taken {
            remove_abandoned(folder);
        }
        Ok(Self { folder: folder.to_path_buf(), _file: file })
    }

    /// Takes the folder that `file` stands in or will stand in.
    ///
    /// # Errors
    /// Those of [`take`](Self::take).
    pub fn take_folder_of(file: impl AsRef<Path>) -> Result<Self> {
        Self::take(parent(file.as_ref()))
    }

    /// Removes the temporary files that killed runs left in `subfolder` of the folder, and not below it.
    pub fn remove_abandoned_in(&self, subfolder: impl AsRef<Path>) {
        remove_abandoned(self.folder.join(subfolder));
    }
}

/// Opens the file to lock. One that another user made may be closed to writing, which is no hindrance.
fn open_or_create(path: &Path) -> io::Result<File> {
    match OpenOptions::new().create(true).truncate(false).write(true).open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied && path.exists() => open_to_lock(path),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_is_taken_once_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        assert!(FolderLock::take(folder.path()).unwrap_err().to_string().contains("another run"));
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
    }

    #[test]
    fn the_folder_of_a_file_is_the_one_that_it_will_stand_in() {
        let folder = tempfile::tempdir().unwrap();
        let _lock = FolderLock::take_folder_of(folder.path().join("below/array.npy")).unwrap();
        assert!(FolderLock::take(folder.path().join("below")).is_err());
        FolderLock::take(folder.path()).unwrap();
        // A name alone stands in the working directory.
        assert_eq!(parent(Path::new("array.npy")), Path::new("."));
    }

    /// The second taker opens the file while the first holds it, and comes to lock it only after the first is done
    /// and a third has taken the folder.
    #[test]
    fn of_three_takers_none_slips_in_beside_another() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        let second = open_or_create(&folder.path().join(FolderLock::NAME)).unwrap();
        drop(first);
        let third = FolderLock::take(folder.path()).unwrap();
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
        drop(third);
        second.try_lock().unwrap();
        assert!(FolderLock::take(folder.path()).is_err());
    }

    #[test]
    fn who_takes_a_folder_removes_what_dead_runs_left_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".silknow-Dead01.part");
        let left_below = folder.path().join("img").join(".silknow-Dead02.part");
        fs::create_dir(folder.path().join("img")).unwrap();
        let holder = FolderLock::take(folder.path()).unwrap();
        fs::write(&left, "half").unwrap();
        fs::write(&left_below, "half").unwrap();
        FolderLock::take(folder.path()).unwrap_err();
        assert!(left.exists(), "only the holder of the folder may remove files");
        drop(holder);
        let lock = FolderLock::take(folder.path()).unwrap();
        assert!(!left.exists());
        assert!(left_below.exists());
        lock.remove_abandoned_in("img");
        assert!(!left_below.exists());
    }
}
