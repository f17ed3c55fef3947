//! Where the engine's time goes: a table of the layers of a ResNet-152 on one thread, 8 images of 224 px, or as many
//! as the argument says.
//!
//! For each kind of layer: how many there are, time per image, its share, and GFLOP/s of the plain convolution
//! (through Winograd's tiles these may exceed what the processor can do). Not a criterion bench: the parts of one run
//! are compared with each other. Weights are arbitrary; their values do not change the time.

use std::collections::BTreeMap;
use std::time::Duration;

use silknow_engine::{Block, Convolution, Engine, EngineBuilder, Instructions, LayerKind, Output, Precision};

const SIDE_PX: usize = 224;
const ROUNDS: usize = 10;
/// Blocks of each stage of a ResNet-152.
const STAGES: [usize; 4] = [3, 8, 36, 3];

fn convolution(inputs: usize, outputs: usize, kernel_px: usize, stride_px: usize) -> Convolution {
    let len = outputs * inputs * kernel_px * kernel_px;
    let weights = (0..len).map(|position| ((position % 17) as f32 - 8.0) / (40.0 * (len / outputs) as f32)).collect();
    Convolution { inputs, outputs, kernel_px, stride_px, weights, shift: vec![0.1; outputs] }
}

fn resnet152(precision: Precision) -> Engine {
    let mut builder = EngineBuilder::new(&convolution(3, 64, 7, 2), SIDE_PX, Instructions::best(), precision);
    let mut inputs = 64;
    for (stage, blocks) in STAGES.into_iter().enumerate() {
        let width = 64 << stage;
        for position in 0..blocks {
            let stride = if stage > 0 && position == 0 { 2 } else { 1 };
            builder = builder.block(&Block {
                convolutions: vec![
                    convolution(inputs, width, 1, 1),
                    convolution(width, width, 3, stride),
                    convolution(width, 4 * width, 1, 1),
                ],
                shortcut: (position == 0).then(|| convolution(inputs, 4 * width, 1, stride)),
            });
            inputs = 4 * width;
        }
    }
    builder.finish(Output::Pooled)
}

fn main() {
    let images = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(8);
    let bf16 = std::env::args().any(|argument| argument == "bf16");
    let engine = resnet152(if bf16 { Precision::Bf16 } else { Precision::Single });
    let pixels: Vec<f32> =
        (0..images * 3 * SIDE_PX * SIDE_PX).map(|position| (position % 255) as f32 / 255.0).collect();
    let mut kinds: BTreeMap<LayerKind, (usize, f64, Duration)> = BTreeMap::new();
    // Of each layer its fastest run: the one that was disturbed least.
    let mut best = engine.layer_times(&pixels, images);
    for _ in 1..ROUNDS {
        for (best, again) in best.iter_mut().zip(engine.layer_times(&pixels, images)) {
            best.time = best.time.min(again.time);
        }
    }
    for layer in &best {
        let sum = kinds.entry(layer.kind).or_default();
        *sum = (sum.0 + 1, sum.1 + layer.operations, sum.2 + layer.time);
    }
    let total: Duration = best.iter().map(|layer| layer.time).sum();
    println!("{} on one thread, {:.2} images/s", engine.instructions(), images as f64 / total.as_secs_f64());
    println!("kernel stride method   channels       maps     runs   ms/image  share  GFLOP/s");
    for (kind, (runs, operations, time)) in kinds {
        println!(
            "{0}x{0}    {1}      {2:8} {3:4} -> {4:4} {5:4} x {6:4} {7:6} {8:10.2} {9:5.1}% {10:8.1}",
            kind.kernel_px,
            kind.stride_px,
            if kind.winograd { "winograd" } else { "direct" },
            kind.inputs,
            kind.outputs,
            kind.height,
            kind.width,
            runs,
            time.as_secs_f64() * 1e3 / images as f64,
            100.0 * time.as_secs_f64() / total.as_secs_f64(),
            operations / time.as_secs_f64() / 1e9,
        );
    }
}
