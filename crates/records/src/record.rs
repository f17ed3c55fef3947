//! What is known of one image, and of the object that it shows.

use std::sync::Arc;

use crate::labels::Labels;

/// What is known of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The image, as its collection or index names it: mostly a path.
    pub name: String,
    /// The object that it shows.
    pub object: Object,
    /// What it is labelled with.
    pub labels: Labels,
    /// Where the picture was taken from: an address, or a path.
    pub source: Option<Box<str>>,
    /// Further columns of the table that it comes from: those that are no variables, by their headers, in the table's
    /// order. Empty cells are left out.
    pub further: Vec<(Arc<str>, Box<str>)>,
}

/// A museum object. Several images may show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Its identifier within its museum; empty where none is known.
    pub id: Box<str>,
    /// Its address: the URI by which the knowledge graph or the museum knows it.
    pub address: Option<Box<str>>,
    /// The museum that it belongs to.
    pub museum: Option<Box<str>>,
    /// Its title.
    pub title: Option<Box<str>>,
}

/// True for an address of the web, which results may lead to: a path or another scheme is none.
pub fn is_web_address(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
}

/// Stands between the parts of a file name `museum__object__file.jpg`.
const SEPARATOR: &str = "__";

/// The museum part of the file names of objects whose museum is not known.
pub const NO_MUSEUM: &str = "local";

impl Record {
    /// The record of an image of which no more than its name is known. The object is taken from the name, where this
    /// has the form `museum__object__file.jpg`.
    pub fn new(name: impl Into<String>, variables: usize) -> Self {
        let name = name.into();
        let object = Object::of_image_name(&name);
        Self { name, object, labels: Labels::missing(variables), source: None, further: Vec::new() }
    }
}

impl AsRef<Self> for Record {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Object {
    /// An object of which no more than its identifier is known.
    pub fn with_id(id: impl Into<Box<str>>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// The object that the name of an image tells of, with its museum: the second and the first part of a file name such
    /// as `museum__object__file.jpg` or `museum__object.jpg`. A file name without `__` tells of none.
    ///
    /// ```
    /// use silknow_records::Object;
    ///
    /// assert_eq!(&*Object::of_image_name("../img/imatex__14b8__1.jpg").id, "14b8");
    /// assert_eq!(Object::of_image_name("../img/imatex__14b8__1.jpg").museum.as_deref(), Some("imatex"));
    /// assert_eq!(&*Object::of_image_name("my__folder/plain.jpg").id, "");
    /// ```
    pub fn of_image_name(name: &str) -> Self {
        match stem(name).split(SEPARATOR).collect::<Vec<_>>().as_slice() {
            [museum, id, ..] => {
                let is_known = !museum.is_empty() && *museum != NO_MUSEUM;
                Self { museum: is_known.then(|| (*museum).into()), ..Self::with_id(*id) }
            }
            _ => Self::default(),
        }
    }

    /// What results show as the object's address: the address, the identifier where that is not known, or `""`.
    pub fn address_or_id(&self) -> &str {
        self.address.as_deref().unwrap_or(&self.id)
    }
}

/// What tells the object of an image from others when images are divided into folds: museum and object of a file name
/// such as `museum__object__file.jpg`, and the whole name where it has no `__`, so that the image stands for itself.
///
/// ```
/// use silknow_records::object_key;
///
/// assert_eq!(object_key("data/img/mad__47__a.jpg"), "mad__47");
/// assert_eq!(object_key("data/img/plain.jpg"), "data/img/plain.jpg");
/// ```
pub fn object_key(name: &str) -> &str {
    let stem = stem(name);
    let mut separators = stem.match_indices(SEPARATOR).map(|(start, _)| start);
    match (separators.next(), separators.next()) {
        (None, _) => name,
        (Some(_), None) => stem,
        (Some(_), Some(end)) => &stem[..end],
    }
}

/// The longest ending that is taken off a file name, in bytes: `.tiff` is one, `.1905-07` is part of an inventory number.
const LONGEST_ENDING: usize = 4;

/// The last part of a path, without the ending of an image file. Collection files made on Windows separate folders by
/// backslashes.
fn stem(name: &str) -> &str {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match base.rsplit_once('.') {
        Some((stem, ending))
            if ending.len() <= LONGEST_ENDING && ending.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            stem
        }
        _ => base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_and_key_follow_the_same_rule() {
        for (name, id, key) in [
            ("data/img/mad__47__a__b.jpg", "47", "mad__47"),
            (r"img\garin__dc34__a.png", "dc34", "garin__dc34"),
            ("data__x/img/plain.jpg", "", "data__x/img/plain.jpg"),
            ("img/mad__47.jpg", "47", "mad__47"),
            ("img/mad__47.5", "47.5", "mad__47.5"),
            ("", "", ""),
        ] {
            assert_eq!((&*Object::of_image_name(name).id, object_key(name)), (id, key), "{name}");
        }
    }

    #[test]
    fn scripts_and_paths_are_no_web_addresses() {
        assert!(is_web_address("https://museum.example/1") && is_web_address("HTTP://museum.example"));
        for other in ["javascript:alert(1)", "/srv/a.jpg", "../a.jpg", "C:\\a.jpg", "", "httpsx:a", "httpsx://a"] {
            assert!(!is_web_address(other), "{other}");
        }
    }

    #[test]
    fn the_address_counts_more_than_the_identifier() {
        let mut object = Object::with_id("47");
        assert_eq!(object.address_or_id(), "47");
        object.address = Some("https://x.org/47".into());
        assert_eq!(object.address_or_id(), "https://x.org/47");
        assert_eq!(Object::default().address_or_id(), "");
    }
}
