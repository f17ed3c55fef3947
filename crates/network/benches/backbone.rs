//! How many images a second the frozen backbone describes on the processor.
//!
//! Measured: normalised pixels of 8 images of 224 px to pooled values, random weights, all processor threads,
//! for ResNet-18 and ResNet-152. Peer: ONNX Runtime and PyTorch in float32 on two threads, in
//! `peers/backbone.py`; run both on the same machine, one after the other, and compare the rates.

use std::hint::black_box;

use burn::tensor::Device;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use silknow_config::Architecture;
use silknow_network::{WeightFile, frozen_backbone};

const IMAGES: usize = 8;
const SIDE: usize = 224;

fn describe(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frozen backbone, 8 images of 224 px");
    group.sample_size(10).throughput(Throughput::Elements(IMAGES as u64));
    let pixels: Vec<f32> =
        (0..IMAGES * 3 * SIDE * SIDE).map(|position| (position % 251) as f32 / 125.0 - 1.0).collect();
    for architecture in [Architecture::ResNet18, Architecture::ResNet152] {
        let weights = WeightFile::random(architecture, 1);
        let backbone = frozen_backbone(&weights, architecture, 0, SIDE, &Device::flex()).expect("the weights fit");
        group.bench_function(architecture.name(), |bencher| {
            bencher.iter(|| backbone.run(black_box(&pixels), IMAGES).expect("the pixels fit"));
        });
    }
    group.finish();
}

criterion_group!(benches, describe);
criterion_main!(benches);
