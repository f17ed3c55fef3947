//! The targets that need the network's crate.

use silknow_config::Architecture;
use silknow_network::{StoredModel, WeightFile};

use crate::targets::{Target, in_file};

/// These targets by name.
pub const TARGETS: &[(&str, Target)] = &[("checkpoint_pth", checkpoint), ("model", model), ("weights", weights)];

fn checkpoint(bytes: &[u8]) {
    in_file("a.pth", bytes, |folder| drop(WeightFile::load(&folder.join("a.pth"), Architecture::RESNET18)));
}

/// The description, up to the first byte 0, and the tensors after it.
fn model(bytes: &[u8]) {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    in_file("model.json", &bytes[..end], |folder| {
        let tensors = bytes.get(end + 1..).unwrap_or_default();
        std::fs::write(folder.join("model.safetensors"), tensors).expect("there is room for a file");
        drop(StoredModel::read(folder));
    });
}

fn weights(bytes: &[u8]) {
    let name = "a.safetensors";
    in_file(name, bytes, |folder| drop(WeightFile::load(&folder.join(name), Architecture::RESNET18)));
}
