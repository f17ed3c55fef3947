//! What of two runs can be compared: the images and variables that both have, with the same truth.

use std::collections::{HashMap, HashSet};

use silknow_errors::{Error, Result};
use silknow_index::classification::Classification;
use silknow_records::{LabelMatrix, Labels, MISSING};

use super::comparison::{Run, VariableComparison};
use super::mcnemar::McNemar;
use crate::averages::ratio;
use crate::bootstrap::Samples;

/// The positions of the common images in both runs; those of run B come after those of run A in `names`.
pub(super) fn common_images(names: &[String], images_a: usize, warnings: &mut Vec<String>) -> Vec<[usize; 2]> {
    let by = |key: &dyn Fn(&String) -> String| -> Vec<[usize; 2]> {
        let mut in_b: HashMap<String, usize> = HashMap::new();
        for (position, name) in names.iter().enumerate().skip(images_a) {
            in_b.entry(key(name)).or_insert(position);
        }
        // An image that is listed twice is compared once.
        let mut taken = HashSet::new();
        let pair = |(position, name)| in_b.get(&key(name)).map(|&other| [position, other]);
        names[..images_a].iter().enumerate().filter_map(pair).filter(|[_, other]| taken.insert(*other)).collect()
    };
    let by_path = by(&String::clone);
    let file_name = |name: &String| name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
    let is_unique = |names: &[String]| names.iter().map(file_name).collect::<HashSet<_>>().len() == names.len();
    if by_path.len() == images_a.max(names.len() - images_a)
        || !is_unique(&names[..images_a])
        || !is_unique(&names[images_a..])
    {
        return by_path;
    }
    let by_file_name = by(&file_name);
    if by_file_name.len() == by_path.len() {
        return by_path;
    }
    warnings.push(
        "the runs name their images by different folders; images with the same file name are taken for the same"
            .to_owned(),
    );
    by_file_name
}

/// The positions of the variables that both runs have.
pub(super) fn common_variables(
    a: Run<'_>,
    b: Run<'_>,
    both: &Classification,
    warnings: &mut Vec<String>,
) -> Result<Vec<usize>> {
    let has =
        |run: Run<'_>, name: &str| run.folds.iter().any(|fold| fold.classification.vocabulary.position(name).is_some());
    let (common, others): (Vec<usize>, Vec<usize>) = (0..both.vocabulary.len()).partition(|&v| {
        let name = &both.vocabulary.variables[v].name;
        has(a, name) && has(b, name)
    });
    let named = |variables: &[usize]| {
        variables.iter().map(|&v| format!("`{}`", both.vocabulary.variables[v].name)).collect::<Vec<_>>().join(", ")
    };
    if common.is_empty() {
        return Err(Error::data(format!("the two runs have no variable in common; they have {}", named(&others)))
            .hint("compare runs that were made with the same variables"));
    }
    if !others.is_empty() {
        warnings.push(format!("one run alone has {}, which cannot be compared", named(&others)));
    }
    Ok(common)
}

/// Both runs, reduced to what can be compared.
pub(super) struct PairedRuns {
    pub samples: [Samples; 2],
    /// Per variable, whether it enters the means.
    pub counted: Vec<bool>,
    /// Per variable, without name and figures.
    pub counts: Vec<VariableComparison>,
}

impl PairedRuns {
    pub fn of(both: &Classification, common: &[[usize; 2]], variables: &[usize], warnings: &mut Vec<String>) -> Self {
        let width = variables.len();
        let mut truth = LabelMatrix::new(width);
        let mut predictions = [LabelMatrix::new(width), LabelMatrix::new(width)];
        let mut tallies = vec![Tally::default(); width];
        for &[a, b] in common {
            let mut true_labels = Labels::missing(width);
            let mut predicted = [Labels::missing(width), Labels::missing(width)];
            for (place, &v) in variables.iter().enumerate() {
                let classes = both.truth.classes(a, v);
                let guesses = [a, b].map(|sample| both.predictions.classes(sample, v));
                let tally = &mut tallies[place];
                if classes != both.truth.classes(b, v) {
                    tally.differing += 1;
                } else if !classes.is_empty() {
                    tally.count(classes, guesses);
                    if guesses.iter().all(|guess| !guess.is_empty()) {
                        true_labels.set(place, classes);
                        predicted.iter_mut().zip(guesses).for_each(|(labels, guess)| labels.set(place, guess));
                    }
                }
            }
            truth.push_labels(&true_labels);
            predictions.iter_mut().zip(predicted).for_each(|(matrix, labels)| matrix.push_labels(&labels));
        }
        for (tally, &v) in tallies.iter().zip(variables).filter(|(tally, _)| tally.differing > 0) {
            warnings.push(format!(
                "`{}`: the two runs have different true labels of {} images, which are left out",
                both.vocabulary.variables[v].name, tally.differing
            ));
        }
        let names: Vec<String> = common.iter().map(|&[a, _]| both.names[a].clone()).collect();
        let mut vocabulary = both.vocabulary.clone();
        vocabulary.variables = variables.iter().map(|&v| both.vocabulary.variables[v].clone()).collect();
        let run = |predictions: LabelMatrix| Classification {
            vocabulary: vocabulary.clone(),
            names: names.clone(),
            truth: truth.clone(),
            predictions,
            neighbours: None,
            shares: None,
            meta: String::new(),
        };
        let runs = predictions.map(run);
        // A variable enters the means of both runs or of none.
        let counted: Vec<bool> = (0..width)
            .map(|place| {
                let labels = runs.iter().flat_map(|run| [&run.truth, &run.predictions]);
                let classes = labels.flat_map(|labels| labels.indices().iter().skip(place).step_by(width.max(1)));
                classes.filter(|&&class| class != MISSING).collect::<HashSet<_>>().len() > 1
            })
            .collect();
        let samples = runs.each_ref().map(|run| Samples::of(run, counted.clone()));
        Self { samples, counted, counts: tallies.iter().map(Tally::comparison).collect() }
    }
}

/// What is counted for one variable.
#[derive(Clone, Default)]
struct Tally {
    /// Images whose truth differs between the runs.
    differing: u64,
    labelled: u64,
    images: u64,
    predicted: [u64; 2],
    only_right: [u64; 2],
}

impl Tally {
    /// Counts an image of a known truth with both predictions.
    fn count(&mut self, truth: &[i32], guesses: [&[i32]; 2]) {
        self.labelled += 1;
        let is_right = |guess: &[i32]| guess.iter().any(|class| truth.contains(class));
        let right = guesses.map(is_right);
        let is_predicted = guesses.map(|guess| !guess.is_empty());
        for run in [0, 1] {
            self.predicted[run] += u64::from(is_predicted[run]);
        }
        if is_predicted == [true, true] {
            self.images += 1;
            for run in [0, 1] {
                self.only_right[run] += u64::from(right[run] && !right[1 - run]);
            }
        }
    }

    fn comparison(&self) -> VariableComparison {
        VariableComparison {
            variable: String::new(),
            enters_means: false,
            labelled: self.labelled,
            images: self.images,
            coverage_a: ratio(self.predicted[0], self.labelled),
            coverage_b: ratio(self.predicted[1], self.labelled),
            figures: None,
            mcnemar: McNemar::of(self.only_right[0], self.only_right[1]),
        }
    }
}
