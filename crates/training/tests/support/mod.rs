//! A small collection of pictures, a backbone that costs nothing, and a network to train on them.

pub mod asking;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::Device;
use silknow_config::{Architecture, Augmentation, LossKind, LossWeights, ObjectiveParameters, TrainingParameters};
use silknow_errors::Result;
use silknow_image::{Pipeline, RgbImage, save};
use silknow_network::{FeatureShape, FrozenBackbone, TopNetwork, WeightFile};
use silknow_progress::Observer;
use silknow_records::{LabelMatrix, Record, Variable, Vocabulary};
use silknow_training::{
    DEFAULT_MEMORY_LIMIT_BYTES, FeatureStore, Logs, SourceImage, StoreSettings, TrainingInputs, TrainingOutcome,
    objective, train,
};
use tempfile::TempDir;

pub const SIDE_PX: usize = 32;

/// Hands on 512 pixels of each image as its pooled values; from the image number `poisoned` on, NaN.
pub struct Sampling {
    pub seen: AtomicUsize,
    pub poisoned: usize,
}

impl FrozenBackbone for Sampling {
    fn feature_shape(&self) -> FeatureShape {
        FeatureShape { channels: 512, height: 1, width: 1 }
    }

    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        let before = self.seen.fetch_add(n, Ordering::Relaxed);
        let images = pixels.chunks_exact(3 * SIDE_PX * SIDE_PX).enumerate();
        Ok(images
            .flat_map(|(number, image)| {
                let poison = if before + number >= self.poisoned { f32::NAN } else { 0.0 };
                (0..512).map(move |feature| image[feature * 6] + poison)
            })
            .collect())
    }
}

/// Pictures of two classes of colour and two of pattern, four objects of each combination.
pub struct Collection {
    pub folder: TempDir,
    pub images: Vec<SourceImage>,
    pub labels: LabelMatrix,
}

impl Collection {
    pub const SAMPLES: usize = 32;

    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut labels = LabelMatrix::new(2);
        let images = (0..Self::SAMPLES)
            .map(|number| {
                let (colour, pattern) = (number % 2, number / 2 % 2);
                labels.push(&[colour as i32, pattern as i32]);
                let path = folder.path().join(format!("{number}.png"));
                save(&picture(number, colour, pattern), &path).unwrap();
                SourceImage::file(path, format!("{number}.png"))
            })
            .collect();
        Self { folder, images, labels }
    }

    /// Every fourth block of four samples validates.
    pub fn split(&self) -> (Vec<usize>, Vec<usize>) {
        (0..Self::SAMPLES).partition(|sample| sample / 4 % 4 != 3)
    }

    pub fn logs(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn store(&self, parameters: &TrainingParameters) -> FeatureStore {
        self.store_with(parameters, usize::MAX, false)
    }

    pub fn store_with(&self, parameters: &TrainingParameters, poisoned: usize, shared: bool) -> FeatureStore {
        let backbone = Sampling { seen: AtomicUsize::new(0), poisoned };
        self.store_of(parameters, Box::new(backbone), shared)
    }

    pub fn store_of(
        &self,
        parameters: &TrainingParameters,
        backbone: Box<dyn FrozenBackbone>,
        shared: bool,
    ) -> FeatureStore {
        let settings = StoreSettings {
            pipeline: Pipeline { input_size: SIDE_PX, ..Pipeline::default() },
            augmentation: parameters.augmentation.clone(),
            augmented_views: parameters.augmented_views,
            seed: parameters.seed,
            shared,
            memory_limit_bytes: DEFAULT_MEMORY_LIMIT_BYTES,
            spill_folder: self.logs("spill"),
        };
        FeatureStore::new(self.images.clone(), backbone, settings)
    }

    /// Trains with the split above.
    pub fn train(
        &self,
        parameters: &TrainingParameters,
        store: &mut FeatureStore,
        logs: Option<&Path>,
        resume: bool,
        observer: &dyn Observer,
    ) -> Result<TrainingOutcome> {
        let (train_samples, validation) = self.split();
        let validation = if parameters.val_percentage == 0 { &[][..] } else { &validation };
        let records: Vec<Arc<Record>> = (0..Self::SAMPLES)
            .map(|sample| Arc::new(Record::new(format!("museum__{}__{sample}.png", sample / 8), 2)))
            .collect();
        let inputs = TrainingInputs::new(&self.labels, &train_samples, validation).with_records(&records);
        let variable = |name: &String| Variable::new(name, ["one", "other"]);
        let vocabulary = Vocabulary { variables: parameters.relevant_variables.iter().map(variable).collect() };
        let objective = objective::of_parameters(parameters, &vocabulary, &inputs, observer)?;
        let values = objective::values_of_images(&objective.asks(), &self.images, observer)?;
        let inputs = values.iter().fold(inputs, |inputs, values| inputs.with_values(values));
        let logs = logs.map(|folder| Logs { folder, resume });
        train(&inputs, parameters, &*objective, store, top(parameters), logs, observer)
    }
}

fn picture(number: usize, colour: usize, pattern: usize) -> RgbImage {
    RgbImage::from_fn(40, 36, |x, y| {
        let stripe = if pattern == 0 { x / 4 % 2 } else { y / 4 % 2 } as u8;
        let noise = ((x * 7 + y * 13 + number as u32 * 31) % 23) as u8 * 4;
        let strong = 90 + 60 * stripe + noise;
        if colour == 0 { image::Rgb([strong, 60, noise]) } else { image::Rgb([noise, 60, strong]) }
    })
}

/// A new head of two layers.
pub fn top(parameters: &TrainingParameters) -> TopNetwork {
    let weights = WeightFile::random(Architecture::RESNET18, 1).unwrap();
    TopNetwork::new(
        &weights,
        Architecture::RESNET18,
        parameters.hub_num_retrain,
        &parameters.add_fc,
        parameters.seed,
        &Device::flex().autodiff(),
    )
    .unwrap()
}

/// The parameters of a small training. A sum has all other losses in it, and what compares views has views.
pub fn parameters(loss_ind: LossKind) -> TrainingParameters {
    let parts = LossKind::ALL.iter().filter(|loss| **loss != LossKind::Combined);
    let weights: Vec<String> = parts.map(|loss| format!("{loss}=0.5")).collect();
    let loss_weights = (loss_ind == LossKind::Combined).then(|| LossWeights::parse(&weights.join(",")).unwrap());
    let augmentation = match loss_ind {
        LossKind::SelfSimilarity | LossKind::Combined => Augmentation { gaussian_noise: 0.05, ..Augmentation::none() },
        _ => Augmentation::none(),
    };
    TrainingParameters {
        add_fc: vec![16, 8],
        train_batch_size: 10,
        how_many_training_steps: 12,
        learning_rate: 1e-2,
        how_often_validation: 4,
        loss_ind,
        relevant_variables: vec!["colour".to_owned(), "pattern".to_owned()],
        augmentation,
        objective: ObjectiveParameters { loss_weights, ..ObjectiveParameters::default() },
        backbone: Architecture::RESNET18,
        input_size: SIDE_PX,
        seed: 5,
        ..TrainingParameters::default()
    }
}
