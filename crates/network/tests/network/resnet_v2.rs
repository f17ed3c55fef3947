//! ResNets v2 against references of TensorFlow and Keras, whose weights follow from their names.

use std::collections::BTreeMap;

use burn::tensor::Device;
use silknow_config::{Architecture, Precision};
use silknow_network::resnet_v2::{ResNetV2, burn_backbone, processor_backbone, slim};
use silknow_network::{FrozenBackbone, Instructions, TopNetwork, WeightFile, WeightTensor, conformance, design_of};
use silknow_test_support::reference::{assert_near, images, numbers};
use silknow_test_support::shared;

const SIDE: usize = 224;
const IMAGES: usize = 3;

fn architecture(name: &str) -> Architecture {
    Architecture::new(name).unwrap()
}

/// The weights of the references; `scope` is the network's name in slim.
fn weights(architecture: Architecture, scope: &str) -> WeightFile {
    let mut weights = WeightFile::random(architecture, 0).unwrap();
    for (name, tensor) in &mut weights.tensors {
        let slim = format!("{scope}/{}", slim::in_slim(name));
        let kind = slim.rsplit('/').next().unwrap();
        let fan_in = tensor.shape[1..].iter().product::<usize>();
        let (base, amplitude) = match kind {
            "weights" => (0.0, (3.0 / fan_in as f64).sqrt() as f32),
            "gamma" | "moving_variance" => (1.0, 0.25),
            _ => (0.0, 0.1),
        };
        tensor.data = numbers(&slim, tensor.data.len()).map(|number| base + number * amplitude).collect();
    }
    weights
}

fn reference(name: &str) -> Option<Vec<f32>> {
    let folder = shared("resnet_v2")?.join("migration/reference");
    let bytes = std::fs::read(folder.join(format!("reference_{name}.f32le"))).unwrap();
    Some(bytes.as_chunks::<4>().0.iter().map(|&value| f32::from_le_bytes(value)).collect())
}

/// The engine and, where wanted, Burn give the features and descriptors that TensorFlow or Keras gave.
fn assert_equals_reference(name: &str, scope: &str, reference_name: &str, on_burn: bool) {
    let Some(features) = reference(&format!("{reference_name}_hash_features")) else { return };
    let descriptors = reference(&format!("{reference_name}_hash_descriptors")).unwrap();
    let (architecture, pixels) = (architecture(name), images(SIDE));
    let weights = weights(architecture, scope);
    let head: BTreeMap<String, WeightTensor> = head();
    let mut top = TopNetwork::new(&weights, architecture, 0, &[1024, 128], 0, &Device::flex()).unwrap();
    top.load_named_tensors(&head).unwrap();
    let single = silknow_network::Precision::F32;
    let mut engines: Vec<(&str, Box<dyn FrozenBackbone>)> =
        vec![("engine", processor_backbone(&weights, architecture, 0, SIDE, Instructions::best(), single).unwrap())];
    if on_burn {
        engines.push(("Burn", burn_backbone(&weights, architecture, 0, SIDE, &Device::flex()).unwrap()));
    }
    let largest = features.iter().copied().map(f32::abs).fold(0.0, f32::max);
    for (engine, backbone) in engines {
        let found = backbone.run(&pixels, IMAGES).unwrap();
        assert_near(&format!("{name}, {engine}: features"), &found, &features, 1e-4 * largest);
        let found = top.describe(&found, backbone.feature_shape(), &Device::flex()).unwrap();
        assert_near(&format!("{name}, {engine}: descriptors"), &found, &descriptors, 1e-5);
    }
}

/// The fully connected layers of the references.
fn head() -> BTreeMap<String, WeightTensor> {
    let mut head = BTreeMap::new();
    for (position, (layer, inputs, outputs)) in
        [("fc_layer0_1024", 2048, 1024), ("output_features", 1024, 128)].into_iter().enumerate()
    {
        let amplitude = (6.0 / inputs as f64).sqrt() as f32;
        let kernel =
            numbers(&format!("CustomLayers/{layer}/kernel"), inputs * outputs).map(|number| number * amplitude);
        let (shape, data) = slim::in_our_order(&[inputs, outputs], kernel.collect());
        head.insert(format!("head.{position}.weight"), WeightTensor { shape, data });
        let data = numbers(&format!("CustomLayers/{layer}/bias"), outputs).map(|number| number * 0.1).collect();
        head.insert(format!("head.{position}.bias"), WeightTensor { shape: vec![outputs], data });
    }
    head
}

#[test]
fn slims_network_of_50_layers_equals_tensorflow() {
    assert_equals_reference("resnet_v2_50", "resnet_v2_50", "resnet_v2_50", true);
}

#[test]
fn slims_network_of_152_layers_equals_tensorflow() {
    assert_equals_reference("resnet_v2_152", "resnet_v2_152", "resnet_v2_152", true);
}

#[test]
fn keras_network_of_50_layers_equals_keras() {
    assert_equals_reference("resnet50v2", "resnet_v2_50", "keras_50", true);
}

#[test]
fn keras_network_of_152_layers_equals_keras() {
    assert_equals_reference("resnet152v2", "resnet_v2_152", "keras_152", false);
}

#[test]
fn narrow_networks_keep_what_every_backbone_keeps() {
    for name in ["resnet_v2_2-3-2_4-6-8", "resnetv2_2-3-2_4-6-8"] {
        conformance::check(&weights(architecture(name), "resnet_v2_23"), architecture(name), 57);
    }
}

#[test]
fn networks_on_the_engine_keep_what_every_backbone_keeps() {
    for name in ["resnet_v2_2-2_64-128", "resnetv2_1-2_64-128"] {
        conformance::check(&weights(architecture(name), "resnet_v2_14"), architecture(name), 64);
    }
}

#[test]
fn engines_agree_at_every_cut_and_on_all_instructions() {
    for (name, side) in [("resnet_v2_2-3-2_64-64-128", 97), ("resnetv2_2-3-2_64-64-128", 64)] {
        let architecture = architecture(name);
        let weights = weights(architecture, "resnet_v2_23");
        let pixels: Vec<f32> = numbers("pixels", IMAGES * 3 * side * side).collect();
        for retrained in 0..=design_of(architecture).unwrap().parts() {
            let burn = burn_backbone(&weights, architecture, retrained, side, &Device::flex()).unwrap();
            let expected = burn.run(&pixels, IMAGES).unwrap();
            let largest = expected.iter().copied().map(f32::abs).fold(0.0, f32::max);
            for instructions in Instructions::available() {
                let single = Precision::F32;
                let engine = processor_backbone(&weights, architecture, retrained, side, instructions, single).unwrap();
                assert_eq!(engine.feature_shape(), burn.feature_shape());
                let what = format!("{name}, {retrained} retrained, {instructions}");
                assert_near(&what, &engine.run(&pixels, IMAGES).unwrap(), &expected, 1e-4 * largest);
            }
        }
    }
}

#[test]
fn the_epsilon_is_that_of_the_flavour() {
    // A variance of zero makes it visible.
    let epsilon = |name: &str| ResNetV2::of(architecture(name)).unwrap().layout().flavour.epsilon();
    assert_eq!((epsilon("resnet_v2_50"), epsilon("resnet50v2")), (1e-5, 1.001e-5));
    // Where the variances of the last normalisation are 0, the features are as large as the epsilon is small.
    let features = |name: &str| {
        let mut weights = weights(architecture(name), "resnet_v2_5");
        for (tensor, value) in [("running_var", 0.0), ("running_mean", 0.0), ("bias", 0.0)] {
            weights.tensors.get_mut(&format!("postnorm.{tensor}")).unwrap().data.fill(value);
        }
        // The pool's border has no part in it: the stem gives the same everywhere.
        weights.tensors.get_mut("conv1.weight").unwrap().data.fill(0.0);
        let data = &mut weights.tensors.get_mut("conv1.bias").unwrap().data;
        data.iter_mut().for_each(|bias| *bias = bias.abs());
        for norm in ["preact", "bn1", "bn2"] {
            weights.tensors.get_mut(&format!("layer1.0.{norm}.running_var")).unwrap().data.fill(1.0);
        }
        burn_backbone(&weights, architecture(name), 0, 64, &Device::flex())
            .unwrap()
            .run(&[0.0; 3 * 64 * 64], 1)
            .unwrap()
    };
    let sum = |values: Vec<f32>| values.into_iter().map(f64::from).sum::<f64>();
    let ratio = sum(features("resnet_v2_1_64")) / sum(features("resnetv2_1_64"));
    assert!((ratio - 1.001_f64.sqrt()).abs() < 1e-5, "{ratio}");
}
