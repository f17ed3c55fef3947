//! The parameters of `build-kdtree` and `get-knn`.
//!
//! Owns the structs and their way from and to options. Descriptors and neighbours live elsewhere.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::choice::DeviceChoice;

/// What `build-kdtree` needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildKDTreeParameters {
    /// The model folder.
    pub model_path: PathBuf,
    /// Name of the master file, without folder; all its samples go into the index.
    pub master_file_tree: String,
    /// Folder of the master file and of its collection files.
    pub master_dir_tree: PathBuf,
    /// Folder for `kdtree.npz`.
    pub savepath: PathBuf,
    /// The variables whose labels the index keeps: names without `#` and spaces, at least one, none twice.
    pub relevant_variables: Vec<String>,
    /// Images that the network describes at once, at least 1.
    pub batch_size: usize,
    /// Where the network runs.
    pub device: DeviceChoice,
}

/// What `get-knn` needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetKNNParameters {
    /// Folder of `kdtree.npz`.
    pub treepath: PathBuf,
    /// Name of the master file, without folder; all its samples are queries.
    pub master_file_prediction: String,
    /// Folder of the master file and of its collection files.
    pub master_dir_prediction: PathBuf,
    /// The model folder; the index must have been built with this model.
    pub model_path: PathBuf,
    /// Folder for the results.
    pub savepath: PathBuf,
    /// Neighbours per query, at least 1.
    pub num_neighbors: usize,
    /// True when the queries have labels to compare the predictions with.
    pub bool_labeled_input: bool,
    /// Images that the network describes at once, at least 1.
    pub batch_size: usize,
    /// Where the network runs.
    pub device: DeviceChoice,
}
