//! The parameters of `build-kdtree` and `get-knn`.
//!
//! Owns the structs and their way from and to options. Descriptors and neighbours live elsewhere.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use silknow_errors::Result;

use crate::choice::{DeviceChoice, Precision};
use crate::key::Operation;
use crate::options::Settings;
use crate::parameters::{Parameters, Values, defaults};

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
    /// Numbers that the network computes with.
    pub precision: Precision,
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
    /// Numbers that the network computes with.
    pub precision: Precision,
}

impl BuildKDTreeParameters {
    /// The defaults, for this model, master file, target folder and variables.
    pub fn new(
        model_path: impl Into<PathBuf>,
        master_dir_tree: impl Into<PathBuf>,
        master_file_tree: impl Into<String>,
        savepath: impl Into<PathBuf>,
        relevant_variables: Vec<String>,
    ) -> Self {
        Self {
            model_path: model_path.into(),
            master_file_tree: master_file_tree.into(),
            master_dir_tree: master_dir_tree.into(),
            savepath: savepath.into(),
            relevant_variables,
            ..defaults(&["model_path", "master_file_tree", "master_dir_tree", "savepath", "relevant_variables"])
        }
    }
}

impl Parameters for BuildKDTreeParameters {
    const OPERATION: Operation = Operation::BuildKDTree;

    fn from_settings(settings: &Settings<'_>) -> Result<Self> {
        Ok(Self {
            model_path: settings.one("model_path"),
            master_file_tree: settings.one("master_file_tree"),
            master_dir_tree: settings.one("master_dir_tree"),
            savepath: settings.one("savepath"),
            relevant_variables: settings.list("relevant_variables"),
            batch_size: settings.one("batch_size"),
            device: settings.one("device"),
            precision: settings.one("precision"),
        })
    }

    fn to_values(&self) -> Values {
        let mut values = Values::default();
        values.path("model_path", &self.model_path);
        values.one("master_file_tree", &self.master_file_tree);
        values.path("master_dir_tree", &self.master_dir_tree);
        values.path("savepath", &self.savepath);
        values.variables("relevant_variables", &self.relevant_variables);
        values.one("batch_size", self.batch_size);
        values.one("device", self.device);
        values.one("precision", self.precision);
        values
    }
}

impl GetKNNParameters {
    /// The defaults, for this index, model, master file of queries and target folder.
    pub fn new(
        treepath: impl Into<PathBuf>,
        model_path: impl Into<PathBuf>,
        master_dir_prediction: impl Into<PathBuf>,
        master_file_prediction: impl Into<String>,
        savepath: impl Into<PathBuf>,
    ) -> Self {
        Self {
            treepath: treepath.into(),
            master_file_prediction: master_file_prediction.into(),
            master_dir_prediction: master_dir_prediction.into(),
            model_path: model_path.into(),
            savepath: savepath.into(),
            ..defaults(&["treepath", "master_file_prediction", "master_dir_prediction", "model_path", "savepath"])
        }
    }
}

impl Parameters for GetKNNParameters {
    const OPERATION: Operation = Operation::GetKNN;

    fn from_settings(settings: &Settings<'_>) -> Result<Self> {
        Ok(Self {
            treepath: settings.one("treepath"),
            master_file_prediction: settings.one("master_file_prediction"),
            master_dir_prediction: settings.one("master_dir_prediction"),
            model_path: settings.one("model_path"),
            savepath: settings.one("savepath"),
            num_neighbors: settings.one("num_neighbors"),
            bool_labeled_input: settings.one("bool_labeled_input"),
            batch_size: settings.one("batch_size"),
            device: settings.one("device"),
            precision: settings.one("precision"),
        })
    }

    fn to_values(&self) -> Values {
        let mut values = Values::default();
        values.path("treepath", &self.treepath);
        values.one("master_file_prediction", &self.master_file_prediction);
        values.path("master_dir_prediction", &self.master_dir_prediction);
        values.path("model_path", &self.model_path);
        values.path("savepath", &self.savepath);
        values.one("num_neighbors", self.num_neighbors);
        values.boolean("bool_labeled_input", self.bool_labeled_input);
        values.one("batch_size", self.batch_size);
        values.one("device", self.device);
        values.one("precision", self.precision);
        values
    }
}
