//! How many samples a dataset has of every class, overall and per museum.
//!
//! The counts have two forms: a text to read and a table for programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::Serialize;
use silknow_errors::Result;
use silknow_files::Batch;
use silknow_records::class_text::name_of;
use silknow_records::{Record, Variable, Vocabulary};

/// The counts of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// The number of samples.
    pub samples: usize,
    /// The museums, sorted, with their samples; empty where museums are not known.
    pub museums: Vec<MuseumCount>,
    /// The variables, in the order of the collection files.
    pub variables: Vec<VariableCount>,
}

/// The samples of one museum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MuseumCount {
    /// The museum.
    pub museum: String,
    /// Its samples.
    pub samples: usize,
}

/// The counts of one variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VariableCount {
    /// The variable.
    pub variable: String,
    /// Samples whose label is missing.
    pub missing: usize,
    /// The classes, the largest first, then by name.
    pub classes: Vec<ClassCount>,
}

/// The counts of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The class.
    pub class: String,
    /// Its samples.
    pub samples: usize,
    /// Its samples in each of [`Statistics::museums`].
    pub per_museum: Vec<usize>,
}

impl Statistics {
    /// Counts samples, whose labels are classes of the vocabulary.
    pub fn count<'a>(vocabulary: &Vocabulary, samples: impl Iterator<Item = &'a Record> + Clone) -> Self {
        let museum_of = |record: &'a Record| record.object.museum.as_deref();
        let texts: BTreeSet<&str> = samples.clone().filter_map(museum_of).collect();
        let museums: BTreeSet<String> = texts.iter().copied().map(name_of).collect();
        let position = |text: &str| museums.iter().position(|museum| *museum == name_of(text));
        let positions: BTreeMap<&str, usize> = texts.iter().filter_map(|&text| Some((text, position(text)?))).collect();
        let mut museum_counts = vec![0; museums.len()];
        let empty =
            |class: &String| ClassCount { class: class.clone(), samples: 0, per_museum: vec![0; museums.len()] };
        let empty = |variable: &Variable| VariableCount {
            variable: variable.name.clone(),
            missing: 0,
            classes: variable.classes.iter().map(empty).collect(),
        };
        let mut variables: Vec<VariableCount> = vocabulary.variables.iter().map(empty).collect();
        let mut total = 0;
        for record in samples {
            total += 1;
            let museum = museum_of(record).map(|museum| positions[museum]);
            if let Some(museum) = museum {
                museum_counts[museum] += 1;
            }
            for (v, variable) in variables.iter_mut().enumerate() {
                let classes = record.labels.classes(v);
                variable.missing += usize::from(classes.is_empty());
                for &class in classes {
                    let count = &mut variable.classes[class as usize];
                    count.samples += 1;
                    if let Some(museum) = museum {
                        count.per_museum[museum] += 1;
                    }
                }
            }
        }
        for variable in &mut variables {
            variable.classes.retain(|class| class.samples > 0);
            // The sort is stable: classes of one size stay sorted by name, as the vocabulary has them.
            variable.classes.sort_by_key(|class| std::cmp::Reverse(class.samples));
        }
        let museums = museums.into_iter().zip(museum_counts);
        let museums = museums.map(|(museum, samples)| MuseumCount { museum, samples }).collect();
        Self { samples: total, museums, variables }
    }

    /// The variables that have at least one class.
    pub fn labelled_variables(&self) -> Vec<String> {
        let labelled = self.variables.iter().filter(|variable| !variable.classes.is_empty());
        labelled.map(|variable| variable.variable.clone()).collect()
    }

    /// Writes the text form, as [`Display`](fmt::Display) gives it.
    pub fn write_text(&self, batch: &Batch, path: impl AsRef<Path>) -> Result<()> {
        batch.write(path, self.to_string())
    }

    /// Writes one tab-separated row per variable, class and museum: `variable class museum samples`. The museum
    /// `all` is the sum, the class `nan` the missing labels.
    pub fn write_table(&self, batch: &Batch, path: impl AsRef<Path>) -> Result<()> {
        let mut rows = String::from("variable\tclass\tmuseum\tsamples\n");
        let mut add = |variable: &str, class: &str, museum: &str, samples: usize| {
            rows.push_str(&format!("{variable}\t{class}\t{museum}\t{samples}\n"));
        };
        for variable in &self.variables {
            for class in &variable.classes {
                add(&variable.variable, &class.class, "all", class.samples);
                for (museum, &samples) in self.museums.iter().zip(&class.per_museum) {
                    add(&variable.variable, &class.class, &museum.museum, samples);
                }
            }
            add(&variable.variable, silknow_records::MISSING_NAME, "all", variable.missing);
        }
        batch.write(path, rows)
    }
}

/// The widest column of class names, in characters. A longer name widens its own line alone.
const WIDEST_NAME: usize = 40;

impl fmt::Display for Statistics {
    /// A block per variable: a line per class, the largest first, with a column per museum.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} samples", self.samples)?;
        for museum in &self.museums {
            writeln!(f, "  {}: {}", museum.museum, museum.samples)?;
        }
        let classes = self.variables.iter().flat_map(|variable| &variable.classes);
        let widths = classes.map(|class| class.class.chars().count()).filter(|width| *width <= WIDEST_NAME);
        let name_width = widths.chain(["missing".len()]).max().unwrap_or(0);
        for variable in &self.variables {
            let known = self.samples - variable.missing;
            let plural = if variable.classes.len() == 1 { "class" } else { "classes" };
            writeln!(f, "\n#{}: {} {plural}, {known} labelled samples", variable.variable, variable.classes.len())?;
            write!(f, "  {:name_width$} {:>8}", "class", "samples")?;
            for museum in &self.museums {
                write!(f, "  {}", museum.museum)?;
            }
            writeln!(f)?;
            for class in &variable.classes {
                write!(f, "  {:name_width$} {:>8}", class.class, class.samples)?;
                for (museum, samples) in self.museums.iter().zip(&class.per_museum) {
                    write!(f, "  {:>width$}", samples, width = museum.museum.chars().count())?;
                }
                writeln!(f)?;
            }
            writeln!(f, "  {:name_width$} {:>8}", "missing", variable.missing)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_records::VocabularyBuilder;

    fn statistics() -> Statistics {
        let mut classes = VocabularyBuilder::new(["place", "technique"]);
        let rows = [("mad", ["ES", "twill"]), ("vam", ["FR", ""]), ("mad", ["FR", ""]), ("", ["AT", ""])];
        let mut records = rows.map(|(museum, labels)| {
            let mut record = Record::new("", 2);
            record.object.museum = Some(museum.into()).filter(|_| !museum.is_empty());
            record.labels = classes.labels_of(labels);
            record
        });
        let (vocabulary, translation) = classes.into_sorted();
        records.iter_mut().for_each(|record| record.labels = translation.apply(&record.labels));
        Statistics::count(&vocabulary, records.iter())
    }

    #[test]
    fn classes_are_counted_overall_and_per_museum() {
        let statistics = statistics();
        assert_eq!(
            statistics.to_string(),
            "4 samples\n  mad: 2\n  vam: 1\n\n#place: 3 classes, 4 labelled samples\n  class    samples  mad  vam\n\
             \u{20} FR             2    1    1\n  AT             1    0    0\n  ES             1    1    0\n  missing        0\n\n\
             #technique: 1 class, 1 labelled samples\n  class    samples  mad  vam\n  twill          1    1    0\n  missing        3\n"
        );
        assert_eq!(statistics.labelled_variables(), ["place", "technique"]);
    }

    #[test]
    fn a_long_name_does_not_widen_every_line() {
        let long = "x".repeat(65_536);
        let mut classes = VocabularyBuilder::new(["place"]);
        let mut records = ["ES", &long].map(|label| {
            let mut record = Record::new("", 1);
            record.labels = classes.labels_of([label]);
            record
        });
        let (vocabulary, translation) = classes.into_sorted();
        records.iter_mut().for_each(|record| record.labels = translation.apply(&record.labels));
        let text = Statistics::count(&vocabulary, records.iter()).to_string();
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains("xx")).collect();
        assert!(lines.iter().all(|line| line.len() < 60), "{lines:?}");
    }

    #[test]
    fn the_table_has_a_row_per_class_and_museum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statistics.tsv");
        let batch = Batch::new();
        statistics().write_table(&batch, &path).unwrap();
        batch.commit().unwrap();
        let text = silknow_files::read_text(&path).unwrap();
        assert!(text.starts_with("variable\tclass\tmuseum\tsamples\nplace\tFR\tall\t2\nplace\tFR\tmad\t1\n"), "{text}");
        assert!(text.ends_with("technique\ttwill\tvam\t0\ntechnique\tnan\tall\t3\n"), "{text}");
    }
}
