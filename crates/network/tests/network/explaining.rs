//! Where similarities come from: the parts of the places add up, and they are where the pictures are alike.

use burn::tensor::Device;
use silknow_config::{Architecture, TrainingParameters};
use silknow_image::Pipeline;
use silknow_network::{Explanation, Model, Placement, StoredModel, TopNetwork, WeightFile};
use silknow_records::Vocabulary;

use crate::reference;

const SIDE: usize = 96;

/// A model with this head and share of frozen values, whose last `retrained` blocks were trained.
fn model(add_fc: &[usize], share: f64, retrained: usize) -> Model {
    let weights = WeightFile::builtin(Architecture::RESNET18).unwrap();
    let device = Device::flex();
    let mut top = TopNetwork::new(&weights, Architecture::RESNET18, retrained, add_fc, 3, &device).unwrap();
    let mut tensors = top.to_named_tensors();
    for (name, tensor) in &mut tensors {
        let is_bias = name.ends_with(".bias");
        tensor.data.iter_mut().enumerate().for_each(|(position, value)| {
            *value = if is_bias { 0.01 * (position % 7) as f32 - 0.03 } else { 0.9 * *value };
        });
    }
    top.load_named_tensors(&tensors).unwrap();
    let top = top.with_frozen_share(share);
    let mut training = TrainingParameters::default();
    (training.add_fc, training.hub_num_retrain) = (add_fc.to_vec(), retrained);
    training.backbone = Architecture::RESNET18;
    let pipeline = Pipeline { input_size: SIDE, ..Pipeline::default() };
    let stored = StoredModel::trained(&weights, &top, pipeline, Vocabulary::default(), training).unwrap();
    stored.open(&Placement::processor()).unwrap()
}

/// Every pair of some pictures explained.
fn explained(model: &Model, pixels: &[f32], pictures: usize) -> Vec<(usize, usize, Explanation)> {
    let places = model.places(pixels, pictures).unwrap();
    let pairs: Vec<(usize, usize)> = (0..pictures).flat_map(|a| (0..pictures).map(move |b| (a, b))).collect();
    let asked: Vec<_> = pairs.iter().map(|&(a, b)| (&places[a], &places[b])).collect();
    pairs.iter().zip(model.explain(&asked).unwrap()).map(|(&(a, b), explanation)| (a, b, explanation)).collect()
}

#[test]
fn the_parts_of_the_places_are_the_product_of_the_descriptors() {
    let pictures = 3;
    let pixels = reference::spread("input", pictures * 3 * SIDE * SIDE, 0.0, 2.0);
    for (add_fc, share, retrained) in [(&[][..], 0.0, 0), (&[48, 16], 0.0, 0), (&[48, 16], 0.3, 1), (&[16], 1.0, 0)] {
        let model = model(add_fc, share, retrained);
        let descriptors = model.describe_pixels(&pixels, pictures).unwrap();
        let of = |picture: usize| &descriptors[picture * model.dims()..][..model.dims()];
        for (a, b, explanation) in explained(&model, &pixels, pictures) {
            let product: f32 = of(a).iter().zip(of(b)).map(|(a, b)| a * b).sum();
            let Explanation { similarity, first, second, .. } = explanation;
            assert!((similarity - product).abs() < 1e-4, "{add_fc:?} {share}: {similarity} for {product}");
            for parts in [first, second] {
                assert_eq!((parts.rows, parts.columns, parts.values.len()), (3, 3, 9));
                let sum: f32 = parts.values.iter().sum();
                assert!((sum - product).abs() < 1e-4, "{add_fc:?} {share}: {sum} for {product}");
            }
        }
    }
}

/// Without layers the part of a place is what is seen there times the other's pooled values, over both lengths.
#[test]
fn without_a_head_no_place_speaks_against_a_similarity() {
    let pixels = reference::spread("input", 2 * 3 * SIDE * SIDE, 0.0, 2.0);
    for (_, _, explanation) in explained(&model(&[], 0.0, 0), &pixels, 2) {
        assert!(explanation.first.values.iter().chain(&explanation.second.values).all(|&part| part >= 0.0));
    }
}

#[test]
fn the_half_that_two_pictures_share_is_where_the_parts_are() {
    let side = 256;
    let plain = |x: usize, y: usize| 0.05 * (((x * 7 + y * 13) % 5) as f32 - 2.0);
    let pattern = |x: usize, y: usize| if (x / 6 + y / 6).is_multiple_of(2) { 1.5 } else { -1.5 };
    // The pattern is in these columns.
    let picture = |columns: std::ops::Range<usize>| -> Vec<f32> {
        let pixel = |x, y| if columns.contains(&x) { pattern(x, y) } else { plain(x, y) };
        let plane: Vec<f32> = (0..side * side).map(|at| pixel(at % side, at / side)).collect();
        plane.repeat(3)
    };
    let weights = WeightFile::builtin(Architecture::RESNET18).unwrap();
    let stored = StoredModel::untrained(&weights, Architecture::RESNET18, &[], 0, side).unwrap();
    let model = stored.open(&Placement::processor()).unwrap();
    let pixels = [picture(0..side), picture(0..side / 2), picture(side / 2..side)].concat();
    let places = model.places(&pixels, 3).unwrap();
    let explained = model.explain(&[(&places[1], &places[0]), (&places[2], &places[0])]).unwrap();
    let left = |explanation: &Explanation| {
        let values = &explanation.first.values;
        let of_row = |row: &[f32]| row[..4].iter().sum::<f32>();
        values.chunks(8).map(of_row).sum::<f32>() / values.iter().sum::<f32>()
    };
    let (in_left, in_right) = (left(&explained[0]), left(&explained[1]));
    assert!(in_left > 0.53 && in_right < 0.47, "{in_left} {in_right}");
}
