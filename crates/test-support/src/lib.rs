//! What the tests of this workspace share: the optional data, a list of what was skipped without it, damage to files,
//! and the numbers of references.

pub mod damage;
pub mod reference;

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder of optional test data: what `SILKNOW_SHARED` names, else `shared` beside the repository. None where it is not
/// there; the test is then listed as [skipped].
pub fn shared(test: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = env::var_os("SILKNOW_SHARED").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    skipped(test, "the shared data is not there; SILKNOW_SHARED says where it is");
    None
}

/// Says that a test was skipped, and why: on standard error, which the test runner shows for failed tests alone, and as a
/// line in the file that `SILKNOW_SKIPPED` names, which `.ci/run` counts at its end.
///
/// # Panics
/// When that file cannot be written.
pub fn skipped(test: &str, reason: &str) {
    eprintln!("skipped: {test}: {reason}");
    if let Some(list) = env::var_os("SILKNOW_SKIPPED") {
        let mut list =
            OpenOptions::new().create(true).append(true).open(list).expect("the list of skipped tests opens");
        // One call for the whole line: tests run side by side.
        list.write_all(format!("{test}: {reason}\n").as_bytes()).expect("the list of skipped tests takes a line");
    }
}
