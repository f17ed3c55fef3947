//! The checks of every family, on this one.

use silknow_config::Weights;
use silknow_progress::Silent;

use super::*;
use crate::backbone::Backbone;
use crate::conformance;
use crate::families::{TrainableParts, designs};
use crate::model::{Model, StoredModel};
use crate::top::TopNetwork;
use crate::weights::Hub;

#[test]
fn a_second_family_keeps_what_every_backbone_keeps() {
    for design in designs().into_iter().filter(|design| FAMILY.has(design.name())) {
        let weights = WeightFile::random(design.name(), 3).unwrap();
        conformance::check(&weights, design.name(), 64);
    }
}

#[test]
fn its_models_are_saved_with_the_name_of_the_family_and_describe_alike_when_read() {
    let folder = tempfile::tempdir().unwrap();
    let weights = WeightFile::random(NARROW, 3).unwrap();
    let stored = StoredModel::untrained(&weights, NARROW, &[5], 1, 64).unwrap();
    stored.save(folder.path()).unwrap();
    let description = std::fs::read_to_string(folder.path().join("model.json")).unwrap();
    assert!(description.contains("\"family\": \"patches\""), "{description}");
    assert!(description.contains("\"architecture\": \"patches-8\""), "{description}");
    let fingerprint = stored.fingerprint().to_owned();
    let made = stored.open(&Placement::processor()).unwrap();
    let read = Model::load(folder.path(), &Placement::processor()).unwrap();
    assert_eq!(read.fingerprint(), fingerprint);
    let pixels = vec![0.3; 3 * 64 * 64];
    let descriptor = read.describe_pixels(&pixels, 1).unwrap();
    assert_eq!(descriptor.len(), 5);
    assert_eq!(descriptor, made.describe_pixels(&pixels, 1).unwrap());

    // The same description under the other family's name is refused.
    let resnet = description.replace("\"patches\"", "\"resnet\"");
    std::fs::write(folder.path().join("model.json"), resnet).unwrap();
    let message = StoredModel::read(folder.path()).err().unwrap().to_string();
    assert!(message.contains("the architecture patches-8 does not belong to the family `resnet`"), "{message}");
}

#[test]
fn its_gradients_are_those_of_central_differences() {
    let weights = WeightFile::random(NARROW, 3).unwrap();
    let backbone = Backbone::new(weights.clone(), NARROW, 2, 16).unwrap();
    let shape = backbone.feature_shape();
    let pixels: Vec<f32> = (0..3 * 16 * 16).map(|position| (position % 7) as f32 - 3.0).collect();
    let features = backbone.frozen(&Placement::processor()).unwrap().run(&pixels, 1).unwrap();
    let on = |device: &Device| Tensor::from_data(TensorData::new(features.clone(), [1, shape.len()]), device);
    let wanted: Vec<f32> = (0..8).map(|position| position as f32 - 3.5).collect();

    let device = Device::flex().autodiff();
    let top = TopNetwork::new(&weights, NARROW, 2, &[], 0, &device).unwrap();
    let gradients = top.gradients(top.forward_to_train(on(&Device::flex()), shape), wanted.clone(), Vec::new());
    let TrainableParts::Patches(parts) = &top.blocks else { panic!("it is of the family `patches`") };
    let found = parts.layers[0].kernel.val().grad(&gradients).unwrap();
    let found: Vec<f32> = found.into_data().try_into_vec().unwrap();

    let value = |position: usize, step: f32| {
        let mut weights = weights.clone();
        weights.tensors.get_mut("mix.0.weight").unwrap().data[position] += step;
        let top = TopNetwork::new(&weights, NARROW, 2, &[], 0, &Device::flex()).unwrap();
        let descriptor: Vec<f32> = top.forward(on(&Device::flex()), shape).into_data().try_into_vec().unwrap();
        descriptor.iter().zip(&wanted).map(|(a, b)| f64::from(a * b)).sum::<f64>()
    };
    let largest = found.iter().copied().map(f32::abs).fold(0.0, f32::max);
    assert!(largest > 0.0);
    for (position, &found) in found.iter().enumerate() {
        let expected = ((value(position, 5e-3) - value(position, -5e-3)) / 1e-2) as f32;
        assert!((found - expected).abs() < 0.02 * largest, "{position}: {found}, but {expected}");
    }
}

#[test]
fn weights_that_it_does_not_have_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub { address: "http://127.0.0.1:9", cache_folder: folder.path(), policy: Default::default() };
    let refused = |weights| WeightFile::resolve(&weights, NARROW, 0, &hub, &Silent).unwrap_err().to_string();
    let message = refused(Weights::ImageNet);
    assert!(message.contains("there are no ImageNet weights for patches-8"), "{message}");
    let message = refused(Weights::Builtin);
    assert!(message.contains("there are no built-in weights for patches-8"), "{message}");
    assert!(message.contains("use the backbone resnet18"), "{message}");
}
