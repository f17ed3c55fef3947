//! The losses over pairs and triplets against a second, slow implementation written straight from their definition, against its central
//! differences, and against values worked out by hand.

use proptest::prelude::*;
use silknow_config::LossKind;
use silknow_records::{LabelMatrix, MISSING};

use super::*;

/// The objective of a loss for a batch.
fn evaluate(loss: LossKind, margin: f64, descriptors: &[f32], dims: usize, labels: &LabelMatrix) -> Outcome {
    objective_of(loss, margin).evaluate(&Batch::new(labels, descriptors, dims))
}

fn objective_of(loss: LossKind, margin: f64) -> Box<dyn Objective> {
    match loss {
        LossKind::SoftContrastive => Box::new(SoftContrastive { margin }),
        LossKind::SoftContrastiveIncomp => Box::new(SoftContrastiveIncomp),
        LossKind::SoftTriplet => Box::new(SoftTriplet),
        LossKind::SoftTripletIncomp => Box::new(SoftTripletIncomp),
        LossKind::Semantic => Box::new(Semantic),
        other => unreachable!("{other} is not tested here"),
    }
}

const KINDS: [LossKind; 5] = [
    LossKind::SoftContrastive,
    LossKind::SoftContrastiveIncomp,
    LossKind::SoftTriplet,
    LossKind::SoftTripletIncomp,
    LossKind::Semantic,
];

/// The definition, in f64, with a loop per sum; `None` where nothing is averaged.
mod definition {
    use super::*;

    fn labels_of(labels: &LabelMatrix, i: usize, j: usize) -> (f64, f64, f64) {
        let v = labels.variables() as f64;
        let (mut positive, mut negative) = (0.0, 0.0);
        for variable in 0..labels.variables() {
            let (a, b) = (labels.classes(i, variable), labels.classes(j, variable));
            if !a.is_empty() && !b.is_empty() {
                let common = a.iter().filter(|class| b.contains(class)).count() as f64;
                let share = common / a.len().max(b.len()) as f64;
                positive += share / v;
                negative += (1.0 - share) / v;
            }
        }
        (positive, negative, 1.0 - positive - negative)
    }

    fn distance(descriptors: &[f64], dimensions: usize, i: usize, j: usize) -> f64 {
        let row = |i: usize| &descriptors[i * dimensions..][..dimensions];
        row(i).iter().zip(row(j)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    }

    fn pair_terms(
        kind: LossKind,
        margin: f64,
        descriptors: &[f64],
        dimensions: usize,
        labels: &LabelMatrix,
    ) -> Vec<f64> {
        let mut terms = Vec::new();
        for i in 0..labels.len() {
            for j in i + 1..labels.len() {
                let (positive, negative, unknown) = labels_of(labels, i, j);
                let d = distance(descriptors, dimensions, i, j);
                if kind == LossKind::SoftContrastive {
                    let gap = (margin - d).max(0.0);
                    terms.push(0.5 * (positive * d * d + (1.0 - positive) * gap * gap));
                } else if positive + negative > 0.0 {
                    terms.push(positive * (d - unknown).max(0.0) + negative * (2.0 - unknown - d).max(0.0));
                }
            }
        }
        terms
    }

    fn triplet_terms(kind: LossKind, descriptors: &[f64], dimensions: usize, labels: &LabelMatrix) -> Vec<f64> {
        let mut terms = Vec::new();
        let n = labels.len();
        for a in 0..n {
            for p in (0..n).filter(|&p| p != a) {
                for q in (0..n).filter(|&q| q != a && q != p) {
                    let (of_positive, of_negative) = (labels_of(labels, a, p), labels_of(labels, a, q));
                    let m = match kind {
                        LossKind::SoftTriplet => of_positive.0 - of_negative.0,
                        LossKind::SoftTripletIncomp => of_positive.0.min(of_negative.1),
                        _ => of_positive.0 + of_negative.1 - 1.0,
                    };
                    let term = distance(descriptors, dimensions, a, p) - distance(descriptors, dimensions, a, q) + m;
                    // Differences of sums of 1/V are not exact in floats: what is below is 0.
                    if m > 1e-9 && term > 0.0 {
                        terms.push(term);
                    }
                }
            }
        }
        terms
    }

    pub fn loss(kind: LossKind, margin: f64, descriptors: &[f64], dimensions: usize, labels: &LabelMatrix) -> f64 {
        let terms = if kind.is_triplet() {
            triplet_terms(kind, descriptors, dimensions, labels)
        } else {
            pair_terms(kind, margin, descriptors, dimensions, labels)
        };
        if terms.is_empty() { 0.0 } else { terms.iter().sum::<f64>() / terms.len() as f64 }
    }

    /// The slope along one coordinate; none where it is not defined, as where a triplet becomes active.
    pub fn central_difference(
        kind: LossKind,
        margin: f64,
        descriptors: &[f64],
        dimensions: usize,
        labels: &LabelMatrix,
        position: usize,
    ) -> Option<f64> {
        let at = |step: f64| {
            let mut moved = descriptors.to_vec();
            moved[position] += step;
            loss(kind, margin, &moved, dimensions, labels)
        };
        let slope = |step: f64| (at(step) - at(-step)) / (2.0 * step);
        // A kink or a jump within the step shows in slopes that differ between steps.
        let (wide, narrow) = (slope(1e-5), slope(1e-6));
        ((wide - narrow).abs() < 1e-5).then_some(narrow)
    }
}

/// Labels of `samples` x `variables` with 3 classes, from a strategy; missing ones too when asked.
fn labels(samples: usize, variables: usize, lowest: i32) -> impl Strategy<Value = LabelMatrix> {
    proptest::collection::vec(lowest..3, samples * variables)
        .prop_map(move |indices| LabelMatrix::from_indices(variables, indices).unwrap())
}

/// A batch: descriptors of unit length and their labels.
fn batch(lowest_label: i32) -> impl Strategy<Value = (Vec<f32>, usize, LabelMatrix)> {
    (2usize..9, 1usize..5, 2usize..6).prop_flat_map(move |(samples, variables, dimensions)| {
        let rows = proptest::collection::vec(-1.0f32..1.0, samples * dimensions)
            .prop_map(move |values| unit_rows(values, dimensions));
        (rows, Just(dimensions), labels(samples, variables, lowest_label))
    })
}

fn unit_rows(mut values: Vec<f32>, dimensions: usize) -> Vec<f32> {
    for row in values.chunks_exact_mut(dimensions) {
        row[0] += 1e-3;
        let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        row.iter_mut().for_each(|value| *value /= length);
    }
    values
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

fn compare_with_the_definition(
    descriptors: &[f32],
    dimensions: usize,
    labels: &LabelMatrix,
) -> Result<(), TestCaseError> {
    for kind in KINDS {
        let outcome = evaluate(kind, 1.5, descriptors, dimensions, labels);
        let expected = definition::loss(kind, 1.5, &wide(descriptors), dimensions, labels);
        prop_assert!((outcome.loss - expected).abs() < 1e-5, "{kind}: {} for {expected}", outcome.loss);
        for (position, &slope) in outcome.gradient.iter().enumerate() {
            let expected = definition::central_difference(kind, 1.5, &wide(descriptors), dimensions, labels, position);
            if let Some(expected) = expected {
                prop_assert!((f64::from(slope) - expected).abs() < 1e-4, "{kind}: slope {slope} for {expected}");
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn value_and_gradient_are_those_of_the_definition((descriptors, dimensions, labels) in batch(MISSING)) {
        compare_with_the_definition(&descriptors, dimensions, &labels)?;
    }

    #[test]
    fn value_and_gradient_of_sets_are_those_of_the_definition(
        (descriptors, dimensions, mut labels) in batch(MISSING),
        sets in proptest::collection::vec(proptest::collection::vec(0..5, 0..5), 1..9),
    ) {
        for (sample, set) in sets.iter().enumerate().take(labels.len()) {
            labels.set(sample, 0, set);
        }
        compare_with_the_definition(&descriptors, dimensions, &labels)?;
    }

    #[test]
    fn another_order_of_the_samples_is_another_order_of_the_gradient(
        (descriptors, dimensions, labels) in batch(MISSING), turn in 0usize..8,
    ) {
        let order: Vec<usize> = (0..labels.len()).map(|i| (i + turn) % labels.len()).rev().collect();
        let rows = |values: &[f32]| -> Vec<f32> {
            order.iter().flat_map(|&i| &values[i * dimensions..][..dimensions]).copied().collect()
        };
        for kind in KINDS {
            let outcome = evaluate(kind, 2.0, &descriptors, dimensions, &labels);
            let other = evaluate(kind, 2.0, &rows(&descriptors), dimensions, &labels.select(&order));
            prop_assert!((outcome.loss - other.loss).abs() < 1e-9);
            prop_assert_eq!(
                (outcome.averaged, outcome.active, outcome.candidates),
                (other.averaged, other.active, other.candidates)
            );
            for (a, b) in rows(&outcome.gradient).iter().zip(&other.gradient) {
                prop_assert!((a - b).abs() < 1e-6, "{kind}: {a} and {b}");
            }
        }
    }

    #[test]
    fn for_one_complete_variable_both_triplet_losses_are_the_same(
        (descriptors, dimensions, labels) in batch(0).prop_filter("one variable", |(_, _, l)| l.variables() == 1),
    ) {
        prop_assert_eq!(
            evaluate(LossKind::SoftTriplet, 2.0, &descriptors, dimensions, &labels),
            evaluate(LossKind::SoftTripletIncomp, 2.0, &descriptors, dimensions, &labels)
        );
    }

    #[test]
    fn for_complete_labels_the_contrastive_loss_with_missing_ones_pulls_by_y_plus_and_pushes_by_y_minus(
        (descriptors, dimensions, labels) in batch(0),
    ) {
        let outcome = evaluate(LossKind::SoftContrastiveIncomp, 2.0, &descriptors, dimensions, &labels);
        let similarities = Similarities::of(&labels);
        let distances = Distances::between(&descriptors, dimensions);
        let mut expected = 0.0;
        for i in 0..labels.len() {
            for j in i + 1..labels.len() {
                let (s, d) = (similarities.positive(i, j), f64::from(distances.row(i)[j]));
                expected += s * d + (1.0 - s) * (2.0 - d);
            }
        }
        prop_assert!((outcome.sum - expected).abs() < 1e-5, "{} for {expected}", outcome.sum);
    }

    #[test]
    fn identical_descriptors_have_finite_losses_and_no_gradient(labels in labels(6, 2, MISSING)) {
        for kind in KINDS {
            let outcome = evaluate(kind, 2.0, &[0.6, 0.8].repeat(6), 2, &labels);
            prop_assert!(outcome.loss.is_finite());
            prop_assert!(outcome.gradient.iter().all(|&slope| slope == 0.0), "{kind}: {:?}", outcome.gradient);
        }
    }
}

/// Two unit vectors at a distance.
fn two_at(distance: f32) -> [f32; 4] {
    let cosine = 1.0 - distance * distance / 2.0;
    [1.0, 0.0, cosine, (1.0 - cosine * cosine).sqrt()]
}

fn matrix(variables: usize, indices: &[i32]) -> LabelMatrix {
    LabelMatrix::from_indices(variables, indices.to_vec()).unwrap()
}

#[test]
fn the_worked_value_of_the_contrastive_loss_with_missing_labels() {
    let labels = matrix(5, &[0, 1, 2, 3, -1, 0, 1, 0, -1, -1]);
    let outcome = evaluate(LossKind::SoftContrastiveIncomp, 2.0, &two_at(0.9), 2, &labels);
    assert!((outcome.loss - 0.34).abs() < 1e-6, "{}", outcome.loss);
}

#[test]
fn the_worked_value_of_the_contrastive_loss() {
    let labels = matrix(5, &[0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
    let outcome = evaluate(LossKind::SoftContrastive, 2.0, &two_at(0.9), 2, &labels);
    assert!((outcome.loss - 0.525).abs() < 1e-6, "{}", outcome.loss);
}

/// Four samples on a line: distances are differences of the positions.
fn on_a_line(labels: &LabelMatrix, kind: LossKind) -> Outcome {
    evaluate(kind, 2.0, &[0.0, 0.5, 0.75, 2.0], 1, labels)
}

#[test]
fn triplets_with_complete_labels_worked_by_hand() {
    // Classes A A B B of one variable at 0, 0.5, 0.75, 2: m is 1 for (a, p of a's class, n of the other).
    // a=0: p=1 (0.5); n=2 (0.75): 0.75, n=3 (2): -0.5. a=1: p=0 (0.5); n=2 (0.25): 1.25, n=3 (1.5): 0, not active.
    // a=2: p=3 (1.25); n=0 (0.75): 1.5, n=1 (0.25): 2. a=3: p=2 (1.25); n=0 (2): 0.25, n=1 (1.5): 0.75.
    let outcome = on_a_line(&matrix(1, &[0, 0, 1, 1]), LossKind::SoftTriplet);
    assert_eq!((outcome.candidates, outcome.active, outcome.averaged), (8, 6, 6));
    assert!((outcome.loss - 6.5 / 6.0).abs() < 1e-6, "{}", outcome.loss);
    assert!((outcome.active_share() - 0.75).abs() < 1e-12);
    // Sample 0 stands in these distances of active terms, all of which shrink when it moves right:
    // +d01 (a=0), +d10 (a=1), -d02 (a=0), -d20 (a=2), -d30 (a=3).
    assert!((outcome.gradient[0] - (-2.0 + 3.0) / 6.0).abs() < 1e-6, "{:?}", outcome.gradient);
}

#[test]
fn triplets_with_missing_labels_worked_by_hand() {
    // Two variables: (A,x) (A,?) (B,x) (?,?).
    // Y+: 01 0.5, 02 0.5; Y-: 02 0.5, 12 0.5; nothing is known with sample 3.
    // a=0: p=1, n=2: m 0.5: 0.5 - 0.75 + 0.5 = 0.25. p=2, n=1: Y-(0,1) = 0. p=2, n=2 is no triple.
    // a=1: p=0, n=2: m 0.5: 0.5 - 0.25 + 0.5 = 0.75. a=2: p=0, n=1: m 0.5: 0.75 - 0.25 + 0.5 = 1.
    let outcome = on_a_line(&matrix(2, &[0, 0, 0, -1, 1, 0, -1, -1]), LossKind::SoftTripletIncomp);
    assert_eq!((outcome.candidates, outcome.active), (3, 3));
    assert!((outcome.loss - 2.0 / 3.0).abs() < 1e-6, "{}", outcome.loss);
    assert_eq!(outcome.gradient[3], 0.0);
}

#[test]
fn triplets_with_a_certain_margin_worked_by_hand() {
    // Two variables: (A,x) (A,x) (B,y) (A,?).
    // Y+: 01 1, 03 1/2, 13 1/2; Y-: 02 1, 12 1, 23 1/2.
    // a=0: p=1, n=2: m 1: 0.5 - 0.75 + 1 = 0.75. p=3, n=2: m 1/2: 2 - 0.75 + 0.5 = 1.75.
    // a=1: p=0, n=2: m 1: 0.5 - 0.25 + 1 = 1.25. p=3, n=2: m 1/2: 1.5 - 0.25 + 0.5 = 1.75.
    // a=2 has no positive. a=3: p=0 and p=1 with n=2: m = 1/2 + 1/2 - 1 = 0, no triplets.
    let outcome = on_a_line(&matrix(2, &[0, 0, 0, 0, 1, 1, 0, -1]), LossKind::Semantic);
    assert_eq!((outcome.candidates, outcome.active), (4, 4));
    assert!((outcome.loss - 5.5 / 4.0).abs() < 1e-6, "{}", outcome.loss);
}

#[test]
fn the_certain_margin_of_sets_worked_by_hand() {
    let mut labels = matrix(1, &[0, 0, 1]);
    labels.set(0, 0, &[0, 1]);
    labels.set(2, 0, &[2, 3, 4]);
    // Y+(0,1) = 1/2, Y-(0,2) = Y-(1,2) = 1: for a=0 and a=1 the margin is 1/2 + 1 - 1.
    // 0.5 - 0.75 + 0.5 = 0.25 and 0.5 - 0.25 + 0.5 = 0.75.
    let outcome = evaluate(LossKind::Semantic, 2.0, &[0.0, 0.5, 0.75], 1, &labels);
    assert_eq!((outcome.candidates, outcome.active, outcome.loss), (2, 2, 0.5));
}

#[test]
fn a_weighted_variable_counts_in_the_margin() {
    // The first variable says that 1 is nearer to 0 than 2 is, the second the opposite.
    let labels = matrix(2, &[0, 0, 0, 1, 1, 0]);
    let batch = |weights| {
        let descriptors = [0.0, 0.5, 0.75];
        SoftTriplet.evaluate(&Batch::new(&labels, &descriptors, 1).with_variable_weights(weights))
    };
    assert_eq!(batch(&[1.0, 1.0]).candidates, 2);
    // a=0: S(0,1) = 3/4 against S(0,2) = 1/4: 0.5 - 0.75 + 0.5. a=1: S(1,0) against 0: 0.5 - 0.25 + 0.75.
    // a=2: S(2,0) = 1/4 against S(2,1) = 0: 0.75 - 0.25 + 0.25.
    let outcome = batch(&[3.0, 1.0]);
    assert_eq!((outcome.candidates, outcome.active, outcome.loss), (3, 3, (0.25 + 1.0 + 0.75) / 3.0));
}

#[test]
fn margins_that_are_equal_as_counts_are_no_triplets() {
    // Three of five and three of five equal: m is exactly 0, though sums of fifths would differ in floats.
    let labels = matrix(5, &[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0]);
    let outcome = evaluate(LossKind::SoftTriplet, 2.0, &[0.0, 2.0, 0.1], 1, &labels);
    // Only samples 1 and 2 as anchors: S(1,0) = 0.6 against S(1,2) = 0.2, and S(2,0) against S(2,1) alike.
    assert_eq!(outcome.candidates, 2);
}

#[test]
fn pairs_about_which_nothing_is_known_are_left_out_of_the_mean() {
    let labels = matrix(1, &[0, 0, -1]);
    let outcome = evaluate(LossKind::SoftContrastiveIncomp, 2.0, &[0.0, 0.5, 1.0], 1, &labels);
    assert_eq!((outcome.averaged, outcome.loss), (1, 0.5));
    assert_eq!(outcome.gradient, [-1.0, 1.0, 0.0]);
}

#[test]
fn a_batch_without_terms_has_no_loss_and_no_gradient() {
    for kind in KINDS {
        for labels in [matrix(1, &[0]), matrix(1, &[-1, -1, -1])] {
            if kind == LossKind::SoftContrastive && labels.len() > 1 {
                continue; // It sees complete samples only; every pair of them counts.
            }
            let descriptors: Vec<f32> = (0..labels.len()).map(|i| i as f32 * 0.3).collect();
            let outcome = evaluate(kind, 2.0, &descriptors, 1, &labels);
            assert_eq!((outcome.loss, outcome.averaged, outcome.active_share()), (0.0, 0, 0.0));
            assert!(outcome.gradient.iter().all(|&slope| slope == 0.0));
        }
    }
}
