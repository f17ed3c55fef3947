//! Groups of images whose descriptors lie close together: crops, borders and other views of one thing, which a comparison of
//! pixels does not find.
//!
//! A group is a first image and those that are near to it: nothing is near by way of a third, so groups do not grow into
//! chains. The list has the form of `duplicates.csv`, so that `create-dataset` can be told to keep the groups together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_dataset::duplicates::{Distance, DuplicateGroup, DuplicatePicture, Duplicates, contradictions};
use silknow_dataset::likeness_groups::{Kind, MOST_OBJECTS};
use silknow_errors::Result;
use silknow_errors::counts::counted;
use silknow_files::{self as files, Batch};
use silknow_index::{Index, MemoryIndex, Queried, Search, find};
use silknow_progress::Observer;
use silknow_records::object_key;

use crate::groups_page::{self, GroupsPage};

/// The list of groups, in the folder of the index.
const LIST_FILE: &str = "descriptor_groups.csv";

/// The page that shows them.
const PAGE_FILE: &str = "descriptor_groups.html";

/// The nearest images of each among which its group is looked for.
const MOST_NEIGHBOURS: usize = 32;

/// The groups that were listed.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DescriptorGroups {
    /// Groups of two images or more.
    pub groups: usize,
    /// Images in them.
    pub images: usize,
    /// The list.
    pub list: PathBuf,
    /// The page that shows them.
    pub page: PathBuf,
}

impl fmt::Display for DescriptorGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = counted(self.groups, "group", "groups");
        write!(f, "{groups} of near images ({} images) in {}", self.images, self.list.display())
    }
}

/// Finds the groups of an index's images whose descriptors are at most `most` apart, and writes their list and page beside it.
///
/// # Errors
/// An interruption, a folder that is not writable.
pub(crate) fn write(
    index: &MemoryIndex,
    most: f64,
    folder: &Path,
    observer: &dyn Observer,
) -> Result<DescriptorGroups> {
    let groups = find_groups(index, most as f32, observer)?;
    let (list, page) = (folder.join(LIST_FILE), folder.join(PAGE_FILE));
    let batch = Batch::new();
    groups.write(&batch, &list)?;
    batch.commit()?;
    groups_page::write(
        &groups,
        &page,
        &GroupsPage {
            title: "Images with near descriptors",
            introduction: format!(
                "The descriptors of the images of a group are at most {most} away from that of its first one. They may show the \
             same thing: one is cropped, has a border, or is another photograph of it. To keep the groups together, give \
             {LIST_FILE} to create-dataset as `groups`. What more than twenty objects share is taken for a placeholder."
            ),
            list: LIST_FILE,
            can_drop: false,
        },
    )?;
    let images = groups.groups.iter().map(|group| group.pictures.len()).sum();
    Ok(DescriptorGroups { groups: groups.groups.len(), images, list, page })
}

/// Removes the list and the page of an earlier index, which would be taken for those of this one.
///
/// # Errors
/// A file that cannot be removed.
pub(crate) fn remove_earlier(folder: &Path, observer: &dyn Observer) -> Result<()> {
    for path in [LIST_FILE, PAGE_FILE].map(|name| folder.join(name)).iter().filter(|path| path.exists()) {
        files::remove_if_there(path)?;
        observer
            .warning(&format!("`{}` was of an earlier index and is removed (group_distance; none)", path.display()));
    }
    Ok(())
}

fn find_groups(index: &MemoryIndex, most: f32, observer: &dyn Observer) -> Result<Duplicates> {
    let mut search = Search::nearest(MOST_NEIGHBOURS.min(index.len()));
    search.max_distance = Some(most);
    let hits = find(index, Queried::descriptors(index.descriptors()), &search, observer)?;
    // Of every image the first one of its group and the distance from it.
    let mut places: Vec<(usize, f32)> = Vec::with_capacity(index.len());
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (image, near) in hits.iter().enumerate() {
        let leads = |position: usize| position < image && places[position].0 == position;
        let leader = near.iter().find(|hit| leads(hit.position as usize));
        let place = leader.map_or((image, 0.0), |hit| (hit.position as usize, hit.distance));
        members.entry(place.0).or_default().push(image);
        places.push(place);
    }
    let groups = members.into_values().filter(|members| members.len() > 1);
    Ok(Duplicates { groups: groups.map(|members| group(index, &members, &places)).collect() })
}

fn group(index: &MemoryIndex, members: &[usize], places: &[(usize, f32)]) -> DuplicateGroup {
    let records = || members.iter().map(|&image| &index.records()[image]);
    let objects: BTreeSet<&str> = records().map(|record| object_key(&record.name)).collect();
    let kind = if objects.len() > MOST_OBJECTS { Kind::Placeholder } else { Kind::Near };
    let picture = |&image: &usize| {
        let name = &index.records()[image].name;
        DuplicatePicture {
            image: name.clone(),
            object: object_key(name).to_owned(),
            distance: Distance::Descriptors(places[image].1),
            kept: true,
        }
    };
    DuplicateGroup {
        kind: kind.name(),
        stays_together: kind.ties(),
        pictures: members.iter().map(picture).collect(),
        contradictions: match kind.ties() {
            true => contradictions(index.vocabulary(), records().map(|record| &record.labels)),
            false => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use silknow_index::IndexMeta;
    use silknow_progress::Silent;
    use silknow_records::{Record, VocabularyBuilder};

    use super::*;

    /// An index of images at these angles, labelled in turns.
    fn index(degrees: &[f32]) -> MemoryIndex {
        let mut classes = VocabularyBuilder::new(["place"]);
        let records: Vec<_> = (0..degrees.len())
            .map(|number| {
                let mut record = Record::new(format!("../img/m__{number}__a.jpg"), 1);
                record.labels = classes.labels_of([["ES", "FR"][number % 2]]);
                Arc::new(record)
            })
            .collect();
        let descriptors = degrees.iter().flat_map(|degrees| [degrees.to_radians().cos(), degrees.to_radians().sin()]);
        let meta = IndexMeta::new("model");
        MemoryIndex::new(classes.into_vocabulary(), records, descriptors.collect(), 2, meta).unwrap()
    }

    #[test]
    fn near_descriptors_make_groups_around_the_first_and_no_chains() {
        // A degree is .0175 long. The third is near to the second, but not to the first.
        let found = find_groups(&index(&[0.0, 4.0, 8.0, 90.0, 8.5, 91.0, 180.0]), 0.09, &Silent).unwrap();
        let pictures = |group: &DuplicateGroup| {
            let picture = |picture: &DuplicatePicture| format!("{} {}", picture.object, picture.distance);
            group.pictures.iter().map(picture).collect::<Vec<_>>().join(", ")
        };
        let groups: Vec<_> = found.groups.iter().map(pictures).collect();
        assert_eq!(groups, ["m__0 0.0000, m__1 0.0698", "m__2 0.0000, m__4 0.0087", "m__3 0.0000, m__5 0.0175"]);
        assert_eq!(found.groups[0].contradictions, ["place: ES / FR"]);
        assert_eq!((found.groups[1].contradictions.len(), found.groups[0].kind), (0, "near"));
    }

    #[test]
    fn what_many_objects_share_is_a_placeholder() {
        let found = find_groups(&index(&[10.0; MOST_OBJECTS + 1]), 0.01, &Silent).unwrap();
        assert_eq!((found.groups.len(), found.groups[0].kind), (1, "placeholder"));
        assert!(!found.groups[0].stays_together && found.groups[0].contradictions.is_empty());
    }
}
