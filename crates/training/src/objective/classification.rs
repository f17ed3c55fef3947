//! `classification`: for every variable a layer on the descriptor that tells the variable's classes apart.
//!
//! It teaches descriptors what a classifier needs. The neighbours of an image are found without these layers.

use silknow_errors::{Error, Result};
use silknow_records::{LabelMatrix, Vocabulary};

use super::{Asks, Batch, Objective, Outcome, Samples};

/// The mean over all known labels of the softmax cross-entropy of the variable's head, weighted by class.
///
/// Missing labels are left out of the mean. For a set of classes the shares that are aimed at are equal. The weight of a
/// class with n training samples is proportional to n^-`power`, and so that the training labels of each variable have the
/// mean weight 1.
///
/// Its heads have the names `class.<variable>`. Its terms are the means over the known labels of each variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    name: String,
    variables: Vec<Head>,
}

/// What is known of a variable.
#[derive(Clone, Debug, PartialEq)]
struct Head {
    variable: String,
    head: String,
    /// The weight of every class, `[C]`.
    weights: Vec<f64>,
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
            variables.push(Head {
                variable: variable.name.clone(),
                head: format!("class.{}", variable.name),
                weights: class_weights(&counts, power),
            });
        }
        if variables.iter().all(|variable| variable.weights.is_empty()) {
            return Err(Error::data("there is no class to tell apart"));
        }
        Ok(Self { name: format!("classification(power={power})"), variables })
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
        let (mut sum, mut averaged) = (0.0, 0);
        let mut means = Vec::new();
        let mut gradients = Vec::new();
        for (position, Head { variable, head, weights }) in self.variables.iter().enumerate() {
            if weights.is_empty() {
                continue;
            }
            let (mut of_variable, mut known) = (0.0, 0);
            let mut gradient = vec![0.0; batch.len() * weights.len()];
            let rows = batch.head(head).chunks_exact(weights.len()).zip(gradient.chunks_exact_mut(weights.len()));
            for (image, (scores, slopes)) in rows.enumerate().filter(|_| position < batch.labels.variables()) {
                let classes = batch.labels.classes(image, position);
                if !classes.is_empty() {
                    of_variable += cross_entropy(scores, classes, weights, slopes);
                    known += 1;
                }
            }
            if known > 0 {
                means.push((variable, of_variable / known as f64));
            }
            sum += of_variable;
            averaged += known;
            gradients.push((head, gradient));
        }
        let outcome = Outcome::mean(sum, averaged, vec![0.0; batch.descriptors.len()]);
        let outcome = gradients.into_iter().fold(outcome, |outcome, (head, gradient)| {
            let mean = gradient.into_iter().map(|slope| (slope / averaged.max(1) as f64) as f32);
            outcome.with_head_gradient(head, mean.collect())
        });
        means.into_iter().fold(outcome, |outcome, (variable, mean)| outcome.with_term(variable, mean))
    }
}

/// The weighted cross-entropy of one image, of which the classes are known; its slopes go into `slopes`, which are 0 before.
fn cross_entropy(scores: &[f32], classes: &[i32], weights: &[f64], slopes: &mut [f64]) -> f64 {
    // The largest score is taken off all of them, so that no exponential leaves the range.
    let largest = scores.iter().fold(f32::NEG_INFINITY, |largest, &score| largest.max(score));
    let shifted = |class: usize| f64::from(scores[class]) - f64::from(largest);
    let sum: f64 = (0..scores.len()).map(|class| shifted(class).exp()).sum();
    let share = 1.0 / classes.len() as f64;
    let mut loss = 0.0;
    for class in classes.iter().map(|&class| class as usize) {
        let weight = share * weights[class];
        loss += weight * (sum.ln() - shifted(class));
        slopes[class] -= weight;
        for (other, slope) in slopes.iter_mut().enumerate() {
            *slope += weight * shifted(other).exp() / sum;
        }
    }
    loss
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
        for power in [0.0, 0.5, 1.0] {
            check(&Classification::new(&vocabulary, &labels, &[0, 1, 2], power).unwrap()).unwrap();
        }
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
        assert!((outcome.loss - (first + second + sets) / 3.0).abs() < 1e-6, "{}", outcome.loss);
        assert_eq!(outcome.averaged, 3);
        let terms: Vec<(&str, f64)> = outcome.terms.iter().map(|term| (term.name.as_str(), term.value)).collect();
        assert_eq!(terms.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["0", "1"]);
        assert!((terms[0].1 - (first + second) / 2.0).abs() < 1e-6 && (terms[1].1 - sets).abs() < 1e-6, "{terms:?}");
        let close = |given: &[f32], due: &[f32]| given.iter().zip(due).all(|(a, b)| (a - b).abs() < 1e-6);
        // Weight times (p - target), over three labels.
        assert!(close(&outcome.head_gradients["class.0"], &[-0.5, 0.5, 1.0 / 9.0, -1.0 / 9.0, 0.0, 0.0]));
        assert!(close(&outcome.head_gradients["class.1"], &[0.0, 0.0, 0.0, -0.1, 0.2, -0.1, 0.0, 0.0, 0.0]));
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
