//! `classification`: for every variable a layer on the descriptor that tells the variable's classes apart.
//!
//! It teaches descriptors what a classifier needs. The neighbours of an image are found without these layers.

use silknow_errors::{Error, Result};
use silknow_network::extra_heads::{CLASS_HEAD, CLASS_SET_HEAD};
use silknow_records::{LabelMatrix, Vocabulary};

use super::{Asks, Batch, Objective, Outcome, Samples};

/// The mean over the variables, by their weights, of the mean over the known labels of a cross-entropy of the variable's head,
/// weighted by class.
///
/// A variable of which every training image has one class or none is told by a softmax over its classes: the term of an
/// image of class c is - w_c (1 - p_c)^g log p_c. A variable with larger sets among the training images is told by a
/// sigmoid for every class, of which the image has some and not the others: the term of an image is the sum over the classes
/// of - w_c (1 - q_c)^g log q_c, where q_c is the probability of what holds. A set that an image has of a variable of
/// the first kind, as may be in validation, aims at equal shares of its classes.
///
/// Missing labels, and variables without a known label in the batch, are left out of the means. The weight w_c of a class with n training images is proportional to n^-`power`,
/// and so that the training labels of each variable have the mean weight 1. With the focus g ([`with_focus`](Self::with_focus))
/// above 0, what is told well already counts less (Lin et al. 2017).
///
/// Its heads have the names `class.<variable>`, and `classes.<variable>` for variables of the second kind. Its terms are the means over the known labels of each variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    name: String,
    focus: f64,
    variables: Vec<Head>,
}

/// What is known of a variable.
#[derive(Clone, Debug, PartialEq)]
struct Head {
    variable: String,
    head: String,
    /// The weight of every class, `[C]`.
    weights: Vec<f64>,
    /// True when an image may have several classes, each of which is told by itself.
    sets: bool,
}

impl Classification {
    /// For the variables of a vocabulary, with weights by how often its classes occur in the labels of some samples, which
    /// should be those of the training. With a `power` of 0 all classes weigh alike.
    ///
    /// A variable without classes is left out.
    ///
    /// # Errors
    /// Labels of other variables, a class that is not in the vocabulary, a power that is not from 0 to 1, no class at all.
    pub fn new(vocabulary: &Vocabulary, labels: &LabelMatrix, samples: &[usize], power: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&power) {
            return Err(Error::configuration(format!("the power of the class weights is {power}"))
                .hint("it must be from 0 (all classes alike) to 1"));
        }
        if labels.variables() != vocabulary.len() {
            let (given, due) = (labels.variables(), vocabulary.len());
            return Err(Error::data(format!("labels of {given} variables for a vocabulary of {due}")));
        }
        let mut variables = Vec::with_capacity(vocabulary.len());
        for (position, variable) in vocabulary.variables.iter().enumerate() {
            let mut counts = vec![0u64; variable.classes.len()];
            for &class in samples.iter().flat_map(|&sample| labels.classes(sample, position)) {
                let count = usize::try_from(class).ok().and_then(|class| counts.get_mut(class));
                let unknown = || Error::data(format!("`{}` has no class number {class}", variable.name));
                *count.ok_or_else(unknown)? += 1;
            }
            let sets = samples.iter().any(|&sample| labels.classes(sample, position).len() > 1);
            variables.push(Head {
                variable: variable.name.clone(),
                head: format!("{}{}", if sets { CLASS_SET_HEAD } else { CLASS_HEAD }, variable.name),
                weights: class_weights(&counts, power),
                sets,
            });
        }
        if variables.iter().all(|variable| variable.weights.is_empty()) {
            return Err(Error::data("there is no class to tell apart"));
        }
        Ok(Self { name: format!("classification(power={power})"), focus: 0.0, variables })
    }

    /// The same objective with a focus g on what is not told well yet; 0: none.
    ///
    /// # Errors
    /// A focus that is negative or not a finite number.
    pub fn with_focus(mut self, focus: f64) -> Result<Self> {
        if !focus.is_finite() || focus < 0.0 {
            return Err(Error::configuration(format!("the focus of the classification is {focus}"))
                .hint("it must be a number of at least 0"));
        }
        if focus > 0.0 {
            self.name = format!("{}, focus={focus})", self.name.trim_end_matches(')'));
        }
        self.focus = focus;
        Ok(self)
    }
}

/// n^-power of every class, so that the mean over all labels is 1. A class that does not occur weighs as one that occurs
/// once.
fn class_weights(counts: &[u64], power: f64) -> Vec<f64> {
    let raw: Vec<f64> = counts.iter().map(|&count| (count.max(1) as f64).powf(-power)).collect();
    let labels: u64 = counts.iter().sum();
    let sum: f64 = counts.iter().zip(&raw).map(|(&count, weight)| count as f64 * weight).sum();
    let mean = if labels == 0 { 1.0 } else { sum / labels as f64 };
    raw.into_iter().map(|weight| weight / mean).collect()
}

impl Objective for Classification {
    fn name(&self) -> &str {
        &self.name
    }

    fn asks(&self) -> Asks {
        let known = self.variables.iter().filter(|variable| !variable.weights.is_empty());
        known.fold(Asks::new(Samples::Labelled, 1), |asks, Head { head, weights, .. }| {
            asks.with_head(head, weights.len())
        })
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let mut outcome = Outcome::mean(0.0, 0, vec![0.0; batch.descriptors.len()]);
        let mut parts = Vec::new();
        let heads = self.variables.iter().enumerate().take(batch.labels.variables());
        for (position, head) in heads.filter(|(_, head)| !head.weights.is_empty()) {
            let (mut sum, mut labels) = (0.0, 0);
            let mut slopes = vec![0.0; batch.len() * head.weights.len()];
            let scores = batch.head(&head.head).chunks_exact(head.weights.len());
            let rows = scores.zip(slopes.chunks_exact_mut(head.weights.len()));
            for (image, (scores, slopes)) in rows.enumerate() {
                let classes = batch.labels.classes(image, position);
                if !classes.is_empty() {
                    sum += head.cross_entropy(scores, classes, self.focus, slopes);
                    labels += 1;
                }
            }
            if labels > 0 {
                let mean = sum / labels as f64;
                outcome = outcome.with_term(&head.variable, mean);
                parts.push(OfVariable { head, weight: batch.variable_weight(position), mean, labels, slopes });
            }
        }
        parts.retain(|part| part.weight > 0.0);
        let whole: f64 = parts.iter().map(|part| part.weight).sum();
        let (mut loss, mut averaged) = (0.0, 0);
        for OfVariable { head, weight, mean, labels, slopes } in parts {
            let share = weight / whole;
            loss += share * mean;
            averaged += labels;
            let gradient = slopes.into_iter().map(|slope| (slope * share / labels as f64) as f32).collect();
            outcome = outcome.with_head_gradient(&head.head, gradient);
        }
        outcome.with_mean(loss, averaged)
    }
}

/// What a batch gives for a variable with known labels.
struct OfVariable<'a> {
    head: &'a Head,
    weight: f64,
    mean: f64,
    labels: u64,
    /// The derivatives of the sum with respect to the head's outputs, `[B, C]`.
    slopes: Vec<f64>,
}

impl Head {
    /// The term of one image with these classes; its slopes go into `slopes`, which are 0 before.
    fn cross_entropy(&self, scores: &[f32], classes: &[i32], focus: f64, slopes: &mut [f64]) -> f64 {
        if self.sets {
            return self.of_every_class(scores, classes, focus, slopes);
        }
        // The largest score is taken off all of them, so that no exponential leaves the range.
        let largest = scores.iter().fold(f32::NEG_INFINITY, |largest, &score| largest.max(score));
        let shifted = |class: usize| f64::from(scores[class]) - f64::from(largest);
        let sum: f64 = (0..scores.len()).map(|class| shifted(class).exp()).sum();
        let share = 1.0 / classes.len() as f64;
        let mut loss = 0.0;
        for class in classes.iter().map(|&class| class as usize) {
            let others: f64 = (0..scores.len()).filter(|&other| other != class).map(|other| shifted(other).exp()).sum();
            let told = focal(shifted(class) - sum.ln(), others / sum, focus);
            let weight = share * self.weights[class];
            loss += weight * told.value;
            for (other, slope) in slopes.iter_mut().enumerate() {
                *slope -= weight * told.slope * shifted(other).exp() / sum;
            }
            slopes[class] += weight * told.slope;
        }
        loss
    }

    /// The sum of the terms of all classes, each of which holds or does not.
    fn of_every_class(&self, scores: &[f32], classes: &[i32], focus: f64, slopes: &mut [f64]) -> f64 {
        let mut loss = 0.0;
        for (class, (&score, slope)) in scores.iter().zip(slopes).enumerate() {
            let sign = if classes.contains(&(class as i32)) { 1.0 } else { -1.0 };
            let towards = sign * f64::from(score);
            // Both probabilities by exponentials of what is not positive.
            let small = (-towards.abs()).exp();
            let logarithm = towards.min(0.0) - small.ln_1p();
            let wrong = if towards > 0.0 { small } else { 1.0 } / (1.0 + small);
            let told = focal(logarithm, wrong, focus);
            loss += self.weights[class] * told.value;
            // The probability p of what holds changes with the score by sign p (1 - p).
            *slope += self.weights[class] * told.slope * sign * wrong;
        }
        loss
    }
}

/// A focal term, and p times its derivative with respect to the probability p of what holds.
struct Focal {
    value: f64,
    slope: f64,
}

/// - (1 - p)^g log p, given log p and 1 - p.
fn focal(logarithm: f64, wrong: f64, focus: f64) -> Focal {
    if focus == 0.0 {
        return Focal { value: -logarithm, slope: -1.0 };
    }
    if wrong == 0.0 {
        return Focal { value: 0.0, slope: 0.0 };
    }
    let factor = wrong.powf(focus);
    let slope = focus * logarithm.exp() * wrong.powf(focus - 1.0) * logarithm - factor;
    Focal { value: -factor * logarithm, slope }
}

#[cfg(test)]
mod tests {
    use silknow_records::{MISSING, Variable};

    use super::super::{ImageValues, check};
    use super::*;

    fn vocabulary(classes: &[&[&str]]) -> Vocabulary {
        let variable =
            |(number, classes): (usize, &&[&str])| Variable::new(number.to_string(), classes.iter().copied());
        Vocabulary { variables: classes.iter().enumerate().map(variable).collect() }
    }

    #[test]
    fn it_keeps_the_contract_of_objectives() {
        let vocabulary = vocabulary(&[&["a", "b", "c"][..]; 4]);
        let labels = LabelMatrix::from_indices(4, vec![0, 1, 2, 2, 0, 0, 1, MISSING, 2, 0, 0, MISSING]).unwrap();
        let mut sets = labels.clone();
        sets.set(0, 1, &[0, 2]);
        for (labels, power, focus) in
            [(&labels, 0.0, 0.0), (&labels, 0.5, 0.5), (&labels, 1.0, 2.0), (&sets, 0.5, 0.0), (&sets, 0.5, 2.0)]
        {
            let objective = Classification::new(&vocabulary, labels, &[0, 1, 2], power).unwrap();
            check(&objective.with_focus(focus).unwrap()).unwrap();
        }
    }

    #[test]
    fn sets_are_told_class_by_class() {
        let vocabulary = vocabulary(&[&["a", "b", "c"]]);
        let mut labels = LabelMatrix::from_indices(1, vec![0, MISSING]).unwrap();
        labels.set(0, 0, &[0, 2]);
        let mut heads = ImageValues::new(2);
        let three = 3f32.ln();
        heads.insert("classes.0", 3, vec![three, three, 0.0, 1.0, 2.0, 3.0]).unwrap();
        let batch = Batch::new(&labels, &[1.0, 0.0], 1).with_heads(&heads);
        // The probabilities of a, of not b and of c are 3/4, 1/4 and 1/2.
        let objective = Classification::new(&vocabulary, &labels, &[0, 1], 0.0).unwrap();
        let outcome = objective.evaluate(&batch);
        let due = (4.0f64 / 3.0).ln() + 4f64.ln() + 2f64.ln();
        assert!((outcome.loss - due).abs() < 1e-6, "{}", outcome.loss);
        let close = |given: &[f32], due: &[f32]| given.iter().zip(due).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(close(&outcome.head_gradients["classes.0"], &[-0.25, 0.75, -0.5, 0.0, 0.0, 0.0]));
        // Focused by 2, the terms count 1/16, 9/16 and 1/4.
        let outcome = objective.with_focus(2.0).unwrap().evaluate(&batch);
        let due = (4.0f64 / 3.0).ln() / 16.0 + 4f64.ln() * 9.0 / 16.0 + 2f64.ln() / 4.0;
        assert!((outcome.loss - due).abs() < 1e-6, "{}", outcome.loss);
    }

    #[test]
    fn what_is_told_beyond_doubt_has_no_slope_and_no_nan() {
        let vocabulary = vocabulary(&[&["a", "b"]]);
        let labels = LabelMatrix::from_indices(1, vec![0, 1]).unwrap();
        for focus in [0.0, 0.5, 1.0, 2.0] {
            let objective = Classification::new(&vocabulary, &labels, &[0, 1], 0.0).unwrap().with_focus(focus).unwrap();
            let mut heads = ImageValues::new(2);
            heads.insert("class.0", 2, vec![900.0, -900.0, 900.0, -900.0]).unwrap();
            let outcome = objective.evaluate(&Batch::new(&labels, &[1.0, 0.0], 1).with_heads(&heads));
            assert_eq!(outcome.loss, 900.0);
            assert_eq!(outcome.head_gradients["class.0"], [0.0, 0.0, 0.5, -0.5]);
        }
    }

    #[test]
    fn variables_count_by_their_weights() {
        let vocabulary = vocabulary(&[&["a", "b"], &["c", "d"]]);
        let labels = LabelMatrix::from_indices(2, vec![0, 1, 1, MISSING]).unwrap();
        let objective = Classification::new(&vocabulary, &labels, &[0, 1], 0.0).unwrap();
        let mut heads = ImageValues::new(2);
        heads.insert("class.0", 2, vec![0.0; 4]).unwrap();
        heads.insert("class.1", 2, vec![3f32.ln(), 0.0, 0.0, 0.0]).unwrap();
        let batch = Batch::new(&labels, &[1.0, 0.0], 1).with_heads(&heads).with_variable_weights(&[1.0, 2.0]);
        let outcome = objective.evaluate(&batch);
        let due = (2f64.ln() + 2.0 * 4f64.ln()) / 3.0;
        assert!((outcome.loss - due).abs() < 1e-6, "{}", outcome.loss);
        let slopes = &outcome.head_gradients["class.1"];
        assert!((slopes[0] - 0.5).abs() < 1e-6 && (slopes[1] + 0.5).abs() < 1e-6, "{slopes:?}");
        assert_eq!(outcome.averaged, 3);
    }

    #[test]
    fn the_value_and_the_gradient_worked_by_hand() {
        let vocabulary = vocabulary(&[&["a", "b"], &["c", "d", "e"], &[]]);
        // Of the first variable one sample of class a, three of class b: 1 and 1/3, of mean 1/2, so 2 and 2/3.
        let m = MISSING;
        let known = LabelMatrix::from_indices(3, vec![0, 0, m, 1, 1, m, 1, 2, m, 1, m, m]).unwrap();
        let objective = Classification::new(&vocabulary, &known, &[0, 1, 2, 3], 1.0).unwrap();
        assert_eq!(objective.asks().heads, [("class.0".to_owned(), 2), ("class.1".to_owned(), 3)]);

        let mut labels = LabelMatrix::from_indices(3, vec![0, m, m, 1, 0, m, m, m, m]).unwrap();
        labels.set(1, 1, &[0, 2]);
        let mut heads = ImageValues::new(3);
        let three = 3f32.ln();
        heads.insert("class.0", 2, vec![0.0, three, 500.0, 500.0, 7.0, 9.0]).unwrap();
        heads.insert("class.1", 3, vec![1.0, 2.0, 3.0, 0.0, three, 0.0, 1.0, 1.0, 5.0]).unwrap();
        let batch = Batch::new(&labels, &[1.0, 0.0, 1.0], 1).with_heads(&heads);
        let outcome = objective.evaluate(&batch);
        // 2 ln 4 for p = 1/4; 2/3 ln 2 for p = 1/2; half of ln 5 for each of two classes with p = 1/5.
        let (first, second, sets) = (2.0 * 4f64.ln(), 2f64.ln() / 1.5, 5f64.ln());
        let due = ((first + second) / 2.0 + sets) / 2.0;
        assert!((outcome.loss - due).abs() < 1e-6, "{} instead of {due}", outcome.loss);
        assert_eq!(outcome.averaged, 3);
        let terms: Vec<(&str, f64)> = outcome.terms.iter().map(|term| (term.name.as_str(), term.value)).collect();
        assert_eq!(terms.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["0", "1"]);
        assert!((terms[0].1 - (first + second) / 2.0).abs() < 1e-6 && (terms[1].1 - sets).abs() < 1e-6, "{terms:?}");
        let close = |given: &[f32], due: &[f32]| given.iter().zip(due).all(|(a, b)| (a - b).abs() < 1e-6);
        // Weight times (p - target), over the labels of the variable and two variables.
        assert!(close(&outcome.head_gradients["class.0"], &[-0.375, 0.375, 1.0 / 12.0, -1.0 / 12.0, 0.0, 0.0]));
        assert!(close(&outcome.head_gradients["class.1"], &[0.0, 0.0, 0.0, -0.15, 0.3, -0.15, 0.0, 0.0, 0.0]));
        assert_eq!(outcome.gradient, [0.0; 3]);
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let labels = LabelMatrix::from_indices(1, vec![0, 2]).unwrap();
        let message_of = |classes: &[&[&str]], samples: &[usize], power| {
            Classification::new(&vocabulary(classes), &labels, samples, power).unwrap_err().to_string()
        };
        assert!(message_of(&[&["a", "b"]], &[0, 1], 0.5).contains("`0` has no class number 2"));
        assert!(message_of(&[&["a"], &["b"]], &[0], 0.5).contains("labels of 1 variables for a vocabulary of 2"));
        assert!(message_of(&[&["a"]], &[0], f64::NAN).contains("the power of the class weights is NaN"));
        assert!(message_of(&[&[]], &[], 0.5).contains("no class to tell apart"));
    }
}
