//! `demo`: the six operations on a small collection of woven silk pictures that it makes itself.
//!
//! The collection is small, so the parameters differ from the defaults. The pictures are made by `silknow-demo`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_demo::DemoCollection;
use silknow_errors::Result;
use silknow_evaluation::EvaluationSummary;
use silknow_files as files;

use crate::context::Context;
use crate::{build_kdtree, create_dataset, crossvalidation, evaluate_model, get_knn, stated, train_model};

/// The folder, within the working directory, that takes the pictures and their table.
const COLLECTION: &str = "./collection";

/// How the demonstration differs from the generated configuration files: the best recipe, with smaller pictures, a smaller head
/// and fewer steps for a small collection.
const TRAINING: [(&str, &str); 7] = [
    ("recipe", "best"),
    ("input_size", "224"),
    ("add_fc", "[1024, 128]"),
    ("how_many_training_steps", "60"),
    ("how_often_validation", "15"),
    ("train_batch_size", "100"),
    ("device", "cpu"),
];

/// What `demo` needs to know.
#[derive(Clone, Debug, Default)]
pub struct DemoParameters {
    /// What collection to make.
    pub collection: DemoCollection,
}

/// What `demo` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DemoSummary {
    /// Images in the collections.
    pub images: usize,
    /// How well the held-out collection was classified.
    pub evaluation: EvaluationSummary,
    /// How well all images were classified in cross-validation.
    pub crossvalidation: EvaluationSummary,
    /// The page to open.
    pub report: PathBuf,
}

/// Makes a collection and runs the six operations on it, all in the current working directory. Run again with the same
/// collection after an interruption, it goes on where it stopped; after a run that ended well, it begins anew.
///
/// # Errors
/// A folder that is not writable, an interruption.
pub fn demo(parameters: &DemoParameters, context: &Context<'_>) -> Result<DemoSummary> {
    let report = PathBuf::from("report.html");
    files::remove_abandoned(".");
    let table = Path::new(COLLECTION).join(silknow_demo::TABLE);
    let table_before = fs::read(&table).ok();
    let made = silknow_demo::generate(COLLECTION, &parameters.collection, context.observer)?;
    // The report is written last. While it is missing, the demonstration is unfinished and goes on from the files that are there.
    let goes_on = !report.exists() && table_before == fs::read(&table).ok();
    files::remove_if_there(&report)?;
    let training = [TRAINING.as_slice(), &[("resume", if goes_on { "True" } else { "False" })]].concat();
    let csvfile = made.csvfile.display().to_string();
    let museums = made.museums.join(", ");
    let dataset = create_dataset(
        &stated::parameters(
            None,
            &[
                ("csvfile", &csvfile),
                ("imgsavepath", "./samples/data/"),
                ("minnumsamples", "10"),
                ("retaincollections", &museums),
                ("num_labeled", "1"),
            ],
        )?,
        context,
    )?;
    train_model(&stated::parameters(Some("Configuration_train_model.txt"), &training)?, context)?;
    build_kdtree(&stated::parameters(Some("Configuration_build_kDTree.txt"), &[("device", "cpu")])?, context)?;
    get_knn(&stated::parameters(Some("Configuration_get_kNN.txt"), &[("device", "cpu")])?, context)?;
    let evaluation = evaluate_model(&stated::parameters(Some("Configuration_evaluate_model.txt"), &[])?, context)?;
    let crossvalidated =
        crossvalidation(&stated::parameters(Some("Configuration_crossvalidation.txt"), &training)?, context)?;
    files::write(&report, files::read(&crossvalidated.report)?)?;
    Ok(DemoSummary { images: dataset.dataset.samples, evaluation, crossvalidation: crossvalidated.evaluation, report })
}

impl fmt::Display for DemoSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Held-out collection, classified by its neighbours:\n{}\n", self.evaluation)?;
        writeln!(f, "Cross-validation over all {} images:\n{}\n", self.images, self.crossvalidation)?;
        write!(f, "The report with pictures: {}", self.report.display())
    }
}
