//! Files that were damaged at random: they are refused or read, and never take more memory than a few times their size.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use allocation_counter::measure;
pub(crate) use silknow_test_support::damage::Random;

/// How many damaged files are tried of each of the two originals, or in each of the two ways, that a format has.
pub(crate) const MUTATIONS: u64 = 5_000;

/// What a reader may take beside its file: messages, lists of a few entries.
const SMALL_CHANGE: usize = 1 << 18;

/// Reads one file, and tells what failed: a panic, or more memory at once than `factor` times the file's bytes.
pub(crate) fn survive(seed: u64, bytes: usize, factor: usize, read: impl FnOnce()) {
    let mut survived = false;
    let taken = measure(|| survived = catch_unwind(AssertUnwindSafe(read)).is_ok());
    let most = taken.bytes_max as usize;
    assert!(survived, "the damaged file of seed {seed} made the reader panic");
    assert!(most <= factor * bytes + SMALL_CHANGE, "the damaged file of seed {seed} has {bytes} bytes and took {most}");
}

/// Damages a file at random, and reads it each time.
pub(crate) fn survive_damage(original: &[u8], factor: usize, read: impl Fn(Vec<u8>)) {
    for seed in 0..MUTATIONS {
        let bytes = Random::new(seed).damaged(original);
        let length = bytes.len();
        survive(seed, length, factor, || read(bytes));
    }
}

/// As [`survive_damage`], for a reader that opens the file itself.
pub(crate) fn survive_damage_on_disk(original: &[u8], factor: usize, read: impl Fn(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    survive_damage(original, factor, |bytes| {
        std::fs::write(&path, bytes).unwrap();
        read(&path);
    });
}
