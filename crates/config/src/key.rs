//! The operations and their keys: names, kinds, defaults and documentation, in the order of the files.
//!
//! The one table from which the reader, the writer, the flags and the reference are made. Reads nothing itself.

use std::fmt;

use crate::choice::{Architecture, DeviceChoice, LossKind, Precision};
use crate::kind::{Interval, Kind};

/// One of the six operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// From an export to collections.
    CreateDataset,
    /// From collections to a model.
    TrainModel,
    /// From a model and collections to an index.
    BuildKDTree,
    /// From an index and queries to neighbours.
    GetKNN,
    /// From predictions to metrics.
    EvaluateModel,
    /// All of it, five times.
    Crossvalidation,
}

/// A key of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, as it stands in files; the flag is the same with `--`.
    pub name: &'static str,
    /// Other spellings that are read too.
    pub aliases: &'static [&'static str],
    /// What its value may be.
    pub kind: Kind,
    /// What holds when it is not given.
    pub fallback: Fallback,
    /// One line of documentation.
    pub about: &'static str,
    /// A valid value.
    pub example: &'static str,
    /// True for the keys of the documented toolbox, false for further ones.
    pub documented: bool,
}

/// What holds when a key is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// It must be given.
    Required,
    /// This value.
    Value(&'static str),
    /// Nothing: what it asks for is left out.
    Absent,
}

impl Key {
    const fn documented(name: &'static str, kind: Kind, fallback: Fallback, about: &'static str) -> Self {
        let example = match fallback {
            Fallback::Value(value) => value,
            Fallback::Required | Fallback::Absent => "",
        };
        Self { name, aliases: &[], kind, fallback, about, example, documented: true }
    }

    const fn further(name: &'static str, kind: Kind, fallback: Fallback, about: &'static str) -> Self {
        Self { documented: false, ..Self::documented(name, kind, fallback, about) }
    }

    const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn such_as(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// True when `name` is this key's name or another spelling of it.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

impl Operation {
    /// All operations, in the order in which they follow each other.
    pub const ALL: [Self; 6] = [
        Self::CreateDataset,
        Self::TrainModel,
        Self::BuildKDTree,
        Self::GetKNN,
        Self::EvaluateModel,
        Self::Crossvalidation,
    ];

    /// The verb of the command line.
    pub fn verb(self) -> &'static str {
        match self {
            Self::CreateDataset => "create-dataset",
            Self::TrainModel => "train-model",
            Self::BuildKDTree => "build-kdtree",
            Self::GetKNN => "get-knn",
            Self::EvaluateModel => "evaluate-model",
            Self::Crossvalidation => "crossvalidation",
        }
    }

    /// The documentation's name: its functions are `<name>_configfile` and `<name>_parameter`.
    pub fn documented_name(self) -> &'static str {
        match self {
            Self::CreateDataset => "create_dataset",
            Self::TrainModel => "train_model",
            Self::BuildKDTree => "build_kDTree",
            Self::GetKNN => "get_kNN",
            Self::EvaluateModel => "evaluate_model",
            Self::Crossvalidation => "crossvalidation",
        }
    }

    /// The title of its configuration file.
    pub fn title(self) -> &'static str {
        match self {
            Self::CreateDataset => "CONFIGURATION FOR CREATING A DATASET",
            Self::TrainModel => "CONFIGURATION FOR TRAINING A MODEL",
            Self::BuildKDTree => "CONFIGURATION FOR BUILDING A DESCRIPTOR INDEX",
            Self::GetKNN => "CONFIGURATION FOR FINDING NEAREST NEIGHBOURS",
            Self::EvaluateModel => "CONFIGURATION FOR EVALUATING A MODEL",
            Self::Crossvalidation => "CONFIGURATION FOR CROSS-VALIDATION",
        }
    }

    /// Its keys, in the order in which they are written.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        let groups: &'static [&'static [Key]] = match self {
            Self::CreateDataset => &[CREATE_DATASET],
            Self::TrainModel => &[TRAIN_MODEL, TRAINING, RESUME],
            Self::BuildKDTree => &[BUILD_KDTREE, DESCRIBING],
            Self::GetKNN => &[GET_KNN, NEIGHBORS, LABELED, DESCRIBING],
            Self::EvaluateModel => &[EVALUATE_MODEL],
            Self::Crossvalidation => &[CROSSVALIDATION, NEIGHBORS, TRAINING, RESUME],
        };
        groups.iter().copied().flatten()
    }

    /// The key of this name or other spelling.
    pub fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.is_called(name))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.verb())
    }
}

use Fallback::{Absent, Required, Value};

const COUNT: Kind = Kind::Whole(1, u64::MAX);
const FACTORS: Kind = Kind::Ranges(1, Interval::closed(0.0, 10.0));
const DEFAULT_FOLDER: &str = "./output_files/Default/";

const CREATE_DATASET: &[Key] = &[
    Key::documented("csvfile", Kind::Path, Required, "Table to begin with: an export of the knowledge graph, or any table of images and labels; a folder of images works too").such_as("./export.csv"),
    Key::documented("imgsavepath", Kind::Path, Value("./samples/data/"), "Folder for the images"),
    Key::documented("minnumsamples", COUNT, Value("150"), "A class with fewer images is dropped: its images lose this label")
        .or(&["minnumsaples"]),
    Key::documented(
        "retaincollections",
        Kind::Words,
        Value("garin, imatex, joconde, mad, mfa, risd"),
        "Museums whose images are kept",
    ),
    Key::documented(
        "num_labeled",
        Kind::Whole(0, 5),
        Value("1"),
        "Images with fewer known labels are left out (0: keep all, 5: keep the fully labelled alone)",
    ),
    Key::further(
        "master_dir",
        Kind::Path,
        Value("./samples/"),
        "Folder for collection files, master files and statistics",
    ),
    Key::further(
        "configuration_dir",
        Kind::Path,
        Value("./"),
        "Folder for the configuration files of the other operations",
    ),
    SEED,
];

const TRAIN_MODEL: &[Key] = &[
    Key::documented(
        "master_file_name",
        Kind::FileName,
        Value("master_file_tree.txt"),
        "Master file: the list of the collection files to train on",
    )
    .or(&["master_file"]),
    Key::documented("master_dir", Kind::Path, Value("./samples/"), "Folder of the master file"),
    Key::documented("logpath", Kind::Path, Value(DEFAULT_FOLDER), "Folder for the model and its logs"),
];

const CROSSVALIDATION: &[Key] = &[
    Key::documented(
        "master_file_name",
        Kind::FileName,
        Value("masterfile.txt"),
        "Master file: each of its collection files is the test part of one fold",
    )
    .or(&["masterfile_name_crossval", "master_file"]),
    Key::documented("master_dir", Kind::Path, Value("./samples/"), "Folder of the master file")
        .or(&["masterfile_dir_crossval"]),
    Key::documented("logpath", Kind::Path, Value(DEFAULT_FOLDER), "Folder for the folds and the pooled results"),
];

const TRAINING: &[Key] = &[
    Key::documented(
        "add_fc",
        Kind::Widths,
        Value("[1024, 128]"),
        "Widths of the layers that are trained on top of the backbone; the last is the length of a descriptor ([]: no layers)",
    ),
    Key::documented(
        "hub_num_retrain",
        Kind::Whole(0, 50),
        Value("0"),
        "Blocks of the backbone, counted from its end, that are trained too (slow)",
    ),
    Key::documented("train_batch_size", Kind::Whole(2, u64::MAX), Value("150"), "Images per training step"),
    Key::documented("how_many_training_steps", COUNT, Value("200"), "Number of training steps"),
    Key::documented(
        "learning_rate",
        Kind::Number(Interval::above(0.0, 1.0)),
        Value("1e-4"),
        "Learning rate of the optimiser (Adam)",
    ),
    Key::documented(
        "val_percentage",
        Kind::Whole(0, 99),
        Value("25"),
        "Per cent of the images that check the training instead of taking part (0: none)",
    ),
    Key::documented("how_often_validation", COUNT, Value("10"), "Training steps between two such checks"),
    Key::documented(
        "loss_ind",
        Kind::Choice(LossKind::NAMES),
        Value("soft_contrastive_incomp_loss"),
        "What training minimises: by pairs (contrastive) or triplets of images; the losses with _incomp_ also use images of which some labels are missing",
    ),
    Key::documented(
        "relevant_variables",
        Kind::Variables,
        Value("#place, #timespan, #material, #technique, #depiction"),
        "Properties whose labels say how similar two images are",
    ),
    Key::documented(
        "random_crop",
        Kind::Ranges(1, Interval::above(0.0, 1.0)),
        Value("[0.7, 1]"),
        "Augmentation: smallest and largest share of a side that a central crop keeps",
    ),
    Key::documented(
        "random_rotation90",
        Kind::Boolean,
        Value("True"),
        "Augmentation: rotate every other image by 90 degrees",
    ),
    Key::documented(
        "gaussian_noise",
        Kind::Number(Interval::closed(0.0, 1.0)),
        Value("0.01"),
        "Augmentation: standard deviation of the noise, on a scale from 0 to 1",
    ),
    Key::documented("flip_left_right", Kind::Boolean, Value("True"), "Augmentation: mirror left and right"),
    Key::documented("flip_up_down", Kind::Boolean, Value("True"), "Augmentation: mirror top and bottom"),
    Key::further(
        "random_shear",
        Kind::Ranges(2, Interval::closed(-1.0, 1.0)),
        Absent,
        "Augmentation: least and greatest shear, horizontal, then vertical",
    )
    .such_as("[-0.1, 0.1, -0.1, 0.1]"),
    Key::further(
        "random_brightness",
        Kind::Number(Interval::closed(0.0, 100.0)),
        Absent,
        "Augmentation: largest change of brightness, in per cent",
    )
    .such_as("10"),
    Key::further("random_contrast", FACTORS, Absent, "Augmentation: least and greatest factor on the contrast")
        .such_as("[0.8, 1.2]"),
    Key::further("random_saturation", FACTORS, Absent, "Augmentation: least and greatest factor on the saturation")
        .such_as("[0.8, 1.2]"),
    Key::further(
        "random_hue",
        Kind::Number(Interval::closed(0.0, 0.5)),
        Absent,
        "Augmentation: largest shift of the hue, as a share of the full circle",
    )
    .such_as("0.05"),
    Key::further(
        "random_rotation",
        Kind::Number(Interval::closed(0.0, 180.0)),
        Absent,
        "Augmentation: largest rotation either way, in degrees",
    )
    .such_as("10"),
    Key::further(
        "augmented_views",
        Kind::Whole(0, 10_000),
        Value("0"),
        "Augmented views of every image, drawn once (0: a new view for every draw)",
    ),
    Key::further("margin", Kind::Number(Interval::above(0.0, 2.0)), Value("2"), "Margin of the soft_contrastive loss"),
    Key::further(
        "backbone",
        Kind::Choice(Architecture::NAMES),
        Value("resnet152"),
        "The pre-trained network that looks at the images: a ResNet of this depth",
    ),
    Key::further(
        "weights",
        Kind::Weights,
        Value("imagenet"),
        "Weights of the backbone: imagenet (downloaded once), builtin (with resnet18; no download), a file (safetensors or .pth), or none (random)",
    ),
    Key::further(
        "input_size",
        Kind::Whole(32, 2048),
        Value("224"),
        "Side of the square that an image is scaled to for the backbone, in pixels",
    ),
    SEED,
    DEVICE,
    PRECISION,
];

const BUILD_KDTREE: &[Key] = &[
    Key::documented("model_path", Kind::Path, Required, "Folder of the model").such_as(DEFAULT_FOLDER),
    Key::documented(
        "master_file_tree",
        Kind::FileName,
        Required,
        "Master file: the list of the collection files to index",
    )
    .such_as("master_file_tree.txt"),
    Key::documented("master_dir_tree", Kind::Path, Required, "Folder of the master file").such_as("./samples/"),
    Key::documented("savepath", Kind::Path, Required, "Folder for the index (kdtree.npz)").such_as(DEFAULT_FOLDER),
    Key::documented("relevant_variables", Kind::Variables, Required, "Variables whose labels the index keeps")
        .such_as("#place, #timespan"),
];

const GET_KNN: &[Key] = &[
    Key::documented("treepath", Kind::Path, Required, "Folder of the index (kdtree.npz)").such_as(DEFAULT_FOLDER),
    Key::documented(
        "master_file_prediction",
        Kind::FileName,
        Required,
        "Master file: the list of the collection files that hold the queries",
    )
    .such_as("master_file_prediction.txt"),
    Key::documented("master_dir_prediction", Kind::Path, Required, "Folder of the master file").such_as("./samples/"),
    Key::documented("model_path", Kind::Path, Required, "Folder of the model that the index was built with")
        .such_as(DEFAULT_FOLDER),
    Key::documented("savepath", Kind::Path, Required, "Folder for the results").such_as(DEFAULT_FOLDER),
];

const NEIGHBORS: &[Key] =
    &[Key::documented("num_neighbors", COUNT, Value("6"), "Nearest neighbours to find for every query")];

const LABELED: &[Key] = &[Key::documented(
    "bool_labeled_input",
    Kind::Boolean,
    Value("True"),
    "Whether the queries have labels to compare the predictions with",
)];

const EVALUATE_MODEL: &[Key] = &[
    Key::documented("pred_gt_path", Kind::Path, Required, "Folder of pred_gt.npz").such_as(DEFAULT_FOLDER),
    Key::documented("result_path", Kind::Path, Required, "Folder for the results").such_as(DEFAULT_FOLDER),
];

const DESCRIBING: &[Key] = &[
    Key::further("batch_size", Kind::Whole(1, 4096), Value("32"), "Images that the network describes at once"),
    DEVICE,
    PRECISION,
];

const RESUME: &[Key] = &[Key::further("resume", Kind::Boolean, Value("False"), "Continue an interrupted run")];

const SEED: Key = Key::further("seed", Kind::Whole(0, u64::MAX), Value("0"), "Seed of all that is drawn by chance");

const DEVICE: Key = Key::further("device", Kind::Choice(DeviceChoice::NAMES), Value("auto"), "Where the network runs");

const PRECISION: Key = Key::further(
    "precision",
    Kind::Choice(Precision::NAMES),
    Value("f32"),
    "Numbers that the frozen network computes with: f32, or bf16 (about twice as fast on processors that have it, less exact)",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_and_every_example_is_a_valid_value() {
        for operation in Operation::ALL {
            for key in operation.keys() {
                if let Value(value) = key.fallback {
                    assert!(key.kind.parts(value).is_some(), "{operation}: default of {}", key.name);
                }
                assert!(key.kind.parts(key.example).is_some(), "{operation}: example of {}", key.name);
            }
        }
    }

    #[test]
    fn no_two_keys_of_an_operation_share_a_spelling() {
        for operation in Operation::ALL {
            let mut spellings: Vec<&str> =
                operation.keys().flat_map(|key| key.aliases.iter().copied().chain([key.name])).collect();
            spellings.sort_unstable();
            let count = spellings.len();
            spellings.dedup();
            assert_eq!(spellings.len(), count, "{operation}");
        }
    }

    #[test]
    fn the_deepest_backbone_bounds_the_blocks_to_retrain() {
        let deepest = Architecture::ALL.iter().map(|it| it.residual_blocks() as u64).max().unwrap();
        let key = Operation::TrainModel.key("hub_num_retrain").unwrap();
        assert_eq!(key.kind, Kind::Whole(0, deepest));
    }
}
