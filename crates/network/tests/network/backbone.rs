//! The backbone against torchvision's values, and an image alone against one in a batch.

use silknow_arrays::npz;
use silknow_config::Architecture;
use silknow_network::{FrozenBackbone, Placement, WeightFile, frozen_backbone};

use crate::reference;

/// The largest difference, relative to the value itself or, for small ones, to a hundredth of the largest.
pub(crate) fn relative_difference(values: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(values.len(), expected.len());
    let largest = expected.iter().copied().map(f32::abs).fold(0.0, f32::max);
    let difference = |(value, expected): (&f32, &f32)| (value - expected).abs() / expected.abs().max(0.01 * largest);
    values.iter().zip(expected).map(difference).fold(0.0, f32::max)
}

pub(crate) fn pixels(name: &str, images: usize, side: usize) -> Vec<f32> {
    reference::spread(name, images * 3 * side * side, 0.0, 2.0)
}

fn frozen(weights: &WeightFile, architecture: Architecture, retrain: usize, side: usize) -> Box<dyn FrozenBackbone> {
    frozen_backbone(weights, architecture, retrain, side, &Placement::processor()).unwrap()
}

fn assert_pooled_values_equal_torchvisions(architecture: Architecture, sides: &[usize]) {
    let weights = reference::weights(architecture);
    let mut expected = npz::Reader::open(reference::file("pooled.npz")).unwrap();
    for &side in sides {
        let (_, expected) = expected.f32(&format!("{architecture}_{side}")).unwrap();
        let pooled = frozen(&weights, architecture, 0, side).run(&pixels("input", 1, side), 1).unwrap();
        let difference = relative_difference(&pooled, &expected);
        assert!(difference <= 1e-4, "{architecture} at {side} px: {difference}");
    }
}

#[test]
fn pooled_values_of_resnet18_equal_torchvisions() {
    assert_pooled_values_equal_torchvisions(Architecture::RESNET18, &[224, 129]);
}

#[test]
fn pooled_values_of_resnet34_equal_torchvisions() {
    assert_pooled_values_equal_torchvisions(Architecture::RESNET34, &[224]);
}

#[test]
fn pooled_values_of_resnet50_equal_torchvisions() {
    assert_pooled_values_equal_torchvisions(Architecture::RESNET50, &[224, 97]);
}

#[test]
fn pooled_values_of_resnet101_equal_torchvisions() {
    assert_pooled_values_equal_torchvisions(Architecture::RESNET101, &[224]);
}

#[test]
fn pooled_values_of_resnet152_equal_torchvisions() {
    assert_pooled_values_equal_torchvisions(Architecture::RESNET152, &[224]);
}

#[test]
fn an_image_has_the_same_features_alone_and_in_a_batch_with_any_number_of_threads() {
    let (images, side) = (5, 64);
    let pixels = pixels("five images", images, side);
    let weights = reference::weights(Architecture::RESNET50);
    let features = |threads: usize, images_at_once: usize| -> Vec<f32> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let backbone = frozen(&weights, Architecture::RESNET50, 3, side);
            let batches = pixels.chunks(images_at_once * 3 * side * side);
            batches.flat_map(|batch| backbone.run(batch, batch.len() / (3 * side * side)).unwrap()).collect()
        })
    };
    let expected = features(1, 1);
    for (threads, images_at_once) in [(1, images), (3, images), (2, 2)] {
        assert!(features(threads, images_at_once) == expected, "{threads} threads, {images_at_once} images at once");
    }
}
