//! Whole files or none: a file is written under a temporary name, brought to the disk, and takes its name in one step.
//!
//! A power cut can lose what the system holds in memory, and can lose it in any order: a name may reach the disk before
//! the content does. The content is therefore synced before the file takes its name, and the folder, which holds the
//! name, after it.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use silknow_errors::{Error, Result};
use tempfile::NamedTempFile;

use crate::refusal::{not_a_file, refused};
use crate::temporary;

/// Creates a folder and its parents; one that is there already is fine.
pub fn create_folder(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let created: Vec<&Path> = path.ancestors().take_while(|folder| is_missing(folder)).collect();
    fs::create_dir_all(path).map_err(|cause| refused("cannot create the folder", path, cause))?;
    // A new folder's name stands in its parent.
    created.into_iter().rev().try_for_each(|folder| sync_folder(parent(folder)))
}

fn is_missing(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && fs::symlink_metadata(folder).is_err()
}

/// Writes a file as a whole: `fill` writes into a temporary file beside it, which then takes the name.
///
/// Folders on the way are created. When `fill` or the disk fails, or the power, what stood under the name before
/// stands there still. No temporary file is left by an error; those of a killed process go with the next
/// [`FolderLock`](crate::FolderLock) or [`remove_abandoned`](crate::remove_abandoned). A file that is replaced passes on its permissions, a new one gets those that the
/// umask leaves. A symbolic link to a file stays, and the file is replaced.
///
/// Each call waits for the disk twice, some milliseconds in all; [`Batch`] shares the wait among many files.
///
/// # Errors
/// A folder, a pipe, a device or a socket under the name, and a symbolic link that leads nowhere, before anything is
/// written; what `fill` returns; a refusal of the disk.
pub fn write_with(path: impl AsRef<Path>, fill: impl FnOnce(&mut BufWriter<&File>) -> Result<()>) -> Result<()> {
    place(vec![Unplaced::write(path.as_ref(), fill)?])
}

/// Removes a file, where there is one.
///
/// # Errors
/// A file that cannot be removed.
pub fn remove_if_there(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(refused("cannot remove", path, cause)),
        _ => Ok(()),
    }
}

/// Writes a whole file from bytes; see [`write_with`].
pub fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    write_with(path, |writer| writer.write_all(content.as_ref()).map_err(|cause| refused("cannot write", path, cause)))
}

/// Many small files, written from several threads, that survive a power cut at a fraction of what [`write_with`] costs.
///
/// The files wait under temporary names until enough are there, or until [`commit`](Self::commit): then they are synced
/// together and take their names. A file is therefore not there directly after the call that wrote it, and a batch that
/// is dropped without a commit leaves out those of its last files that still wait. Each path may be written once.
#[derive(Debug, Default)]
pub struct Batch {
    waiting: Mutex<Vec<Unplaced>>,
    /// Held while files take their names. Threads wait for it with their own files, so that the number of files that
    /// are open at once has a limit.
    placing: Mutex<()>,
}

impl Batch {
    /// Files that wait until they take their names together. Every one is open meanwhile, and systems allow a process
    /// as few as 256 open files.
    const FILES: usize = 64;

    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a file that takes its name later; otherwise as [`write_with`].
    ///
    /// # Errors
    /// As for [`write_with`]; also a refusal that befalls other files of the batch.
    pub fn write_with(
        &self,
        path: impl AsRef<Path>,
        fill: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
    ) -> Result<()> {
        let file = Unplaced::write(path.as_ref(), fill)?;
        let full = {
            let mut waiting = unpoisoned(&self.waiting);
            waiting.push(file);
            if waiting.len() < Self::FILES { return Ok(()) } else { std::mem::take(&mut *waiting) }
        };
        let _turn = unpoisoned(&self.placing);
        place(full)
    }

    /// Writes a file from bytes; see [`write_with`](Self::write_with).
    ///
    /// # Errors
    /// As for [`write_with`](Self::write_with).
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Result<()> {
        let path = path.as_ref();
        self.write_with(path, |writer| {
            writer.write_all(content.as_ref()).map_err(|cause| refused("cannot write", path, cause))
        })
    }

    /// Lets all files that were written so far take their names. The batch can be used further.
    ///
    /// # Errors
    /// A refusal of the disk.
    pub fn commit(&self) -> Result<()> {
        let _turn = unpoisoned(&self.placing);
        let rest = std::mem::take(&mut *unpoisoned(&self.waiting));
        place(rest)
    }
}

/// Locks what no thread leaves half changed, so that a panic in another thread does not matter.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A file that is written, but neither synced nor under its name.
#[derive(Debug)]
struct Unplaced {
    /// The file as the caller calls it, for messages.
    path: PathBuf,
    /// The file that is made or replaced: where a symbolic link leads to.
    target: PathBuf,
    temporary: NamedTempFile,
}

impl Unplaced {
    fn write(path: &Path, fill: impl FnOnce(&mut BufWriter<&File>) -> Result<()>) -> Result<Self> {
        let (target, replaced) = target_of(path)?;
        let folder = parent(&target);
        if replaced.is_none() {
            create_folder(folder)?;
        }
        let temporary = temporary::create(folder, replaced.as_ref())
            .map_err(|cause| refused("cannot write into the folder of", path, cause))?;
        let mut writer = BufWriter::new(temporary.as_file());
        fill(&mut writer)?;
        writer.flush().map_err(|cause| refused("cannot write", path, cause))?;
        drop(writer);
        Ok(Self { path: path.to_path_buf(), target, temporary })
    }
}

/// The file that a write to `path` makes or replaces, and the permissions of the one that it replaces.
fn target_of(path: &Path) -> Result<(PathBuf, Option<Permissions>)> {
    let failed = |cause| refused("cannot write", path, cause);
    let metadata = match fs::symlink_metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok((path.to_path_buf(), None)),
        // A file stands in the place of the folder; the error of creating the folder says so.
        Err(cause) if cause.kind() == io::ErrorKind::NotADirectory => return Ok((path.to_path_buf(), None)),
        Err(cause) => return Err(failed(cause)),
        Ok(metadata) => metadata,
    };
    let (target, metadata) = if metadata.is_symlink() {
        let metadata = fs::metadata(path).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => Error::io(format!(
                "cannot write `{}`: it is a symbolic link to a file that is not there",
                path.display()
            ))
            .hint("remove the link, or make the file that it leads to"),
            _ => failed(cause),
        })?;
        (path.canonicalize().map_err(failed)?, metadata)
    } else {
        (path.to_path_buf(), metadata)
    };
    if !metadata.is_file() {
        return Err(not_a_file("cannot write", path, metadata.file_type()));
    }
    Ok((target, Some(metadata.permissions())))
}

/// The folder in which the file or folder of this name stands.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Syncs files, lets them take their names, and syncs their folders.
fn place(files: Vec<Unplaced>) -> Result<()> {
    sync_files(&files)?;
    let mut folders: Vec<PathBuf> = Vec::new();
    for Unplaced { path, target, temporary } in files {
        temporary.persist(&target).map_err(|error| refused("cannot write", &path, error.error))?;
        let folder = parent(&target);
        if !folders.iter().any(|known| known == folder) {
            folders.push(folder.to_path_buf());
        }
    }
    folders.iter().try_for_each(|folder| sync_folder(folder))
}

/// Brings the content of files to the disk.
#[cfg(target_os = "linux")]
fn sync_files(files: &[Unplaced]) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    // One sync of the whole file system writes many files in one go, where each file alone costs a commit of the
    // file system's journal: 2,000 files of 6 kB took 1.1 to 4 s against 22 s. For a few files it could cost more,
    // since it also writes what other programs left in memory.
    const FEW: usize = 4;
    if files.len() <= FEW {
        return sync_each(files);
    }
    let mut done = Vec::new();
    for file in files {
        let failed = |cause| refused("cannot write", &file.path, cause);
        let device = file.temporary.as_file().metadata().map_err(failed)?.dev();
        if !done.contains(&device) {
            rustix::fs::syncfs(file.temporary.as_file()).map_err(|cause| failed(cause.into()))?;
            done.push(device);
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn sync_files(files: &[Unplaced]) -> Result<()> {
    // File systems join the syncs of several threads.
    const THREADS: usize = 8;
    if files.len() <= 1 {
        return sync_each(files);
    }
    std::thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(THREADS));
        let threads: Vec<_> = parts.map(|part| scope.spawn(|| sync_each(part))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("syncing does not panic"))
    })
}

fn sync_each(files: &[Unplaced]) -> Result<()> {
    files.iter().try_for_each(|file| {
        unless_unsupported(file.temporary.as_file().sync_all())
            .map_err(|cause| refused("cannot write", &file.path, cause))
    })
}

/// Brings the names in a folder to the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<()> {
    let synced = match File::open(folder) {
        Ok(open) => open.sync_all(),
        // A folder may be open to writing and closed to reading. Its names reach the disk a little later then.
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(cause) => Err(cause),
    };
    unless_unsupported(synced).map_err(|cause| refused("cannot write into the folder", folder, cause))
}

/// Other systems do not open folders as files, and offer nothing in its place.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> Result<()> {
    Ok(())
}

/// Some network file systems cannot sync a file or a folder. That is no reason to lose the file.
fn unless_unsupported(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(cause) if matches!(cause.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_text;

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
        assert_eq!(names_in(folder.path()), ["table.txt"]);
    }

    #[test]
    fn a_removed_file_is_gone_and_none_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.txt");
        write(&path, "").unwrap();
        remove_if_there(&path).unwrap();
        remove_if_there(&path).unwrap();
        assert!(names_in(folder.path()).is_empty());
        let message = remove_if_there(folder.path()).unwrap_err().to_string();
        assert!(message.starts_with("cannot remove `"), "{message}");
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
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
        let message = write(path.join("table.txt"), "").unwrap_err().to_string();
        assert!(message.contains("hint: a file stands"), "{message}");
    }

    #[test]
    fn folders_on_the_way_are_created() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c.txt");
        write(&path, "new").unwrap();
        assert_eq!(read_text(&path).unwrap(), "new");
    }

    #[test]
    fn files_of_a_batch_take_their_names_when_it_is_full_or_committed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |number: usize| folder.path().join(format!("{}/{number}.txt", number % 3));
        let batch = Batch::new();
        for number in 0..Batch::FILES - 1 {
            batch.write(path(number), number.to_string()).unwrap();
        }
        assert!((0..Batch::FILES - 1).all(|number| !path(number).exists()));
        for number in Batch::FILES - 1..Batch::FILES + 2 {
            batch.write(path(number), number.to_string()).unwrap();
        }
        assert!((0..Batch::FILES).all(|number| path(number).exists()));
        assert!(!path(Batch::FILES).exists());
        batch.commit().unwrap();
        batch.commit().unwrap();
        for number in 0..Batch::FILES + 2 {
            assert_eq!(read_text(path(number)).unwrap(), number.to_string());
        }
    }

    #[test]
    fn a_batch_that_is_dropped_leaves_old_files_and_no_temporary_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.txt");
        write(&path, "old").unwrap();
        let batch = Batch::new();
        batch.write(&path, "new").unwrap();
        batch.write(folder.path().join("other.txt"), "new").unwrap();
        assert!(batch.write_with(folder.path().join("third.txt"), |_| Err(Error::internal("stop"))).is_err());
        drop(batch);
        assert_eq!(read_text(&path).unwrap(), "old");
        assert_eq!(names_in(folder.path()), ["table.txt"]);
    }

    #[test]
    fn threads_share_a_batch() {
        let folder = tempfile::tempdir().unwrap();
        let batch = Batch::new();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (batch, folder) = (&batch, folder.path());
                scope.spawn(move || {
                    for number in 0..50 {
                        batch.write(folder.join(format!("{thread}-{number}")), "silk").unwrap();
                    }
                });
            }
        });
        batch.commit().unwrap();
        assert_eq!(names_in(folder.path()).len(), 200);
    }

    #[cfg(unix)]
    mod on_unix {
        use super::*;
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        use std::process::Command;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o7777
        }

        #[test]
        fn a_file_that_is_replaced_passes_on_its_mode() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("table.txt");
            for expected in [0o600, 0o640, 0o664, 0o666, 0o444, 0o755] {
                fs::write(&path, "old").unwrap();
                fs::set_permissions(&path, Permissions::from_mode(expected)).unwrap();
                write(&path, "new").unwrap();
                assert_eq!(mode(&path), expected, "{expected:o}");
                assert_eq!(read_text(&path).unwrap(), "new");
                fs::remove_file(&path).unwrap();
            }
        }

        /// The umask belongs to the whole process, so this test runs itself again in a process of its own.
        #[test]
        fn a_new_file_follows_the_umask() {
            const FOLDER: &str = "SILKNOW_TEST_UMASK_FOLDER";
            if let Some(folder) = std::env::var_os(FOLDER) {
                return write(Path::new(&folder).join("table.txt"), "new").unwrap();
            }
            let name = "writing::tests::on_unix::a_new_file_follows_the_umask";
            for (umask, expected) in [("077", 0o600), ("027", 0o640), ("002", 0o664), ("000", 0o666)] {
                let folder = tempfile::tempdir().unwrap();
                let outcome = Command::new("sh")
                    .args(["-c", &format!("umask {umask} && exec \"$0\" --exact {name}")])
                    .arg(std::env::current_exe().unwrap())
                    .env(FOLDER, folder.path())
                    .output()
                    .unwrap();
                assert!(outcome.status.success(), "{outcome:?}");
                assert_eq!(mode(&folder.path().join("table.txt")), expected, "umask {umask}");
            }
        }

        #[test]
        fn what_is_no_file_is_refused_before_anything_is_written() {
            let folder = tempfile::tempdir().unwrap();
            let pipe = folder.path().join("pipe");
            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            let socket = folder.path().join("socket");
            let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
            let inside = folder.path().join("folder");
            fs::create_dir(&inside).unwrap();
            let link = folder.path().join("link");
            symlink(&pipe, &link).unwrap();
            for (path, name) in [
                (pipe.as_path(), "a pipe"),
                (&socket, "a socket"),
                (&inside, "a folder"),
                (&link, "a pipe"),
                (Path::new("/dev/null"), "a device"),
            ] {
                let error = write_with(path, |_| panic!("nothing may be written")).unwrap_err();
                assert!(error.to_string().contains(&format!("it is {name}, and not a file")), "{error}");
                assert!(Batch::new().write(path, "").is_err());
            }
            assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
            assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
            assert_eq!(names_in(folder.path()), ["folder", "link", "pipe", "socket"]);
        }

        #[test]
        fn a_symbolic_link_stays_and_the_file_behind_it_is_replaced() {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("there/table.txt");
            write(&file, "old").unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
            let first = folder.path().join("first");
            let second = folder.path().join("second");
            symlink("there/table.txt", &first).unwrap();
            symlink(&first, &second).unwrap();
            write(&second, "new").unwrap();
            assert_eq!(read_text(&file).unwrap(), "new");
            assert_eq!(mode(&file), 0o640);
            assert!(fs::symlink_metadata(&second).unwrap().is_symlink());
            assert!(fs::symlink_metadata(&first).unwrap().is_symlink());
        }

        #[test]
        fn a_symbolic_link_that_leads_nowhere_is_refused() {
            let folder = tempfile::tempdir().unwrap();
            let link = folder.path().join("link");
            symlink("gone.txt", &link).unwrap();
            let message = write(&link, "new").unwrap_err().to_string();
            assert!(message.contains("a symbolic link to a file that is not there"), "{message}");
            assert_eq!(names_in(folder.path()), ["link"]);
        }
    }
}
