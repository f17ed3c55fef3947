//! A loss of one's own, minimised by the trainer like the four that come with the library:
//! `cargo run --example own_objective`.
//!
//! It is the cosine embedding loss on the first variable: works of one class should point the same way, works of two
//! classes at a right angle or further apart.

use silknow_image_retrieval::config::{Architecture, Augmentation, TrainModelParameters, Weights};
use silknow_image_retrieval::objective::{Asks, Batch, Objective, Outcome, Samples, check};
use silknow_image_retrieval::{Context, Picture, Record, Result, RgbImage, Silent, Trainer, VocabularyBuilder};

/// The mean over all pairs of `1 - cos` for one class and `max(0, cos)` for two.
struct CosineEmbedding;

impl Objective for CosineEmbedding {
    fn name(&self) -> &str {
        "cosine_embedding"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Labelled, 2)
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let (mut sum, mut pairs, mut gradient) = (0.0, 0, vec![0.0; batch.descriptors.len()]);
        for a in 0..batch.len() {
            for b in 0..a {
                let (of_a, of_b) = (batch.labels.classes(a, 0), batch.labels.classes(b, 0));
                if of_a.is_empty() || of_b.is_empty() {
                    continue;
                }
                pairs += 1;
                let (row_a, row_b) = (batch.descriptor(a), batch.descriptor(b));
                let cosine: f64 = row_a.iter().zip(row_b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
                let slope = match of_a == of_b {
                    true => {
                        sum += 1.0 - cosine;
                        -1.0
                    }
                    false if cosine > 0.0 => {
                        sum += cosine;
                        1.0
                    }
                    false => continue,
                };
                for d in 0..batch.dims {
                    gradient[a * batch.dims + d] += slope * row_b[d];
                    gradient[b * batch.dims + d] += slope * row_a[d];
                }
            }
        }
        gradient.iter_mut().for_each(|value| *value /= pairs.max(1) as f32);
        Outcome::mean(sum, pairs, gradient)
    }
}

fn main() -> Result<()> {
    // The library's own checks say whether value and gradient fit together.
    check(&CosineEmbedding)?;

    // Plain pictures in shades of two colours are the collection; the colour is what they are labelled with.
    let mut classes = VocabularyBuilder::new(["colour"]);
    let mut works = Vec::new();
    for number in 0..24u8 {
        let (colour, pixel) = match number % 2 {
            0 => ("red", [180 + number, 2 * number, 40]),
            _ => ("blue", [40, 2 * number, 180 + number]),
        };
        let mut record = Record::new(format!("{number}.jpg"), 1);
        record.labels = classes.labels_of([colour]);
        works.push((Picture::Pixels(RgbImage::from_pixel(64, 64, pixel.into()).into()), record));
    }

    let mut parameters = TrainModelParameters::default().training;
    parameters.backbone = Architecture::RESNET18;
    parameters.weights = Weights::Builtin;
    parameters.input_size = 64;
    parameters.add_fc = vec![16];
    parameters.augmentation = Augmentation::none();
    parameters.how_many_training_steps = 30;
    parameters.learning_rate = 1e-3;
    parameters.val_percentage = 0;
    let context = Context::new(&Silent, std::path::Path::new("."));
    let trained = Trainer::new(parameters).with_objective(Box::new(CosineEmbedding)).train(
        &classes.into_vocabulary(),
        works,
        &context,
    )?;
    let losses: Vec<f64> = trained.steps.iter().map(|step| step.loss).collect();
    println!("loss of the first step {:.3}, of the last {:.3}", losses[0], losses[losses.len() - 1]);
    Ok(())
}
