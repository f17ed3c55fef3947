//! The page that shows the equal and nearly equal images of a dataset, `duplicates.html`.

use std::path::{Path, PathBuf};

use silknow_dataset::duplicates::{DUPLICATES_FILE, DuplicateGroup, DuplicatePicture, Duplicates};
use silknow_errors::Result;
use silknow_evaluation::Picture;
use silknow_evaluation::page::{KeyFigure, Page, Part, Section};

/// The name of the page in the master folder.
const FILE_NAME: &str = "duplicates.html";

/// The most groups that are shown; the list has all.
const MOST_GROUPS: usize = 100;

/// The most pictures of a group that are shown.
const MOST_PICTURES: usize = 8;

/// Writes the page into the master folder; returns its path.
///
/// # Errors
/// A folder that is not writable.
pub(crate) fn write(duplicates: &Duplicates, master_dir: &Path) -> Result<PathBuf> {
    let path = master_dir.join(FILE_NAME);
    page(duplicates, master_dir).write(&path)?;
    Ok(path)
}

fn page(duplicates: &Duplicates, master_dir: &Path) -> Page {
    let groups = &duplicates.groups;
    let pictures: usize = groups.iter().map(|group| group.pictures.len()).sum();
    let mut parts = Vec::new();
    if groups.len() > MOST_GROUPS {
        parts.push(Part::Text(format!("The first {MOST_GROUPS} groups are shown; {DUPLICATES_FILE} lists all.")));
    }
    for (number, group) in (1..).zip(groups).take(MOST_GROUPS) {
        parts.extend(section(number, group, master_dir));
    }
    if groups.is_empty() {
        parts.push(Part::Text("No two images are equal or nearly equal.".to_owned()));
    }
    Page {
        title: "Equal and nearly equal images".to_owned(),
        introduction: vec![
            "Equal images have the same pixels. Nearly equal ones look the same: one is scaled, saved again, brightened or \
             cropped a little. The images of a group stay in one collection, so that none is tested with its own twin. What \
             more than twenty objects share is taken for a placeholder; placeholders and (nearly) blank images hold nothing together."
                .to_owned(),
        ],
        key_figures: vec![
            KeyFigure::new(groups.len().to_string(), "groups", ""),
            KeyFigure::new(pictures.to_string(), "images in them", ""),
            KeyFigure::new(duplicates.dropped().to_string(), "dropped", "with duplicates; drop"),
        ],
        sections: vec![Section { title: "Groups".to_owned(), parts }],
        footer: Vec::new(),
    }
}

/// What is shown of a group.
fn section(number: usize, group: &DuplicateGroup, master_dir: &Path) -> Vec<Part> {
    let more = group.pictures.len().saturating_sub(MOST_PICTURES);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    let mut parts = vec![Part::Heading(format!("Group {number}: {}{more}", group.kind))];
    if !group.contradictions.is_empty() {
        parts.push(Part::Text(format!("Labels contradict each other: {}", group.contradictions.join("; "))));
    }
    let shown = |picture: &DuplicatePicture| {
        let file = Picture { name: picture.image.clone(), path: master_dir.join(&picture.image) };
        let distance = (group.kind == "near").then(|| format!("{} of 64 bits differ", picture.distance));
        let dropped = (!picture.kept).then(|| "dropped".to_owned());
        (file, [distance, dropped].into_iter().flatten().collect::<Vec<_>>().join(", "))
    };
    parts.push(Part::Pictures(group.pictures.iter().take(MOST_PICTURES).map(shown).collect()));
    parts
}
