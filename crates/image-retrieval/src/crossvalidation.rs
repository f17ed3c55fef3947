//! `crossvalidation`: every collection of a master file is tested once, with the rest trained and indexed.
//! Features are computed once per image and view and shared by all folds.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_config::CrossvalidationParameters;
use silknow_dataset::{Collections, read_master};
use silknow_errors::{Error, Result};
use silknow_evaluation::{Asked, EvaluationSummary, Fold, PairShares, evaluate, evaluate_folds};
use silknow_files::{FolderLock, remove_abandoned};
use silknow_index::{
    Classification, Index, IndexMeta, MemoryIndex, Queries, Search, Truth, Vote, check_model, retrieve,
};
use silknow_network::{Facts, Model, Placement};
use silknow_progress::{Observer, Silent};

use crate::classifier::{self, HeadOutputs};
use crate::context::Context;
use crate::explaining::for_report;
use crate::indexing::{index_of, names};
use crate::stated;
use crate::training_session::{Trained, TrainingSession, Works};
use crate::voting;

/// What `crossvalidation` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
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
    let training = &parameters.training;
    let collections = read_master(
        &parameters.master_dir,
        &parameters.master_file_name,
        Some(&training.relevant_variables),
        context.observer,
    )?;
    let mut session = TrainingSession::open(training, Works::of(&collections)?, logpath, true, context)?;
    let count = collections.files.len();
    if count < 2 {
        return Err(Error::data("cross-validation needs at least two collections, each the test set of one fold")
            .in_file(parameters.master_dir.join(&parameters.master_file_name))
            .hint("list every collection file in the master file, one a line"));
    }
    stated::write_recipe(parameters, training, logpath)?;
    let folders: Vec<PathBuf> = (0..count).map(|fold| logpath.join(format!("cv{fold}"))).collect();
    folders.iter().for_each(remove_abandoned);
    let mut classifications = Vec::with_capacity(count);
    let mut samples_trained = Vec::new();
    let progress = context.observer.begin("folds", count as u64);
    for (fold, folder) in folders.iter().enumerate() {
        context.observer.check()?;
        progress.detail(&format!("fold {} of {count}", fold + 1));
        let split = Split::of(&collections, fold);
        let finished =
            if parameters.resume { finished(&session, &collections, &split, parameters, folder) } else { None };
        let classification = match finished {
            Some(classification) => {
                context.observer.info(&format!("fold {} was finished before", fold + 1));
                classification
            }
            None => {
                let trained = session.train_into(&split.rest, folder, parameters.resume)?;
                samples_trained.push(trained.outcome.samples_used);
                classify(&mut session, &collections, &trained, &split, parameters, folder, context)?
            }
        };
        // What follows from a classification is made for finished folds too: a run that was killed right after it has
        // not come to that. Small classes are warned of once, over all folds.
        evaluate(&classification, folder, folder, None, &Silent)?;
        classifications.push(classification);
        progress.advance(1);
    }
    let folds: Vec<Fold<'_>> =
        classifications.iter().zip(&folders).map(|(classification, folder)| Fold { classification, folder }).collect();
    let explain = |asked: &[Asked]| explain_folds(&folds, asked, context.observer);
    let evaluation = evaluate_folds(&folds, logpath, Some(&explain), context.observer)?;
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
    collections: &Collections,
    split: &Split,
    parameters: &CrossvalidationParameters,
    folder: &Path,
) -> Option<Classification> {
    let model = session.finished_model(folder)?;
    let index = MemoryIndex::read(folder).ok()?;
    check_model(&index, model.fingerprint()).ok()?;
    let classification = Classification::read(folder).ok()?;
    let made = IndexMeta::from_json(&classification.meta).ok()?;
    let neighbours = classification.neighbours.as_ref()?.k;
    // Unreadable images are in neither list, so the lists may be shorter than the split, but hold nothing else.
    let within = |mut listed: Box<dyn Iterator<Item = &String> + '_>, samples: &[usize]| {
        let known: HashSet<String> = names(collections, samples, folder).ok()?.into_iter().collect();
        listed.all(|name| known.contains(name)).then_some(())
    };
    within(Box::new(classification.names.iter()), &split.test)?;
    within(Box::new(index.records().iter().map(|record| &record.name)), &split.rest)?;
    let search = search_of(parameters, model.facts()).ok()?;
    let same = made.model_fingerprint == model.fingerprint()
        && neighbours == search.k.min(index.len())
        && Vote::of_description(&classification.meta) == search.vote;
    same.then_some(classification)
}

/// Indexes the rest, classifies the test samples, and writes the files of `build-kdtree` and `get-knn`.
fn classify(
    session: &mut TrainingSession<'_>,
    collections: &Collections,
    trained: &Trained,
    split: &Split,
    parameters: &CrossvalidationParameters,
    folder: &Path,
    context: &Context<'_>,
) -> Result<Classification> {
    let top = &trained.outcome.top;
    let search = search_of(parameters, trained.model.facts())?;
    let heads: Vec<&str> = top.extra.names().collect();
    classifier::check(&search.vote, heads.iter().copied())?;
    let (indexed, described) = session.describe(top, &split.rest)?;
    let meta = IndexMeta::new(trained.model.fingerprint());
    let index = index_of(collections, &indexed, described.descriptors, top.dims(), folder, meta)?;
    index.write(folder)?;
    let (tested, described) = session.describe(top, &split.test)?;
    let labels = tested.iter().map(|&sample| collections.samples[sample].record.labels.clone()).collect();
    let outputs = HeadOutputs { names: &heads, values: &described.extra, images: tested.len() };
    let queries = Queries {
        names: names(collections, &tested, folder)?,
        opinions: classifier::opinions(&search.vote, &trained.model.facts().vocabulary, outputs)?,
        descriptors: described.descriptors,
        truth: Some(Truth { vocabulary: collections.vocabulary.clone(), labels }),
    };
    let retrieval = retrieve(&index, queries, &search, context.observer)?;
    let written = retrieval.write(index.model_fingerprint(), folder, folder)?;
    written.classification.ok_or_else(|| Error::internal("labelled queries were classified without their labels"))
}

/// What makes the pictures of a report on folds similar. The models are loaded one after the other.
fn explain_folds(folds: &[Fold<'_>], asked: &[Asked], observer: &dyn Observer) -> Result<Vec<Vec<Option<PairShares>>>> {
    let mut explained = vec![Vec::new(); asked.len()];
    for (number, fold) in folds.iter().enumerate() {
        let its: Vec<usize> = (0..asked.len()).filter(|&position| asked[position].fold == number).collect();
        if its.is_empty() {
            continue;
        }
        let model = Model::load(fold.folder, &Placement::processor())?;
        let shares = for_report(&model, fold.classification, its.iter().map(|&position| &asked[position]), observer)?;
        its.into_iter().zip(shares).for_each(|(position, shares)| explained[position] = shares);
    }
    Ok(explained)
}

/// What an answer consists of, and how it votes, with the model of a fold.
fn search_of(parameters: &CrossvalidationParameters, facts: &Facts) -> Result<Search> {
    let CrossvalidationParameters { vote, vote_temperature, confidence_threshold, .. } = *parameters;
    let mut search = Search::nearest(parameters.num_neighbors);
    search.vote = voting::vote(vote, vote_temperature, confidence_threshold, facts)?;
    Ok(search)
}
