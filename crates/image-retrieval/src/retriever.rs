//! A model with the index that it made: what answers pictures.

use std::path::Path;

use silknow_config::{DeviceChoice, Precision};
use silknow_errors::Result;
use silknow_image::Source;
use silknow_index::{
    Ballot, ClassShare, Hit, Hits, Index, MemoryIndex, Opinions, Queried, Search, Vote, check_model, find, store,
};
use silknow_network::{Described, Model, Placement};
use silknow_progress::Observer;
use silknow_records::{Record, Variable};

use crate::classifier::{HeadOutputs, opinions};
use crate::context::Context;
use crate::describing::decoding_threads;
use crate::toolbox_files;

/// Pictures that the network describes at once.
const BATCH_SIZE: usize = 32;

/// A model with an index of its descriptors, ready to answer pictures.
///
/// The index may be any [`Index`]: the exact one in memory, or one of your own.
#[derive(Debug)]
pub struct Retriever<I = MemoryIndex> {
    model: Model,
    index: I,
}

/// What was found for one picture.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The most similar works, nearest first.
    pub hits: Vec<Hit>,
    /// What the hits say of the picture, one entry per variable of the index.
    pub predictions: Vec<Prediction>,
}

/// What the neighbours of a picture, or the model's classifier, say of one variable.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Prediction {
    /// The variable's name.
    pub variable: String,
    /// The classes that neighbours have, highest share first; of those with the same share the one with the nearest
    /// neighbour. Empty where no neighbour's label is known.
    pub classes: Vec<Votes>,
    /// The number of classes at the front that are predicted: 1, more where labels are sets, and 0 where no neighbour's label
    /// is known or the vote is not confident enough.
    pub predicted: usize,
    /// The share of the predicted class, and of several the lowest, in `[0, 1]`; that of the first class where the vote is not
    /// confident enough, and 0 where no neighbour's label is known.
    pub confidence: f64,
}

/// The votes for one class.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Votes {
    /// The class as files hold it.
    pub name: String,
    /// The class as people read it.
    pub text: String,
    /// Neighbours that have it.
    pub neighbours: usize,
    /// The probability of the class, in `[0, 1]`: the weight of these neighbours among those with a known label, unless a
    /// classifier votes.
    pub share: f64,
}

impl Prediction {
    /// The predicted class, and of several the one with the highest share; none where nothing is predicted.
    pub fn class(&self) -> Option<&Votes> {
        self.predicted().first()
    }

    /// The predicted classes, highest share first; empty where nothing is predicted.
    pub fn predicted(&self) -> &[Votes] {
        &self.classes[..self.predicted]
    }
}

impl Retriever {
    /// Loads the model of a folder and the index of another.
    ///
    /// # Errors
    /// A model or an index that cannot be read, an index of another model, a device or a precision that is not there.
    pub fn open(
        model_path: impl AsRef<Path>,
        treepath: impl AsRef<Path>,
        device: DeviceChoice,
        precision: Precision,
    ) -> Result<Self> {
        let model = Model::load(model_path, &Placement::choose(device, precision)?)?;
        Self::of_folder(model, MemoryIndex::read(&treepath)?, treepath.as_ref())
    }

    /// As [`open`](Self::open), with a model and an index of the Python toolbox imported in passing.
    pub(crate) fn open_or_import(
        model_path: &Path,
        treepath: &Path,
        device: DeviceChoice,
        precision: Precision,
        context: &Context<'_>,
    ) -> Result<Self> {
        let placement = Placement::choose(device, precision)?;
        let model = toolbox_files::open_model_in(model_path, &placement, context)?;
        let index = toolbox_files::index_in(treepath, &model, context.observer)?;
        Self::of_folder(model, index, treepath)
    }

    fn of_folder(model: Model, index: MemoryIndex, treepath: &Path) -> Result<Self> {
        Self::new(model, index).map_err(|error| error.in_file(treepath.join(store::FILE_NAME)))
    }
}

impl<I: Index> Retriever<I> {
    /// Puts a model and an index together.
    ///
    /// # Errors
    /// An index that was built with another model.
    pub fn new(model: Model, index: I) -> Result<Self> {
        check_model(&index, model.fingerprint())?;
        Ok(Self { model, index })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The index.
    pub fn index(&self) -> &I {
        &self.index
    }

    /// The index, to add to it or to remove from it.
    pub fn index_mut(&mut self) -> &mut I {
        &mut self.index
    }

    /// Answers pictures. Each has an answer or the reason why it could not be read, in their order.
    ///
    /// # Errors
    /// As for [`find`]; an interruption.
    pub fn search(
        &self,
        pictures: Vec<Source>,
        search: &Search,
        observer: &dyn Observer,
    ) -> Result<Vec<Result<Answer>>> {
        let described = self.model.describe_images(pictures, BATCH_SIZE, decoding_threads(), observer)?;
        let answers = self.search_described(&described, search, &|_, _| false, observer)?;
        let found = described.kept.into_iter().zip(answers.into_iter().map(Ok));
        let failed = described.failures.into_iter().map(|(position, reason)| (position, Err(reason)));
        let mut all: Vec<(usize, Result<Answer>)> = found.chain(failed).collect();
        all.sort_by_key(|(position, _)| *position);
        Ok(all.into_iter().map(|(_, answer)| answer).collect())
    }

    /// Answers descriptors `[Q, D]` of the model, row by row. `is_query` tells whether a record is the query of a number,
    /// for searches that [leave it out](Search::exclude_self).
    ///
    /// # Errors
    /// As for [`find`]; a vote that needs the model's classifier, which descriptors alone do not tell of.
    pub fn search_descriptors(
        &self,
        descriptors: &[f32],
        search: &Search,
        is_query: &(dyn Fn(usize, &Record) -> bool + Sync),
        observer: &dyn Observer,
    ) -> Result<Vec<Answer>> {
        let hits = find(&self.index, Queried { descriptors, is_query }, search, observer)?;
        answers(&self.index, &hits, &search.vote, None)
    }

    /// Answers pictures that the model described; see [`search_descriptors`](Self::search_descriptors).
    ///
    /// # Errors
    /// As for [`find`]; a vote that needs a classifier that the model does not have.
    pub fn search_described(
        &self,
        described: &Described,
        search: &Search,
        is_query: &(dyn Fn(usize, &Record) -> bool + Sync),
        observer: &dyn Observer,
    ) -> Result<Vec<Answer>> {
        let heads: Vec<&str> = self.model.extra_heads().map(|(name, _)| name).collect();
        let outputs = HeadOutputs { names: &heads, values: &described.extra, images: described.kept.len() };
        let opinions = opinions(&search.vote, self.model.vocabulary(), outputs)?;
        let queried = Queried { descriptors: &described.descriptors, is_query };
        let hits = find(&self.index, queried, search, observer)?;
        answers(&self.index, &hits, &search.vote, opinions.as_ref())
    }
}

/// The hits of every query with what they, or a classifier, say of it.
fn answers(index: &dyn Index, hits: &Hits, vote: &Vote, opinions: Option<&Opinions>) -> Result<Vec<Answer>> {
    let mut vocabulary = index.vocabulary().clone();
    let opinions = opinions.map(|opinions| opinions.aligned(&mut vocabulary)).transpose()?;
    let ballots = vote.ballots(hits, vocabulary.len(), opinions.as_ref())?;
    let answer = |(hits, ballots): (&[Hit], &Vec<Ballot>)| Answer {
        hits: hits.to_vec(),
        predictions: vocabulary
            .variables
            .iter()
            .zip(ballots)
            .map(|(of, ballot)| prediction(of, ballot, vote))
            .collect(),
    };
    Ok(hits.iter().zip(&ballots).map(answer).collect())
}

/// What the hits of one picture say of it as neighbours, one entry per variable of the index that they were found in.
///
/// # Panics
/// When a hit has labels for fewer variables than the index.
pub fn predictions(index: &dyn Index, hits: &[Hit], vote: &Vote) -> Vec<Prediction> {
    let variables = index.vocabulary().variables.iter().enumerate();
    variables.map(|(v, variable)| prediction(variable, &vote.count_hits(hits, v), vote)).collect()
}

/// What a ballot says of a variable.
fn prediction(variable: &Variable, ballot: &Ballot, vote: &Vote) -> Prediction {
    let class = |voted: &ClassShare| Votes {
        name: variable.class_name(voted.class).to_owned(),
        text: variable.class_text(voted.class).into_owned(),
        neighbours: voted.neighbours,
        share: voted.share,
    };
    Prediction {
        variable: variable.name.clone(),
        classes: ballot.classes.iter().map(class).collect(),
        predicted: vote.decide(ballot).len(),
        confidence: ballot.confidence(),
    }
}
