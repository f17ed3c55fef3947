//! `rules`: distances that people ask for, by lists of objects that are similar to each other and of objects that are not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use silknow_errors::Result;
use silknow_files::digest::fnv1a_64;
use silknow_progress::Observer;
use silknow_records::{Object, Record, object_key};

use super::rule_lists::{self, RuleList};
use super::terms::{Terms, over_distances};
use super::{Asks, Batch, Objective, Outcome, Samples};

/// So many unknown addresses of a file are named in a warning.
const NAMED: usize = 3;

/// The mean, over the pairs of images about which there is a rule, of d for similar and of max(0, 2 - d) for dissimilar ones.
///
/// Images of one object are similar. Images of different objects are similar if a list of similar objects names both, and
/// dissimilar if a list of dissimilar objects does; a pair that is both has both terms, which cancel each other.
///
/// What it keeps grows with the lists, not with the pairs.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    name: String,
    /// The lists that an object is in, by what tells it from others.
    lists: HashMap<Box<str>, Memberships>,
}

/// The lists that an object is in, by ascending numbers.
#[derive(Clone, Debug, Default, PartialEq)]
struct Memberships {
    similar: Vec<u32>,
    dissimilar: Vec<u32>,
}

impl Rules {
    /// No lists: only the images of one object are similar.
    pub fn of_objects() -> Self {
        Self { name: "rules".to_owned(), lists: HashMap::new() }
    }

    /// Reads files of similar and of dissimilar objects, and finds these among the objects of some images.
    ///
    /// A file names one object a line, by its address, its identifier or an address that ends in the identifier. All objects
    /// of a file make one group. A line that ends in `.txt` names a further file, relative to the first one's folder,
    /// which makes a group of its own. Objects that no image shows are warned of and left out.
    ///
    /// # Errors
    /// A file that cannot be read, with its line.
    pub fn read(
        similar: Option<&Path>,
        dissimilar: Option<&Path>,
        records: &[Arc<Record>],
        observer: &dyn Observer,
    ) -> Result<Self> {
        let mut rules = Self::of_objects();
        if similar.is_none() && dissimilar.is_none() {
            return Ok(rules);
        }
        let known = KnownObjects::of(records);
        let mut fingerprint: Vec<u8> = Vec::new();
        let mut numbers = 0..;
        for (path, is_similar) in [(similar, true), (dissimilar, false)] {
            let Some(path) = path else { continue };
            for (list, number) in rule_lists::read(path)?.iter().zip(&mut numbers) {
                for object in known.objects_of(list, observer) {
                    let memberships = rules.lists.entry(object.into()).or_default();
                    let lists = if is_similar { &mut memberships.similar } else { &mut memberships.dissimilar };
                    lists.push(number);
                    fingerprint.extend(format!("{number}{}{object}\n", if is_similar { '=' } else { '|' }).bytes());
                }
            }
        }
        rules.name = format!("rules({:016x})", fnv1a_64(fingerprint));
        Ok(rules)
    }
}

impl Objective for Rules {
    fn name(&self) -> &str {
        &self.name
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Any, 2).with_records()
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let objects: Vec<&str> = batch.records.iter().map(|record| key_of(record)).collect();
        let none = Memberships::default();
        let lists: Vec<&Memberships> = objects.iter().map(|object| self.lists.get(*object).unwrap_or(&none)).collect();
        over_distances(batch, |distances| {
            let mut terms = Terms::none(batch.len());
            for (i, one) in lists.iter().enumerate() {
                for (j, other) in lists.iter().enumerate().skip(i + 1) {
                    let distance = f64::from(distances.row(i)[j]);
                    let same = objects[i] == objects[j];
                    if same || share_one(&one.similar, &other.similar) {
                        terms.add(i, j, distance, 1.0);
                    }
                    if !same && share_one(&one.dissimilar, &other.dissimilar) {
                        let missing = 2.0 - distance;
                        terms.add(i, j, missing.max(0.0), if missing > 0.0 { -1.0 } else { 0.0 });
                    }
                }
            }
            terms
        })
    }

    /// Images of objects that a list names.
    fn favours(&self, record: &Record) -> bool {
        self.lists.contains_key(key_of(record))
    }
}

/// True when two ascending lists share a number.
fn share_one(a: &[u32], b: &[u32]) -> bool {
    a.iter().any(|number| b.binary_search(number).is_ok())
}

/// What tells the object of an image from others: its address, or what the name of the image tells.
fn key_of(record: &Record) -> &str {
    record.object.address.as_deref().unwrap_or_else(|| object_key(&record.name))
}

/// The objects of some images, by what lists may call them.
struct KnownObjects<'a> {
    by_address: BTreeMap<&'a str, BTreeSet<&'a str>>,
    by_identifier: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> KnownObjects<'a> {
    fn of(records: &'a [Arc<Record>]) -> Self {
        let mut known = Self { by_address: BTreeMap::new(), by_identifier: BTreeMap::new() };
        for record in records {
            let Object { id, address, .. } = &record.object;
            if let Some(address) = address {
                known.by_address.entry(bare(address)).or_default().insert(key_of(record));
            }
            if !id.is_empty() {
                known.by_identifier.entry(id).or_default().insert(key_of(record));
            }
        }
        known
    }

    /// The objects of a list that are known, each once. The others are warned of.
    fn objects_of(&self, list: &RuleList, observer: &dyn Observer) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut unknown = Vec::new();
        for (line, name) in &list.objects {
            let address = bare(name);
            let last = address.rsplit('/').next().unwrap_or(address);
            match self.by_address.get(address).or_else(|| self.by_identifier.get(last)) {
                Some(objects) => found.extend(objects),
                None => unknown.push(format!("line {line} `{name}`")),
            }
        }
        if !unknown.is_empty() {
            let (number, all) = (unknown.len(), list.objects.len());
            let more = if number > NAMED { ", …" } else { "" };
            unknown.truncate(NAMED);
            observer.warning(&format!(
                "{}: {number} of {all} objects are not in the collection: {}{more}",
                list.file.display(),
                unknown.join(", ")
            ));
        }
        found
    }
}

/// An address without its scheme and without a slash at its end, which differ between exports of the same objects.
fn bare(address: &str) -> &str {
    let bare = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")).unwrap_or(address);
    bare.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use silknow_progress::{Recorder, Silent};
    use silknow_records::{LabelMatrix, MISSING};

    use super::super::check;
    use super::*;

    fn record(number: usize, address: Option<&str>) -> Arc<Record> {
        let mut record = Record::new(format!("img/museum__object{number}__a.jpg"), 1);
        record.object.address = address.map(Into::into);
        Arc::new(record)
    }

    fn evaluate(rules: &Rules, records: &[Arc<Record>], descriptors: &[f32]) -> Outcome {
        let labels = LabelMatrix::from_indices(1, vec![MISSING; records.len()]).unwrap();
        rules.evaluate(&Batch::new(&labels, descriptors, 1).with_records(records))
    }

    #[test]
    fn it_keeps_the_contract_of_objectives() {
        check(&Rules::of_objects()).unwrap();
        let memberships = |similar: &[u32], dissimilar: &[u32]| Memberships {
            similar: similar.to_vec(),
            dissimilar: dissimilar.to_vec(),
        };
        let lists = [memberships(&[0, 2], &[1]), memberships(&[2], &[1]), memberships(&[], &[1, 3])];
        let named = |(number, lists): (usize, Memberships)| (format!("https://museum.example/{number}").into(), lists);
        let lists = lists.into_iter().enumerate().map(named).collect();
        check(&Rules { name: "rules".to_owned(), lists }).unwrap();
    }

    #[test]
    fn images_of_one_object_are_similar() {
        let records = [record(1, None), record(1, None), record(2, None)];
        let outcome = evaluate(&Rules::of_objects(), &records, &[0.0, 0.75, 9.0]);
        assert_eq!((outcome.loss, outcome.averaged), (0.75, 1));
        assert_eq!(outcome.gradient, [-1.0, 1.0, 0.0]);
        assert_eq!(evaluate(&Rules::of_objects(), &records[1..], &[0.0, 0.75]).averaged, 0);
    }

    #[test]
    fn lists_say_what_is_similar_and_what_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("similar.txt", "\u{feff}http://data.example/object/1\n\n# a comment\nhttps://data.example/object/2/\r\n");
        write("dissimilar.txt", "one.txt\nother.txt\n");
        write(
            "one.txt",
            "http://elsewhere.example/object3\nhttps://data.example/object/1\nhttps://data.example/object/1\n",
        );
        write("other.txt", "object3\nobject4\nhttp://data.example/object/9\nx\ny\nz\n");
        let records = [
            record(1, Some("https://data.example/object/1")),
            record(2, Some("https://data.example/object/2")),
            record(3, None),
            record(4, None),
        ];
        let recorder = Recorder::default();
        let at = |name: &str| folder.path().join(name);
        let rules = Rules::read(Some(&at("similar.txt")), Some(&at("dissimilar.txt")), &records, &recorder).unwrap();
        let outcome = evaluate(&rules, &records, &[0.0, 0.5, 0.75, 4.0]);
        // 1 and 2 are similar; 3 is dissimilar to 1 and to 4, whose distance is above 2.
        assert_eq!((outcome.averaged, outcome.active), (3, 2));
        assert!((outcome.loss - (0.5 + 1.25) / 3.0).abs() < 1e-7, "{}", outcome.loss);
        let third = 1.0 / 3.0;
        assert_eq!(outcome.gradient, [0.0, third, -third, 0.0].map(|slope: f64| slope as f32));
        let warnings = recorder.warnings();
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].ends_with(
                "other.txt: 4 of 6 objects are not in the collection: line 3 `http://data.example/object/9`, line 4 \
                 `x`, line 5 `y`, …"
            ),
            "{warnings:?}"
        );
        assert!(rules.favours(&records[2]) && !rules.favours(&record(5, None)));
        // Other lists are another objective, the same lists the same.
        let again = Rules::read(Some(&at("similar.txt")), Some(&at("dissimilar.txt")), &records, &Silent).unwrap();
        assert_eq!(again, rules);
        let fewer = Rules::read(Some(&at("similar.txt")), None, &records, &Silent).unwrap();
        assert_ne!(fewer.name(), rules.name());
    }

    #[test]
    fn a_pair_that_is_both_is_left_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.txt");
        std::fs::write(&path, "object1\nobject2\n").unwrap();
        let records = [record(1, None), record(2, None)];
        let rules = Rules::read(Some(&path), Some(&path), &records, &Silent).unwrap();
        let outcome = evaluate(&rules, &records, &[0.0, 0.5]);
        assert_eq!((outcome.loss, outcome.averaged, outcome.gradient), (1.0, 2, vec![0.0, 0.0]));
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("columns.txt", "object1\nobject2 similar\n");
        write("empty.txt", "\n# nothing\n");
        write("lost.txt", "object1\nnone.txt\n");
        write("deep.txt", "lost.txt\n");
        let message = |name: &str| {
            let path = folder.path().join(name);
            Rules::read(Some(&path), None, &[], &Silent).unwrap_err().to_string()
        };
        assert!(message("columns.txt").contains("columns.txt:2: `object2 similar` is not the address of an object"));
        assert!(message("empty.txt").contains("empty.txt: the rules name no object"));
        assert!(message("lost.txt").contains("lost.txt:2: there is no list `none.txt`"));
        assert!(message("deep.txt").contains("lost.txt:2: `none.txt` is a list within a list"));
        assert!(message("missing.txt").contains("missing.txt"));
    }
}
