//! From objects to samples: one per image, each with an identifier that is a safe and unique file name.
//!
//! An identifier has the form `museum__objectid__filename`, from which [`object_key`](silknow_records::object_key) tells
//! the object again.

use std::collections::HashSet;
use std::path::Path;

use silknow_errors::Result;
use silknow_errors::counts::counted;
use silknow_files::digest::fnv1a_32;
use silknow_progress::Observer;
use silknow_records::class_text::name_of;
use silknow_records::unicode::composed;
use silknow_records::{Labels, Object, Record};

use crate::address::{IMAGE_EXTENSIONS, path_of};
use crate::bad_rows::{BadCell, TABLE_FAILURES_FILE};
use crate::catalogue::Entry;
use crate::cell_text::last_segment;
use crate::digest::digest;

/// Stands between the parts of an identifier.
const SEPARATOR: &str = "__";

/// The museum part of the identifier of an object whose museum is not known.
const NO_MUSEUM: &str = "local";

/// The most bytes that one part of an identifier takes: three parts and an ending stay far below the 255 of
/// common file systems.
const MAX_PART_BYTES: usize = 64;

/// The ending of the rescaled image of every sample.
const RESCALED_ENDING: &str = ".jpg";

/// A sample before its image is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What is known of it. Its name is that of the file of its rescaled image; its source is where the image is fetched
    /// from. Its title and further columns are not read yet.
    pub record: Record,
    /// The line of the table on which its object stands.
    pub line: u64,
    /// Whether its object is one of those that are kept whatever is known of them.
    pub listing: Listing,
}

/// Whether a sample's object is one of those that are kept whatever is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// It is not.
    #[default]
    None,
    /// It is, and the sample is kept for its labels too.
    Listed,
    /// It is, and the sample is kept for that alone, without labels.
    Alone,
}

impl Candidate {
    /// The identifier, which is the file name of the rescaled image without its ending.
    pub fn id(&self) -> &str {
        self.record.name.strip_suffix(RESCALED_ENDING).unwrap_or(&self.record.name)
    }

    /// Keeps a sample that would be left out, if its object is listed: without labels. False where it is not.
    pub fn keep_for_listing(&mut self) -> bool {
        if self.listing == Listing::None {
            return false;
        }
        self.listing = Listing::Alone;
        self.record.labels = Labels::missing(self.record.labels.variables());
        true
    }

    /// The ending of the fetched file, with its dot; empty where the address has none of an image.
    pub fn ending(&self) -> &str {
        name_and_ending(self.address()).1
    }

    /// Where the image is fetched from.
    pub fn address(&self) -> &str {
        self.record.source.as_deref().unwrap_or_default()
    }
}

/// The samples of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// One per image address, in the order of the objects.
    pub samples: Vec<Candidate>,
    /// The images that are left out because they stand in the table before, with other labels.
    pub contradicting: Vec<BadCell>,
}

/// One candidate per image address, in the order of the objects, which were read from `file`.
///
/// The same image of the same object listed again is left out, with a warning. Where its labels are others, the first ones
/// count, and both lines are named.
///
/// # Errors
/// With `strict`, the same image of the same object with other labels.
pub fn candidates(objects: Vec<Entry>, file: &Path, strict: bool, observer: &dyn Observer) -> Result<Candidates> {
    let repeated = repeated_images(&objects);
    let contradicting: Vec<BadCell> = repeated.iter().filter_map(|image| image.contradiction(&objects)).collect();
    if let Some(first) = contradicting.first() {
        if strict {
            return Err(first.error(file));
        }
        let (count, place, line) = (counted(contradicting.len(), "image is", "images are"), file.display(), first.line);
        observer.warning(&format!(
            "{count} listed again with other labels: the labels of the first row count; `{TABLE_FAILURES_FILE}` lists them; \
             the first is {place}:{line}: {}",
            first.reason
        ));
    }
    let agreeing = repeated.len() - contradicting.len();
    if agreeing > 0 {
        observer.warning(&format!(
            "{} listed more than once; each is taken once",
            counted(agreeing, "image is", "images are")
        ));
    }
    let mut samples =
        Vec::with_capacity(objects.iter().map(|object| object.images.len()).sum::<usize>() - repeated.len());
    let mut repeated = repeated.iter().map(|image| (image.object, image.position)).peekable();
    // Objects are taken apart one by one, so that a large table is not in memory twice.
    for (o, Entry { line, mut object, images, labels }) in objects.into_iter().enumerate() {
        let owner = (!object.id.is_empty()).then(|| {
            let museum = object.museum.as_deref().map_or_else(|| NO_MUSEUM.to_owned(), name_of);
            [part(&museum), part(&object.id)].join(SEPARATOR)
        });
        let last = images.len().saturating_sub(1);
        for (i, address) in images.into_iter().enumerate() {
            if repeated.next_if_eq(&(o, i)).is_some() {
                continue;
            }
            let stem = stem_of(&address);
            let id = match &owner {
                Some(owner) => [owner, SEPARATOR, &stem, RESCALED_ENDING].concat(),
                None => [&stem, RESCALED_ENDING].concat(),
            };
            let mut record = Record::new(id, 0);
            if owner.is_some() {
                record.object.id = object.id.clone();
            }
            let Object { museum, address: uri, .. } =
                if i == last { std::mem::take(&mut object) } else { object.clone() };
            (record.object.museum, record.object.address) = (museum, uri);
            record.labels = labels.clone();
            record.source = Some(address.into());
            samples.push(Candidate { record, line, listing: Listing::None });
        }
    }
    make_unique(&mut samples);
    Ok(Candidates { samples, contradicting })
}

/// An image of an object that is listed before.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Repeated {
    object: usize,
    position: usize,
    /// The object that it is listed for first.
    first: usize,
}

impl Repeated {
    /// What is wrong where the labels are others than those of the first.
    fn contradiction(&self, objects: &[Entry]) -> Option<BadCell> {
        let (object, first) = (&objects[self.object], &objects[self.first]);
        (object.labels != first.labels).then(|| BadCell {
            line: object.line,
            column: String::new(),
            reason: format!(
                "the image `{}` stands on line {} with other labels",
                object.images[self.position], first.line
            ),
            hint: "remove one of the two rows".to_owned(),
        })
    }
}

/// The images that are listed before, in their order.
fn repeated_images(objects: &[Entry]) -> Vec<Repeated> {
    let image = |(o, i): (usize, usize)| {
        let Entry { object, images, .. } = &objects[o];
        (object.museum.as_deref(), &object.id, composed(&images[i]))
    };
    let places = objects.iter().enumerate().flat_map(|(o, object)| (0..object.images.len()).map(move |i| (o, i)));
    // Numbers are sorted and not texts: a large table has very many.
    let mut digests: Vec<(u64, (usize, usize))> = places.map(|place| (digest(&image(place)), place)).collect();
    digests.sort_unstable();
    let mut repeated = Vec::new();
    for alike in digests.chunk_by(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1) {
        for (number, &(_, place)) in alike.iter().enumerate() {
            let first = alike[..number].iter().find(|(_, first)| image(*first) == image(place));
            repeated.extend(first.map(|(_, first)| Repeated { object: place.0, position: place.1, first: first.0 }));
        }
    }
    repeated.sort_unstable();
    repeated
}

/// The last segment of an address without query and fragment, and its ending where it is that of an image.
fn name_and_ending(address: &str) -> (&str, &str) {
    let path = path_of(address);
    // An image service is named by its picture, and not by its description.
    let name = last_segment(path.strip_suffix("/info.json").filter(|_| path.contains("://")).unwrap_or(path));
    let is_image = |ending: &str| IMAGE_EXTENSIONS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    match name.rfind('.').filter(|&dot| is_image(&name[dot + 1..])) {
        Some(dot) => name.split_at(dot),
        None => (name, ""),
    }
}

/// A safe stem from an address.
fn stem_of(address: &str) -> String {
    let (name, _) = name_and_ending(address);
    let stem = shortened(&safe(name), name);
    if stem.is_empty() { "image".to_owned() } else { stem }
}

/// A safe museum or object part: no `__` in it nor `_` around it, so that the parts can be told again.
fn part(text: &str) -> String {
    let joined = safe(text).split('_').filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("_");
    shortened(if joined.is_empty() { "x" } else { &joined }, text)
}

/// Letters, digits, `-`, inner `_` and inner dots stay; everything else becomes `_`.
fn safe(text: &str) -> String {
    let kept = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    let text: String = text.chars().map(|character| if kept(character) { character } else { '_' }).collect();
    text.trim_matches(['.', '_']).to_owned()
}

/// Cuts what is too long and marks it with the fingerprint of the whole, so that two cut names differ.
fn shortened(text: &str, whole: &str) -> String {
    if text.len() <= MAX_PART_BYTES {
        return text.to_owned();
    }
    let end = (0..=MAX_PART_BYTES - 9).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}-{}", &text[..end], fingerprint([whole]))
}

/// Gives every candidate an identifier of its own, also where letter case does not count.
///
/// All that share an identifier get the fingerprint of their address, not a number: a row that is added to the
/// table later then never makes an image that is already on the disk stand for another address.
fn make_unique(candidates: &mut [Candidate]) {
    // Equal identifiers have equal digests. Others that share one by chance are marked without need.
    let digests: Vec<u64> = candidates.iter().map(|candidate| file_digest(candidate.id())).collect();
    let mut sorted = digests.clone();
    sorted.sort_unstable();
    let uses = |digest: u64| {
        let start = sorted.partition_point(|&other| other < digest);
        sorted[start..].iter().take(2).filter(|&&other| other == digest).count()
    };
    let mut taken: HashSet<u64> = HashSet::new();
    for (candidate, digest) in candidates.iter_mut().zip(digests.iter().copied()) {
        if uses(digest) == 1 {
            continue;
        }
        let id = candidate.id();
        let marked = format!("{id}-{}", fingerprint([id, candidate.address()]));
        let numbered = (2..).map(|number| format!("{marked}-{number}"));
        let is_free = |id: &String| uses(file_digest(id)) == 0 && taken.insert(file_digest(id));
        let free = std::iter::once(marked.clone()).chain(numbered).find(is_free);
        let free = free.expect("there are more numbers than candidates");
        candidate.record.name = [&free, RESCALED_ENDING].concat();
    }
}

/// A number that is the same for names that a file system may take for one.
pub(crate) fn file_digest(name: &str) -> u64 {
    digest(&without_case(name))
}

/// A file name as file systems compare it that do not tell letter case and Unicode forms apart.
fn without_case(name: &str) -> String {
    composed(name).to_lowercase()
}

/// Eight hexadecimal digits that are the same for the same texts on every machine.
fn fingerprint<const N: usize>(texts: [&str; N]) -> String {
    let bytes = texts.into_iter().flat_map(|text| text.bytes().chain([0]));
    format!("{:08x}", fnv1a_32(bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;
    use silknow_progress::{Recorder, Silent};
    use silknow_records::{Labels, object_key};

    fn objects(objects: Vec<(&str, &str, &[&str])>) -> Vec<Entry> {
        let objects = (2..).zip(objects).map(|(line, (museum, id, images))| Entry {
            line,
            object: Object { museum: Some(museum.into()).filter(|_| !museum.is_empty()), ..Object::with_id(id) },
            images: images.iter().map(|image| (*image).to_owned()).collect(),
            labels: Labels::single([0]),
        });
        objects.collect()
    }

    fn ids(objects: Vec<Entry>) -> Vec<String> {
        let Candidates { samples, .. } = candidates(objects, Path::new("export.csv"), true, &Silent).unwrap();
        samples.iter().map(|candidate| candidate.id().to_owned()).collect()
    }

    #[test]
    fn identifiers_name_museum_object_and_file() {
        let objects = objects(vec![
            ("mad", "47", &["https://x.org/pics/A%20b.JPG?width=600", "https://x.org/iiif/full"]),
            ("", "47", &["b.tif"]),
            ("", "", &["folder/mad__5__c.png"]),
            ("a__b_", "c/d e", &["dots...jpg"]),
        ]);
        assert_eq!(
            ids(objects.clone()),
            ["mad__47__A_20b", "mad__47__full", "local__47__b", "mad__5__c", "a_b__c_d_e__dots"]
        );
        let samples = candidates(objects, Path::new("export.csv"), true, &Silent).unwrap().samples;
        let endings: Vec<&str> = samples.iter().map(Candidate::ending).collect();
        assert_eq!(endings, [".JPG", "", ".tif", ".png", ".jpg"]);
    }

    #[test]
    fn identifiers_that_would_collide_are_told_apart_whatever_their_order() {
        let images = ["http://x.org/get?id=1", "http://x.org/get?id=2", "http://x.org/GET.png", "http://x.org/other"];
        let forwards = ids(objects(vec![("mad", "1", &images)]));
        assert_eq!(forwards[3], "mad__1__other");
        assert_eq!(forwards.iter().map(|id| id.to_lowercase()).collect::<BTreeSet<_>>().len(), 4);
        let mut turned = images;
        turned.reverse();
        let mut backwards = ids(objects(vec![("mad", "1", &turned)]));
        backwards.reverse();
        assert_eq!(forwards, backwards);
    }

    #[test]
    fn long_names_are_cut_and_stay_different() {
        let (first, second) = (format!("{}é1.jpg", "ä".repeat(200)), format!("{}é2.jpg", "ä".repeat(200)));
        let ids = ids(objects(vec![("mad", &"9".repeat(300), &[&first, &second])]));
        assert_ne!(ids[0], ids[1]);
        assert!(ids.iter().all(|id| id.len() <= 3 * MAX_PART_BYTES + 4), "{ids:?}");
        assert_eq!(object_key(&ids[0]), object_key(&ids[1]));
    }

    #[test]
    fn an_image_listed_again_is_taken_once_and_with_other_labels_listed() {
        let recorder = Recorder::default();
        let file = Path::new("export.csv");
        let twice = objects(vec![("mad", "1", &["a.jpg", "a.jpg"]), ("mad", "1", &["a.jpg", "b.jpg"])]);
        assert_eq!(candidates(twice.clone(), file, true, &recorder).unwrap().samples.len(), 2);
        assert_eq!(recorder.warnings(), ["2 images are listed more than once; each is taken once"]);
        let mut contradicting = twice;
        contradicting[1].labels = Labels::missing(1);
        let message = candidates(contradicting.clone(), file, true, &Silent).unwrap_err().to_string();
        assert!(message.contains("export.csv:3: the image `a.jpg` stands on line 2 with other labels"), "{message}");
        let recorder = Recorder::default();
        let found = candidates(contradicting, file, false, &recorder).unwrap();
        let labels: Vec<usize> = found.samples.iter().map(|sample| sample.record.labels.known()).collect();
        assert_eq!(labels, [1, 0], "the first row counts for its image");
        let [cell] = found.contradicting.as_slice() else { panic!("one image contradicts") };
        assert_eq!((cell.line, cell.reason.as_str()), (3, "the image `a.jpg` stands on line 2 with other labels"));
        let [contradiction, repetition] = recorder.warnings().try_into().unwrap();
        assert!(contradiction.starts_with("1 image is listed again with other labels"), "{contradiction}");
        assert_eq!(repetition, "1 image is listed more than once; each is taken once");
    }

    #[test]
    fn a_record_has_its_source_and_an_object_with_or_without_the_tables_help() {
        let entries =
            objects(vec![("a b", "c d", &["x/p.png"]), ("", "", &["mad__5__c.png"]), ("", "", &["plain.png"])]);
        let samples = candidates(entries, Path::new("export.csv"), true, &Silent).unwrap().samples;
        let known: Vec<(&str, &str, &str)> = samples
            .iter()
            .map(|candidate| (candidate.record.name.as_str(), &*candidate.record.object.id, candidate.address()))
            .collect();
        let expected = [
            ("a_b__c_d__p.jpg", "c d", "x/p.png"),
            ("mad__5__c.jpg", "5", "mad__5__c.png"),
            ("plain.jpg", "", "plain.png"),
        ];
        assert_eq!(known, expected);
    }

    proptest! {
        #[test]
        fn identifiers_are_unique_safe_and_keep_images_of_an_object_together(
            rows in proptest::collection::vec(("\\PC{0,8}", "\\PC{1,8}", "[a-b/?.%A-B_]{1,6}"), 1..30),
        ) {
            let objects = rows.iter().map(|(museum, id, image)| Entry {
                line: 2,
                object: Object { museum: Some(museum.as_str().into()), ..Object::with_id(id.as_str()) },
                images: vec![image.clone(), format!("http://x.org/{image}")],
                labels: Labels::missing(0),
            });
            let ids = ids(objects.collect());
            let distinct: BTreeSet<String> = ids.iter().map(|id| id.to_lowercase()).collect();
            prop_assert_eq!(distinct.len(), ids.len());
            for id in &ids {
                prop_assert!(!id.contains(['/', '\\', '?', '*', ':', ' ']) && !id.starts_with('.'), "{}", id);
                prop_assert_eq!(id.split("__").take(2).filter(|part| !part.is_empty()).count(), 2);
            }
        }
    }
}
