//! `create-dataset`: from an export to collections, and the configuration files of the other five operations.
//!
//! The dataset is made by `silknow-dataset`; the configuration files are written here.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use silknow_config::{
    BuildKDTreeParameters, CreateDatasetParameters, CrossvalidationParameters, EvaluateModelParameters,
    GetKNNParameters, Parameters, TrainModelParameters,
};
use silknow_dataset::create::{self, MASTER_FILE, MASTER_FILE_PREDICTION, MASTER_FILE_TREE};
use silknow_errors::Result;
use silknow_files as files;

use crate::context::Context;
use crate::stated;

/// Where the generated configuration files let the other operations write.
mod outputs {
    pub(super) const MODEL: &str = "./output_files/Default/";
    pub(super) const INDEX: &str = "./output_files/kDTree/";
    pub(super) const NEIGHBOURS: &str = "./output_files/kNN/";
    pub(super) const EVALUATION: &str = "./output_files/Evaluation/";
    pub(super) const CROSSVALIDATION: &str = "./output_files/Crossvalidation/";
}

/// What `create-dataset` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CreateDatasetSummary {
    /// The dataset.
    #[serde(flatten)]
    pub dataset: create::CreateDatasetSummary,
    /// The configuration files that were written.
    pub configuration_files: Vec<PathBuf>,
}

impl fmt::Display for CreateDatasetSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.dataset)?;
        write!(f, "Configuration files for the next steps:")?;
        for file in &self.configuration_files {
            write!(f, "\n  {}", file.display())?;
        }
        Ok(())
    }
}

/// Makes a dataset from a knowledge-graph export or a table of labelled images: fetches and rescales the images,
/// splits the objects into five collections, and writes collection files, master files, statistics, and the
/// configuration files with which the other five operations run as they are.
///
/// # Errors
/// An export that cannot be read, filters that leave nothing (saying which removed how many), folders that are
/// not writable, an interruption; a run after that goes on where this one stopped. An image that cannot be had is
/// listed in `download_failures.csv` instead.
pub fn create_dataset(parameters: &CreateDatasetParameters, context: &Context<'_>) -> Result<CreateDatasetSummary> {
    let dataset = create::create_dataset_with(parameters, context.hub.policy.clone(), context.observer)?;
    let variables = dataset.variables.iter().map(|variable| format!("#{variable}")).collect::<Vec<_>>().join(", ");
    let master_dir = format!("{}/", parameters.master_dir.display().to_string().trim_end_matches('/'));
    let texts = [
        ("Configuration_train_model.txt", train_model(&master_dir, &variables)?),
        ("Configuration_build_kDTree.txt", build_kdtree(&master_dir, &variables)?),
        ("Configuration_get_kNN.txt", get_knn(&master_dir)?),
        ("Configuration_evaluate_model.txt", evaluate_model()?),
        ("Configuration_crossvalidation.txt", crossvalidation(&master_dir, &variables)?),
    ];
    let mut configuration_files = Vec::with_capacity(texts.len());
    for (name, text) in texts {
        let path = parameters.configuration_dir.join(name);
        files::write(&path, text)?;
        configuration_files.push(path);
    }
    Ok(CreateDatasetSummary { dataset, configuration_files })
}

/// The text of a configuration file in which these keys have these values and the others their defaults.
fn configuration<P: Parameters>(values: &[(&str, &str)]) -> Result<String> {
    Ok(stated::parameters::<P>(None, values)?.to_configuration_text())
}

fn train_model(master_dir: &str, variables: &str) -> Result<String> {
    configuration::<TrainModelParameters>(&[
        ("master_file_name", MASTER_FILE_TREE),
        ("master_dir", master_dir),
        ("logpath", outputs::MODEL),
        ("relevant_variables", variables),
    ])
}

fn build_kdtree(master_dir: &str, variables: &str) -> Result<String> {
    configuration::<BuildKDTreeParameters>(&[
        ("model_path", outputs::MODEL),
        ("master_file_tree", MASTER_FILE_TREE),
        ("master_dir_tree", master_dir),
        ("savepath", outputs::INDEX),
        ("relevant_variables", variables),
    ])
}

fn get_knn(master_dir: &str) -> Result<String> {
    configuration::<GetKNNParameters>(&[
        ("treepath", outputs::INDEX),
        ("master_file_prediction", MASTER_FILE_PREDICTION),
        ("master_dir_prediction", master_dir),
        ("model_path", outputs::MODEL),
        ("savepath", outputs::NEIGHBOURS),
    ])
}

fn evaluate_model() -> Result<String> {
    configuration::<EvaluateModelParameters>(&[
        ("pred_gt_path", outputs::NEIGHBOURS),
        ("result_path", outputs::EVALUATION),
    ])
}

fn crossvalidation(master_dir: &str, variables: &str) -> Result<String> {
    configuration::<CrossvalidationParameters>(&[
        ("master_file_name", MASTER_FILE),
        ("master_dir", master_dir),
        ("logpath", outputs::CROSSVALIDATION),
        ("relevant_variables", variables),
    ])
}
