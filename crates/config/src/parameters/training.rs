//! The parameters of `train-model` and of `crossvalidation`, and what both share.
//!
//! Owns the structs and their way from and to options. The training itself lives elsewhere.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::augmentation::Augmentation;
use crate::choice::{Architecture, DeviceChoice, LossKind, Weights};

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
