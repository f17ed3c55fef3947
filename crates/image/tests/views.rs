//! Plain and augmented views: equality with Pillow, determinism, and the statistics of what is drawn.

use std::path::{Path, PathBuf};

use image::Rgb;
use rand::RngExt;
use silknow_config::Augmentation;
use silknow_image::{Draw, Pipeline, RgbImage, View, decode, view_rng};

/// A pipeline that leaves values in [0, 1].
fn unscaled(input_size: usize) -> Pipeline {
    Pipeline { input_size, mean: [0.0; 3], std: [1.0; 3], ..Pipeline::default() }
}

fn everything() -> Augmentation {
    Augmentation {
        random_crop: [0.7, 1.0],
        random_rotation90: true,
        gaussian_noise: 0.01,
        flip_left_right: true,
        flip_up_down: true,
        random_shear: Some([-0.2, 0.2, -0.1, 0.1]),
        random_brightness: Some(10.0),
        random_contrast: Some([0.8, 1.2]),
        random_saturation: Some([0.5, 1.5]),
        random_hue: Some(0.1),
        random_rotation: Some(20.0),
    }
}

fn picture(width: u32, height: u32) -> RgbImage {
    let mut rng = view_rng(1, "picture", 0);
    RgbImage::from_fn(width, height, |_, _| Rgb(rng.random()))
}

fn view_of(pipeline: &Pipeline, augmentation: &Augmentation, seed: u64, identity: &str, view: View) -> Vec<f32> {
    let mut out = vec![f32::NAN; pipeline.values_per_image()];
    pipeline.view(&picture(60, 50), view, augmentation, seed, identity, &mut out);
    out
}

/// The cases in the reference folder: source, resized picture, its size, share of the crop.
fn pillow_cases() -> Vec<(PathBuf, PathBuf, usize, f32)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/resize");
    std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let case = name.strip_suffix("_source.png")?.to_owned();
            let (sizes, share) = case.split_once("_share_").unwrap();
            let size = sizes.split_once("_to_").unwrap().1.parse().unwrap();
            Some((folder.join(&name), folder.join(format!("{case}_resized.png")), size, share.parse().unwrap()))
        })
        .collect()
}

#[test]
fn resizing_equals_pillow_to_one_step() {
    let cases = pillow_cases();
    assert_eq!(cases.len(), 9);
    for (source, resized, size, share) in cases {
        let expected = decode(resized).unwrap();
        let pipeline = unscaled(size);
        let mut found = vec![0.0; pipeline.values_per_image()];
        let crop = Augmentation { random_crop: [share, share], ..Augmentation::none() };
        pipeline.augmented(&decode(&source).unwrap(), &crop, &mut view_rng(0, "", 0), &mut found);
        for (x, y, pixel) in expected.enumerate_pixels() {
            for (channel, &value) in pixel.0.iter().enumerate() {
                let found = found[(channel * size + y as usize) * size + x as usize];
                let difference = (found * 255.0 - f32::from(value)).abs();
                assert!(difference <= 1.001, "{} at {x}, {y}: {difference} steps", source.display());
            }
        }
    }
}

#[test]
fn without_augmentation_an_augmented_view_is_the_plain_one() {
    let pipeline = Pipeline { input_size: 32, ..Pipeline::default() };
    let augmented = view_of(&pipeline, &Augmentation::none(), 3, "a", View::Augmented(5));
    assert_eq!(augmented, view_of(&pipeline, &everything(), 4, "b", View::Plain));
}

#[test]
fn normalisation_takes_mean_and_deviation_of_its_channel() {
    let pipeline = Pipeline { input_size: 4, mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2.0], ..Pipeline::default() };
    let mut out = vec![0.0; pipeline.values_per_image()];
    pipeline.plain(&RgbImage::from_pixel(9, 7, Rgb([51, 102, 153])), &mut out);
    for (channel, expected) in out.chunks(16).zip([0.2, 0.8, 0.15]) {
        assert!(channel.iter().all(|value| (value - expected).abs() < 1e-5), "{channel:?}");
    }
}

#[test]
fn a_view_depends_on_seed_identity_and_number_alone() {
    let pipeline = unscaled(24);
    let view = |seed, identity, number| view_of(&pipeline, &everything(), seed, identity, View::Augmented(number));
    let first = view(7, "a.jpg", 0);
    assert_eq!(first, view(7, "a.jpg", 0));
    assert_ne!(first, view(8, "a.jpg", 0));
    assert_ne!(first, view(7, "b.jpg", 0));
    assert_ne!(first, view(7, "a.jpg", 1));
}

#[test]
fn augmented_values_stay_within_their_scale() {
    let pipeline = unscaled(24);
    for number in 0..50 {
        let wild = Augmentation { gaussian_noise: 0.5, ..everything() };
        let values = view_of(&pipeline, &wild, 0, "a", View::Augmented(number));
        assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        assert!(values.contains(&0.0) && values.contains(&1.0), "this much noise reaches both ends");
    }
}

#[test]
fn noise_has_the_deviation_that_was_asked_for() {
    let pipeline = unscaled(64);
    let mut out = vec![0.0; pipeline.values_per_image()];
    let noise = Augmentation { gaussian_noise: 0.01, ..Augmentation::none() };
    pipeline.augmented(&RgbImage::from_pixel(8, 8, Rgb([102; 3])), &noise, &mut view_rng(0, "", 0), &mut out);
    let count = out.len() as f64;
    let mean = out.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let variance = out.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count;
    assert!((mean - 0.4).abs() < 5.0 * 0.01 / count.sqrt(), "{mean}");
    assert!((variance.sqrt() / 0.01 - 1.0).abs() < 5.0 / (2.0 * count).sqrt(), "{variance}");
}

#[test]
fn draws_fill_their_ranges_evenly() {
    let draws: Vec<Draw> =
        (0..2000).map(|number| Draw::new(&everything(), &mut view_rng(11, "a.jpg", number))).collect();
    // Five standard errors around what is expected: true for nearly every seed, and this seed is fixed.
    let uniform = |name: &str, low: f32, high: f32, value: fn(&Draw) -> f32| {
        let values: Vec<f32> = draws.iter().map(value).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let error = (high - low) / 12f32.sqrt() / (values.len() as f32).sqrt();
        assert!(values.iter().all(|value| (low..=high).contains(value)), "{name} leaves its range");
        assert!((mean - (low + high) / 2.0).abs() < 5.0 * error, "{name} has the mean {mean}");
        let inner = values.iter().filter(|&&value| (value - mean).abs() < (high - low) / 4.0).count();
        assert!(inner.abs_diff(1000) < 112, "{name}: {inner} of 2000 in the middle half");
    };
    uniform("crop", 0.7, 1.0, |draw| draw.crop);
    uniform("horizontal shear", -0.2, 0.2, |draw| draw.shear[0]);
    uniform("vertical shear", -0.1, 0.1, |draw| draw.shear[1]);
    uniform("rotation", -20.0, 20.0, |draw| draw.rotation_degrees);
    uniform("brightness", -0.1, 0.1, |draw| draw.brightness);
    uniform("contrast", 0.8, 1.2, |draw| draw.contrast);
    uniform("saturation", 0.5, 1.5, |draw| draw.saturation);
    uniform("hue", -0.1, 0.1, |draw| draw.hue);
    for (turn, mirror, flip) in (0..8).map(|bits| (bits & 1 == 1, bits & 2 == 2, bits & 4 == 4)) {
        let combined =
            |draw: &&Draw| draw.quarter_turn == turn && draw.flip_left_right == mirror && draw.flip_up_down == flip;
        let count = draws.iter().filter(combined).count();
        assert!(count.abs_diff(250) < 75, "a combination of turn and flips occurs {count} times in 2000");
    }
}

#[test]
fn a_pipeline_reads_back_as_it_was_written() {
    let pipeline = Pipeline { input_size: 96, mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6], ..Pipeline::default() };
    let text = serde_json::to_string(&pipeline).unwrap();
    assert_eq!(serde_json::from_str::<Pipeline>(&text).unwrap(), pipeline);
}
