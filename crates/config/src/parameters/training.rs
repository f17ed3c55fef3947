//! The parameters of `train-model` and of `crossvalidation`, and what both share.
//!
//! Owns the structs and their way from and to options. The training itself lives elsewhere.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use silknow_errors::Result;

use crate::augmentation::Augmentation;
use crate::choice::{Architecture, DeviceChoice, LossKind, Precision, Weights};
use crate::key::Operation;
use crate::options::Settings;
use crate::parameters::{Parameters, Values, defaults};

/// How a model is made: stored in the model folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingParameters {
    /// Widths of the fully connected layers on top of the backbone; the last is the length of the descriptor.
    /// Empty: the pooled features are the descriptor.
    pub add_fc: Vec<usize>,
    /// How many residual blocks, counted from the output, are trained with the head; 0: the backbone is frozen.
    /// At most [`Architecture::residual_blocks`].
    pub hub_num_retrain: usize,
    /// Images per step, at least 2 (3 for the triplet losses); clipped to the number of images there are.
    pub train_batch_size: usize,
    /// Number of steps, at least 1.
    pub how_many_training_steps: usize,
    /// Learning rate of Adam, above 0 and at most 1.
    pub learning_rate: f64,
    /// Share of the samples that validate instead of train, in per cent; 0 to 99, 0: no validation.
    pub val_percentage: u32,
    /// Steps between two validations, at least 1.
    pub how_often_validation: usize,
    /// What is minimised.
    pub loss_ind: LossKind,
    /// The variables that similarity is made of: names without `#` and spaces, at least one, none twice.
    pub relevant_variables: Vec<String>,
    /// How training images are varied.
    pub augmentation: Augmentation,
    /// 0: a new view for every draw of an image; k: k views of every image, drawn once.
    pub augmented_views: usize,
    /// Margin M of the `soft_contrastive` loss, above 0 and at most 2.
    pub margin: f32,
    /// Depth of the backbone.
    pub backbone: Architecture,
    /// Where the backbone's weights come from.
    pub weights: Weights,
    /// Side of the square that the backbone sees, in pixels; 32 to 2048.
    pub input_size: usize,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Where the network runs.
    pub device: DeviceChoice,
    /// Numbers that its frozen part computes with.
    #[serde(default)]
    pub precision: Precision,
}

/// What `train-model` needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainModelParameters {
    /// Name of the master file, without folder.
    pub master_file_name: String,
    /// Folder of the master file and of its collection files.
    pub master_dir: PathBuf,
    /// The model folder, which also takes the logs.
    pub logpath: PathBuf,
    /// How the model is made.
    pub training: TrainingParameters,
    /// Continue from the checkpoint in `logpath`, if there is one.
    pub resume: bool,
}

/// What `crossvalidation` needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrossvalidationParameters {
    /// Name of the master file, without folder; each of its collections is the test part of one fold.
    pub master_file_name: String,
    /// Folder of the master file and of its collection files.
    pub master_dir: PathBuf,
    /// Folder for the folds (`cv0`, `cv1`, …) and the pooled results.
    pub logpath: PathBuf,
    /// How the model of every fold is made.
    pub training: TrainingParameters,
    /// Neighbours per query, at least 1.
    pub num_neighbors: usize,
    /// Skip finished folds and continue the unfinished one from its checkpoint.
    pub resume: bool,
}

impl TrainingParameters {
    fn from_settings(settings: &Settings<'_>) -> Result<Self> {
        let parameters = Self {
            add_fc: settings.list("add_fc"),
            hub_num_retrain: settings.one("hub_num_retrain"),
            train_batch_size: settings.one("train_batch_size"),
            how_many_training_steps: settings.one("how_many_training_steps"),
            learning_rate: settings.one("learning_rate"),
            val_percentage: settings.one("val_percentage"),
            how_often_validation: settings.one("how_often_validation"),
            loss_ind: settings.one("loss_ind"),
            relevant_variables: settings.list("relevant_variables"),
            augmentation: augmentation_from_settings(settings),
            augmented_views: settings.one("augmented_views"),
            margin: settings.one("margin"),
            backbone: settings.one("backbone"),
            weights: settings.one("weights"),
            input_size: settings.one("input_size"),
            seed: settings.one("seed"),
            device: settings.one("device"),
            precision: settings.one("precision"),
        };
        parameters.check_together(settings)?;
        Ok(parameters)
    }

    /// Checks the values that bound each other.
    fn check_together(&self, settings: &Settings<'_>) -> Result<()> {
        let blocks = self.backbone.residual_blocks();
        if self.hub_num_retrain > blocks {
            return Err(settings
                .fault("hub_num_retrain", |key| {
                    let asked = self.hub_num_retrain;
                    format!("`{key}` must be at most {blocks} for {}, but it is `{asked}`", self.backbone)
                })
                .hint(format!("{} has {blocks} residual blocks; `{blocks}` retrains all", self.backbone)));
        }
        if self.loss_ind.is_triplet() && self.train_batch_size < 3 {
            return Err(settings
                .fault("train_batch_size", |key| {
                    format!("`{key}` must be at least 3 for {}, but it is `{}`", self.loss_ind, self.train_batch_size)
                })
                .hint("a triplet takes three images"));
        }
        if self.weights == Weights::Builtin && self.backbone != Architecture::ResNet18 {
            return Err(settings
                .fault("weights", |key| format!("`{key}` cannot be `builtin` for {}", self.backbone))
                .hint("the weights that come with the program are for the backbone resnet18"));
        }
        Ok(())
    }

    fn put(&self, values: &mut Values) {
        values.list("add_fc", &self.add_fc);
        values.one("hub_num_retrain", self.hub_num_retrain);
        values.one("train_batch_size", self.train_batch_size);
        values.one("how_many_training_steps", self.how_many_training_steps);
        values.scientific("learning_rate", self.learning_rate);
        values.one("val_percentage", self.val_percentage);
        values.one("how_often_validation", self.how_often_validation);
        values.one("loss_ind", self.loss_ind);
        values.variables("relevant_variables", &self.relevant_variables);
        put_augmentation(&self.augmentation, values);
        values.one("augmented_views", self.augmented_views);
        values.one("margin", self.margin);
        values.one("backbone", self.backbone);
        values.one("weights", &self.weights);
        values.one("input_size", self.input_size);
        values.one("seed", self.seed);
        values.one("device", self.device);
        values.one("precision", self.precision);
    }
}

fn augmentation_from_settings(settings: &Settings<'_>) -> Augmentation {
    Augmentation {
        random_crop: settings.array("random_crop"),
        random_rotation90: settings.one("random_rotation90"),
        gaussian_noise: settings.one("gaussian_noise"),
        flip_left_right: settings.one("flip_left_right"),
        flip_up_down: settings.one("flip_up_down"),
        random_shear: settings.optional_array("random_shear"),
        random_brightness: settings.optional("random_brightness"),
        random_contrast: settings.optional_array("random_contrast"),
        random_saturation: settings.optional_array("random_saturation"),
        random_hue: settings.optional("random_hue"),
        random_rotation: settings.optional("random_rotation"),
    }
}

fn put_augmentation(augmentation: &Augmentation, values: &mut Values) {
    values.list("random_crop", &augmentation.random_crop);
    values.boolean("random_rotation90", augmentation.random_rotation90);
    values.one("gaussian_noise", augmentation.gaussian_noise);
    values.boolean("flip_left_right", augmentation.flip_left_right);
    values.boolean("flip_up_down", augmentation.flip_up_down);
    let lists = [
        ("random_shear", augmentation.random_shear.as_ref().map(|range| range.as_slice())),
        ("random_contrast", augmentation.random_contrast.as_ref().map(|range| range.as_slice())),
        ("random_saturation", augmentation.random_saturation.as_ref().map(|range| range.as_slice())),
    ];
    for (key, list) in lists {
        if let Some(list) = list {
            values.list(key, list);
        }
    }
    let numbers = [
        ("random_brightness", augmentation.random_brightness),
        ("random_hue", augmentation.random_hue),
        ("random_rotation", augmentation.random_rotation),
    ];
    for (key, number) in numbers {
        if let Some(number) = number {
            values.one(key, number);
        }
    }
}

/// The documented defaults.
impl Default for TrainingParameters {
    fn default() -> Self {
        TrainModelParameters::default().training
    }
}

/// The documented defaults.
impl Default for TrainModelParameters {
    fn default() -> Self {
        defaults(&[])
    }
}

/// The documented defaults.
impl Default for CrossvalidationParameters {
    fn default() -> Self {
        defaults(&[])
    }
}

impl Parameters for TrainModelParameters {
    const OPERATION: Operation = Operation::TrainModel;

    fn from_settings(settings: &Settings<'_>) -> Result<Self> {
        Ok(Self {
            master_file_name: settings.one("master_file_name"),
            master_dir: settings.one("master_dir"),
            logpath: settings.one("logpath"),
            training: TrainingParameters::from_settings(settings)?,
            resume: settings.one("resume"),
        })
    }

    fn to_values(&self) -> Values {
        let mut values = Values::default();
        values.one("master_file_name", &self.master_file_name);
        values.path("master_dir", &self.master_dir);
        values.path("logpath", &self.logpath);
        self.training.put(&mut values);
        values.boolean("resume", self.resume);
        values
    }
}

impl Parameters for CrossvalidationParameters {
    const OPERATION: Operation = Operation::Crossvalidation;

    /// The keys of `train-model`, and the number of neighbours.
    fn from_settings(settings: &Settings<'_>) -> Result<Self> {
        let TrainModelParameters { master_file_name, master_dir, logpath, training, resume } =
            Parameters::from_settings(settings)?;
        let num_neighbors = settings.one("num_neighbors");
        Ok(Self { master_file_name, master_dir, logpath, training, num_neighbors, resume })
    }

    fn to_values(&self) -> Values {
        let Self { master_file_name, master_dir, logpath, training, num_neighbors, resume } = self.clone();
        let mut values = TrainModelParameters { master_file_name, master_dir, logpath, training, resume }.to_values();
        values.one("num_neighbors", num_neighbors);
        values
    }
}
