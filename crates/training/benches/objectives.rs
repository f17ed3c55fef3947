//! Value and gradient of each objective for the documented batch: 150 descriptors of 128 values, five variables with
//! six classes, a fifth of the labels missing where the objective allows it. Those over triplets walk 3.3 million triples.

use criterion::{Criterion, criterion_group, criterion_main};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use silknow_records::{LabelMatrix, MISSING};
use silknow_training::objective::{
    Batch, Objective, Samples, Semantic, SoftContrastive, SoftContrastiveIncomp, SoftTriplet, SoftTripletIncomp,
    SupervisedContrastive,
};

const SAMPLES: usize = 150;
const DIMENSIONS: usize = 128;
const VARIABLES: usize = 5;

fn losses(c: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut descriptors: Vec<f32> = (0..SAMPLES * DIMENSIONS).map(|_| rng.random::<f32>() - 0.3).collect();
    for row in descriptors.chunks_exact_mut(DIMENSIONS) {
        let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        row.iter_mut().for_each(|value| *value /= length);
    }
    let complete: Vec<i32> = (0..SAMPLES * VARIABLES).map(|_| rng.random_range(0..6)).collect();
    let incomplete = complete.iter().map(|&label| if rng.random_bool(0.2) { MISSING } else { label }).collect();
    let mut group = c.benchmark_group("loss and gradient, 150 x 128");
    let objectives: [Box<dyn Objective>; 6] = [
        Box::new(SoftContrastive { margin: 2.0 }),
        Box::new(SoftContrastiveIncomp),
        Box::new(SoftTriplet),
        Box::new(SoftTripletIncomp),
        Box::new(Semantic),
        Box::new(SupervisedContrastive { temperature: 0.1 }),
    ];
    for objective in objectives {
        let takes_complete = objective.asks().samples == Samples::Complete;
        let indices = if takes_complete { complete.clone() } else { Vec::clone(&incomplete) };
        let labels = LabelMatrix::from_indices(VARIABLES, indices).expect("whole rows");
        group.bench_function(objective.name(), |b| {
            b.iter(|| objective.evaluate(&Batch::new(&labels, &descriptors, DIMENSIONS)));
        });
    }
}

criterion_group!(benches, losses);
criterion_main!(benches);
