//! The error for a file or folder that the system refused, and the one for a path that is no regular file.

use std::fs::FileType;
use std::path::Path;

use silknow_errors::Error;

/// The error for a file or folder that the system refused, with its path and a hint for the usual reasons.
pub fn refused(what: &str, path: &Path, cause: std::io::Error) -> Error {
    use std::io::ErrorKind as Reason;
    let hint = match cause.kind() {
        Reason::NotFound => Some("check the path; it is relative to the current working directory"),
        Reason::PermissionDenied | Reason::ReadOnlyFilesystem => {
            Some("check the permissions, or choose another folder")
        }
        Reason::AlreadyExists | Reason::NotADirectory => {
            Some("a file stands where a folder is needed; choose another folder")
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

/// The error for a path at which something else than a regular file stands.
pub(crate) fn not_a_file(what: &str, path: &Path, found: FileType) -> Error {
    Error::io(format!("{what} `{}`: it is {}, and not a file", path.display(), name_of(found)))
        .hint("give the path of an ordinary file")
}

#[cfg(unix)]
fn name_of(found: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match found {
        found if found.is_dir() => "a folder",
        found if found.is_fifo() => "a pipe",
        found if found.is_socket() => "a socket",
        found if found.is_char_device() || found.is_block_device() => "a device",
        _ => "a special file",
    }
}

#[cfg(not(unix))]
fn name_of(found: FileType) -> &'static str {
    if found.is_dir() { "a folder" } else { "a special file" }
}
