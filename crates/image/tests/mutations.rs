//! Damaged files of the corpus: whatever a byte becomes, decoding ends with a picture or an error, within the memory
//! that decoders may take. The process has this test alone, because the system tells the highest memory of a whole
//! process.

use std::path::Path;

use rand::RngExt;
use silknow_image::{decode_bytes, limit_decoding_memory, view_rng};

/// Mutations of each file.
const MUTATIONS: u64 = 60;

/// What all decoders together may take.
const LIMIT_BYTES: u64 = 64 << 20;

/// Memory that may come on top: the finished picture, and what the allocator keeps.
const SLACK_BYTES: u64 = 64 << 20;

/// The most memory that this process ever had, in bytes; none where the system does not tell.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kibibytes| 1024 * kibibytes)
}

/// A copy of a file with some bytes changed, or cut. Headers, at either end of a small file, change most often.
fn mutated(file: &[u8], name: &str, number: u64) -> Vec<u8> {
    let mut rng = view_rng(7, name, number);
    let mut bytes = file.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        let last = bytes.len() - 1;
        let place = match rng.random_range(0..3) {
            0 => rng.random_range(0..=last.min(120)),
            1 => last - rng.random_range(0..=last.min(240)),
            _ => rng.random_range(0..=last),
        };
        bytes[place] = match rng.random_range(0..4) {
            0 => 0xFF,
            1 => 0,
            2 => bytes[place] ^ 1 << rng.random_range(0..8),
            _ => rng.random(),
        };
    }
    if number % 10 == 9 {
        bytes.truncate(rng.random_range(1..=file.len()));
    }
    bytes
}

#[test]
fn no_damage_escapes_or_takes_much_memory() {
    limit_decoding_memory(LIMIT_BYTES);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut names: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| {
        [".tif", ".jp2", ".j2k"].iter().any(|ending| name.ends_with(ending)) || name.contains("profile")
    });
    names.sort();
    let before = peak();
    let mut decoded = 0;
    for name in &names {
        let file = std::fs::read(folder.join(name)).unwrap();
        for number in 0..MUTATIONS {
            match decode_bytes(&mutated(&file, name, number)) {
                Ok(_) => decoded += 1,
                Err(error) => {
                    let said = error.to_string();
                    // The decoders of others may panic and are caught. What is written here must not.
                    assert!(!said.contains("decoder of TIFF images failed"), "{name}, mutation {number}: {said}");
                }
            }
        }
    }
    let mutations = names.len() as u64 * MUTATIONS;
    assert!(mutations > 5000 && decoded > 0 && decoded < mutations, "{decoded} of {mutations} are decoded");
    match before.zip(peak()) {
        Some((before, after)) => {
            assert!(after - before < LIMIT_BYTES + SLACK_BYTES, "{} bytes more", after - before);
        }
        None => silknow_test_support::skipped(
            "no_damage_escapes_or_takes_much_memory",
            "this system does not tell the highest memory of a process",
        ),
    }
}
