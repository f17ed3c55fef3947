//! From a descriptor to an answer: the neighbours, what they say of the query, and how both agree.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use silknow_image_retrieval::config::VoteRule;
use silknow_image_retrieval::{
    Filter, Hit, Prediction, Queried, Record, Search, Silent, Vote, Votes, find, predictions, vote_of_keys,
};

use crate::app::Defaults;
use crate::collection::Collection;
use crate::fault::Fault;
use crate::histogram::Histogram;
use crate::request::{GroupBy, SearchRequest, VoteWord};
use crate::work::{Class, LabelsByVariable, Work, labels};

/// The most works that one answer may have, and the most that a histogram is made of.
const MOST_WORKS: usize = 1000;

/// The most works that paging reaches.
const MOST_REACHED: usize = 10_000;

/// What is searched for.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The unit descriptor `[D]`.
    pub descriptor: Vec<f32>,
    /// The positions of the images of the index that it was made of.
    pub stored: Vec<usize>,
    /// The position of the one whole image of the index that it is, where it is one.
    pub is: Option<usize>,
}

/// What is done with a query.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    search: Search,
    max_distance: Option<f32>,
    k: usize,
    offset: usize,
    histogram: bool,
}

/// The answer to a search.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SearchAnswer {
    /// The index that was searched.
    pub index: String,
    /// Works that were found, those on other pages included. At most as many as were looked at; see `complete`.
    pub total: usize,
    /// True where `total` counts everything there is, false where there are more.
    pub complete: bool,
    /// Works on a page.
    pub k: usize,
    /// Works on the pages before.
    pub offset: usize,
    /// The works of this page, nearest first.
    pub hits: Vec<FoundWork>,
    /// What the first k works say of the query, by variable: the classes by falling probability.
    pub predictions: BTreeMap<String, Vec<PredictedClass>>,
    /// Whether the vote on a variable was confident enough for a prediction.
    pub sure: BTreeMap<String, bool>,
    /// What is known of the query.
    pub query: KnownOfQuery,
    /// The distances of the works before the cut-off, where a histogram was asked for.
    pub distances: Option<Histogram>,
}

/// What is known of a query.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct KnownOfQuery {
    /// Its labels, where it is one image of the index.
    pub labels: Option<LabelsByVariable>,
}

/// A work that was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct FoundWork {
    /// Its rank, counted from 1 over all pages.
    pub rank: usize,
    /// The Euclidean distance of the descriptors, between 0 and 2.
    pub distance: f32,
    /// The work.
    #[serde(flatten)]
    pub work: Work,
    /// Whether its labels agree with those of the query, else with the predicted ones, by variable. Variables of which nothing is
    /// known or predicted are left out.
    pub agreement: BTreeMap<String, Agreement>,
}

/// How the label of a work compares with that of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Agreement {
    /// They share a class.
    Agrees,
    /// They share none.
    Differs,
    /// The label of the work is not known.
    Unknown,
}

/// A class that neighbours have.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct PredictedClass {
    /// The class.
    #[serde(flatten)]
    pub class: Class,
    /// Its share of the vote, between 0 and 1.
    pub probability: f64,
    /// What stands behind it.
    pub support: Support,
}

/// What stands behind a class.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Support {
    /// Neighbours that have it.
    pub neighbours: usize,
    /// The distance of the nearest of them.
    pub nearest: f32,
    /// The mean of their distances.
    pub mean: f32,
}

impl Plan {
    /// What a request asks for.
    pub fn of(request: &SearchRequest, collection: &Collection, defaults: Defaults) -> Result<Self, Fault> {
        let k = page_size(request.k, defaults)?;
        if request.offset > MOST_REACHED - k {
            return Err(Fault::bad_request(format!("the page ends behind the first {MOST_REACHED} works"))
                .hint("narrow the search by a filter"));
        }
        if request.max_distance.is_some_and(f32::is_nan) {
            return Err(Fault::bad_request("max_distance is not a number"));
        }
        let reach = request.offset + k;
        let mut search = Search::nearest(if request.histogram { reach.max(MOST_WORKS) } else { reach });
        search.filter = filter(request.filter.as_deref(), collection)?;
        search.exclude_self = request.exclude_self;
        search.group_by_object = request.group_by == Some(GroupBy::Object);
        search.vote = vote(request.vote, collection, defaults)?;
        Ok(Self { search, max_distance: request.max_distance, k, offset: request.offset, histogram: request.histogram })
    }
}

/// The number of works on a page that a request asks for.
pub(crate) fn page_size(asked: Option<usize>, defaults: Defaults) -> Result<usize, Fault> {
    let k = asked.unwrap_or(defaults.num_neighbors);
    if (1..=MOST_WORKS).contains(&k) {
        return Ok(k);
    }
    Err(Fault::bad_request(format!("k is {k}")).hint(format!("ask for 1 to {MOST_WORKS} works")))
}

/// The filter of a request, checked against the index.
pub(crate) fn filter(expression: Option<&str>, collection: &Collection) -> Result<Filter, Fault> {
    let filter = Filter::parse(expression.unwrap_or_default()).map_err(|error| Fault::filter(&error))?;
    filter.resolve(collection.vocabulary()).map_err(|error| Fault::filter(&error))?;
    Ok(filter)
}

fn vote(asked: Option<VoteWord>, collection: &Collection, defaults: Defaults) -> Result<Vote, Fault> {
    let rule = match asked {
        Some(VoteWord::Majority) => VoteRule::Majority,
        Some(VoteWord::Weighted) => VoteRule::Weighted,
        None => defaults.vote,
    };
    let facts = collection.describer.facts();
    Ok(vote_of_keys(rule, defaults.vote_temperature, defaults.confidence_threshold, facts)?)
}

/// The nearest works of a query, before the cut-off.
pub(crate) fn nearest(collection: &Collection, query: &Query, search: &Search) -> Result<Vec<Hit>, Fault> {
    let records = collection.records();
    let is_query = |_, record: &Record| query.stored.iter().any(|&position| records[position].name == record.name);
    let queried = Queried { descriptors: &query.descriptor, is_query: &is_query };
    let hits = find(collection.index(), queried, search, &Silent)?;
    Ok(hits.of(0).to_vec())
}

/// The answer to a query.
pub(crate) fn answer(collection: &Collection, query: &Query, plan: &Plan) -> Result<SearchAnswer, Fault> {
    let pool = nearest(collection, query, &plan.search)?;
    // They are ordered by distance, so that the cut-off takes some off the end.
    let cut = plan.max_distance.map_or(pool.len(), |most| pool.partition_point(|hit| hit.distance <= most));
    let is_exhausted = pool.len() < plan.search.k || cut < pool.len();
    let found = &pool[..cut];
    let voters = &found[..found.len().min(plan.k)];
    let predictions = predictions(collection.index(), voters, &plan.search.vote);
    let variables = &collection.vocabulary().variables;
    let known = query.is.map(|position| labels(variables, &collection.records()[position]));
    let reference = reference(known.as_ref(), &predictions);
    let page = found.iter().enumerate().skip(plan.offset).take(plan.k);
    let hits = page.map(|(before, hit)| {
        let work = Work::of(collection, hit.position as usize);
        let agreement = agreement(&work.labels, &reference);
        FoundWork { rank: before + 1, distance: hit.distance, work, agreement }
    });
    let supported = |(v, it): (usize, &Prediction)| (it.variable.clone(), supported(collection, v, it, voters));
    Ok(SearchAnswer {
        index: collection.name.clone(),
        total: found.len(),
        complete: is_exhausted,
        k: plan.k,
        offset: plan.offset,
        hits: hits.collect(),
        sure: predictions.iter().map(|it| (it.variable.clone(), it.predicted > 0)).collect(),
        predictions: predictions.iter().enumerate().map(supported).collect(),
        query: KnownOfQuery { labels: known },
        distances: plan.histogram.then(|| Histogram::of(pool.iter().map(|hit| hit.distance))),
    })
}

/// The names of the classes that works are compared with: those of the query, else the predicted ones. Variables without either
/// are left out.
fn reference(known: Option<&LabelsByVariable>, predictions: &[Prediction]) -> BTreeMap<String, Vec<String>> {
    let of = |prediction: &Prediction| {
        let known = known.and_then(|labels| labels.get(&prediction.variable)).filter(|classes| !classes.is_empty());
        let names: Vec<String> = match known {
            Some(classes) => classes.iter().map(|class| class.name.clone()).collect(),
            None => prediction.predicted().iter().map(|class| class.name.clone()).collect(),
        };
        (!names.is_empty()).then(|| (prediction.variable.clone(), names))
    };
    predictions.iter().filter_map(of).collect()
}

fn agreement(labels: &LabelsByVariable, reference: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Agreement> {
    let compare = |(variable, names): (&String, &Vec<String>)| {
        let classes = labels.get(variable).map_or([].as_slice(), Vec::as_slice);
        let agreement = if classes.is_empty() {
            Agreement::Unknown
        } else if classes.iter().any(|class| names.contains(&class.name)) {
            Agreement::Agrees
        } else {
            Agreement::Differs
        };
        (variable.clone(), agreement)
    };
    reference.iter().map(compare).collect()
}

/// The classes of a prediction with what stands behind them among the neighbours that voted.
fn supported(collection: &Collection, variable: usize, prediction: &Prediction, voters: &[Hit]) -> Vec<PredictedClass> {
    let about = &collection.vocabulary().variables[variable];
    let has = |hit: &Hit, name: &str| {
        hit.record.labels.classes(variable).iter().any(|&class| about.class_name(class) == name)
    };
    let class = |votes: &Votes| {
        let distances: Vec<f32> = voters.iter().filter(|hit| has(hit, &votes.name)).map(|hit| hit.distance).collect();
        let mean = distances.iter().map(|&distance| f64::from(distance)).sum::<f64>() / distances.len().max(1) as f64;
        PredictedClass {
            class: Class { name: votes.name.clone(), text: votes.text.clone() },
            probability: votes.share,
            support: Support {
                neighbours: votes.neighbours,
                nearest: distances.first().copied().unwrap_or_default(),
                mean: mean as f32,
            },
        }
    };
    prediction.classes.iter().map(class).collect()
}
