//! 200 steps of training a head `[1024, 128]` with batches of 150 images, whose features are there already, as with a
//! frozen ResNet-18 (512 values an image). There is no peer: this is compared with itself, before and after a change.

use burn::tensor::Device;
use criterion::{Criterion, criterion_group, criterion_main};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use silknow_config::{Architecture, Augmentation, LossKind, LossWeights, ObjectiveParameters, TrainingParameters};
use silknow_errors::Result;
use silknow_image::{Pipeline, RgbImage, save};
use silknow_network::{FeatureShape, FrozenBackbone, TopNetwork, WeightFile};
use silknow_progress::Silent;
use silknow_records::{LabelMatrix, Variable, Vocabulary};
use silknow_training::objective::{COLOUR_BINS, COLOURS, ImageValues, of_parameters};
use silknow_training::{DEFAULT_MEMORY_LIMIT_BYTES, FeatureStore, SourceImage, StoreSettings, TrainingInputs, train};

const IMAGES: usize = 1600;
const INPUTS: usize = 512;
const SIDE_PX: usize = 8;

/// Gives every image random features.
struct Random(std::sync::atomic::AtomicU64);

impl FrozenBackbone for Random {
    fn feature_shape(&self) -> FeatureShape {
        FeatureShape { channels: INPUTS, height: 1, width: 1 }
    }

    fn run(&self, _pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        Ok((0..n * INPUTS).map(|_| rng.random()).collect())
    }
}

fn steps(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut labels = LabelMatrix::new(5);
    let path = folder.path().join("picture.png");
    save(&RgbImage::from_pixel(8, 8, image::Rgb([90; 3])), &path).expect("a picture can be written");
    let images = (0..IMAGES)
        .map(|number| {
            labels.push(&std::array::from_fn::<i32, 5, _>(|_| rng.random_range(-1..6)));
            SourceImage::file(&path, number.to_string())
        })
        .collect();
    let settings = StoreSettings {
        pipeline: Pipeline { input_size: SIDE_PX, ..Pipeline::default() },
        augmentation: Augmentation::none(),
        augmented_views: 0,
        seed: 1,
        shared: true,
        memory_limit_bytes: DEFAULT_MEMORY_LIMIT_BYTES,
        spill_folder: folder.path().to_path_buf(),
    };
    let mut store = FeatureStore::new(images, Box::new(Random(0.into())), settings);
    let weights = WeightFile::random(Architecture::RESNET18, 1).unwrap();
    let train_samples: Vec<usize> = (0..IMAGES).collect();
    let mut values = ImageValues::new(IMAGES);
    let colours = (0..IMAGES * COLOUR_BINS).map(|_| rng.random()).collect();
    values.insert(COLOURS, COLOUR_BINS, colours).expect("every image has colours");
    let inputs = TrainingInputs::new(&labels, &train_samples, &[]).with_values(&values);
    let classes: Vec<String> = (0..6).map(|class| class.to_string()).collect();
    let variable = |number: i32| Variable::new(number.to_string(), &classes);
    let vocabulary = Vocabulary { variables: (0..5).map(variable).collect() };
    let mut group = c.benchmark_group("200 steps of a head [1024, 128], 150 images each");
    group.sample_size(10);
    let parts = "semantic=0.4, classification=0.3, supervised_contrastive=0.2, colour=0.1";
    let loss_weights = LossWeights::parse(parts).expect("the weights are valid");
    for loss_ind in [LossKind::SoftTripletIncomp, LossKind::SoftContrastiveIncomp, LossKind::Combined] {
        let parameters = TrainingParameters {
            add_fc: vec![1024, 128],
            train_batch_size: 150,
            how_many_training_steps: 200,
            learning_rate: 1e-3,
            val_percentage: 0,
            loss_ind,
            relevant_variables: (0..5).map(|variable| variable.to_string()).collect(),
            objective: ObjectiveParameters {
                loss_weights: Some(loss_weights.clone()),
                ..ObjectiveParameters::default()
            },
            ..TrainingParameters::default()
        };
        let objective = of_parameters(&parameters, &vocabulary, &inputs, &Silent).expect("the objective can be made");
        group.bench_function(loss_ind.name(), |b| {
            b.iter(|| {
                let device = Device::flex().autodiff();
                let top = TopNetwork::new(&weights, Architecture::RESNET18, 0, &parameters.add_fc, 1, &device)
                    .expect("the head fits");
                train(&inputs, &parameters, &*objective, &mut store, top, None, &Silent).expect("the training runs")
            });
        });
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
