//! One suite for all engines: Burn, and the processor's own on every instruction set, at all depths, cuts and sizes.

use burn::tensor::Device;
use silknow_config::Architecture;
use silknow_network::resnet::{burn_backbone, processor_backbone};
use silknow_network::{FrozenBackbone, Instructions, Precision, conformance, design_of, family_named};

use crate::backbone::{pixels, relative_difference};
use crate::reference;

/// Every implementation of the frozen part that this machine has, with its name.
fn implementations(
    architecture: Architecture,
    retrained: usize,
    side: usize,
) -> Vec<(String, Box<dyn FrozenBackbone>)> {
    let weights = reference::weights(architecture);
    let burn = burn_backbone(&weights, architecture, retrained, side, &Device::flex()).unwrap();
    let mut all = vec![("Burn".to_owned(), burn)];
    for instructions in Instructions::available() {
        for &precision in Precision::ALL {
            match processor_backbone(&weights, architecture, retrained, side, instructions, precision) {
                Ok(engine) => all.push((format!("{instructions} {precision}"), engine)),
                Err(_) => assert_eq!(precision, Precision::Bf16, "single precision is there for all instructions"),
            }
        }
    }
    all
}

#[test]
fn every_implementation_keeps_the_promises_of_the_trait() {
    let side = 64;
    for (architecture, retrained) in [(Architecture::RESNET18, 0), (Architecture::RESNET50, 2)] {
        let design = design_of(architecture).unwrap();
        let shape = design.feature_shape(design.parts() - retrained, side);
        for (name, frozen) in implementations(architecture, retrained, side) {
            assert_eq!(frozen.feature_shape(), shape, "{name}");
            conformance::check_frozen(&name, &*frozen, side);
        }
    }
}

#[test]
fn resnets_keep_what_every_backbone_keeps() {
    for architecture in [Architecture::RESNET18, Architecture::RESNET50] {
        conformance::check(&reference::weights(architecture), architecture, 65);
    }
}

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
    let blocks = design_of(Architecture::RESNET18).unwrap().parts();
    let cuts: Vec<usize> = (0..=blocks).collect();
    assert_engines_agree(Architecture::RESNET18, &cuts, &[33, 64, 101], &Instructions::available());
}

#[test]
fn engines_agree_at_every_cut_of_a_network_of_bottlenecks() {
    let blocks = design_of(Architecture::RESNET50).unwrap().parts();
    let cuts: Vec<usize> = (0..=blocks).collect();
    assert_engines_agree(Architecture::RESNET50, &cuts, &[65], &Instructions::available());
}

#[test]
fn engines_agree_at_all_depths() {
    for architecture in [Architecture::RESNET34, Architecture::RESNET101, Architecture::RESNET152] {
        assert_engines_agree(architecture, &[0, 3], &[97], &[Instructions::best()]);
    }
}

#[test]
fn engines_agree_on_the_smallest_and_on_large_images() {
    assert_engines_agree(Architecture::RESNET18, &[0, 2], &[32, 257, 448], &[Instructions::best()]);
}

#[test]
fn bf16_stays_near_single_precision_at_all_depths() {
    let instructions = Instructions::best();
    if !instructions.supports(silknow_engine::Precision::Bf16) {
        silknow_test_support::skipped(
            "bf16_stays_near_single_precision_at_all_depths",
            "this processor has no instructions for bf16",
        );
        return;
    }
    let (images, side) = (2, 97);
    let pixels = pixels("engines", images, side);
    let resnets = (family_named("resnet").unwrap().designs)();
    for architecture in resnets.into_iter().map(|resnet| resnet.name()) {
        let weights = reference::weights(architecture);
        let run = |precision| {
            let engine = processor_backbone(&weights, architecture, 0, side, instructions, precision);
            engine.unwrap().run(&pixels, images).unwrap()
        };
        let (values, expected) = (run(Precision::Bf16), run(Precision::F32));
        let squares = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>();
        let error = squares(&mut values.iter().zip(&expected).map(|(value, expected)| value - expected));
        let share = (error / squares(&mut expected.iter().copied())).sqrt();
        assert!(share > 0.0 && share < 2e-2, "{architecture}: {share}");
    }
}

#[test]
fn a_precision_that_the_instructions_do_not_have_is_refused() {
    let weights = reference::weights(Architecture::RESNET18);
    let refused =
        processor_backbone(&weights, Architecture::RESNET18, 0, 64, Instructions::Portable, Precision::Bf16).err();
    assert!(refused.unwrap().to_string().contains("cannot compute in the precision bf16"));
}
