//! Splits by object: all images of an object fall on one side, and the classes of every variable are spread
//! as evenly as the objects allow.
//!
//! There are two splits: into the five parts of a dataset, and into training and validation. Both are deterministic for
//! a seed. The caller says what stays together by a key per sample: that of its object, or of a wider set where objects share
//! equal images.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use silknow_progress::Observer;
use silknow_records::{LabelMatrix, MISSING, Vocabulary};

/// The largest number of passes over all objects that even out the parts. A few are enough in practice.
const MOST_PASSES: usize = 50;

/// The number of parts of a dataset.
pub const PARTS: usize = 5;

/// The sample indices of the two sides of a validation split, each ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationSplit {
    /// The samples to train with; never empty when there are samples.
    pub training: Vec<usize>,
    /// The samples to validate with.
    pub validation: Vec<usize>,
}

/// Splits samples into `parts` of about the same size; returns the sample indices of each, ascending.
///
/// `objects` holds one key per sample; samples with the same key stay together. The method is the iterative
/// stratification of Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label Data" (2011), with
/// whole objects in place of single samples: the class with the fewest samples left is dealt out first, each of
/// its objects to the part that misses most of it.
///
/// # Panics
/// When `labels` has not one row per key, or `parts` is 0.
pub fn split_into_parts<K: Ord>(objects: &[K], labels: &LabelMatrix, parts: usize, seed: u64) -> Vec<Vec<usize>> {
    let groups = group(objects, labels);
    let shares = vec![1.0 / parts as f64; parts];
    let mut result = vec![Vec::new(); parts];
    for (group, part) in groups.iter().zip(deal(&groups, &shares, seed)) {
        result[part].extend_from_slice(&group.samples);
    }
    for samples in &mut result {
        samples.sort_unstable();
    }
    result
}

/// Splits samples into training and validation, `percentage` (0 to 100) of the samples in the latter.
///
/// The number of validation samples is as near to the percentage as moving any one object can bring it; one
/// object at least stays in training. Classes are spread as by [`split_into_parts`].
///
/// # Panics
/// When `labels` has not one row per key.
pub fn split_validation<K: Ord>(objects: &[K], labels: &LabelMatrix, percentage: f64, seed: u64) -> ValidationSplit {
    let groups = group(objects, labels);
    let share = (percentage / 100.0).clamp(0.0, 1.0);
    let mut validates: Vec<bool> = deal(&groups, &[1.0 - share, share], seed).iter().map(|&part| part == 1).collect();
    approach_size(&groups, &mut validates, share * objects.len() as f64);
    let side = |wanted: bool| {
        let members = groups.iter().zip(&validates).filter(|&(_, &validates)| validates == wanted);
        let mut samples: Vec<usize> = members.flat_map(|(group, _)| group.samples.iter().copied()).collect();
        samples.sort_unstable();
        samples
    };
    ValidationSplit { training: side(false), validation: side(true) }
}

/// Warns about every class that some part has no sample of.
///
/// # Panics
/// When a label index is not of the vocabulary.
pub fn warn_of_uneven_classes(
    parts: &[Vec<usize>],
    objects: &[&str],
    labels: &LabelMatrix,
    vocabulary: &Vocabulary,
    observer: &dyn Observer,
) {
    for (v, variable) in vocabulary.variables.iter().enumerate() {
        for (class, name) in (0..).zip(&variable.classes) {
            let owners: Vec<BTreeSet<&str>> = parts
                .iter()
                .map(|part| {
                    part.iter()
                        .filter(|&&sample| labels.classes(sample, v).contains(&class))
                        .map(|&sample| objects[sample])
                        .collect()
                })
                .collect();
            let reached = owners.iter().filter(|owners| !owners.is_empty()).count();
            if reached < parts.len() {
                let objects = match owners.iter().map(BTreeSet::len).sum::<usize>() {
                    1 => "1 object has it".to_owned(),
                    number => format!("{number} objects have it"),
                };
                observer.warning(&format!(
                    "the class `{name}` of `{}` is in {reached} of {} parts only: {objects}",
                    variable.name,
                    parts.len(),
                ));
            }
        }
    }
}

/// An object: its samples, and how many of them have each class (numbered through over all variables).
struct Group {
    samples: Vec<usize>,
    classes: Vec<(usize, usize)>,
}

/// The objects in the order of their first samples.
fn group<K: Ord>(objects: &[K], labels: &LabelMatrix) -> Vec<Group> {
    if labels.variables() > 0 {
        assert_eq!(labels.len(), objects.len(), "every sample has one key and one row of labels");
    }
    let mut position = BTreeMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (sample, key) in objects.iter().enumerate() {
        let group = *position.entry(key).or_insert_with(|| {
            members.push(Vec::new());
            members.len() - 1
        });
        members[group].push(sample);
    }
    let offsets = class_offsets(labels);
    let classes_of = |samples: &[usize]| {
        let mut counts = BTreeMap::new();
        for &sample in samples {
            for (v, &offset) in offsets.iter().enumerate() {
                for &class in labels.classes(sample, v) {
                    *counts.entry(offset + class as usize).or_default() += 1;
                }
            }
        }
        counts.into_iter().collect()
    };
    members.into_iter().map(|samples| Group { classes: classes_of(&samples), samples }).collect()
}

/// The number of the first class of each variable when classes are numbered through.
fn class_offsets(labels: &LabelMatrix) -> Vec<usize> {
    let variables = labels.variables();
    let mut offsets = Vec::with_capacity(variables);
    let mut next = 0;
    for v in 0..variables {
        offsets.push(next);
        let lowest = labels.indices().iter().skip(v).step_by(variables).copied();
        let of_sets = labels.larger_sets().filter(|(_, variable, _)| *variable == v).flat_map(|(_, _, set)| set);
        let largest = lowest.chain(of_sets.copied()).max().unwrap_or(MISSING);
        next += usize::try_from(largest + 1).unwrap_or(0);
    }
    offsets
}

/// Gives every group a part such that part p gets about `shares[p]` of the samples and of every class.
fn deal(groups: &[Group], shares: &[f64], seed: u64) -> Vec<usize> {
    let samples: usize = groups.iter().map(|group| group.samples.len()).sum();
    let class_count = groups.iter().flat_map(|group| &group.classes).map(|&(class, _)| class + 1).max().unwrap_or(0);
    let mut left = vec![0usize; class_count];
    let mut owners: Vec<Vec<usize>> = vec![Vec::new(); class_count];
    // The order decides between objects and parts that are equally good. Large objects go first, because small ones can
    // even out the differences that large ones leave.
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order.sort_by_key(|&group| std::cmp::Reverse(groups[group].samples.len()));
    for &group in &order {
        for &(class, count) in &groups[group].classes {
            left[class] += count;
            owners[class].push(group);
        }
    }
    let share_out = |count: usize| shares.iter().map(|share| share * count as f64).collect::<Vec<f64>>();
    let mut wanted = Wanted::new(share_out(samples), left.iter().map(|&count| share_out(count)).collect());
    let mut part_of: Vec<Option<usize>> = vec![None; groups.len()];
    // A class of which no samples are left is done. The class with the fewest samples left is next.
    while let Some(class) = (0..class_count).filter(|&class| left[class] > 0).min_by_key(|&class| left[class]) {
        for &group in &owners[class] {
            if part_of[group].is_none() {
                let part = wanted.best_part(Some(class));
                part_of[group] = Some(part);
                wanted.take(part, &groups[group]);
                for &(class, count) in &groups[group].classes {
                    left[class] -= count;
                }
            }
        }
    }
    for &group in &order {
        if part_of[group].is_none() {
            let part = wanted.best_part(None);
            part_of[group] = Some(part);
            wanted.take(part, &groups[group]);
        }
    }
    let mut part_of: Vec<usize> = part_of.into_iter().map(|part| part.expect("every group was dealt out")).collect();
    wanted.even_out(groups, &order, &mut part_of);
    part_of
}

/// How many samples every part still wants, in all and per class `[C][parts]`; negative when it has too many.
struct Wanted {
    samples: Vec<f64>,
    classes: Vec<Vec<f64>>,
    /// What every part wanted at first.
    sample_shares: Vec<f64>,
    class_shares: Vec<Vec<f64>>,
}

impl Wanted {
    fn new(samples: Vec<f64>, classes: Vec<Vec<f64>>) -> Self {
        Self { sample_shares: samples.clone(), class_shares: classes.clone(), samples, classes }
    }

    /// The part that wants most of the class, then most samples; the first of equals.
    fn best_part(&self, class: Option<usize>) -> usize {
        let want = |part: usize| (class.map_or(0.0, |class| self.classes[class][part]), self.samples[part]);
        let better = |a: (f64, f64), b: (f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).is_gt();
        (1..self.samples.len()).fold(0, |best, part| if better(want(part), want(best)) { part } else { best })
    }

    /// Moves single groups, in the given order, as long as that brings the parts nearer to what they want: what
    /// is dealt out early for a rare class does not take into account what the common classes need.
    fn even_out(&mut self, groups: &[Group], order: &[usize], part_of: &mut [usize]) {
        for _ in 0..MOST_PASSES {
            let mut moved = false;
            for &group in order {
                let from = part_of[group];
                let change = |to: usize| self.change_by_move(&groups[group], from, to);
                let others = (0..self.samples.len()).filter(|&to| to != from);
                let Some(to) = others.min_by(|&a, &b| change(a).total_cmp(&change(b))) else { return };
                if change(to) < -1e-9 {
                    self.give(from, &groups[group]);
                    self.take(to, &groups[group]);
                    part_of[group] = to;
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// How the sum of squared wants, each over what there should be, changes when a group moves.
    fn change_by_move(&self, group: &Group, from: usize, to: usize) -> f64 {
        let change = |wanted: &[f64], shares: &[f64], moved: f64| {
            let (before, after) = (wanted[from].powi(2), (wanted[from] + moved).powi(2));
            let (before_to, after_to) = (wanted[to].powi(2), (wanted[to] - moved).powi(2));
            (after - before) / shares[from].max(1.0) + (after_to - before_to) / shares[to].max(1.0)
        };
        let of_classes = group
            .classes
            .iter()
            .map(|&(class, count)| change(&self.classes[class], &self.class_shares[class], count as f64));
        of_classes.sum::<f64>() + change(&self.samples, &self.sample_shares, group.samples.len() as f64)
    }

    fn take(&mut self, part: usize, group: &Group) {
        self.add(part, group, -1.0);
    }

    fn give(&mut self, part: usize, group: &Group) {
        self.add(part, group, 1.0);
    }

    fn add(&mut self, part: usize, group: &Group, sign: f64) {
        self.samples[part] += sign * group.samples.len() as f64;
        for &(class, count) in &group.classes {
            self.classes[class][part] += sign * count as f64;
        }
    }
}

/// Moves single objects until no move brings the number of validation samples nearer to `target`.
fn approach_size(groups: &[Group], validates: &mut [bool], target: f64) {
    let size = |group: usize| groups[group].samples.len() as f64;
    loop {
        let current: f64 = (0..groups.len()).filter(|&group| validates[group]).map(size).sum();
        let training = validates.iter().filter(|&&validates| !validates).count();
        let after_move = |group: usize| if validates[group] { current - size(group) } else { current + size(group) };
        let movable = (0..groups.len()).filter(|&group| validates[group] || training > 1);
        let distance = |group: &usize| (after_move(*group) - target).abs();
        // Among equally good objects, the one with the fewest labels disturbs the classes least.
        let labels = |group: &usize| groups[*group].classes.len();
        let best = movable.min_by(|a, b| distance(a).total_cmp(&distance(b)).then(labels(a).cmp(&labels(b))));
        match best {
            Some(group) if training == 0 || distance(&group) < (current - target).abs() => {
                validates[group] = !validates[group];
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use silknow_progress::Recorder;

    /// Samples of random objects with random labels of two variables.
    fn samples() -> impl Strategy<Value = (Vec<String>, LabelMatrix)> {
        proptest::collection::vec((0..25u8, -1..4i32, -1..2i32), 1..80).prop_map(|rows| {
            let objects = rows.iter().map(|(object, ..)| format!("museum__{object}")).collect();
            let indices = rows.iter().flat_map(|&(_, first, second)| [first, second]).collect();
            (objects, LabelMatrix::from_indices(2, indices).unwrap())
        })
    }

    fn keys(objects: &[String]) -> Vec<&str> {
        objects.iter().map(String::as_str).collect()
    }

    fn objects_of<'a>(samples: &[usize], objects: &[&'a str]) -> BTreeSet<&'a str> {
        samples.iter().map(|&sample| objects[sample]).collect()
    }

    proptest! {
        #[test]
        fn parts_are_complete_and_share_no_object((objects, labels) in samples(), seed: u64, parts in 1..7usize) {
            let objects = keys(&objects);
            let split = split_into_parts(&objects, &labels, parts, seed);
            prop_assert_eq!(split.len(), parts);
            let mut all: Vec<usize> = split.iter().flatten().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..objects.len()).collect::<Vec<_>>());
            let in_parts: usize = split.iter().map(|part| objects_of(part, &objects).len()).sum();
            prop_assert_eq!(in_parts, objects.iter().collect::<BTreeSet<_>>().len());
            prop_assert_eq!(split_into_parts(&objects, &labels, parts, seed), split);
        }

        #[test]
        fn validation_is_disjoint_by_object_complete_and_as_large_as_asked(
            (objects, labels) in samples(),
            seed: u64,
            percentage in 0.0..100.0f64,
        ) {
            let objects = keys(&objects);
            let split = split_validation(&objects, &labels, percentage, seed);
            prop_assert!(objects_of(&split.training, &objects).is_disjoint(&objects_of(&split.validation, &objects)));
            prop_assert_eq!(split.training.len() + split.validation.len(), objects.len());
            prop_assert!(!split.training.is_empty());
            let size = |object: &&str| objects.iter().filter(|other| *other == object).count() as f64;
            let (now, target) = (split.validation.len() as f64, objects.len() as f64 * percentage / 100.0);
            let training = objects_of(&split.training, &objects);
            for object in &objects_of(&split.validation, &objects) {
                prop_assert!((now - size(object) - target).abs() >= (now - target).abs());
            }
            for object in training.iter().filter(|_| training.len() > 1) {
                prop_assert!((now + size(object) - target).abs() >= (now - target).abs());
            }
        }
    }

    #[test]
    fn classes_of_all_variables_are_spread_evenly() {
        // 200 objects of one or two images; four and seven classes, the last of each rare.
        let mut objects = Vec::new();
        let mut indices = Vec::new();
        for object in 0..200i32 {
            for _ in 0..1 + object % 2 {
                objects.push(format!("m__{object}"));
                indices.push(if object % 40 == 0 { 3 } else { object % 3 });
                indices.push(if object % 29 == 0 { 6 } else { object / 7 % 6 });
            }
        }
        let labels = LabelMatrix::from_indices(2, indices).unwrap();
        let split = split_into_parts(&keys(&objects), &labels, PARTS, 1);
        for (v, classes) in [(0, 4), (1, 7)] {
            for class in 0..classes {
                let count = |samples: &[usize]| samples.iter().filter(|&&s| labels.row(s)[v] == class).count();
                let counts: Vec<usize> = split.iter().map(|part| count(part)).collect();
                let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
                assert!(most - least <= 3 && *least > 0, "variable {v}, class {class}: {counts:?}");
            }
        }
        let sizes: Vec<usize> = split.iter().map(Vec::len).collect();
        assert!(sizes.iter().all(|size| (55..=65).contains(size)), "{sizes:?}");
        assert_ne!(split, split_into_parts(&keys(&objects), &labels, PARTS, 2));
    }

    #[test]
    fn every_class_of_a_set_counts() {
        // Ten objects have the classes 0 and 1 together, ten have neither.
        let objects: Vec<String> = (0..20).map(|object| object.to_string()).collect();
        let mut labels = LabelMatrix::from_indices(1, vec![MISSING; 20]).unwrap();
        (0..10).for_each(|sample| labels.set(sample, 0, &[0, 1]));
        let parts = split_into_parts(&keys(&objects), &labels, PARTS, 3);
        for class in [0, 1] {
            let count = |part: &Vec<usize>| part.iter().filter(|&&s| labels.classes(s, 0).contains(&class)).count();
            assert_eq!(parts.iter().map(count).collect::<Vec<_>>(), [2; PARTS]);
        }
    }

    #[test]
    fn percentages_are_honoured() {
        let objects: Vec<String> = (0..100).map(|object| object.to_string()).collect();
        let labels = LabelMatrix::from_indices(1, (0..100).map(|sample| sample % 3 - 1).collect()).unwrap();
        for (percentage, expected) in [(0.0, 0), (25.0, 25), (30.0, 30), (40.0, 40), (100.0, 99)] {
            let split = split_validation(&keys(&objects), &labels, percentage, 0);
            assert_eq!(split.validation.len(), expected, "{percentage} %");
        }
        let one = split_validation(&["only"], &LabelMatrix::new(0), 50.0, 0);
        assert_eq!((one.training.len(), one.validation.len()), (1, 0));
    }

    #[test]
    fn a_class_that_cannot_reach_every_part_is_warned_of() {
        let objects: Vec<String> = (0..20).map(|object| object.to_string()).collect();
        let labels = LabelMatrix::from_indices(1, (0..20).map(|sample| i32::from(sample < 3)).collect()).unwrap();
        let classes = ["common", "rare"];
        let vocabulary = Vocabulary { variables: vec![silknow_records::Variable::new("place", classes)] };
        let parts = split_into_parts(&keys(&objects), &labels, PARTS, 0);
        let recorder = Recorder::default();
        warn_of_uneven_classes(&parts, &keys(&objects), &labels, &vocabulary, &recorder);
        assert_eq!(recorder.warnings(), ["the class `rare` of `place` is in 3 of 5 parts only: 3 objects have it"]);
    }
}
