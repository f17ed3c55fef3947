//! Weight files: what loads to which numbers, and what is refused with which words.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use silknow_config::{Architecture, Weights};
use silknow_errors::ErrorKind;
use silknow_network::weights::{Hub, IMAGENET_MEAN};
use silknow_network::{WeightFile, WeightTensor};
use silknow_progress::Recorder;

use crate::reference;

const RESNET18: Architecture = Architecture::RESNET18;

/// Writes tensors as float32, with metadata.
fn write(path: &Path, weights: &WeightFile, metadata: &[(&str, &str)]) {
    let bytes: Vec<(&String, &WeightTensor, Vec<u8>)> = weights
        .tensors
        .iter()
        .map(|(name, tensor)| (name, tensor, tensor.data.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let views = bytes
        .iter()
        .map(|(name, tensor, bytes)| (*name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).unwrap()));
    let metadata: HashMap<_, _> = metadata.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    std::fs::write(path, safetensors::serialize(views, Some(metadata)).unwrap()).unwrap();
}

#[test]
fn a_pytorch_checkpoint_and_a_safetensors_file_of_the_same_weights_load_alike() {
    let checkpoint = WeightFile::load(&reference::file("strided.pth"), RESNET18).unwrap();
    // Element (i, j, ...) of the n-th tensor is storage[n + i + j + ...]; tensor 0 is the first convolution.
    let storage = reference::spread("storage", 4096, 1.0, 1.0);
    let first = &checkpoint.tensors["conv1.weight"];
    assert_eq!(first.shape, [64, 3, 7, 7]);
    let last_element = first.data.last().unwrap();
    assert_eq!(*last_element, storage[63 + 2 + 6 + 6]);
    assert_eq!(first.data[..8], [&storage[..7], &storage[1..2]].concat());

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    write(&path, &checkpoint, &[("mean", "[0.5, 0.4, 0.3]"), ("std", "0.2,0.25,0.3")]);
    let loaded = WeightFile::load(&path, RESNET18).unwrap();
    assert_eq!(loaded.tensors, checkpoint.tensors);
    assert_eq!((loaded.mean, loaded.std), ([0.5, 0.4, 0.3], [0.2, 0.25, 0.3]));
    assert_eq!(checkpoint.mean, IMAGENET_MEAN);
    assert_eq!(loaded.sha256.len(), 64);

    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let message = WeightFile::load(&path, RESNET18).unwrap_err().to_string();
    assert!(message.contains("weights.safetensors: not a complete safetensors file"), "{message}");
}

#[test]
fn a_cut_checkpoint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pth");
    let bytes = std::fs::read(reference::file("strided.pth")).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 2000]).unwrap();
    let message = WeightFile::load(&path, RESNET18).unwrap_err().to_string();
    assert!(message.contains("cut.pth: not a complete PyTorch checkpoint"), "{message}");
}

#[test]
fn weights_of_another_architecture_are_refused_with_its_name() {
    let message = WeightFile::load(&reference::file("strided.pth"), Architecture::RESNET34).unwrap_err().to_string();
    assert!(message.contains("strided.pth: the tensor `layer1.2.bn1.bias` is missing"), "{message}");
    assert!(message.contains("these are the weights of resnet18"), "{message}");
}

#[test]
fn every_wrong_tensor_is_named() {
    let good = WeightFile::random(RESNET18, 1).unwrap();
    let message = |change: fn(&mut WeightFile)| {
        let mut weights = good.clone();
        change(&mut weights);
        weights.check(RESNET18).unwrap_err().to_string()
    };
    let missing = message(|weights| drop(weights.tensors.remove("layer4.1.bn2.running_var")));
    assert!(missing.contains("the tensor `layer4.1.bn2.running_var` is missing"), "{missing}");
    let misshapen = message(|weights| weights.tensors.get_mut("conv1.weight").unwrap().shape = vec![64, 147]);
    assert!(misshapen.contains("`conv1.weight` has the shape [64, 147], expected [64, 3, 7, 7]"), "{misshapen}");
    let foreign = message(|weights| {
        weights.tensors.insert("layer5.0.conv1.weight".into(), WeightTensor { shape: vec![1], data: vec![0.0] });
    });
    assert!(foreign.contains("`layer5.0.conv1.weight` does not belong to resnet18"), "{foreign}");
    let damaged = message(|weights| weights.tensors.get_mut("bn1.bias").unwrap().data[3] = f32::NAN);
    assert!(damaged.contains("the tensor `bn1.bias` holds NaN at 3"), "{damaged}");
    let negative = message(|weights| weights.tensors.get_mut("bn1.running_var").unwrap().data[3] = -0.5);
    assert!(negative.contains("the tensor `bn1.running_var` holds the negative variance -0.5 at 3"), "{negative}");
}

#[test]
fn a_file_that_is_no_weight_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in [
        ("page.safetensors", "not a complete safetensors file"),
        ("page.pth", "not a complete PyTorch checkpoint"),
        ("page.h5", "not a weight file"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, "<html>not found</html>").unwrap();
        let message = WeightFile::load(&path, RESNET18).unwrap_err().to_string();
        assert!(message.contains(&format!("{name}: {expected}")), "{message}");
    }
    let error = WeightFile::load(&folder.path().join("absent.pth"), RESNET18).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[test]
fn a_checkpoint_that_claims_more_numbers_than_it_has_bytes_is_refused() {
    let message = WeightFile::load(&reference::file("inflated.pth"), RESNET18).unwrap_err().to_string();
    assert!(message.contains("inflated.pth: the tensors hold more than 64000000 numbers, in a file of"), "{message}");
}

#[test]
fn the_built_in_weights_fit_resnet18_alone() {
    let weights = WeightFile::builtin(RESNET18).unwrap();
    assert_eq!(weights.mean, IMAGENET_MEAN);
    let error = WeightFile::builtin(Architecture::RESNET50).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("resnet18"), "{error}");
}

#[test]
fn random_weights_follow_their_seed_and_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub { address: "http://127.0.0.1:9", cache_folder: folder.path(), policy: Default::default() };
    let observer = Recorder::default();
    let resolve = |seed| WeightFile::resolve(&Weights::None, RESNET18, seed, &hub, &observer).unwrap();
    assert_eq!(resolve(3), resolve(3));
    assert_ne!(resolve(3).tensors, resolve(4).tensors);
    assert!(observer.warnings().iter().all(|warning| warning.contains("random")));
    assert_eq!(observer.warnings().len(), 4);
    resolve(3).check(RESNET18).unwrap();
}
