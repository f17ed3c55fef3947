//! An objective that asks for all that a batch can carry.

use silknow_training::objective::{Asks, Batch, Objective, Outcome, Samples};

/// Classes of the first variable that the head `place` tells apart.
const CLASSES: usize = 3;

/// The sum of four terms:
/// - `views`: half the mean squared distance between the two views of an image, weighted by the image's value `weight`;
/// - `objects`: the same between the images of one object;
/// - `place`: the mean softmax cross-entropy of a head with the classes of the first variable, where these are known;
/// - `weight`: half the mean squared difference of a head from the value `weight`.
pub struct AsksForAll;

impl Objective for AsksForAll {
    fn name(&self) -> &str {
        "asks_for_all"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Any, 2)
            .with_records()
            .with_values("weight", 1)
            .with_head("place", CLASSES)
            .with_head("weight", 1)
            .with_second_view()
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let (images, dims) = (batch.len(), batch.dims);
        let weights = batch.values("weight");
        let mean = 1.0 / images as f32;

        let mut views = 0.0;
        let (mut gradient, mut second) = (vec![0.0; images * dims], vec![0.0; images * dims]);
        for position in 0..images * dims {
            let apart = batch.descriptors[position] - batch.second_view[position];
            let weight = weights[position / dims] * mean;
            views += 0.5 * f64::from(weight * apart * apart);
            gradient[position] += weight * apart;
            second[position] -= weight * apart;
        }

        let mut objects = 0.0;
        let same: Vec<(usize, usize)> = (0..images)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .filter(|&(i, j)| batch.records[i].object == batch.records[j].object)
            .collect();
        for &(i, j) in &same {
            for d in 0..dims {
                let apart = batch.descriptor(i)[d] - batch.descriptor(j)[d];
                objects += 0.5 * f64::from(apart * apart) / same.len() as f64;
                gradient[i * dims + d] += apart / same.len() as f32;
                gradient[j * dims + d] -= apart / same.len() as f32;
            }
        }

        let mut place = 0.0;
        let known: Vec<usize> = (0..images).filter(|&image| !batch.labels.classes(image, 0).is_empty()).collect();
        let mut of_place = vec![0.0; images * CLASSES];
        for &image in &known {
            let scores = &batch.head("place")[image * CLASSES..][..CLASSES];
            let sum: f64 = scores.iter().map(|&score| f64::from(score).exp()).sum();
            let classes = batch.labels.classes(image, 0);
            let share = 1.0 / (classes.len() * known.len()) as f64;
            for (class, &score) in scores.iter().enumerate() {
                of_place[image * CLASSES + class] += (f64::from(score).exp() / sum / known.len() as f64) as f32;
            }
            for &class in classes {
                place += share * (sum.ln() - f64::from(scores[class as usize]));
                of_place[image * CLASSES + class as usize] -= share as f32;
            }
        }

        let apart: Vec<f32> = batch.head("weight").iter().zip(weights).map(|(given, due)| given - due).collect();
        let weight = apart.iter().map(|apart| 0.5 * f64::from(apart * apart)).sum::<f64>() / images as f64;
        let of_weight = apart.iter().map(|apart| apart * mean).collect();

        Outcome::mean(views + objects + place + weight, 1, gradient)
            .with_second_view_gradient(second)
            .with_head_gradient("place", of_place)
            .with_head_gradient("weight", of_weight)
            .with_term("views", views)
            .with_term("objects", objects)
            .with_term("place", place)
            .with_term("weight", weight)
    }
}
