//! Where the engine's time goes: a table of the layers of a ResNet-152 on one thread, 8 images of 224 px, or as many
//! as the argument says.
//!
//! For each kind of layer: how many runs, time per image, its share, GFLOP/s of the plain convolution (through
//! Winograd's tiles these may exceed what the processor can do), and the bytes that an image must move at least: its
//! maps in and out, and its share of the weights, which are fetched once for all images that pass together. Not a
//! criterion bench: the parts of one run are compared with each other. Weights are arbitrary; their values do not
//! change the time.

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

/// Bytes of maps for one image, and of weights.
fn bytes(kind: &LayerKind, precision: Precision) -> (f64, f64) {
    let number = if precision == Precision::Bf16 { 2.0 } else { 4.0 };
    let pixels = (kind.height * kind.width) as f64;
    let inputs = pixels * (kind.stride_px * kind.stride_px * kind.inputs) as f64;
    let points = if kind.winograd { 36 } else { kind.kernel_px * kind.kernel_px };
    ((inputs + pixels * kind.outputs as f64) * number, (points * kind.inputs * kind.outputs) as f64 * number)
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
    let (instructions, precision) = (engine.instructions(), engine.precision());
    println!("{instructions}, {precision:?}, on one thread: {:.2} images/s", images as f64 / total.as_secs_f64());
    println!("kernel stride method   channels       maps     runs   ms/image  share  GFLOP/s  MB/image   GB/s");
    for (kind, (runs, operations, time)) in kinds {
        let (maps, weights) = bytes(&kind, precision);
        let plain = 2 * kind.kernel_px * kind.kernel_px * kind.inputs * kind.outputs * kind.height * kind.width;
        let layers = operations / (plain * images) as f64;
        let moved = layers * maps * images as f64 + runs as f64 * weights;
        println!(
            "{0}x{0}    {1}      {2:8} {3:4} -> {4:4} {5:4} x {6:4} {7:6} {8:10.2} {9:5.1}% {10:8.1} {11:9.2} {12:6.1}",
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
            moved / images as f64 / 1e6,
            moved / time.as_secs_f64() / 1e9,
        );
    }
}
