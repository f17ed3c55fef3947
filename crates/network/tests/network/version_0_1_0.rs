//! A model folder that version 0.1.0 wrote: it is read, keeps its fingerprint, and describes as it did.
//!
//! `version_0_1_0/model.json` and `descriptors.txt` were written by that version. Its tensors (45 MB) are made again from
//! their names; the fingerprint in `model.json`, which covers their bytes, tells that they are the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};
use silknow_config::Architecture;
use silknow_network::{Model, Placement, StoredModel, WeightTensor};

use crate::reference;

const SIDE: usize = 64;
const IMAGES: usize = 3;

fn committed(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/network/version_0_1_0").join(name)
}

/// The tensors of the folder under their names in the file.
fn tensors() -> BTreeMap<String, WeightTensor> {
    let backbone = reference::weights(Architecture::RESNET18).tensors;
    let mut tensors: BTreeMap<_, _> =
        backbone.into_iter().map(|(name, tensor)| (format!("backbone.{name}"), tensor)).collect();
    for (name, shape) in [
        ("head.0.weight", vec![32, 512]),
        ("head.0.bias", vec![32]),
        ("head.1.weight", vec![16, 32]),
        ("head.1.bias", vec![16]),
    ] {
        let data = reference::spread(name, shape.iter().product(), 0.0, 0.2);
        tensors.insert(name.to_owned(), WeightTensor { shape, data });
    }
    tensors
}

/// Writes `model.safetensors` as version 0.1.0 did.
fn write_tensors(folder: &Path) {
    let bytes: Vec<(String, WeightTensor, Vec<u8>)> = tensors()
        .into_iter()
        .map(|(name, tensor)| {
            let bytes = tensor.data.iter().flat_map(|value| value.to_le_bytes()).collect();
            (name, tensor, bytes)
        })
        .collect();
    let views = bytes
        .iter()
        .map(|(name, tensor, bytes)| (name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).unwrap()));
    std::fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn a_model_of_version_0_1_0_keeps_its_fingerprint_and_its_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(committed("model.json"), folder.path().join("model.json")).unwrap();
    write_tensors(folder.path());
    let model = Model::load(folder.path(), &Placement::processor()).unwrap();
    assert_eq!(model.fingerprint(), "f355516d7e4ca4e488da05a9bfd91da6051bcdbf94fadb4e61926e756b6c155b");
    let classes: Vec<_> = model.vocabulary().variables.iter().map(|variable| variable.classes.join(" ")).collect();
    assert_eq!(classes, ["DE ES", "eighteenth_century nineteenth_century"]);
    assert_eq!(model.facts().training.as_ref().unwrap().seed, 5);

    let pixels = reference::spread("input", IMAGES * 3 * SIDE * SIDE, 0.0, 2.0);
    let descriptors = model.describe_pixels(&pixels, IMAGES).unwrap();
    let text = std::fs::read_to_string(committed("descriptors.txt")).unwrap();
    let expected: Vec<f32> = text.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(descriptors.len(), expected.len());
    // Another processor may sum in another order.
    for (value, expected) in descriptors.iter().zip(&expected) {
        assert!((value - expected).abs() < 1e-6, "{value} and {expected}");
    }
}

#[test]
fn every_key_of_a_description_has_a_default() {
    let folder = tempfile::tempdir().unwrap();
    write_tensors(folder.path());
    let read = |text: &str| {
        std::fs::write(folder.path().join("model.json"), text).unwrap();
        StoredModel::read(folder.path()).unwrap()
    };
    let stored = read(r#"{"architecture": "resnet18"}"#);
    let facts = stored.facts();
    // The widths are those of the tensors; the pixels are those of ImageNet's networks.
    assert_eq!(facts.add_fc, [32, 16]);
    assert_eq!(facts.pipeline, silknow_image::Pipeline::default());
    assert!(facts.vocabulary.is_empty() && facts.training.is_none());

    let whole = std::fs::read_to_string(committed("model.json")).unwrap();
    let whole: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&whole).unwrap();
    for key in whole.keys().filter(|key| !["architecture", "pipeline"].contains(&key.as_str())) {
        let mut without = whole.clone();
        without.remove(key);
        assert!(read(&serde_json::to_string(&without).unwrap()).fingerprint().starts_with("f355516d"), "{key}");
    }
}
