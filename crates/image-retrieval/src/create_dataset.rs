//! `create-dataset`: from a table or a folder to collections, and the configuration files of the operations that can
//! follow.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_config::{
    BuildKDTreeParameters, CreateDatasetParameters, CrossvalidationParameters, EvaluateModelParameters,
    GetKNNParameters, Parameters, TrainModelParameters,
};
use silknow_dataset::create::{self, MASTER_FILE, MASTER_FILE_PREDICTION, MASTER_FILE_TREE};
use silknow_dataset::duplicates::{DUPLICATES_FILE, Duplicates};
use silknow_errors::Result;
use silknow_files as files;
use silknow_progress::Observer;

use crate::context::Context;
use crate::groups_page::{self, GroupsPage};
use crate::stated;

/// Where the generated configuration files let the other operations write.
mod outputs {
    pub(super) const MODEL: &str = "./output_files/Default/";
    pub(super) const INDEX: &str = "./output_files/kDTree/";
    pub(super) const NEIGHBOURS: &str = "./output_files/kNN/";
    pub(super) const EVALUATION: &str = "./output_files/Evaluation/";
    pub(super) const CROSSVALIDATION: &str = "./output_files/Crossvalidation/";
}

/// The page that shows equal and nearly equal images, in the master folder.
const DUPLICATES_PAGE: &str = "duplicates.html";

/// What `create-dataset` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CreateDatasetSummary {
    /// The dataset.
    #[serde(flatten)]
    pub dataset: create::CreateDatasetSummary,
    /// The configuration files that were written.
    pub configuration_files: Vec<PathBuf>,
    /// The page that shows equal and nearly equal images.
    pub duplicates_page: PathBuf,
    /// What the labels suffice for.
    pub prospects: Prospects,
}

/// What the labels of a dataset suffice for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Prospects {
    /// Some variable has two classes or more: all operations.
    Training,
    /// There are labels, and no two classes to tell apart: an index with predictions, without training.
    Prediction,
    /// There is no label: an index to search in.
    Search,
}

impl Prospects {
    fn of(dataset: &create::CreateDatasetSummary) -> Self {
        match dataset.statistics.variables.iter().map(|variable| variable.classes.len()).max() {
            None | Some(0) => Self::Search,
            Some(1) => Self::Prediction,
            Some(_) => Self::Training,
        }
    }

    /// What is said of them, where not everything can be done.
    fn note(self) -> Option<&'static str> {
        match self {
            Self::Training => None,
            Self::Prediction => {
                Some("No variable has two classes, so there is nothing to train: build-kdtree uses a network as it is.")
            }
            Self::Search => Some(
                "No label is known, so there is nothing to train, predict or evaluate: build the index (build-kdtree uses \
                 a network as it is), then search in it.",
            ),
        }
    }
}

impl fmt::Display for CreateDatasetSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.dataset)?;
        if let Some(note) = self.prospects.note() {
            writeln!(f, "{note}\n")?;
        }
        write!(f, "Configuration files for the next steps:")?;
        for file in &self.configuration_files {
            write!(f, "\n  {}", file.display())?;
        }
        Ok(())
    }
}

/// Makes a dataset from a knowledge-graph export or a table of labelled images: fetches and rescales the images,
/// splits the objects into five collections, and writes collection files, master files, statistics, and the
/// configuration files with which the other operations run as they are. Where the labels do not suffice for an operation, as
/// those of a plain folder do not for training, it has no configuration file, and the summary says so.
///
/// # Errors
/// An export that cannot be read, filters that leave nothing (saying which removed how many), folders that are
/// not writable, an interruption; a run after that goes on where this one stopped. An image that cannot be had is
/// listed in `download_failures.csv` instead.
pub fn create_dataset(parameters: &CreateDatasetParameters, context: &Context<'_>) -> Result<CreateDatasetSummary> {
    let dataset = create::create_dataset_with(parameters, context.hub.policy.clone(), context.observer)?;
    // These files come after the collections, when their folders are not locked any more.
    [&parameters.master_dir, &parameters.configuration_dir].into_iter().for_each(files::remove_abandoned);
    let duplicates_page = write_duplicates_page(&dataset.duplicates, &parameters.master_dir)?;
    let prospects = Prospects::of(&dataset);
    let texts = configurations(&dataset, prospects, parameters)?;
    let names: Vec<&str> = texts.iter().map(|(name, _)| *name).collect();
    put_others_aside(&parameters.configuration_dir, &names, context.observer)?;
    let mut configuration_files = Vec::with_capacity(texts.len());
    for (name, text) in texts {
        let path = parameters.configuration_dir.join(name);
        files::write(&path, text)?;
        configuration_files.push(path);
    }
    Ok(CreateDatasetSummary { dataset, configuration_files, duplicates_page, prospects })
}

/// Writes the page of equal and nearly equal images; returns its path.
fn write_duplicates_page(duplicates: &Duplicates, master_dir: &Path) -> Result<PathBuf> {
    let path = master_dir.join(DUPLICATES_PAGE);
    groups_page::write(duplicates, &path, &GroupsPage {
        title: "Equal and nearly equal images",
        introduction: "Equal images have the same pixels. Nearly equal ones look the same: one is scaled, saved again,              brightened or cropped a little. Stated groups come from the list that `groups` names. The images of a group stay              in one collection, so that none is tested with its own twin. What more than twenty objects share is taken for a              placeholder; placeholders and (nearly) blank images hold nothing together."
            .to_owned(),
        list: DUPLICATES_FILE,
        can_drop: true,
    })?;
    Ok(path)
}

/// The names of the configuration files that are written where the labels suffice.
const CONFIGURATION_FILES: [&str; 5] = [
    "Configuration_train_model.txt",
    "Configuration_build_kDTree.txt",
    "Configuration_get_kNN.txt",
    "Configuration_evaluate_model.txt",
    "Configuration_crossvalidation.txt",
];

/// Gives other names to configuration files of an earlier dataset that this one does not replace: they name variables and
/// collections that there are no more.
fn put_others_aside(folder: &Path, written: &[&str], observer: &dyn Observer) -> Result<()> {
    for name in CONFIGURATION_FILES.into_iter().filter(|name| !written.contains(name)) {
        let (path, aside) = (folder.join(name), folder.join(format!("{name}.earlier")));
        if path.is_file() {
            fs::rename(&path, &aside).map_err(|cause| files::refused("cannot rename", &path, cause))?;
            observer.warning(&format!(
                "`{}` is of an earlier dataset and does not fit this one: it is called `{name}.earlier` now",
                path.display()
            ));
        }
    }
    Ok(())
}

/// The configuration files of the operations that the dataset suffices for: names and texts.
fn configurations(
    dataset: &create::CreateDatasetSummary,
    prospects: Prospects,
    parameters: &CreateDatasetParameters,
) -> Result<Vec<(&'static str, String)>> {
    let variables = dataset.variables.iter().map(|variable| format!("#{variable}")).collect::<Vec<_>>().join(", ");
    let master_dir = format!("{}/", parameters.master_dir.display().to_string().trim_end_matches('/'));
    // Without labels nothing is compared, so no picture has to stay out of the index.
    let indexed = if prospects == Prospects::Search { MASTER_FILE } else { MASTER_FILE_TREE };
    // Fewer than five objects leave the part of the queries empty.
    let has_queries = dataset.collection_samples.last().is_some_and(|&samples| samples > 0);
    let queries = if has_queries { MASTER_FILE_PREDICTION } else { MASTER_FILE };
    let mut files = Vec::new();
    if prospects == Prospects::Training {
        files.push(("Configuration_train_model.txt", train_model(&master_dir, &variables)?));
    }
    let untrained = truth(prospects != Prospects::Training);
    files.push(("Configuration_build_kDTree.txt", build_kdtree(&master_dir, indexed, &variables, untrained)?));
    files.push(("Configuration_get_kNN.txt", get_knn(&master_dir, queries, truth(prospects != Prospects::Search))?));
    if prospects != Prospects::Search {
        files.push(("Configuration_evaluate_model.txt", evaluate_model()?));
    }
    if prospects == Prospects::Training {
        files.push(("Configuration_crossvalidation.txt", crossvalidation(&master_dir, &variables)?));
    }
    Ok(files)
}

/// A truth value as configuration files have it.
fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
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

fn build_kdtree(master_dir: &str, master_file: &str, variables: &str, untrained: &str) -> Result<String> {
    configuration::<BuildKDTreeParameters>(&[
        ("model_path", outputs::MODEL),
        ("master_file_tree", master_file),
        ("master_dir_tree", master_dir),
        ("savepath", outputs::INDEX),
        ("relevant_variables", variables),
        ("untrained", untrained),
    ])
}

fn get_knn(master_dir: &str, master_file: &str, has_labels: &str) -> Result<String> {
    configuration::<GetKNNParameters>(&[
        ("treepath", outputs::INDEX),
        ("master_file_prediction", master_file),
        ("master_dir_prediction", master_dir),
        ("model_path", outputs::MODEL),
        ("savepath", outputs::NEIGHBOURS),
        ("bool_labeled_input", has_labels),
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

#[cfg(test)]
mod tests {
    use silknow_progress::Recorder;

    use super::*;

    #[test]
    fn configuration_files_that_are_not_replaced_are_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["Configuration_train_model.txt", "Configuration_get_kNN.txt", "notes.txt"] {
            files::write(folder.path().join(name), "earlier").unwrap();
        }
        let recorder = Recorder::default();
        put_others_aside(folder.path(), &["Configuration_get_kNN.txt"], &recorder).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["Configuration_get_kNN.txt", "Configuration_train_model.txt.earlier", "notes.txt"]);
        let [warning] = recorder.warnings().try_into().unwrap();
        assert!(warning.contains("is called `Configuration_train_model.txt.earlier` now"), "{warning}");
        put_others_aside(folder.path(), &[], &recorder).unwrap();
        assert_eq!(recorder.warnings().len(), 2, "the file that is left was of an earlier dataset, too");
    }
}
