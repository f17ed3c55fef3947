//! Paths as text, for lists and JSON. Both are Unicode, and the names of files need not be.

use std::path::{Path, PathBuf};

use serde::Serializer;
use silknow_progress::Observer;

/// The path as one line of text: `\u{fffd}` stands for what is not Unicode and for line breaks.
pub(crate) fn line_of(path: &Path) -> String {
    path.to_string_lossy().replace(['\n', '\r'], "\u{fffd}")
}

/// Warns of paths that their text does not lead back to.
pub(crate) fn warn_of_lost_names(paths: &[PathBuf], observer: &dyn Observer) {
    let lost: Vec<&PathBuf> = paths.iter().filter(|path| path.to_str() != Some(&line_of(path))).collect();
    if let Some(first) = lost.first() {
        observer.warning(&format!(
            "{} names are not Unicode or have line breaks, and in lists and JSON `\u{fffd}` stands for what cannot be \
             written, such as `{}`: rename the files to tell them apart",
            lost.len(),
            line_of(first)
        ));
    }
}

/// A path in JSON.
pub(crate) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// A path in JSON, `null` where there is none.
pub(crate) fn serialize_optional<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => serialize(path, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use silknow_progress::Recorder;

    use super::*;

    #[test]
    fn names_that_are_not_unicode_are_written_with_marks_and_warned_of() {
        let path = |name: &[u8]| PathBuf::from(OsStr::from_bytes(name));
        let (whole, latin, broken) = (path("é.jpg".as_bytes()), path(b"\xe9.jpg"), path(b"a\nb.jpg"));
        assert_eq!([&whole, &latin, &broken].map(|path| line_of(path)), ["é.jpg", "\u{fffd}.jpg", "a\u{fffd}b.jpg"]);
        let recorder = Recorder::default();
        warn_of_lost_names(std::slice::from_ref(&whole), &recorder);
        assert!(recorder.warnings().is_empty());
        warn_of_lost_names(&[whole, latin, broken], &recorder);
        assert!(recorder.warnings()[0].starts_with("2 names are not Unicode"), "{:?}", recorder.warnings());
    }
}
