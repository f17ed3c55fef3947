//! `crossvalidation`: every collection of a master file is tested once, with the rest trained and indexed.
//!
//! Owns the folds. Features are computed once per image and view and shared by all folds.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_config::CrossvalidationParameters;
use silknow_dataset::collection::Collections;
use silknow_errors::{Error, Result};
use silknow_evaluation::{EvaluationSummary, Fold, evaluate, evaluate_folds};
use silknow_files::{self as files, FolderLock};
use silknow_index::{Classification, DescriptorIndex, IndexMeta, Queries, Retriever};
use silknow_network::TopNetwork;
use silknow_progress::Silent;

use crate::context::Context;
use crate::labels::label_rows;
use crate::training_session::{Trained, TrainingSession};

/// What `crossvalidation` did.
#[derive(Clone, Debug, Serialize)]
pub struct CrossvalidationSummary {
    /// The figures over all folds.
    pub evaluation: EvaluationSummary,
    /// The page to open.
    pub report: PathBuf,
    /// The folders of the folds.
    pub folds: Vec<PathBuf>,
    /// Samples that made up the batches of each fold that was trained by this run.
    pub samples_trained: Vec<usize>,
    /// Images that the backbone was run on: once per image and view, however many folds.
    pub backbone_images: u64,
}

impl fmt::Display for CrossvalidationSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.evaluation)?;
        writeln!(
            f,
            "{} folds; the backbone ran on {} images, once per image and view",
            self.folds.len(),
            self.backbone_images
        )?;
        if !self.samples_trained.is_empty() {
            let mean = self.samples_trained.iter().sum::<usize>() as f64 / self.samples_trained.len() as f64;
            writeln!(f, "{mean:.0} samples trained each fold on average")?;
        }
        write!(f, "report: {}", self.report.display())
    }
}

/// Trains, indexes and classifies once per collection of the master file, which is the test set of its fold, and
/// evaluates all folds together. Fold results go to `cv0`, `cv1`, … in `logpath`, pooled results to `logpath`.
///
/// With `resume`, folds that were finished with the same parameters are kept and an unfinished training continues
/// from its checkpoint.
///
/// # Errors
/// Fewer than two collections, those of training, a folder that is not writable, an interruption (finished folds
/// are kept, and the unfinished one's checkpoint).
pub fn crossvalidation(
    parameters: &CrossvalidationParameters,
    context: &Context<'_>,
) -> Result<CrossvalidationSummary> {
    let logpath = &parameters.logpath;
    let _lock = FolderLock::take(logpath)?;
    let mut session = TrainingSession::open(
        &parameters.training,
        &parameters.master_dir,
        &parameters.master_file_name,
        logpath,
        true,
        context,
    )?;
    let count = session.collections.files.len();
    if count < 2 {
        return Err(Error::data("cross-validation needs at least two collections, each the test set of one fold")
            .in_file(parameters.master_dir.join(&parameters.master_file_name))
            .hint("list every collection file in the master file, one a line"));
    }
    let folders: Vec<PathBuf> = (0..count).map(|fold| logpath.join(format!("cv{fold}"))).collect();
    let mut classifications = Vec::with_capacity(count);
    let mut samples_trained = Vec::new();
    let progress = context.observer.begin("folds", count as u64);
    for (fold, folder) in folders.iter().enumerate() {
        context.observer.check()?;
        progress.detail(&format!("fold {} of {count}", fold + 1));
        let split = Split::of(&session.collections, fold);
        let finished = if parameters.resume { finished(&session, &split, parameters, folder) } else { None };
        let classification = match finished {
            Some(classification) => {
                context.observer.info(&format!("fold {} was finished before", fold + 1));
                classification
            }
            None => {
                let trained = session.train(&split.rest, folder, parameters.resume)?;
                samples_trained.push(trained.outcome.samples_used);
                let classification = classify(&mut session, &trained, &split, parameters, folder, context)?;
                // Small classes are warned of once, over all folds.
                evaluate(&classification, folder, folder, &Silent)?;
                classification
            }
        };
        classifications.push(classification);
        progress.advance(1);
    }
    let folds: Vec<Fold<'_>> =
        classifications.iter().zip(&folders).map(|(classification, folder)| Fold { classification, folder }).collect();
    let evaluation = evaluate_folds(&folds, logpath, context.observer)?;
    Ok(CrossvalidationSummary {
        evaluation,
        report: logpath.join(silknow_evaluation::report::FILE_NAME),
        folds: folders,
        samples_trained,
        backbone_images: session.backbone_images(),
    })
}

/// The samples of a fold, by their position among all.
struct Split {
    /// Those tested.
    test: Vec<usize>,
    /// Those trained with and indexed.
    rest: Vec<usize>,
}

impl Split {
    fn of(collections: &Collections, fold: usize) -> Self {
        let (test, rest) =
            (0..collections.samples.len()).partition(|&sample| collections.samples[sample].collection == fold);
        Self { test, rest }
    }
}

/// The result of a fold that an earlier run finished with the same samples and parameters.
fn finished(
    session: &TrainingSession<'_>,
    split: &Split,
    parameters: &CrossvalidationParameters,
    folder: &Path,
) -> Option<Classification> {
    let model = session.finished_model(folder)?;
    let index = DescriptorIndex::read(folder).ok()?;
    index.check_model(model.fingerprint()).ok()?;
    let classification = Classification::read(folder).ok()?;
    let made = IndexMeta::from_json(&classification.meta).ok()?;
    let neighbours = classification.neighbours.as_ref()?.k;
    // Unreadable images are in neither list, so the lists may be shorter than the split, but hold nothing else.
    let within = |listed: &[String], samples: &[usize]| {
        let known: HashSet<String> = names(&session.collections, samples, folder).ok()?.into_iter().collect();
        listed.iter().all(|name| known.contains(name)).then_some(())
    };
    within(&classification.names, &split.test)?;
    within(&index.names, &split.rest)?;
    let same = made.model_fingerprint == model.fingerprint() && neighbours == parameters.num_neighbors.min(index.len());
    same.then_some(classification)
}

/// Indexes the rest, classifies the test samples, and writes the files of `build-kdtree` and `get-knn`.
fn classify(
    session: &mut TrainingSession<'_>,
    trained: &Trained,
    split: &Split,
    parameters: &CrossvalidationParameters,
    folder: &Path,
    context: &Context<'_>,
) -> Result<Classification> {
    let index = index(session, trained, &split.rest, folder)?;
    index.write(folder)?;
    let (readable, descriptors) = session.describe(&trained.outcome.top, &split.test)?;
    let queries = Queries {
        names: names(&session.collections, &readable, folder)?,
        descriptors,
        labels: Some(label_rows(&session.collections.select(&readable))),
    };
    let retrieval = Retriever::new(&index)?.retrieve(queries, parameters.num_neighbors, context.observer)?;
    retrieval.write(&index, &index.names, folder)?;
    retrieval
        .classification(&index, &index.names)
        .ok_or_else(|| Error::internal("labelled queries were classified without their labels"))
}

fn index(
    session: &mut TrainingSession<'_>,
    trained: &Trained,
    samples: &[usize],
    folder: &Path,
) -> Result<DescriptorIndex> {
    let top: &TopNetwork = &trained.outcome.top;
    let (readable, descriptors) = session.describe(top, samples)?;
    let indexed = session.collections.select(&readable);
    Ok(DescriptorIndex {
        names: names(&session.collections, &readable, folder)?,
        labels: indexed.labels(),
        vocabulary: indexed.vocabulary,
        descriptors,
        dims: top.dims(),
        meta: IndexMeta::new(trained.model.fingerprint()),
    })
}

/// Image paths relative to the folder of a fold.
fn names(collections: &Collections, samples: &[usize], folder: &Path) -> Result<Vec<String>> {
    samples.iter().map(|&sample| files::relative_to(collections.image(&collections.samples[sample]), folder)).collect()
}
