//! How many images have which class, under the filters that are set.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use silknow_image_retrieval::{Filter, Matcher, Record, Variable};

use crate::collection::Collection;
use crate::fault::Fault;

/// The field of the museum in filters.
const MUSEUM: &str = "museum";

/// How many images have which class.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Facets {
    /// Images that pass the whole filter.
    pub total: usize,
    /// The variables, each counted under the filters of all other fields.
    pub variables: Vec<Facet>,
    /// The museums, counted in the same way.
    pub museum: Facet,
}

/// How many images have which class of a variable.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Facet {
    /// The variable's name, as filters have it.
    pub name: String,
    /// Its classes in their order, those without images included. An image with several counts for each.
    pub values: Vec<FacetValue>,
    /// Images whose label is not known.
    pub unknown: usize,
}

/// How many images have a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct FacetValue {
    /// The class as filters have it.
    pub name: String,
    /// As people read it.
    pub text: String,
    /// The number of images.
    pub count: usize,
}

impl Facets {
    /// Counts the images of a collection.
    pub fn of(collection: &Collection, filter: &Filter) -> Result<Self, Fault> {
        let vocabulary = collection.vocabulary();
        let resolve = |filter: Filter| filter.resolve(vocabulary).map_err(|error| Fault::filter(&error));
        let whole = resolve(filter.clone())?;
        let passing = |matcher: Matcher| {
            collection.records().iter().map(|record| &**record).filter(move |record| matcher.matches(record))
        };
        let total = passing(whole).count();
        let variables =
            vocabulary.variables.iter().enumerate().map(|(v, variable)| {
                Ok(by_class(variable, v, passing(resolve(filter.clone().without(&variable.name))?)))
            });
        let variables = variables.collect::<Result<_, Fault>>()?;
        // `collection` is another word for the museum, unless a variable is called so.
        let mut others = filter.clone();
        for field in [MUSEUM, "collection"] {
            others = if vocabulary.position(field).is_none() { others.without(field) } else { others };
        }
        Ok(Self { total, variables, museum: by_museum(passing(resolve(others)?)) })
    }
}

/// Counts the classes of a variable.
pub(crate) fn by_class<'a>(variable: &Variable, position: usize, records: impl Iterator<Item = &'a Record>) -> Facet {
    let mut counts = vec![0; variable.classes.len()];
    let mut unknown = 0;
    for record in records {
        let classes = record.labels.classes(position);
        classes.iter().for_each(|&class| counts[class as usize] += 1);
        unknown += usize::from(classes.is_empty());
    }
    let value = |(class, count): (usize, usize)| FacetValue {
        name: variable.classes[class].clone(),
        text: variable.class_text(class as i32).into_owned(),
        count,
    };
    Facet { name: variable.name.clone(), values: counts.into_iter().enumerate().map(value).collect(), unknown }
}

fn by_museum<'a>(records: impl Iterator<Item = &'a Record>) -> Facet {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unknown = 0;
    for record in records {
        match record.object.museum.as_deref() {
            Some(museum) => *counts.entry(museum).or_default() += 1,
            None => unknown += 1,
        }
    }
    let value = |(museum, count): (&str, usize)| FacetValue { name: museum.to_owned(), text: museum.to_owned(), count };
    Facet { name: MUSEUM.to_owned(), values: counts.into_iter().map(value).collect(), unknown }
}
