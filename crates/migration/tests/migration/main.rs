//! Files of other programs, as those programs wrote them, and the same files damaged.

mod exports;
mod tensors;
mod toolbox;

use std::path::PathBuf;

/// A file of `tests/data`.
fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}
