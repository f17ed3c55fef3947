//! A work as answers show it: an image of the index with everything that is known of it.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Serialize;
use silknow_image_retrieval::{Record, Variable, is_web_address};

use crate::collection::Collection;

/// What is written as it is in a part of a path.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The headers of columns that tell the licence of a picture, in small letters.
const LICENCE_COLUMNS: [&str; 5] = ["licence", "license", "rights", "rights statement", "copyright"];

/// A class as files and people have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Class {
    /// As files hold it.
    pub name: String,
    /// As people read it.
    pub text: String,
}

/// The classes of every variable; none where a label is unknown.
pub(crate) type LabelsByVariable = BTreeMap<String, Vec<Class>>;

/// An image of the index with everything that is known of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Work {
    /// The image: its name below the folder of all images.
    pub image: String,
    /// The image as the collection files name it, where that tells nothing of the server's folders.
    pub name: Option<String>,
    /// The object that it shows, as its museum identifies it; empty where that is not known.
    pub object: String,
    /// The object's title.
    pub title: Option<String>,
    /// The object's address.
    pub address: Option<String>,
    /// The address that the picture was taken from.
    pub source: Option<String>,
    /// What may be done with the picture: a text, or the address of a licence.
    pub licence: Option<String>,
    /// The object's museum.
    pub museum: Option<String>,
    /// Its classes by variable.
    pub labels: LabelsByVariable,
    /// Other images of the same object.
    pub same_object: Vec<String>,
    /// Where its thumbnail is; `&size=` may be added.
    pub thumbnail: String,
    /// Where its picture is.
    pub picture: String,
}

impl Work {
    /// The image at a position.
    pub fn of(collection: &Collection, position: usize) -> Self {
        let record = &collection.records()[position];
        let (id, object) = (collection.id(position), &record.object);
        let (path, index) = (path_of(id), utf8_percent_encode(&collection.name, PART));
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        Self {
            image: id.to_owned(),
            name: (!record.name.starts_with('/') && !record.name.contains(':')).then(|| record.name.clone()),
            object: object.id.to_string(),
            title: text(&object.title),
            address: object.address.as_deref().filter(|it| is_web_address(it)).map(str::to_owned),
            source: record.source.as_deref().filter(|it| is_web_address(it)).map(str::to_owned),
            licence: licence(record),
            museum: text(&object.museum),
            labels: labels(&collection.vocabulary().variables, record),
            same_object: collection.same_object(position).map(str::to_owned).collect(),
            thumbnail: format!("/api/v1/thumbnails/{path}?index={index}"),
            picture: format!("/api/v1/images/{path}?index={index}"),
        }
    }
}

/// The classes of a record by variable.
pub(crate) fn labels(variables: &[Variable], record: &Record) -> LabelsByVariable {
    let of = |(v, variable): (usize, &Variable)| {
        let classes = record.labels.classes(v).iter().map(|&class| Class {
            name: variable.class_name(class).to_owned(),
            text: variable.class_text(class).into_owned(),
        });
        (variable.name.clone(), classes.collect())
    };
    variables.iter().enumerate().map(of).collect()
}

fn licence(record: &Record) -> Option<String> {
    let is_licence = |header: &str| LICENCE_COLUMNS.contains(&header.trim().to_lowercase().as_str());
    record.further.iter().find(|(header, _)| is_licence(header)).map(|(_, cell)| cell.to_string())
}

/// An identifier as it stands in a path.
fn path_of(id: &str) -> String {
    id.split('/').map(|part| utf8_percent_encode(part, PART).to_string()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_in_a_path_is_encoded_part_by_part() {
        assert_eq!(path_of("a b/soie brodée?#.jpg"), "a%20b/soie%20brod%C3%A9e%3F%23.jpg");
        assert_eq!(path_of("%2E%2E/b.jpg"), "%252E%252E/b.jpg");
    }
}
