//! Reading regular files, whole or in a stream, with limits for texts.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use silknow_errors::{Error, Result};

use crate::refusal::{not_a_file, refused};

/// The most bytes that [`read_text`] takes: 1 GiB. The tables and collection files of the largest museums are far
/// smaller.
pub const TEXT_BYTES: u64 = 1 << 30;

/// The most bytes that [`read_small_text`] takes: 16 MiB.
pub const SMALL_TEXT_BYTES: u64 = 16 << 20;

/// Reads a whole regular file.
///
/// # Errors
/// A file that is missing or closed to reading; a folder, a pipe, a device or a socket.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    read_limited(path, u64::MAX)
}

/// Reads a whole regular file of at most `limit_bytes`.
///
/// # Errors
/// As for [`read`], and a file that is longer, which is a fault of the data. Nothing is allocated for it.
pub fn read_limited(path: impl AsRef<Path>, limit_bytes: u64) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let (file, length) = open_regular("cannot read", path)?;
    let too_long = |length: u64| {
        Error::data(format!("the file has {length} bytes or more, and at most {limit_bytes} are read here"))
            .in_file(path)
            .hint("check that this is the right file")
    };
    if length > limit_bytes {
        return Err(too_long(length));
    }
    let mut content = Vec::new();
    // The stated length is only an estimate: a file may grow meanwhile, and files in /proc state 0.
    content
        .try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))
        .map_err(|cause| refused("cannot read", path, cause.into()))?;
    file.take(limit_bytes.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|cause| refused("cannot read", path, cause))?;
    if content.len() as u64 > limit_bytes { Err(too_long(content.len() as u64)) } else { Ok(content) }
}

/// Reads a whole UTF-8 text file of at most [`TEXT_BYTES`], without a byte-order mark.
///
/// # Errors
/// As for [`read_limited`]. Another encoding is a fault of the data, and the error names the line.
pub fn read_text(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    text_of(path, read_limited(path, TEXT_BYTES)?)
}

/// Reads a whole UTF-8 text file that people write by hand, such as a configuration, of at most
/// [`SMALL_TEXT_BYTES`], without a byte-order mark.
///
/// # Errors
/// As for [`read_text`].
pub fn read_small_text(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    text_of(path, read_limited(path, SMALL_TEXT_BYTES)?)
}

fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count() as u64;
        Error::data("the text is not UTF-8").in_file(path).at_line(line).hint("save the file with the encoding UTF-8")
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// Opens a regular file for buffered reading.
///
/// # Errors
/// As for [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<BufReader<File>> {
    open_regular("cannot open", path.as_ref()).map(|(file, _)| BufReader::new(file))
}

/// Opens a regular file; also its length in bytes.
fn open_regular(what: &str, path: &Path) -> Result<(File, u64)> {
    // The kind is looked at before opening: opening a pipe waits until somebody writes into it.
    let metadata = fs::metadata(path).map_err(|cause| refused(what, path, cause))?;
    if !metadata.is_file() {
        return Err(not_a_file(what, path, metadata.file_type()));
    }
    let file = File::open(path).map_err(|cause| refused(what, path, cause))?;
    Ok((file, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_errors::ErrorKind;

    #[test]
    fn text_that_is_not_utf8_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latin.csv");
        fs::write(&path, b"fine\nd\xe9j\xe0\n").unwrap();
        let message = read_text(&path).unwrap_err().to_string();
        assert!(message.contains("latin.csv:2: the text is not UTF-8"), "{message}");
    }

    #[test]
    fn a_byte_order_mark_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("windows.csv");
        fs::write(&path, "\u{feff}é\n").unwrap();
        assert_eq!(read_text(&path).unwrap(), "é\n");
        assert_eq!(read_small_text(&path).unwrap(), "é\n");
    }

    #[test]
    fn a_missing_file_says_so_with_its_path() {
        let message = read("/nowhere/at/all").unwrap_err().to_string();
        assert!(message.contains("cannot read `/nowhere/at/all`") && message.contains("hint:"), "{message}");
    }

    #[test]
    fn a_file_as_long_as_the_limit_is_read_and_a_longer_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.txt");
        fs::write(&path, "silk").unwrap();
        assert_eq!(read_limited(&path, 4).unwrap(), b"silk");
        let error = read_limited(&path, 3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(error.to_string().contains("table.txt: the file has 4 bytes or more, and at most 3"), "{error}");
    }

    #[test]
    fn a_huge_text_is_refused_by_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("huge.txt");
        // A file with a hole has the length without the bytes on the disk.
        File::create(&path).unwrap().set_len(SMALL_TEXT_BYTES + 1).unwrap();
        assert_eq!(read_small_text(&path).unwrap_err().kind(), ErrorKind::Data);
        File::create(&path).unwrap().set_len(TEXT_BYTES + 1).unwrap();
        assert_eq!(read_text(&path).unwrap_err().kind(), ErrorKind::Data);
    }

    /// A file that states no length is cut off by the limit while it is read.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_states_no_length_is_limited_too() {
        assert_eq!(fs::metadata("/proc/self/status").unwrap().len(), 0);
        assert!(read_text("/proc/self/status").unwrap().contains("Pid:"));
        assert_eq!(read_limited("/proc/self/status", 10).unwrap_err().kind(), ErrorKind::Data);
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        for error in [read(folder.path()).unwrap_err(), open(folder.path()).unwrap_err()] {
            assert!(error.to_string().contains("it is a folder, and not a file"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn pipes_devices_and_sockets_are_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, name) in
            [(pipe.as_path(), "a pipe"), (socket.as_path(), "a socket"), (Path::new("/dev/null"), "a device")]
        {
            let errors = [
                read(path).unwrap_err(),
                read_text(path).unwrap_err(),
                read_small_text(path).unwrap_err(),
                open(path).unwrap_err(),
            ];
            for error in errors {
                assert!(error.to_string().contains(&format!("it is {name}, and not a file")), "{error}");
            }
        }
    }
}
