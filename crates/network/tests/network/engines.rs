//! One suite for all engines: Burn, and the processor's own on every instruction set, at all depths, cuts and sizes.

use burn::tensor::Device;
use silknow_config::Architecture;
use silknow_network::layout::Layout;
use silknow_network::{Instructions, Precision, burn_backbone, processor_backbone};

use crate::backbone::{pixels, relative_difference};
use crate::reference;

/// Compares the engines with some blocks retrained, for two images of each size.
fn assert_engines_agree(architecture: Architecture, cuts: &[usize], sides: &[usize], sets: &[Instructions]) {
    let weights = reference::weights(architecture);
    for &side in sides {
        let images = 2;
        let pixels = pixels("engines", images, side);
        for &retrain in cuts {
            let burn = burn_backbone(&weights, architecture, retrain, side, &Device::flex()).unwrap();
            let expected = burn.run(&pixels, images).unwrap();
            for &instructions in sets {
                let engine =
                    processor_backbone(&weights, architecture, retrain, side, instructions, Precision::F32).unwrap();
                assert_eq!(engine.feature_shape(), burn.feature_shape());
                let values = engine.run(&pixels, images).unwrap();
                let difference = relative_difference(&values, &expected);
                assert!(
                    difference < 1e-4,
                    "{architecture}, {side} px, {retrain} retrained, {instructions}: {difference}"
                );
            }
        }
    }
}

#[test]
fn engines_agree_at_every_cut_of_a_network_of_basic_blocks() {
    let blocks = Layout::of(Architecture::ResNet18).blocks.len();
    let cuts: Vec<usize> = (0..=blocks).collect();
    assert_engines_agree(Architecture::ResNet18, &cuts, &[33, 64, 101], &Instructions::available());
}

#[test]
fn engines_agree_at_every_cut_of_a_network_of_bottlenecks() {
    let blocks = Layout::of(Architecture::ResNet50).blocks.len();
    let cuts: Vec<usize> = (0..=blocks).collect();
    assert_engines_agree(Architecture::ResNet50, &cuts, &[65], &Instructions::available());
}

#[test]
fn engines_agree_at_all_depths() {
    for architecture in [Architecture::ResNet34, Architecture::ResNet101, Architecture::ResNet152] {
        assert_engines_agree(architecture, &[0, 3], &[97], &[Instructions::best()]);
    }
}

#[test]
fn engines_agree_on_the_smallest_and_on_large_images() {
    assert_engines_agree(Architecture::ResNet18, &[0, 2], &[32, 257, 448], &[Instructions::best()]);
}
