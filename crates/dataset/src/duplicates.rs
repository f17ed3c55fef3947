//! The report of equal and nearly equal pictures in a dataset, `duplicates.csv`: written by `create-dataset`, read by whatever
//! splits the collections further. Lists of the same form that descriptors, or people, made are read too.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;
use silknow_errors::counts::counted;
use silknow_errors::{Error, Result};
use silknow_files::{self as files, Batch};
use silknow_progress::Observer;
use silknow_records::rows::Rows;
use silknow_records::{Labels, Vocabulary, object_key};

use crate::collection::Collections;
use crate::images::ImageFolder;
use crate::likeness::Likeness;
use crate::likeness_groups::{Group, Kind, find_groups, kept_together};
use crate::samples::Candidate;

/// The list of equal and nearly equal pictures, in the master folder.
pub const DUPLICATES_FILE: &str = "duplicates.csv";

/// The columns of the list: the group's number and kind, the picture, its object, its distance from the group's first picture,
/// whether it is in the dataset, and the labels in which the group contradicts itself.
const COLUMNS: [&str; 7] = ["group", "kind", "image", "object", "distance", "kept", "contradictions"];

/// The positions of the columns that are read again.
const READ_COLUMNS: [&str; 3] = ["group", "kind", "image"];

/// Pictures between two looks at whether the work should stop.
const PICTURES_PER_STEP: usize = 256;

/// The equal and nearly equal pictures of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Duplicates {
    /// The groups, in the order of their first pictures.
    pub groups: Vec<DuplicateGroup>,
}

/// Pictures that are equal or nearly equal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DuplicateGroup {
    /// `equal`, `near`, `stated`, `placeholder` or `blank`.
    pub kind: &'static str,
    /// Whether its pictures stay on one side of every split, as equal and nearly equal ones do.
    pub stays_together: bool,
    /// Its pictures, the first one first.
    pub pictures: Vec<DuplicatePicture>,
    /// The variables of which its pictures have different labels, with these: `place: ES / FR`.
    pub contradictions: Vec<String>,
}

/// How far a picture is from its group's first one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Distance {
    /// The bits of 64 in which their hashes differ.
    Bits(u32),
    /// The Euclidean distance of their descriptors, in `[0, 2]`.
    Descriptors(f32),
}

/// The number alone; of descriptors with four decimals.
impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bits(bits) => write!(f, "{bits}"),
            Self::Descriptors(distance) => write!(f, "{distance:.4}"),
        }
    }
}

/// A picture of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DuplicatePicture {
    /// Its path, relative to the folder of the list.
    pub image: String,
    /// The key of its object.
    pub object: String,
    /// How far it is from the group's first picture.
    pub distance: Distance,
    /// False where it was dropped in favour of another one of its group.
    pub kept: bool,
}

impl Duplicates {
    /// Finds the groups among the samples, whose rescaled images are there. Pictures that cannot be read are in none. The
    /// groups that are stated come after those that are found.
    ///
    /// # Errors
    /// An interruption.
    pub(crate) fn find(
        samples: &[Candidate],
        vocabulary: &Vocabulary,
        folder: &ImageFolder,
        stated: &StatedGroups,
        observer: &dyn Observer,
    ) -> Result<Found> {
        let progress = observer.begin("comparing images", samples.len() as u64);
        let mut likenesses = Vec::with_capacity(samples.len());
        for step in samples.chunks(PICTURES_PER_STEP) {
            observer.check()?;
            let likeness = |sample| silknow_image::decode(folder.rescaled(sample)).ok().map(|it| Likeness::of(&it));
            likenesses.par_extend(step.par_iter().map(likeness));
            progress.advance(step.len() as u64);
        }
        let objects: Vec<&str> = samples.iter().map(|sample| object_key(&sample.record.name)).collect();
        let mut groups = find_groups(&likenesses, &objects);
        groups.extend(stated.among(samples, &likenesses, observer));
        let labels = |&(sample, _): &(usize, u32)| &samples[sample].record.labels;
        let contradictions = groups
            .iter()
            .map(|group| match group.kind.ties() {
                true => contradictions(vocabulary, group.members.iter().map(labels)),
                false => Vec::new(),
            })
            .collect();
        Ok(Found { dropped: vec![false; samples.len()], groups, contradictions })
    }

    /// The groups of a kind that ties, as names of pictures.
    fn ties(&self) -> impl Iterator<Item = Vec<&str>> {
        self.groups
            .iter()
            .filter(|group| group.stays_together)
            .map(|group| group.pictures.iter().map(|picture| picture.image.as_str()).collect())
    }

    /// A number per picture that is the same for pictures that stay on one side of a split; see [`kept_together`].
    pub(crate) fn kept_together(&self, names: &[&str]) -> Vec<usize> {
        together(names, self.ties())
    }

    /// Pictures that were dropped.
    pub fn dropped(&self) -> usize {
        self.groups.iter().flat_map(|group| &group.pictures).filter(|picture| !picture.kept).count()
    }

    /// Groups and pictures of a kind.
    fn count(&self, kind: Kind) -> (usize, usize) {
        let of_kind = || self.groups.iter().filter(|group| group.kind == kind.name());
        (of_kind().count(), of_kind().map(|group| group.pictures.len()).sum())
    }

    /// What a summary says of them; none where there is nothing to say.
    pub(crate) fn note(&self) -> Option<String> {
        let mut parts = Vec::new();
        for (kind, what) in [(Kind::Equal, "equal"), (Kind::Near, "nearly equal"), (Kind::Stated, "stated")] {
            let (groups, pictures) = self.count(kind);
            if groups > 0 {
                parts.push(format!("{} of {what} images ({pictures} images)", counted(groups, "group", "groups")));
            }
        }
        let (_, placeholders) = self.count(Kind::Placeholder);
        let (_, blank) = self.count(Kind::Blank);
        if placeholders > 0 {
            parts.push(format!("{} of many objects, as placeholders are", counted(placeholders, "image", "images")));
        }
        if blank > 0 {
            parts.push(counted(blank, "blank or very faint image", "blank or very faint images"));
        }
        if parts.is_empty() {
            return None;
        }
        let kept = match self.dropped() {
            0 => "all are kept, each group in one collection".to_owned(),
            dropped => format!("{} dropped, so that one of each group is left", counted(dropped, "was", "were")),
        };
        Some(format!("{}: {kept}; `{DUPLICATES_FILE}` lists them", parts.join(", ")))
    }

    /// Writes the list; a batch lets it take its name.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn write(&self, batch: &Batch, path: &Path) -> Result<()> {
        batch.write_with(path, |file| {
            let mut rows = csv::Writer::from_writer(file);
            let mut write = || -> csv::Result<()> {
                rows.write_record(COLUMNS)?;
                for (number, group) in (1..).zip(&self.groups) {
                    let (number, contradictions) = (number.to_string(), group.contradictions.join("; "));
                    for picture in &group.pictures {
                        let (distance, kept) = (picture.distance.to_string(), if picture.kept { "yes" } else { "no" });
                        let DuplicatePicture { image, object, .. } = picture;
                        rows.write_record([&number, group.kind, image, object, &distance, kept, &contradictions])?;
                    }
                }
                Ok(rows.flush()?)
            };
            write().map_err(|cause| files::refused("cannot write", path, cause.into()))
        })
    }
}

/// The groups among samples, and which samples are dropped because of them.
pub(crate) struct Found {
    groups: Vec<Group>,
    contradictions: Vec<Vec<String>>,
    /// Whether each sample is dropped.
    pub(crate) dropped: Vec<bool>,
}

impl Found {
    /// Drops all samples of a group but the best: the one with the most labels, then with the largest file, then the first.
    pub(crate) fn drop_all_but_one(&mut self, samples: &[Candidate], bytes: impl Fn(&Candidate) -> u64) {
        for group in self.groups.iter().filter(|group| group.kind.ties()) {
            let worth = |sample: usize| (samples[sample].record.labels.known(), bytes(&samples[sample]));
            // A picture may be in a group that was found and in one that was stated.
            let members: Vec<usize> =
                group.members.iter().map(|&(sample, _)| sample).filter(|&sample| !self.dropped[sample]).collect();
            let best = members.iter().copied().max_by_key(|&sample| (worth(sample), std::cmp::Reverse(sample)));
            members.into_iter().filter(|&sample| Some(sample) != best).for_each(|sample| self.dropped[sample] = true);
        }
    }

    /// The report, with the samples named as they are now.
    pub(crate) fn report(&self, samples: &[Candidate]) -> Duplicates {
        let picture = |&(sample, distance): &(usize, u32)| DuplicatePicture {
            image: samples[sample].record.name.clone(),
            object: object_key(samples[sample].id()).to_owned(),
            distance: Distance::Bits(distance),
            kept: !self.dropped[sample],
        };
        let groups = self.groups.iter().zip(&self.contradictions).map(|(group, contradictions)| DuplicateGroup {
            kind: group.kind.name(),
            stays_together: group.kind.ties(),
            pictures: group.members.iter().map(picture).collect(),
            contradictions: contradictions.clone(),
        });
        Duplicates { groups: groups.collect() }
    }
}

/// The variables of which the pictures of a group have different labels, with these: `place: ES / FR`.
pub fn contradictions<'a>(vocabulary: &Vocabulary, group: impl Iterator<Item = &'a Labels> + Clone) -> Vec<String> {
    let of_variable = |(v, variable): (usize, &silknow_records::Variable)| {
        let texts: BTreeSet<String> =
            group.clone().filter_map(|labels| variable.class_texts(labels.classes(v))).collect();
        (texts.len() > 1).then(|| format!("{}: {}", variable.name, texts.into_iter().collect::<Vec<_>>().join(" / ")))
    };
    vocabulary.variables.iter().enumerate().filter_map(of_variable).collect()
}

/// Groups of pictures that a list states to belong together, whatever they look like.
#[derive(Debug, Default)]
pub(crate) struct StatedGroups {
    /// The list; none where nothing is stated.
    list: Option<PathBuf>,
    /// The names of the images of each group, without folders.
    groups: Vec<Vec<String>>,
}

impl StatedGroups {
    /// Reads a list with the columns of [`DUPLICATES_FILE`]. What is neither equal nor near nor stated there holds nothing
    /// together.
    ///
    /// # Errors
    /// A list that cannot be read or lacks a column.
    pub(crate) fn read(list: Option<&Path>) -> Result<Self> {
        let Some(list) = list else { return Ok(Self::default()) };
        let without_folder = |image: String| image.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let ties = read_ties(Rows::new(files::open(list)?, b',')).map_err(|error| error.in_file(list))?;
        let groups = ties.into_values().map(|group| group.into_iter().map(without_folder).collect()).collect();
        Ok(Self { list: Some(list.to_path_buf()), groups })
    }

    /// The groups of those images that are samples; a warning tells of the others.
    fn among(&self, samples: &[Candidate], likenesses: &[Option<Likeness>], observer: &dyn Observer) -> Vec<Group> {
        let Some(list) = &self.list else { return Vec::new() };
        let positions: HashMap<&str, usize> =
            samples.iter().enumerate().map(|(position, sample)| (sample.record.name.as_str(), position)).collect();
        let hash = |sample: usize| likenesses[sample].as_ref().map_or(0, |likeness| likeness.hash);
        let mut unknown = 0;
        let groups = self.groups.iter().filter_map(|images| {
            let mut members: Vec<usize> =
                images.iter().filter_map(|image| positions.get(image.as_str()).copied()).collect();
            unknown += images.len() - members.len();
            members.sort_unstable();
            members.dedup();
            let first = hash(*members.first()?);
            let members: Vec<(usize, u32)> =
                members.into_iter().map(|sample| (sample, (hash(sample) ^ first).count_ones())).collect();
            (members.len() > 1).then_some(Group { kind: Kind::Stated, members })
        });
        let groups = groups.collect();
        if unknown > 0 {
            let (images, list) = (counted(unknown, "image is", "images are"), list.display());
            observer.warning(&format!("{images} listed in `{list}` and not among the images of this dataset"));
        }
        groups
    }
}

/// A number per sample of some collections that is the same for samples that stay on one side of a split: those of one
/// object, and those that [`DUPLICATES_FILE`] beside the master file calls equal or nearly equal. Without that file, as in
/// folders of earlier versions, the objects alone count.
///
/// # Errors
/// A file of that name that is another kind of table.
pub fn samples_kept_together(collections: &Collections) -> Result<Vec<usize>> {
    let names: Vec<&str> = collections.samples.iter().map(|sample| sample.record.name.as_str()).collect();
    let path = collections.master_dir.join(DUPLICATES_FILE);
    if !path.is_file() {
        return Ok(together(&names, Vec::<Vec<&str>>::new()));
    }
    let ties = read_ties(Rows::new(files::open(&path)?, b',')).map_err(|error| error.in_file(path))?;
    Ok(together(&names, ties.values().map(|group| group.iter().map(String::as_str).collect())))
}

/// The names of the pictures of every group that stays together, by the group's number.
fn read_ties(mut rows: Rows<impl std::io::Read>) -> Result<BTreeMap<String, Vec<String>>> {
    let expected = || {
        format!(
            "create-dataset writes its list of equal images under this name, with the columns {}; rename a table of yours",
            COLUMNS.join(",")
        )
    };
    let header = rows.next().transpose()?;
    let header = header.ok_or_else(|| Error::data("the list of equal images is empty").hint(expected()))?;
    let mut columns = [0; READ_COLUMNS.len()];
    for (column, name) in columns.iter_mut().zip(READ_COLUMNS) {
        *column = header.cells().position(|cell| cell.trim() == name).ok_or_else(|| {
            Error::data(format!("the column `{name}` is missing")).at_line(header.line()).hint(expected())
        })?;
    }
    let mut ties: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let row = row?;
        row.check_length(header.len())?;
        let [group, kind, image] = columns.map(|column| row.cell(column));
        if [Kind::Equal, Kind::Near, Kind::Stated].iter().any(|tying| tying.name() == kind.trim()) {
            ties.entry(group.to_owned()).or_default().push(image.to_owned());
        }
    }
    Ok(ties)
}

/// A number per picture that is the same for pictures of one object or one group; see [`kept_together`].
fn together<'a>(names: &[&str], ties: impl IntoIterator<Item = Vec<&'a str>>) -> Vec<usize> {
    let objects: Vec<&str> = names.iter().map(|name| object_key(name)).collect();
    let position: HashMap<&str, usize> = names.iter().enumerate().map(|(position, name)| (*name, position)).collect();
    let groups: Vec<Vec<usize>> = ties
        .into_iter()
        .map(|group| group.into_iter().filter_map(|name| position.get(name).copied()).collect())
        .collect();
    kept_together(&objects, groups.iter().map(Vec::as_slice))
}
