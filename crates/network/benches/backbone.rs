//! How many images a second the frozen backbone describes on the processor: all depths, alone and in batches.
//!
//! Measured: normalised pixels of 224 px to pooled values, random weights, all threads of the pool
//! (`RAYON_NUM_THREADS`), in every precision that this processor has; the fastest of several runs. Peers: ONNX Runtime
//! and PyTorch, in `peers/backbone.py`, which starts this bench with `--on-demand` and takes turns with it: a line
//! `<depth> <images> <precision>` on the standard input is answered by the seconds of one run.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::BufRead;
use std::time::Instant;

use silknow_config::Architecture;
use silknow_network::resnet::processor_backbone;
use silknow_network::{FrozenBackbone, Instructions, Precision, WeightFile, architectures};

const SIDE_PX: usize = 224;
const ROUNDS: usize = 5;

/// The backbones that were asked for, each made once.
#[derive(Default)]
struct Backbones(HashMap<(Architecture, Precision), Box<dyn FrozenBackbone>>);

impl Backbones {
    /// Seconds that one run over some images takes.
    fn seconds(&mut self, architecture: Architecture, images: usize, precision: Precision) -> f64 {
        let backbone = self.0.entry((architecture, precision)).or_insert_with(|| {
            let weights = WeightFile::random(architecture, 1).expect("it is a known backbone");
            processor_backbone(&weights, architecture, 0, SIDE_PX, Instructions::best(), precision)
                .expect("the weights fit, and the processor has the precision")
        });
        let pixels: Vec<f32> =
            (0..images * 3 * SIDE_PX * SIDE_PX).map(|position| (position % 251) as f32 / 125.0 - 1.0).collect();
        let start = Instant::now();
        black_box(backbone.run(black_box(&pixels), images).expect("the pixels fit"));
        start.elapsed().as_secs_f64()
    }
}

fn answer_on_demand() {
    let mut backbones = Backbones::default();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("the standard input is text");
        let words: Vec<&str> = line.split(' ').collect();
        let [depth, images, precision] = words[..] else { panic!("a line is `<depth> <images> <precision>`") };
        let architecture = depth.parse().expect("the name of a backbone");
        let images = images.parse().expect("a number of images");
        println!("{}", backbones.seconds(architecture, images, precision.parse().expect("a precision")));
    }
}

fn print_table() {
    println!("{} on {} threads, images/s", Instructions::best(), rayon::current_num_threads());
    let has_bf16 = Instructions::best().supports(silknow_engine::Precision::Bf16);
    for architecture in architectures() {
        for &precision in Precision::ALL.iter().filter(|&&precision| precision == Precision::F32 || has_bf16) {
            let mut backbones = Backbones::default();
            for images in [1, 8, 32] {
                let runs = (0..ROUNDS).map(|_| backbones.seconds(architecture, images, precision));
                let fastest = runs.fold(f64::INFINITY, f64::min);
                println!("{architecture:10} {precision:4} {images:3} at once {:8.2}", images as f64 / fastest);
            }
        }
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "--on-demand") {
        answer_on_demand();
    } else {
        print_table();
    }
}
