//! The parameters of `create-dataset`.
//!
//! Owns the struct and its way from and to options. What the filters do belongs to the dataset.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What `create-dataset` needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreateDatasetParameters {
    /// The export of the knowledge graph, with its path.
    pub csvfile: PathBuf,
    /// Folder for the images: `img_unscaled` as fetched, `img` rescaled.
    pub imgsavepath: PathBuf,
    /// Classes with fewer samples become missing labels.
    pub minnumsamples: usize,
    /// The museums whose records are kept, at least one. Whether the export knows them, the data decides.
    pub retaincollections: Vec<String>,
    /// Samples with fewer known labels are left out; 0 to 5.
    pub num_labeled: usize,
    /// Folder for the collection files, the master files and the statistics.
    pub master_dir: PathBuf,
    /// Folder for the five configuration files of the other operations.
    pub configuration_dir: PathBuf,
    /// Seed of the split into five parts.
    pub seed: u64,
}
