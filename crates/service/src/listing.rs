//! The works of a collection in the order of its index, as a page shows them before anything is searched for.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;
use silknow_image_retrieval::Matcher;

use crate::collection::Collection;
use crate::work::Work;

/// Some works of a collection.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Listing {
    /// Works that pass the filter.
    pub total: usize,
    /// The works of this page: of every object the first image that passes the filter.
    pub hits: Vec<Work>,
}

impl Listing {
    /// The `k` works behind the first `offset` ones that pass a filter.
    pub fn of(collection: &Collection, matcher: &Matcher, offset: usize, k: usize) -> Self {
        let mut objects = HashSet::new();
        let is_first = |&position: &usize| objects.insert(collection.object(position));
        let records = collection.records();
        let passing = (0..records.len()).filter(|&position| matcher.matches(&records[position]));
        let positions: Vec<usize> = passing.filter(is_first).collect();
        let page = positions.iter().skip(offset).take(k);
        Self { total: positions.len(), hits: page.map(|&position| Work::of(collection, position)).collect() }
    }
}
