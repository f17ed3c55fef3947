//! The page that shows groups of images that are equal or near to each other.

use std::path::Path;

use silknow_dataset::duplicates::{Distance, DuplicateGroup, DuplicatePicture, Duplicates};
use silknow_errors::Result;
use silknow_evaluation::Picture;
use silknow_evaluation::page::{KeyFigure, Page, Part, Section};

/// The most groups that are shown; the list has all.
const MOST_GROUPS: usize = 100;

/// The most pictures of a group that are shown.
const MOST_PICTURES: usize = 8;

/// What a page says beside the groups.
pub(crate) struct GroupsPage {
    /// The page's title.
    pub(crate) title: &'static str,
    /// What the groups are.
    pub(crate) introduction: String,
    /// The name of the list that has all groups.
    pub(crate) list: &'static str,
    /// Whether images may have been dropped.
    pub(crate) can_drop: bool,
}

/// Writes the page of groups whose images are relative to its folder.
///
/// # Errors
/// A folder that is not writable.
pub(crate) fn write(groups: &Duplicates, path: &Path, about: &GroupsPage) -> Result<()> {
    page(groups, path.parent().unwrap_or(Path::new("")), about).write(path)
}

fn page(duplicates: &Duplicates, folder: &Path, about: &GroupsPage) -> Page {
    let groups = &duplicates.groups;
    let pictures: usize = groups.iter().map(|group| group.pictures.len()).sum();
    let mut parts = Vec::new();
    if groups.len() > MOST_GROUPS {
        parts.push(Part::Text(format!("The first {MOST_GROUPS} groups are shown; {} lists all.", about.list)));
    }
    for (number, group) in (1..).zip(groups).take(MOST_GROUPS) {
        parts.extend(section(number, group, folder));
    }
    if groups.is_empty() {
        parts.push(Part::Text("There are no groups.".to_owned()));
    }
    let mut key_figures = vec![
        KeyFigure::new(groups.len().to_string(), "groups", ""),
        KeyFigure::new(pictures.to_string(), "images in them", ""),
    ];
    if about.can_drop {
        key_figures.push(KeyFigure::new(duplicates.dropped().to_string(), "dropped", "with duplicates; drop"));
    }
    Page {
        title: about.title.to_owned(),
        introduction: vec![about.introduction.clone()],
        key_figures,
        sections: vec![Section { title: "Groups".to_owned(), parts }],
        footer: Vec::new(),
    }
}

/// What is shown of a group.
fn section(number: usize, group: &DuplicateGroup, folder: &Path) -> Vec<Part> {
    let more = group.pictures.len().saturating_sub(MOST_PICTURES);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    let mut parts = vec![Part::Heading(format!("Group {number}: {}{more}", group.kind))];
    if !group.contradictions.is_empty() {
        parts.push(Part::Text(format!("Labels contradict each other: {}", group.contradictions.join("; "))));
    }
    let shown = |picture: &DuplicatePicture| {
        let file = Picture { name: picture.image.clone(), path: folder.join(&picture.image) };
        let distance = match picture.distance {
            Distance::Bits(bits) => (group.kind == "near").then(|| format!("{bits} of 64 bits differ")),
            Distance::Descriptors(_) => Some(format!("distance {}", picture.distance)),
        };
        let dropped = (!picture.kept).then(|| "dropped".to_owned());
        (file, [distance, dropped].into_iter().flatten().collect::<Vec<_>>().join(", "))
    };
    parts.push(Part::Pictures(group.pictures.iter().take(MOST_PICTURES).map(shown).collect()));
    parts
}
