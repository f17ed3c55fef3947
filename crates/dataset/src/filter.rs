//! Which samples are kept: by museum, by the size of classes, by the number of known labels.
//!
//! The filters of a pass run in the order that is fixed here; [`crate::create`] decides when a pass runs.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde::Serialize;
use silknow_errors::counts::counted;
use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_progress::Observer;
use silknow_records::Vocabulary;
use silknow_records::class_text::name_of;

use crate::cell_text::normalised_label;
use crate::samples::{Candidate, Listing};

/// The museums of the SILKNOW knowledge graph. Other exports have others.
pub const SILKNOW_MUSEUMS: [&str; 16] = [
    "cer",
    "garin",
    "imatex",
    "joconde",
    "mad",
    "met",
    "mfa",
    "mobilier",
    "mtmad",
    "paris-musees",
    "risd",
    "smithsonian",
    "unipa",
    "vam",
    "venezia",
    "versailles",
];

/// The limits that hold before and after the images are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Classes with fewer samples are made missing.
    pub min_class_samples: usize,
    /// Samples with fewer known labels are left out.
    pub min_labels: usize,
}

/// A class that was made missing because it has too few samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SmallClass {
    /// Its variable.
    pub variable: String,
    /// Its name.
    pub class: String,
    /// How many samples had it.
    pub samples: usize,
}

/// What one pass of the filters removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FilterCounts {
    /// Samples before the filters.
    pub before: usize,
    /// Samples of museums that were not asked for.
    pub of_other_museums: usize,
    /// Samples whose image could not be fetched or read.
    pub without_image: usize,
    /// Classes that were made missing, by variable and name.
    pub small_classes: Vec<SmallClass>,
    /// Samples with too few known labels, counted after small classes were made missing.
    pub with_too_few_labels: usize,
    /// Samples after the filters.
    pub after: usize,
}

/// Checks the museums asked for against those in the table.
///
/// A museum of the knowledge graph that is not in this table gives a warning, because exports differ.
///
/// # Errors
/// A museum that is neither in the table nor in the knowledge graph; the known ones are named.
pub fn check_museums(retained: &[String], samples: &[Candidate], file: &Path, observer: &dyn Observer) -> Result<()> {
    let texts: BTreeSet<&str> = samples.iter().filter_map(|sample| sample.record.object.museum.as_deref()).collect();
    let present: BTreeSet<String> = texts.into_iter().map(name_of).collect();
    let present: BTreeSet<&str> = present.iter().map(String::as_str).collect();
    let list = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
    for museum in retained.iter().filter_map(|museum| normalised_label(museum)) {
        if present.contains(museum.as_str()) {
            continue;
        }
        if SILKNOW_MUSEUMS.contains(&museum.as_str()) {
            observer.warning(&format!("`{}` has no sample of the museum `{museum}`", file.display()));
            continue;
        }
        let guess = nearest(&museum, present.iter().copied().chain(SILKNOW_MUSEUMS));
        let guess = guess.map_or_else(String::new, |guess| format!("did you mean `{guess}`? "));
        return Err(Error::configuration(format!(
            "retaincollections: the museum `{museum}` is neither in `{}` nor in the SILKNOW knowledge graph",
            file.display()
        ))
        .hint(format!(
            "{guess}the table has {}; the knowledge graph has {}",
            list(&mut present.iter().copied()),
            list(&mut SILKNOW_MUSEUMS.into_iter())
        )));
    }
    Ok(())
}

/// The first pass: keeps the museums asked for (all, with `None`), then applies the limits.
pub fn first_pass(
    samples: &mut Vec<Candidate>,
    vocabulary: &Vocabulary,
    museums: Option<&[String]>,
    limits: Limits,
) -> FilterCounts {
    let before = samples.len();
    if let Some(museums) = museums {
        let retained: BTreeSet<String> = museums.iter().filter_map(|museum| normalised_label(museum)).collect();
        samples.retain_mut(|sample| {
            let museum = sample.record.object.museum.as_deref();
            museum.is_some_and(|museum| retained.contains(&name_of(museum))) || sample.keep_for_listing()
        });
    }
    let of_other_museums = before - samples.len();
    FilterCounts { before, of_other_museums, ..apply_limits(samples, vocabulary, limits) }
}

/// The second pass: keeps the samples whose image is there (`has_image` is in the order of the samples), then
/// applies the same limits again.
///
/// # Panics
/// When `has_image` has not one entry per sample.
pub fn second_pass(
    samples: &mut Vec<Candidate>,
    vocabulary: &Vocabulary,
    has_image: &[bool],
    limits: Limits,
) -> FilterCounts {
    assert_eq!(has_image.len(), samples.len(), "every sample either has an image or has none");
    let before = samples.len();
    let mut has_image = has_image.iter();
    samples.retain(|_| has_image.next() == Some(&true));
    let without_image = before - samples.len();
    FilterCounts { before, without_image, ..apply_limits(samples, vocabulary, limits) }
}

fn apply_limits(samples: &mut Vec<Candidate>, vocabulary: &Vocabulary, limits: Limits) -> FilterCounts {
    let small_classes = drop_small_classes(samples, vocabulary, limits.min_class_samples);
    let before = samples.len();
    samples.retain_mut(|sample| {
        let is_kept = sample.listing == Listing::Alone || sample.record.labels.known() >= limits.min_labels;
        is_kept || sample.keep_for_listing()
    });
    FilterCounts {
        small_classes,
        with_too_few_labels: before - samples.len(),
        after: samples.len(),
        ..FilterCounts::default()
    }
}

fn drop_small_classes(samples: &mut [Candidate], vocabulary: &Vocabulary, min_samples: usize) -> Vec<SmallClass> {
    let mut small_classes = Vec::new();
    for (v, variable) in vocabulary.variables.iter().enumerate() {
        let mut counts = vec![0; variable.classes.len()];
        for sample in samples.iter() {
            sample.record.labels.classes(v).iter().for_each(|&class| counts[class as usize] += 1);
        }
        let is_small = |class: &i32| counts[*class as usize] < min_samples;
        for labels in samples.iter_mut().map(|sample| &mut sample.record.labels) {
            if labels.classes(v).iter().any(is_small) {
                let kept: Vec<i32> = labels.classes(v).iter().copied().filter(|class| !is_small(class)).collect();
                labels.set(v, &kept);
            }
        }
        // A class without any sample is not listed: nothing was made missing.
        let small = variable.classes.iter().zip(counts).filter(|(_, count)| (1..min_samples).contains(count));
        small_classes.extend(small.map(|(class, samples)| SmallClass {
            variable: variable.name.clone(),
            class: class.clone(),
            samples,
        }));
    }
    small_classes
}

impl FilterCounts {
    /// The error for a pass that left no sample. It says how many each filter removed.
    pub fn nothing_left(&self, limits: Limits) -> Error {
        let error = Error::data(format!("no sample is left of {}: {self}", self.before));
        // The filters run one after the other, so the last filter that removed samples is the one that removed the rest.
        if self.before == 0 {
            Error::data("there is no sample: no row has the address of an image")
        } else if self.with_too_few_labels > 0 {
            error.hint(format!(
                "lower minnumsamples (now {}) or num_labeled (now {}); with num_labeled 0 images without labels are kept, \
                 to be searched",
                limits.min_class_samples, limits.min_labels
            ))
        } else if self.without_image > 0 {
            error.hint("the list of failures says why the images could not be fetched or read")
        } else {
            error.hint("name other museums in retaincollections")
        }
    }
}

impl fmt::Display for FilterCounts {
    /// One sentence: the samples that every filter removed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.of_other_museums > 0 {
            write!(f, "{}, ", counted(self.of_other_museums, "was of another museum", "were of other museums"))?;
        }
        if self.without_image > 0 {
            write!(f, "{} had no image, ", self.without_image)?;
        }
        write!(
            f,
            "{} had too few labels after {} made missing",
            self.with_too_few_labels,
            counted(self.small_classes.len(), "small class was", "small classes were")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_progress::{Recorder, Silent};
    use silknow_records::{Record, Variable};

    /// The classes of the two variables in these tests.
    fn vocabulary() -> Vocabulary {
        let variables = [("place", ["ES", "FR"]), ("technique", ["damask", "twill"])];
        Vocabulary { variables: variables.map(|(name, classes)| Variable::new(name, classes)).into() }
    }

    fn sample(museum: &str, labels: [&str; 2]) -> Candidate {
        let mut record = Record::new("", 2);
        record.object.museum = Some(museum.into());
        let vocabulary = vocabulary();
        for (v, label) in labels.into_iter().enumerate() {
            let class = (0..).zip(&vocabulary.variables[v].classes).find(|(_, class)| *class == label);
            record.labels.set(v, &class.map(|(class, _)| class).into_iter().collect::<Vec<i32>>());
        }
        Candidate { record, line: 0, listing: Listing::None }
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn classes_are_counted_after_other_museums_are_gone() {
        // `ES` has two samples in all, and only one of them is of the museum that is kept.
        let mut samples = vec![
            sample("mad", ["ES", "damask"]),
            sample("vam", ["ES", "damask"]),
            sample("mad", ["FR", "damask"]),
            sample("mad", ["FR", ""]),
        ];
        let limits = Limits { min_class_samples: 2, min_labels: 2 };
        let counts = first_pass(&mut samples, &vocabulary(), Some(&owned(&["mad"])), limits);
        assert_eq!((counts.before, counts.of_other_museums, counts.with_too_few_labels, counts.after), (4, 1, 2, 1));
        let es = SmallClass { variable: "place".into(), class: "ES".into(), samples: 1 };
        assert_eq!(counts.small_classes, [es]);
        assert_eq!(samples, [sample("mad", ["FR", "damask"])]);
    }

    #[test]
    fn the_second_pass_counts_classes_again_without_the_lost_images() {
        let mut samples = vec![sample("mad", ["ES", ""]), sample("mad", ["ES", ""]), sample("mad", ["FR", "twill"])];
        let limits = Limits { min_class_samples: 1, min_labels: 1 };
        let counts = second_pass(&mut samples, &vocabulary(), &[true, false, true], limits);
        assert_eq!((counts.without_image, counts.after), (1, 2));
        let limits = Limits { min_class_samples: 2, min_labels: 0 };
        let counts = second_pass(&mut samples, &vocabulary(), &[true, true], limits);
        assert_eq!((counts.small_classes.len(), counts.after), (3, 2));
        assert!(samples.iter().all(|sample| sample.record.labels.known() == 0));
    }

    #[test]
    fn a_small_class_leaves_the_others_of_a_set() {
        let mut samples = vec![sample("mad", ["ES", ""]), sample("mad", ["ES", ""])];
        samples[1].record.labels.set(0, &[0, 1]);
        let counts = first_pass(&mut samples, &vocabulary(), None, Limits { min_class_samples: 2, min_labels: 1 });
        assert_eq!((counts.small_classes.len(), counts.after), (1, 2));
        assert_eq!(samples[1].record.labels.classes(0), [0]);
    }

    #[test]
    fn listed_objects_are_kept_without_the_labels_that_are_too_few() {
        let listed = |mut sample: Candidate| {
            sample.listing = Listing::Listed;
            sample
        };
        let mut samples = vec![
            listed(sample("mad", ["ES", "twill"])),
            listed(sample("vam", ["ES", "twill"])),
            listed(sample("mad", ["FR", ""])),
            sample("mad", ["ES", ""]),
        ];
        let limits = Limits { min_class_samples: 1, min_labels: 2 };
        let counts = first_pass(&mut samples, &vocabulary(), Some(&owned(&["mad"])), limits);
        assert_eq!((counts.of_other_museums, counts.with_too_few_labels, counts.after), (0, 1, 3));
        let found: Vec<_> = samples.iter().map(|sample| (sample.listing, sample.record.labels.known())).collect();
        assert_eq!(found, [(Listing::Listed, 2), (Listing::Alone, 0), (Listing::Alone, 0)]);
    }

    #[test]
    fn an_unknown_museum_is_named_with_the_known_ones() {
        let samples = [sample("asian-art", ["", ""])];
        let file = Path::new("export.csv");
        let message = check_museums(&owned(&["asian_art"]), &samples, file, &Silent).unwrap_err().to_string();
        assert!(message.contains("the museum `asian_art` is neither in `export.csv`"), "{message}");
        assert!(
            message.contains("did you mean `asian-art`? the table has asian-art; the knowledge graph has cer, garin")
        );
        let recorder = Recorder::default();
        check_museums(&owned(&["asian-art", "garin"]), &samples, file, &recorder).unwrap();
        assert_eq!(recorder.warnings(), ["`export.csv` has no sample of the museum `garin`"]);
    }

    #[test]
    fn when_nothing_is_left_the_message_says_which_filter_removed_how_many() {
        let all = [sample("mad", ["ES", ""]), sample("vam", ["FR", ""]), sample("mad", ["", ""])];
        let limits = Limits { min_class_samples: 150, min_labels: 1 };
        let counts = first_pass(&mut all.to_vec(), &vocabulary(), Some(&owned(&["mad"])), limits);
        let message = counts.nothing_left(limits).to_string();
        assert_eq!(
            message,
            "no sample is left of 3: 1 was of another museum, 2 had too few labels after 1 small class was made \
             missing\nhint: lower minnumsamples (now 150) or num_labeled (now 1); \
             with num_labeled 0 images without labels are kept, to be searched"
        );
        let counts = first_pass(&mut all.to_vec(), &vocabulary(), Some(&owned(&["cer"])), limits);
        assert!(counts.nothing_left(limits).to_string().contains("3 were of other museums"));
        let counts = second_pass(&mut all.to_vec(), &vocabulary(), &[false; 3], limits);
        assert!(counts.nothing_left(limits).to_string().contains("3 had no image"));
    }
}
