//! How fast one core turns the bytes of a 448 px JPEG into the 3 x 224 x 224 values that a network sees: plain,
//! and augmented with crop, quarter turn, flips and Gaussian noise. The picture is a woven pattern with noise,
//! 448 x 597 px, quality 95, near 380 kB: a hard case, as photographs of paintings take about 80 kB at that size and
//! quality. The aim is at least 120 images a second, so that one core stays ahead of every backbone.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::{ExtendedColorType, Rgb, codecs::jpeg::JpegEncoder};
use rand::RngExt;
use silknow_config::Augmentation;
use silknow_image::{Pipeline, RgbImage, decode_bytes, view_rng};

fn woven_jpeg() -> Vec<u8> {
    let mut rng = view_rng(0, "noise", 0);
    let picture = RgbImage::from_fn(448, 597, |x, y| {
        let thread = if (x / 3 + y / 2) % 4 < 2 { 140 } else { 60 };
        let motif = if (x / 56 + y / 56) % 2 == 0 { 50 } else { 0 };
        Rgb([thread + motif, thread, 90 + motif].map(|value| value + rng.random_range(0..24u8)))
    });
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 95)
        .encode(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .expect("the picture is small");
    bytes
}

/// The file with the profile of Adobe RGB behind its first two bytes.
fn with_profile(jpeg: &[u8]) -> Vec<u8> {
    let profile = moxcms::ColorProfile::new_adobe_rgb().encode().expect("a whole profile");
    let length = (profile.len() as u16 + 16).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE2], &length, b"ICC_PROFILE\0\x01\x01", &profile, &jpeg[2..]].concat()
}

fn pipeline(criterion: &mut Criterion) {
    let bytes = woven_jpeg();
    let pipeline = Pipeline::default();
    let augmentation = Augmentation {
        random_crop: [0.7, 1.0],
        random_rotation90: true,
        gaussian_noise: 0.01,
        flip_left_right: true,
        flip_up_down: true,
        ..Augmentation::none()
    };
    let mut out = vec![0.0; pipeline.values_per_image()];
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(1));
    // What a colour profile costs: the same picture, whose colours are then converted to sRGB.
    let wide = with_profile(&bytes);
    group.bench_function("decode with a profile", |bencher| {
        bencher.iter(|| decode_bytes(black_box(&wide)).expect("a whole JPEG"));
    });
    group.bench_function("decode", |bencher| bencher.iter(|| decode_bytes(black_box(&bytes)).expect("a whole JPEG")));
    group.bench_function("decode and plain", |bencher| {
        bencher.iter(|| {
            let image = decode_bytes(black_box(&bytes)).expect("a whole JPEG");
            pipeline.plain(&image, &mut out);
            black_box(&out);
        });
    });
    let mut view = 0;
    group.bench_function("decode and augmented", |bencher| {
        bencher.iter(|| {
            view += 1;
            let image = decode_bytes(black_box(&bytes)).expect("a whole JPEG");
            pipeline.augmented(&image, &augmentation, &mut view_rng(0, "silk.jpg", view), &mut out);
            black_box(&out);
        });
    });
    group.finish();
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
