//! The map of an index as the page draws it.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use silknow_image_retrieval::Record;

use crate::collection::Collection;
use crate::work::Class;

/// A map with what is known of its images.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Plane {
    /// The points of the images, in `[0, 1]` along both axes.
    points: Vec<[f32; 2]>,
    /// The images, in the order of the points.
    images: Vec<String>,
    /// For every variable the number of the class of each image, of several the first, and -1 where it is not known.
    labels: BTreeMap<String, Vec<i32>>,
    /// The classes by their numbers.
    classes: BTreeMap<String, Vec<Class>>,
}

impl Plane {
    /// The map of a collection, where it has one.
    pub fn of(collection: &Collection) -> Option<Self> {
        let points = collection.points()?.to_vec();
        let records = collection.records();
        let variables = || collection.vocabulary().variables.iter().enumerate();
        let number = |v: usize| move |record: &Arc<Record>| record.labels.lowest()[v];
        let labels = variables().map(|(v, variable)| (variable.name.clone(), records.iter().map(number(v)).collect()));
        let classes = variables().map(|(_, variable)| {
            let class = |(class, name): (usize, &String)| Class {
                name: name.clone(),
                text: variable.class_text(class as i32).into_owned(),
            };
            (variable.name.clone(), variable.classes.iter().enumerate().map(class).collect())
        });
        let images = (0..records.len()).map(|position| collection.id(position).to_owned()).collect();
        Some(Self { points, images, labels: labels.collect(), classes: classes.collect() })
    }
}
