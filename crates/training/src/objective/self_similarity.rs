//! `self_similarity`: the descriptor of an image is that of the same image seen in another way.

use super::{Asks, Batch, Objective, Outcome, Samples};

/// The mean over the images of the distance d(f, f') between the descriptors of their two views.
///
/// Nothing in it pushes images apart, so it is meant for a sum with other objectives; by itself it is smallest when all
/// descriptors are equal. Two equal descriptors have no gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelfSimilarity;

impl Objective for SelfSimilarity {
    fn name(&self) -> &str {
        "self_similarity"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Any, 1).with_second_view()
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let images = batch.len() as f64;
        let mut sum = 0.0;
        let mut gradient = Vec::with_capacity(batch.descriptors.len());
        let views = batch.descriptors.chunks_exact(batch.dims).zip(batch.second_view.chunks_exact(batch.dims));
        for (first, second) in views {
            let away: Vec<f64> = first.iter().zip(second).map(|(&a, &b)| f64::from(a) - f64::from(b)).collect();
            let distance = away.iter().map(|value| value * value).sum::<f64>().sqrt();
            sum += distance;
            let slope = if distance == 0.0 { 0.0 } else { 1.0 / (distance * images) };
            gradient.extend(away.into_iter().map(|value| (slope * value) as f32));
        }
        let of_second = gradient.iter().map(|slope| -slope).collect();
        Outcome::mean(sum, batch.len() as u64, gradient).with_second_view_gradient(of_second)
    }
}

#[cfg(test)]
mod tests {
    use silknow_records::{LabelMatrix, MISSING};

    use super::super::check;
    use super::*;

    #[test]
    fn it_keeps_the_contract_of_objectives() {
        check(&SelfSimilarity).unwrap();
    }

    #[test]
    fn two_views_are_pulled_together_along_their_difference() {
        let labels = LabelMatrix::from_indices(1, vec![MISSING, MISSING]).unwrap();
        let batch = Batch::new(&labels, &[0.6, 0.8, 1.0, 0.0], 2).with_second_view(&[0.0, 0.0, 1.0, 0.0]);
        let outcome = SelfSimilarity.evaluate(&batch);
        assert!((outcome.loss - 0.5).abs() < 1e-7, "{}", outcome.loss);
        // The unit direction of the first image, over two images; the second image's views are equal.
        assert_eq!(outcome.gradient, [0.3, 0.4, 0.0, 0.0]);
        assert_eq!(outcome.second_view_gradient, [-0.3, -0.4, 0.0, 0.0]);
    }
}
