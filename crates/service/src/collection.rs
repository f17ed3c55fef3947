//! An index as it is served: its model, its pictures, and what tells its images and objects from each other.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use silknow_image_retrieval::{Index, MemoryIndex, Record, Result, Vocabulary, check_model, object_of};

use crate::describer::Describer;
use crate::points::points;

/// An index as it is served. It does not change; an index that was built anew is another collection.
#[derive(Debug)]
pub(crate) struct Collection {
    /// The name by which requests ask for it.
    pub name: String,
    /// What describes its queries.
    pub describer: Arc<Describer>,
    index: MemoryIndex,
    folder: PathBuf,
    /// The identifiers of the images, by position.
    ids: Vec<Box<str>>,
    positions: HashMap<Box<str>, usize>,
    /// The number of the object that an image shows, by position.
    objects: Vec<usize>,
    /// The positions of the images of every object.
    images: Vec<Vec<usize>>,
    /// The points of its map, where it has one.
    points: Option<Vec<[f32; 2]>>,
}

impl Collection {
    /// An index in a folder with what describes its queries.
    ///
    /// # Errors
    /// An index that was built with another model.
    pub fn new(
        name: impl Into<String>,
        folder: impl Into<PathBuf>,
        describer: Arc<Describer>,
        index: MemoryIndex,
    ) -> Result<Self> {
        check_model(&index, describer.fingerprint())?;
        // What the first search would wait for.
        index.prepare();
        let names = || index.records().iter().map(|record| record.name.as_str());
        let folder_of_all = shared_folder(names());
        let ids: Vec<Box<str>> = names().map(|name| id_of(&name[folder_of_all..])).collect();
        let mut positions = HashMap::with_capacity(ids.len());
        for (position, id) in ids.iter().enumerate() {
            // Of an image that is there twice the first one counts.
            positions.entry(id.clone()).or_insert(position);
        }
        let (objects, images) = grouped(index.records());
        let (name, folder) = (name.into(), folder.into());
        let points = points(&folder, index.records());
        Ok(Self { name, describer, index, folder, ids, positions, objects, images, points })
    }

    /// The index itself.
    pub fn index(&self) -> &MemoryIndex {
        &self.index
    }

    /// The variables and classes of its labels.
    pub fn vocabulary(&self) -> &Vocabulary {
        self.index.vocabulary()
    }

    /// Its records by position.
    pub fn records(&self) -> &[Arc<Record>] {
        self.index.records()
    }

    /// The points of its map, where it has one.
    pub fn points(&self) -> Option<&[[f32; 2]]> {
        self.points.as_deref()
    }

    /// The number of objects that its images show.
    pub fn works(&self) -> usize {
        self.images.len()
    }

    /// The identifier of an image in requests and answers.
    pub fn id(&self, position: usize) -> &str {
        &self.ids[position]
    }

    /// The position of the image of an identifier.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// The descriptor of an image.
    pub fn descriptor(&self, position: usize) -> &[f32] {
        let dims = self.index.dims();
        &self.index.descriptors()[position * dims..][..dims]
    }

    /// The file of an image.
    pub fn picture(&self, position: usize) -> PathBuf {
        self.folder.join(&self.records()[position].name)
    }

    /// The number of the object that an image shows.
    pub fn object(&self, position: usize) -> usize {
        self.objects[position]
    }

    /// The identifiers of the other images of the object that an image shows.
    pub fn same_object(&self, position: usize) -> impl Iterator<Item = &str> {
        let images = &self.images[self.objects[position]];
        images.iter().filter(move |&&other| other != position).map(|&other| self.id(other))
    }
}

/// The length of the beginning that all names share up to a separator of folders.
fn shared_folder<'a>(mut names: impl Iterator<Item = &'a str>) -> usize {
    let Some(first) = names.next() else { return 0 };
    let up_to_folder = |text: &str| text.rfind('/').map_or(0, |slash| slash + 1);
    names.fold(up_to_folder(first), |length, name| {
        let same = first.bytes().zip(name.bytes()).take(length).take_while(|(a, b)| a == b).count();
        first.as_bytes()[..same].iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1)
    })
}

/// The identifier of an image with this name below the folder of all images. Parts that browsers would take for steps in
/// a path are written so that they are none.
fn id_of(name: &str) -> Box<str> {
    let part = |part: &'_ str| match part {
        "" => "%".to_owned(),
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        other => other.to_owned(),
    };
    name.split('/').map(part).collect::<Vec<_>>().join("/").into()
}

/// The number of the object of every record, and the positions of the records of every object.
fn grouped(records: &[Arc<Record>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut numbers = HashMap::new();
    let mut images: Vec<Vec<usize>> = Vec::new();
    let objects = records.iter().enumerate().map(|(position, record)| {
        let number = *numbers.entry(object_of(record)).or_insert_with(|| {
            images.push(Vec::new());
            images.len() - 1
        });
        images[number].push(position);
        number
    });
    let objects = objects.collect();
    (objects, images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_the_name_below_the_folder_of_all_images() {
        for (names, expected) in [
            (["../img/a.jpg", "../img/b.jpg"], ["a.jpg", "b.jpg"]),
            (["../img/x/a.jpg", "../img/xy/b.jpg"], ["x/a.jpg", "xy/b.jpg"]),
            (["/home/silk/a.jpg", "/home/silk/more/b.jpg"], ["a.jpg", "more/b.jpg"]),
            (["../a.jpg", "../../b.jpg"], ["a.jpg", "%2E%2E/b.jpg"]),
            (["a.jpg", "img//b.jpg"], ["a.jpg", "img/%/b.jpg"]),
            (["ä/é.jpg", "ä/è.jpg"], ["é.jpg", "è.jpg"]),
        ] {
            let folder = shared_folder(names.into_iter());
            assert_eq!(names.map(|name| id_of(&name[folder..])), expected.map(Box::from));
        }
        assert_eq!(shared_folder(std::iter::empty()), 0);
    }

    #[test]
    fn images_of_one_object_are_together() {
        let records = ["a__1__x.jpg", "b__1__x.jpg", "a__1__y.jpg"].map(|name| Arc::new(Record::new(name, 0)));
        assert_eq!(grouped(&records), (vec![0, 1, 0], vec![vec![0, 2], vec![1]]));
    }
}
