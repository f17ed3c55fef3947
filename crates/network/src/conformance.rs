//! What every [backbone](crate::Backbone) keeps, whatever its family, as checks that the tests of a family run.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Device, Tensor, TensorData};
use silknow_config::Architecture;
use silknow_errors::ErrorKind;

use crate::backbone::Backbone;
use crate::device::Placement;
use crate::families::design_of;
use crate::features::{FrozenBackbone, Maps};
use crate::graph::Graph;
use crate::top::{BACKBONE_PREFIX, TopNetwork};
use crate::weights::{WeightFile, WeightTensor};

/// The largest difference that is allowed between two ways to the same value, relative to the value or, for small ones, to
/// a hundredth of the largest.
const TOLERANCE: f32 = 1e-4;

/// Images that are run at once.
const IMAGES: usize = 3;

/// Runs all checks on a backbone with the given weights, with square images of `input_px`: with all parts frozen, with the
/// last one, two and half of them retrained, and with all retrained.
///
/// # Panics
/// When the backbone does not keep what [`Design`](crate::Design) and [`FrozenBackbone`] promise; the message says what it is.
pub fn check(weights: &WeightFile, architecture: Architecture, input_px: usize) {
    let design = design_of(architecture).expect("the backbone is in the registry");
    weights.check(architecture).expect("the weights are the backbone's");
    let backbone = |retrained| Backbone::new(weights.clone(), architecture, retrained, input_px);
    let beyond = backbone(design.parts() + 1).err().expect("no more parts are retrained than there are");
    assert_eq!(beyond.kind(), ErrorKind::Configuration, "{beyond}");

    check_graph(weights, architecture, input_px);
    let pixels = pixels(input_px);
    let fingerprint =
        |retrained| backbone(retrained).and_then(|backbone| backbone.fingerprint()).expect("a fingerprint");
    assert_eq!(fingerprint(0), fingerprint(design.parts()), "the fingerprint depends on the cut");
    let mut whole = None;
    let cuts = [0, 1, 2, design.parts() / 2, design.parts()].map(|retrained| retrained.min(design.parts()));
    for retrained in BTreeSet::from(cuts) {
        let backbone = backbone(retrained).expect("there are as many parts");
        let name = format!("{architecture} with {retrained} of {} parts retrained", design.parts());
        let frozen = backbone.frozen(&Placement::processor()).expect("the frozen part runs on the processor");
        assert_eq!(frozen.feature_shape(), backbone.feature_shape(), "{name}: shape of the features");
        check_frozen(&name, &*frozen, input_px);
        let features = frozen.run(&pixels, IMAGES).expect("the images have the right size");
        let descriptors = descriptors(&backbone, retrained, features);
        let whole = whole.get_or_insert_with(|| descriptors.clone());
        assert_near(&format!("{name}: the two parts together and the whole"), &descriptors, whole);
        check_trained_tensors(&name, &backbone, retrained);
    }
}

/// Checks that a frozen part keeps what [`FrozenBackbone`] promises, in any precision.
///
/// # Panics
/// When it does not; `name` begins the message.
pub fn check_frozen(name: &str, frozen: &dyn FrozenBackbone, input_px: usize) {
    let pixels = pixels(input_px);
    let (image, values) = (3 * input_px * input_px, frozen.feature_shape().len());
    let features = frozen.run(&pixels, IMAGES).expect("the images have the right size");
    assert_eq!(features.len(), IMAGES * values, "{name}: number of values");
    assert!(frozen.run(&pixels, IMAGES).is_ok_and(|again| again == features), "{name}: differs from itself");
    for (pixels, together) in pixels.chunks(image).zip(features.chunks(values)) {
        let alone = frozen.run(pixels, 1).expect("an image has the right size");
        assert_near(&format!("{name}: an image alone and among others"), &alone, together);
    }
    assert!(frozen.run(&[], 0).is_ok_and(|none| none.is_empty()), "{name}: no images have no features");
    let refused = frozen.run(&pixels[1..], IMAGES).err();
    assert!(refused.is_some_and(|error| error.kind() == ErrorKind::Internal), "{name}: took pixels of another size");
    let before_pool = frozen.run_before_pool(&pixels, IMAGES).expect("the images have the right size");
    let Some(Maps { shape, values }) = before_pool else { return };
    assert_eq!(values.len(), IMAGES * shape.len(), "{name}: number of values before the pool");
    let places = shape.height * shape.width;
    let means: Vec<f32> = values.chunks(places).map(|map| map.iter().sum::<f32>() / places as f32).collect();
    assert_near(&format!("{name}: the mean of the maps and the pooled values"), &means, &features);
}

/// The graph works on what was entered before, and has all tensors of the backbone and no others.
fn check_graph(weights: &WeightFile, architecture: Architecture, input_px: usize) {
    let design = design_of(architecture).expect("the backbone is in the registry");
    let (mut rest, mut graph) = (weights.clone(), Graph::default());
    design.enter(&mut rest, &mut graph, input_px, ("pixels", "pooled")).expect("the weights are the backbone's");
    let shapes: BTreeMap<String, Vec<usize>> =
        graph.constants.iter().map(|(name, tensor)| (name.clone(), tensor.shape.clone())).collect();
    assert_eq!(shapes, design.tensors(), "{architecture}: constants of the graph");
    let mut known: BTreeSet<&str> = shapes.keys().map(String::as_str).chain(["pixels"]).collect();
    for step in &graph.steps {
        let stranger = step.operands.iter().find(|name| !known.contains(name.as_str()));
        assert_eq!(stranger, None, "{architecture}: `{}` works on what is not there before", step.result);
        assert!(known.insert(&step.result), "{architecture}: two values are called `{}`", step.result);
    }
    assert_eq!(graph.steps.last().map(|step| step.result.as_str()), Some("pooled"), "{architecture}: end of the graph");
}

/// What the parts after the cut make of features: unit vectors.
fn descriptors(backbone: &Backbone, retrained: usize, features: Vec<f32>) -> Vec<f32> {
    let shape = backbone.feature_shape();
    let top = TopNetwork::new(backbone.weights(), backbone.design().name(), retrained, &[], 0, &Device::flex())
        .expect("the parts after the cut");
    assert_eq!(top.dims(), backbone.design().pooled_features());
    let features = Tensor::from_data(TensorData::new(features, [IMAGES, shape.len()]), &Device::flex());
    top.forward(features, shape).into_data().try_into_vec().expect("the network computes with f32")
}

/// The tensors that are trained have the names, shapes and values of the weights, and are taken over as they are.
fn check_trained_tensors(name: &str, backbone: &Backbone, retrained: usize) {
    let top = |weights: &WeightFile| {
        let device = Device::flex().autodiff();
        TopNetwork::new(weights, backbone.design().name(), retrained, &[], 0, &device).expect("the parts after the cut")
    };
    let (weights, network) = (backbone.weights(), top(backbone.weights()));
    let trained = network.to_named_tensors();
    assert_eq!(trained.is_empty(), retrained == 0, "{name}: number of trained tensors");
    for (tensor, values) in &trained {
        let stored = tensor.strip_prefix(BACKBONE_PREFIX).and_then(|tensor| weights.tensors.get(tensor));
        assert_eq!(stored, Some(values), "{name}: the tensor `{tensor}`");
    }
    let halved = |tensor: &WeightTensor| WeightTensor {
        shape: tensor.shape.clone(),
        data: tensor.data.iter().map(|value| value / 2.0).collect(),
    };
    let others = trained.iter().map(|(tensor, values)| (tensor.clone(), halved(values))).collect();
    let mut network = network;
    network.load_named_tensors(&others).expect("tensors of the same names and shapes");
    assert_eq!(network.to_named_tensors(), others, "{name}: tensors taken over");
}

/// Normalised pixels `[IMAGES, 3, S, S]` without a pattern.
fn pixels(input_px: usize) -> Vec<f32> {
    let values = (0..(IMAGES * 3 * input_px * input_px) as u64)
        .map(|position| (position.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f32 / (1 << 22) as f32 - 2.0);
    values.collect()
}

fn assert_near(what: &str, values: &[f32], expected: &[f32]) {
    assert_eq!(values.len(), expected.len(), "{what}");
    let largest = expected.iter().copied().map(f32::abs).fold(0.0, f32::max);
    let difference = |(value, expected): (&f32, &f32)| (value - expected).abs() / expected.abs().max(0.01 * largest);
    let difference = values.iter().zip(expected).map(difference).fold(0.0, f32::max);
    assert!(difference < TOLERANCE, "{what}: {difference}");
}
