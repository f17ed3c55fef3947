//! `supervised_contrastive`: for every variable, an image is more like those of its class than like all others.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::products::Products;
use super::similarity::shared;
use super::{Asks, Batch, Objective, Outcome, Samples};

/// The supervised contrastive loss with the sum outside the logarithm (L_out of Khosla et al. 2020), for several variables
/// with missing labels and sets of labels.
///
/// For a variable v, let A_v(i) be the other images of the batch whose label of v is known, and w_ij the share
/// |A and B| / max(|A|, |B|) of the sets of classes of i and j, which for single classes is 1 or 0. An image i with a known
/// label and with W_i = sum of w_ij over A_v(i) above 0 is an anchor, and its term is
///
/// ```text
/// l_v(i) = - sum over j in A_v(i) of  w_ij / W_i * log( exp(f_i f_j / T) / sum over a in A_v(i) of exp(f_i f_a / T) )
/// ```
///
/// with the temperature T. The loss is the mean over the variables, by their weights, of the mean of the terms of their
/// anchors. An image without another one of its class is no anchor, a variable without an anchor is left out, and an image
/// whose label of v is missing is in no sum of v.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SupervisedContrastive {
    /// The temperature T, above 0. The lower it is, the more the most similar images count.
    pub temperature: f64,
}

/// A variable with anchors in a batch.
struct Variable<'a> {
    /// What each of its anchors counts in the loss.
    weight: f64,
    /// The classes of all images, `[B]`.
    classes: Vec<&'a [i32]>,
    /// Whether they are anchors, `[B]`.
    is_anchor: Vec<bool>,
    anchors: u64,
}

/// What an image adds as an anchor of all variables.
struct Anchor {
    loss: f64,
    /// The derivatives of the loss with respect to the products with all images, `[B]`.
    slopes: Vec<f64>,
}

impl Objective for SupervisedContrastive {
    fn name(&self) -> &str {
        "supervised_contrastive"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Labelled, 2)
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let products = Products::between(batch.descriptors, batch.dims);
        let mut variables: Vec<Variable<'_>> = (0..batch.labels.variables())
            .map(|variable| Variable::of(batch, variable))
            .filter(|variable| variable.anchors > 0 && variable.weight > 0.0)
            .collect();
        let whole: f64 = variables.iter().map(|variable| variable.weight).sum();
        for variable in &mut variables {
            variable.weight /= whole * variable.anchors as f64;
        }
        let anchors: Vec<Anchor> =
            (0..batch.len()).into_par_iter().map(|image| self.anchor(image, products.row(image), &variables)).collect();
        let loss = anchors.iter().map(|anchor| anchor.loss).sum();
        let slopes: Vec<f64> = anchors.into_iter().flat_map(|anchor| anchor.slopes).collect();
        let gradient = products.gradient(batch.descriptors, batch.dims, &slopes);
        let terms = variables.iter().map(|variable| variable.anchors).sum();
        Outcome::mean(0.0, 0, gradient).with_mean(loss, terms)
    }
}

impl<'a> Variable<'a> {
    fn of(batch: &Batch<'a>, variable: usize) -> Self {
        let classes: Vec<&[i32]> = (0..batch.len()).map(|image| batch.labels.classes(image, variable)).collect();
        let mut images_of: BTreeMap<i32, u64> = BTreeMap::new();
        for class in classes.iter().copied().flatten() {
            *images_of.entry(*class).or_default() += 1;
        }
        let is_anchor: Vec<bool> =
            classes.iter().map(|classes| classes.iter().any(|class| images_of[class] > 1)).collect();
        let anchors = is_anchor.iter().filter(|is_anchor| **is_anchor).count() as u64;
        Self { weight: batch.variable_weight(variable), classes, is_anchor, anchors }
    }
}

impl SupervisedContrastive {
    fn anchor(&self, image: usize, products: &[f64], variables: &[Variable<'_>]) -> Anchor {
        let mut anchor = Anchor { loss: 0.0, slopes: vec![0.0; products.len()] };
        for Variable { weight, classes, is_anchor, .. } in variables {
            if !is_anchor[image] {
                continue;
            }
            let known = |&other: &usize| other != image && !classes[other].is_empty();
            let others: Vec<usize> = (0..products.len()).filter(known).collect();
            let shares: Vec<f64> = others.iter().map(|&other| shared(classes[image], classes[other])).collect();
            let whole: f64 = shares.iter().sum();
            // The largest is taken off all of them, so that no exponential leaves the range.
            let scaled: Vec<f64> = others.iter().map(|&other| products[other] / self.temperature).collect();
            let largest = scaled.iter().fold(f64::NEG_INFINITY, |largest, &value| largest.max(value));
            let exponentials: Vec<f64> = scaled.iter().map(|value| (value - largest).exp()).collect();
            let sum: f64 = exponentials.iter().sum();
            let logarithm = largest + sum.ln();
            for (position, &other) in others.iter().enumerate() {
                let target = shares[position] / whole;
                anchor.loss += weight * target * (logarithm - scaled[position]);
                let slope = exponentials[position] / sum - target;
                anchor.slopes[other] += weight * slope / self.temperature;
            }
        }
        anchor
    }
}

#[cfg(test)]
mod tests {
    use silknow_records::{LabelMatrix, MISSING};

    use super::super::check;
    use super::*;

    fn evaluate(labels: &LabelMatrix, descriptors: &[f32], weights: &[f64]) -> Outcome {
        let batch = Batch::new(labels, descriptors, 1);
        let batch = if weights.is_empty() { batch } else { batch.with_variable_weights(weights) };
        SupervisedContrastive { temperature: 1.0 }.evaluate(&batch)
    }

    #[test]
    fn it_keeps_the_contract_of_objectives_at_any_temperature() {
        for temperature in [0.1, 0.5, 10.0] {
            check(&SupervisedContrastive { temperature }).unwrap();
        }
    }

    #[test]
    fn the_value_worked_by_hand() {
        let m = MISSING;
        // Products are 0 but for those of the last two images, which is ln 3. The fourth image has a class of its own in the
        // first variable, the fifth no label.
        let labels = LabelMatrix::from_indices(2, vec![0, m, 0, m, 1, 7, 2, 7, m, 7]).unwrap();
        let root = 3f32.ln().sqrt();
        let descriptors = [0.0, 0.0, 0.0, root, root];
        let outcome = evaluate(&labels, &descriptors, &[]);
        // First variable: two anchors, each with one positive among three others: ln 3. The third and fourth are none.
        // Second: the third image has two positives of equal products: ln 2. The other two have one positive with the
        // product 0 and one with ln 3: the mean of ln 4 and ln 4/3.
        let (first, third) = (3f64.ln(), 2f64.ln());
        let last = (4f64.ln() + (4.0f64 / 3.0).ln()) / 2.0;
        assert_eq!(outcome.averaged, 5);
        let second = (third + 2.0 * last) / 3.0;
        let close = |outcome: &Outcome, due: f64| {
            assert!((outcome.loss - due).abs() < 1e-6, "{} instead of {due}", outcome.loss);
        };
        close(&outcome, (first + second) / 2.0);
        close(&evaluate(&labels, &descriptors, &[3.0, 1.0]), (3.0 * first + second) / 4.0);
        close(&evaluate(&labels, &descriptors, &[1.0, 0.0]), first);
    }

    #[test]
    fn sets_are_positives_by_the_share_of_the_larger_one() {
        let mut labels = LabelMatrix::from_indices(1, vec![0, 0, 1]).unwrap();
        labels.set(0, 0, &[0, 1]);
        labels.set(2, 0, &[1, 2, 3, 4]);
        // The products of the first image with the others are 0 and ln 3, of the second with the third 0.
        let outcome = evaluate(&labels, &[1.0, 0.0, 3f32.ln()], &[]);
        // For the first, the second shares 1/2 and the third 1/4: 2/3 ln 4 + 1/3 ln 4/3. The second has the first as its only
        // positive, of two others of equal product: ln 2. The third too, with the product ln 3 against 0: ln 4/3.
        let near = (4.0f64 / 3.0).ln();
        let due = (2.0 / 3.0 * 4f64.ln() + near / 3.0 + 2f64.ln() + near) / 3.0;
        assert!((outcome.loss - due).abs() < 1e-6, "{} instead of {due}", outcome.loss);
    }

    #[test]
    fn without_a_pair_of_one_class_there_is_nothing() {
        for indices in [vec![], vec![0], vec![MISSING; 3], vec![0, 1, 2]] {
            let labels = LabelMatrix::from_indices(1, indices).unwrap();
            let descriptors: Vec<f32> = (0..labels.len()).map(|image| image as f32).collect();
            let outcome = evaluate(&labels, &descriptors, &[]);
            assert_eq!((outcome.loss, outcome.averaged, outcome.gradient), (0.0, 0, vec![0.0; labels.len()]));
        }
    }
}
