//! One training step through the retrained blocks of ResNet-18, without loss, head and optimiser: feature maps there, pooled
//! values and the gradients of all kernels back.
//!
//! Measured on all threads, for the last one, two and four blocks and batches of 50 and 150; weights are random, the median
//! of seven steps is printed. The peer is `peers/retraining.py`: run it right after.

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use silknow_config::Architecture;
use silknow_network::{TopNetwork, WeightFile, design_of};

const ARCHITECTURE: Architecture = Architecture::RESNET18;
const ROUNDS: usize = 7;

fn main() {
    let weights = WeightFile::random(ARCHITECTURE, 1).expect("it is a known backbone");
    for retrained in [1, 2, 4] {
        let design = design_of(ARCHITECTURE).expect("it is a known backbone");
        let shape = design.feature_shape(design.parts() - retrained, 224);
        let device = Device::flex().autodiff();
        let top = TopNetwork::new(&weights, ARCHITECTURE, retrained, &[], 1, &device).expect("the weights fit");
        for images in [50, 150] {
            let features: Vec<f32> = (0..images * shape.len()).map(|position| (position % 97) as f32 / 97.0).collect();
            let features = Tensor::<2>::from_data(TensorData::new(features, [images, shape.len()]), &Device::flex());
            let mut seconds: Vec<f64> = (0..ROUNDS)
                .map(|_| {
                    let start = Instant::now();
                    let pass = top.forward_to_train(features.clone(), shape);
                    let ones = vec![1.0; images * top.dims()];
                    std::hint::black_box(top.gradients(pass, ones, Vec::new()));
                    start.elapsed().as_secs_f64()
                })
                .collect();
            seconds.sort_by(f64::total_cmp);
            println!("last {retrained} blocks, {images} images: {:.3} s", seconds[ROUNDS / 2]);
        }
    }
}
