//! A search: which neighbours of a query are its answer, in any index.

use std::collections::HashSet;

use silknow_errors::{Error, Result};
use silknow_progress::Observer;
use silknow_records::{Record, object_key};

use crate::filter::Filter;
use crate::index::{Hit, Hits, Index};
use crate::neighbours::{check_k, check_rows};
use crate::vote::Vote;

/// Queries between two looks at whether the work should stop.
const QUERIES_PER_STEP: usize = 2048;

/// What an answer consists of.
///
/// ```
/// use silknow_index::{Filter, Search};
///
/// let mut search = Search::nearest(6);
/// search.filter = Filter::parse("place=ES|FR")?;
/// search.max_distance = Some(0.8);
/// # Ok::<(), silknow_errors::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Search {
    /// Neighbours per query, at least 1.
    pub k: usize,
    /// Which images may be answers.
    pub filter: Filter,
    /// Images that are farther away than this are left out.
    pub max_distance: Option<f32>,
    /// The query itself is left out: images with the same descriptor, and those that [`is_query`](Queried::is_query) tells.
    pub exclude_self: bool,
    /// Of several images of one object the nearest alone counts.
    pub group_by_object: bool,
    /// How the answers vote for the classes of the query; it does not change which they are.
    pub vote: Vote,
}

impl Search {
    /// The `k` nearest images, whatever they are, with equal votes.
    pub fn nearest(k: usize) -> Self {
        Self {
            k,
            filter: Filter::everything(),
            max_distance: None,
            exclude_self: false,
            group_by_object: false,
            vote: Vote::majority(),
        }
    }
}

/// What is searched for.
#[derive(Clone, Copy)]
pub struct Queried<'a> {
    /// Descriptors `[Q, D]`, row by row.
    pub descriptors: &'a [f32],
    /// Tells whether a record is the query of this number; used with [`Search::exclude_self`].
    pub is_query: &'a (dyn Fn(usize, &Record) -> bool + Sync),
}

impl<'a> Queried<'a> {
    /// Descriptors of which nothing else is known.
    pub fn descriptors(descriptors: &'a [f32]) -> Self {
        Self { descriptors, is_query: &|_, _| false }
    }
}

/// Finds the answers to all queries. Where fewer images than `k` are left, all of these are given, with a warning when the
/// index itself is smaller.
///
/// # Errors
/// As for [`Index::nearest`]; a largest distance that is not a number; an interruption.
pub fn find(index: &dyn Index, queried: Queried<'_>, search: &Search, observer: &dyn Observer) -> Result<Hits> {
    check_k(search.k)?;
    let dims = index.dims();
    check_rows("query", queried.descriptors, dims)?;
    if search.max_distance.is_some_and(f32::is_nan) {
        return Err(
            Error::configuration("the largest distance is not a number").hint("give a distance between 0 and 2")
        );
    }
    if search.k > index.len() {
        let (k, size) = (search.k, index.len());
        observer.warning(&format!("{k} neighbours are asked for, but the index has {size}: all are given"));
    }
    let progress = observer.begin("searching neighbours", (queried.descriptors.len() / dims) as u64);
    let mut hits = Hits::default();
    for step in queried.descriptors.chunks(QUERIES_PER_STEP * dims) {
        observer.check()?;
        let first = hits.len();
        hits.append(answers(index, step, search, &|query, record| (queried.is_query)(first + query, record))?);
        progress.advance((step.len() / dims) as u64);
    }
    Ok(hits)
}

/// Images beyond the k nearest that are asked for at first where some may be left out.
const SPARE: usize = 8;

/// The answers to some queries.
///
/// Leaving out images after the nearest were found may leave too few. Those queries are then asked again for four times as
/// many, until they have enough or the index has no more.
fn answers(
    index: &dyn Index,
    descriptors: &[f32],
    search: &Search,
    is_query: &dyn Fn(usize, &Record) -> bool,
) -> Result<Hits> {
    let dims = index.dims();
    let count = descriptors.len() / dims;
    let leaves_out = search.exclude_self || search.group_by_object;
    let mut wanted = if leaves_out { search.k.saturating_add(SPARE) } else { search.k };
    let mut answers: Vec<Option<Vec<Hit>>> = vec![None; count];
    let mut open: Vec<usize> = (0..count).collect();
    while !open.is_empty() {
        let asked: Vec<f32> = if open.len() == count {
            descriptors.to_vec()
        } else {
            open.iter().flat_map(|&query| &descriptors[query * dims..][..dims]).copied().collect()
        };
        let found = index.nearest(&asked, wanted, &search.filter)?;
        for (&query, hits) in open.iter().zip(found.iter()) {
            let (answer, is_cut) = reduced(hits, search, |record| is_query(query, record));
            if answer.len() == search.k || is_cut || hits.len() < wanted || wanted >= index.len() {
                answers[query] = Some(answer);
            }
        }
        open.retain(|&query| answers[query].is_none());
        wanted = wanted.saturating_mul(4);
    }
    Ok(answers.into_iter().flatten().collect())
}

/// The first k of the hits that the search does not leave out, and whether the largest distance ended them.
fn reduced(hits: &[Hit], search: &Search, is_query: impl Fn(&Record) -> bool) -> (Vec<Hit>, bool) {
    let mut answer = Vec::with_capacity(search.k.min(hits.len()));
    let mut objects = HashSet::new();
    for hit in hits {
        if answer.len() == search.k {
            break;
        }
        if search.max_distance.is_some_and(|most| hit.distance > most) {
            return (answer, true);
        }
        if search.exclude_self && (hit.distance == 0.0 || is_query(&hit.record)) {
            continue;
        }
        if search.group_by_object && !objects.insert(object_of(&hit.record)) {
            continue;
        }
        answer.push(hit.clone());
    }
    (answer, false)
}

/// What tells the object of a record from others: its address; else its identifier within its museum; else its image.
pub fn object_of(record: &Record) -> (&str, &str) {
    let object = &record.object;
    match &object.address {
        Some(address) => (address, ""),
        None if object.id.is_empty() => (object_key(&record.name), ""),
        None => (object.museum.as_deref().unwrap_or_default(), &object.id),
    }
}
