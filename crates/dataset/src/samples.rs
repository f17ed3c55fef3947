//! From objects to samples: one per image, each with an identifier that is a safe and unique file name.
//!
//! An identifier has the form `museum__objectid__filename`, from which [`object_key`](silknow_records::object_key) tells
//! the object again.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files::digest::fnv1a_32;
use silknow_progress::Observer;
use silknow_records::class_text::name_of;
use silknow_records::unicode::composed;
use silknow_records::{Object, Record};

use crate::address::path_of;
use crate::catalogue::{Entry, last_segment};
use crate::folder::IMAGE_EXTENSIONS;

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
    /// The ending of the fetched file, with its dot; empty where the address has none of an image.
    pub ending: String,
    /// The line of the table on which its object stands.
    pub line: u64,
}

impl Candidate {
    /// The identifier, which is the file name of the rescaled image without its ending.
    pub fn id(&self) -> &str {
        self.record.name.strip_suffix(RESCALED_ENDING).unwrap_or(&self.record.name)
    }

    /// Where the image is fetched from.
    pub fn address(&self) -> &str {
        self.record.source.as_deref().unwrap_or_default()
    }
}

/// One candidate per image address, in the order of the objects, which were read from `file`.
///
/// The same image of the same object listed again with the same labels is kept once, with a warning.
///
/// # Errors
/// The same image of the same object with other labels: both lines are named.
pub fn candidates(objects: Vec<Entry>, file: &Path, observer: &dyn Observer) -> Result<Vec<Candidate>> {
    let repeated = repeated_images(&objects, file)?;
    if !repeated.is_empty() {
        observer.warning(&format!("{} images are listed more than once; each is taken once", repeated.len()));
    }
    let mut candidates = Vec::new();
    // Objects are taken apart one by one, so that a large table is not in memory twice.
    for (o, Entry { line, object, images, labels }) in objects.into_iter().enumerate() {
        let owner = (!object.id.is_empty()).then(|| {
            let museum = object.museum.as_deref().map_or_else(|| NO_MUSEUM.to_owned(), name_of);
            [part(&museum), part(&object.id)].join(SEPARATOR)
        });
        for (i, address) in images.into_iter().enumerate() {
            if !repeated.contains(&(o, i)) {
                let (stem, ending) = file_name(&address);
                let id = owner.as_ref().map_or_else(|| stem.clone(), |owner| format!("{owner}{SEPARATOR}{stem}"));
                let mut record = Record::new(id, 0);
                record.object = object.clone();
                record.labels = labels.clone();
                record.source = Some(address.into());
                candidates.push(Candidate { record, ending, line });
            }
        }
    }
    make_unique(&mut candidates);
    for Candidate { record, .. } in &mut candidates {
        record.name.push_str(RESCALED_ENDING);
        if record.object.id.is_empty() {
            record.object.id = Object::of_image_name(&record.name).id;
        }
    }
    Ok(candidates)
}

/// The images, by object and position in it, that are listed before with the same labels.
fn repeated_images(objects: &[Entry], file: &Path) -> Result<BTreeSet<(usize, usize)>> {
    let mut seen: HashMap<_, &Entry> = HashMap::new();
    let mut repeated = BTreeSet::new();
    for (o, object) in objects.iter().enumerate() {
        for (i, address) in object.images.iter().enumerate() {
            let Some(first) =
                seen.insert((object.object.museum.as_deref(), &object.object.id, composed(address)), object)
            else {
                continue;
            };
            if first.labels != object.labels {
                let line = first.line;
                return Err(Error::data(format!("the image `{address}` stands on line {line} with other labels"))
                    .in_file(file)
                    .at_line(object.line)
                    .hint("remove one of the two rows"));
            }
            repeated.insert((o, i));
        }
    }
    Ok(repeated)
}

/// A safe stem and ending from the last segment of an address, without query and fragment.
fn file_name(address: &str) -> (String, String) {
    let path = path_of(address);
    // An image service is named by its picture, and not by its description.
    let name = last_segment(path.strip_suffix("/info.json").filter(|_| path.contains("://")).unwrap_or(path));
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if IMAGE_EXTENSIONS.contains(&ending.to_lowercase().as_str()) => {
            (stem, format!(".{ending}"))
        }
        _ => (name, String::new()),
    };
    let stem = shortened(&safe(stem), stem);
    (if stem.is_empty() { "image".to_owned() } else { stem }, ending)
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
    let mut uses: HashMap<String, usize> = HashMap::new();
    for candidate in candidates.iter() {
        *uses.entry(without_case(&candidate.record.name)).or_default() += 1;
    }
    let mut taken: BTreeSet<String> = uses.iter().filter(|(_, uses)| **uses == 1).map(|(id, _)| id.clone()).collect();
    for candidate in candidates {
        let id = &candidate.record.name;
        if uses[&without_case(id)] == 1 {
            continue;
        }
        let marked = format!("{id}-{}", fingerprint([id, candidate.address()]));
        let numbered = (2..).map(|number| format!("{marked}-{number}"));
        let free = std::iter::once(marked.clone()).chain(numbered).find(|id| taken.insert(without_case(id)));
        candidate.record.name = free.expect("there are more numbers than candidates");
    }
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
        let candidates = candidates(objects, Path::new("export.csv"), &Silent).unwrap();
        candidates.iter().map(|candidate| candidate.id().to_owned()).collect()
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
        let endings: Vec<String> =
            candidates(objects, Path::new("export.csv"), &Silent).unwrap().into_iter().map(|c| c.ending).collect();
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
    fn an_image_listed_again_is_taken_once_and_with_other_labels_refused() {
        let recorder = Recorder::default();
        let file = Path::new("export.csv");
        let twice = objects(vec![("mad", "1", &["a.jpg", "a.jpg"]), ("mad", "1", &["a.jpg"])]);
        assert_eq!(candidates(twice.clone(), file, &recorder).unwrap().len(), 1);
        assert_eq!(recorder.warnings(), ["2 images are listed more than once; each is taken once"]);
        let mut contradicting = twice;
        contradicting[1].labels = Labels::missing(1);
        let message = candidates(contradicting, file, &Silent).unwrap_err().to_string();
        assert!(message.contains("export.csv:3: the image `a.jpg` stands on line 2 with other labels"), "{message}");
    }

    #[test]
    fn a_record_has_its_source_and_an_object_with_or_without_the_tables_help() {
        let entries =
            objects(vec![("a b", "c d", &["x/p.png"]), ("", "", &["mad__5__c.png"]), ("", "", &["plain.png"])]);
        let candidates = candidates(entries, Path::new("export.csv"), &Silent).unwrap();
        let known: Vec<(&str, &str, &str)> = candidates
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
