//! The parameters of `create-dataset`.
//!
//! Owns the struct and its way from and to options. What the filters do belongs to the dataset.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use silknow_errors::Result;

use crate::key::Operation;
use crate::options::Settings;
use crate::parameters::{Parameters, Values, defaults};

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

impl CreateDatasetParameters {
    /// The defaults, for this export.
    pub fn new(csvfile: impl Into<PathBuf>) -> Self {
        let csvfile = csvfile.into();
        Self { csvfile, ..defaults(&["csvfile"]) }
    }
}

impl Parameters for CreateDatasetParameters {
    const OPERATION: Operation = Operation::CreateDataset;

    fn from_settings(settings: &Settings<'_>) -> Result<Self> {
        Ok(Self {
            csvfile: settings.one("csvfile"),
            imgsavepath: settings.one("imgsavepath"),
            minnumsamples: settings.one("minnumsamples"),
            retaincollections: settings.list("retaincollections"),
            num_labeled: settings.one("num_labeled"),
            master_dir: settings.one("master_dir"),
            configuration_dir: settings.one("configuration_dir"),
            seed: settings.one("seed"),
        })
    }

    fn to_values(&self) -> Values {
        let mut values = Values::default();
        values.path("csvfile", &self.csvfile);
        values.path("imgsavepath", &self.imgsavepath);
        values.one("minnumsamples", self.minnumsamples);
        values.words("retaincollections", &self.retaincollections);
        values.one("num_labeled", self.num_labeled);
        values.path("master_dir", &self.master_dir);
        values.path("configuration_dir", &self.configuration_dir);
        values.one("seed", self.seed);
        values
    }
}
