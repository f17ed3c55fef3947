//! Retrieval: from the descriptors of queries to their neighbours and their predicted classes.

use silknow_errors::{Error, Result};
use silknow_progress::Observer;
use silknow_records::{LabelMatrix, Labels, Vocabulary};

use crate::index::{Hits, Index};
use crate::opinions::Opinions;
use crate::search::{Queried, Search, find};
use crate::vote::{Ballot, Vote};

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Queries {
    /// Image paths `[Q]`, relative to the folder that the results go to.
    pub names: Vec<String>,
    /// Descriptors `[Q, D]`, row by row.
    pub descriptors: Vec<f32>,
    /// What labelled queries are labelled with.
    pub truth: Option<Truth>,
    /// What a classifier says of them, for [votes](Vote) that ask for it.
    pub opinions: Option<Opinions>,
}

/// The labels of labelled queries.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The variables of the index, with the classes of the queries, some of which the index may not have.
    pub vocabulary: Vocabulary,
    /// The labels `[Q]`.
    pub labels: Vec<Labels>,
}

/// Finds the nearest images of every query and predicts its classes.
///
/// # Errors
/// As for [`find`]; parts of `queries` that do not belong together; a vote that needs a classifier's opinions, without them or
/// with none on a variable of the index.
pub fn retrieve(index: &dyn Index, queries: Queries, search: &Search, observer: &dyn Observer) -> Result<Retrieval> {
    let (count, dims) = (queries.names.len(), index.dims());
    if queries.descriptors.len() != count * dims {
        return Err(Error::data(format!(
            "{count} queries have {} descriptor values, and the index has {dims} dimensions",
            queries.descriptors.len()
        ))
        .hint("compute the queries' descriptors with the model that built the index"));
    }
    let mut vocabulary = index.vocabulary().clone();
    let truth = match queries.truth {
        Some(truth) if truth.labels.len() != count => {
            return Err(Error::internal(format!("{count} queries have {} rows of labels", truth.labels.len())));
        }
        Some(truth) => {
            let translation = vocabulary.absorb(&truth.vocabulary)?;
            let labels: Vec<Labels> = truth.labels.iter().map(|labels| translation.apply(labels)).collect();
            Some(LabelMatrix::of(vocabulary.len(), &labels))
        }
        None => None,
    };
    let hits = find(index, Queried::descriptors(&queries.descriptors), search, observer)?;
    let opinions = queries.opinions.map(|opinions| opinions.aligned(&mut vocabulary)).transpose()?;
    let ballots = search.vote.ballots(&hits, vocabulary.len(), opinions.as_ref())?;
    let predictions = search.vote.decide_all(&ballots, vocabulary.len());
    Ok(Retrieval { vocabulary, names: queries.names, truth, predictions, ballots, hits, vote: search.vote })
}

/// What was found for Q queries.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Retrieval {
    /// The variables and classes of the index, followed by the classes that only the queries have.
    pub vocabulary: Vocabulary,
    /// Query image paths `[Q]`, relative to the folder that the results go to.
    pub names: Vec<String>,
    /// The labels `[Q, V]` of labelled queries.
    pub truth: Option<LabelMatrix>,
    /// Predicted class indices `[Q, V]`.
    pub predictions: LabelMatrix,
    /// What is said of every query `[Q]`, on each of its variables `[V]`.
    pub ballots: Vec<Vec<Ballot>>,
    /// What was found for each query.
    pub hits: Hits,
    /// The vote that predicted the classes.
    pub vote: Vote,
}
