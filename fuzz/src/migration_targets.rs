//! The targets that read files of other programs.

use std::path::Path;

use silknow_migration::{TensorFile, ToolboxIndex, read_descriptors, read_results};

use crate::targets::{Target, in_file};

/// These targets by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("bundle", bundle),
    ("descriptors", descriptors),
    ("tensors", tensors),
    ("toolbox_index", toolbox_index),
    ("toolbox_results", toolbox_results),
];

/// Opens a file of tensors and reads all of them.
fn read_all(path: &Path) {
    let Ok(Some(mut file)) = TensorFile::open(path) else { return };
    for position in 0..file.tensors().len() {
        let _ = file.read_at(position);
    }
}

/// A checkpoint of version 2: the index, whose length stands in the first two bytes, and the data after it.
fn bundle(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return };
    let (index, data) = rest.split_at(rest.len().min(u16::from_le_bytes(*length).into()));
    in_file("a.ckpt.index", index, |folder| {
        std::fs::write(folder.join("a.ckpt.data-00000-of-00001"), data).expect("there is room for a file");
        read_all(&folder.join("a.ckpt"));
    });
}

fn descriptors(bytes: &[u8]) {
    in_file("a.faiss", bytes, |folder| drop(read_descriptors(folder.join("a.faiss"))));
}

/// Keras files and checkpoints of version 1, which are told by content.
fn tensors(bytes: &[u8]) {
    in_file("a", bytes, |folder| read_all(&folder.join("a")));
}

fn toolbox_index(bytes: &[u8]) {
    in_file("kdtree.npz", bytes, |folder| drop(ToolboxIndex::read(folder.join("kdtree.npz"))));
}

fn toolbox_results(bytes: &[u8]) {
    in_file("pred_gt.npz", bytes, |folder| drop(read_results(folder.join("pred_gt.npz"), None)));
}
