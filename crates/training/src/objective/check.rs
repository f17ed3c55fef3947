//! The contract between objectives and training, as a test that every objective can be put to.

use std::sync::Arc;

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use silknow_errors::{Error, Result};
use silknow_records::{LabelMatrix, MISSING, Object, Record};

use super::{Asks, Batch, ImageValues, Objective, Outcome, Samples};

/// Random batches that an objective is tested with.
const BATCHES: u64 = 60;

/// The step of the differences. Values are rounded to 6e-8 of themselves, so that a slope is uncertain by 1e-5.
const STEP: f32 = 1.0 / 256.0;

/// How far a slope may be from the difference, relative to its size where that is above 1.
const TOLERANCE: f64 = 5e-3;

/// Tests an objective against what training relies on, with random batches that have missing labels and sets of
/// classes, where the objective takes such samples:
///
/// - the gradient agrees with central differences of the loss, wherever the loss is smooth enough to tell;
/// - the loss is the mean that `sum` and `averaged` say, the gradient has a value for every one of the descriptors;
/// - nothing is infinite or not a number, also without any label and for identical descriptors;
/// - identical descriptors, between which nothing can be told, have no gradient;
/// - in another order of its samples, a batch has the same loss, and its gradient in that order;
/// - the same batch gives the same bits.
///
/// The same objective is tested with the same batches every time.
///
/// # Errors
/// The first of these that does not hold, with the batch's number.
pub fn check(objective: &dyn Objective) -> Result<()> {
    let asks = objective.asks();
    if objective.name().is_empty() || asks.smallest_batch == 0 {
        return Err(Error::internal("an objective has a name, and a smallest batch of at least one sample"));
    }
    let failed = |number, what: String| {
        Error::internal(format!("the objective `{}` fails with the random batch {number}: {what}", objective.name()))
    };
    let (mut compared, mut skipped) = (0, 0);
    for number in 0..BATCHES {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let case = Case::random(&asks, &mut rng);
        let outcome = case.evaluate(objective).map_err(|what| failed(number, what))?;
        if case.evaluate(objective).as_ref() != Ok(&outcome) {
            return Err(failed(number, "a second evaluation gives another result".to_owned()));
        }
        case.check_order(objective, &outcome, &mut rng).map_err(|what| failed(number, what))?;
        case.check_identical(objective).map_err(|what| failed(number, what))?;
        case.check_unlabelled(objective, &asks).map_err(|what| failed(number, what))?;
        for position in 0..case.descriptors.len() {
            match case.difference(objective, outcome.loss, position).map_err(|what| failed(number, what))? {
                None => skipped += 1,
                Some(slope) => {
                    compared += 1;
                    let given = f64::from(outcome.gradient[position]);
                    if (given - slope).abs() > TOLERANCE * slope.abs().max(1.0) {
                        let what = format!("the gradient at {position} is {given}, but the loss changes by {slope}");
                        return Err(failed(number, what));
                    }
                }
            }
        }
    }
    if 4 * compared < skipped {
        let all = compared + skipped;
        let what = format!("is too rough to check: {compared} of {all} slopes can be told from differences");
        return Err(Error::internal(format!("the objective `{}` {what}", objective.name())));
    }
    Ok(())
}

/// A batch that owns what it is made of.
#[derive(Clone)]
struct Case {
    labels: LabelMatrix,
    descriptors: Vec<f32>,
    dims: usize,
    records: Vec<Arc<Record>>,
    values: ImageValues,
}

impl Case {
    fn random(asks: &Asks, rng: &mut ChaCha8Rng) -> Self {
        let samples = asks.smallest_batch + rng.random_range(0..6);
        let (variables, dims) = (rng.random_range(1..5), rng.random_range(2..6));
        let mut labels = LabelMatrix::new(variables);
        // Half of the batches have single classes only, for which objectives may go another way.
        let with_sets = rng.random_bool(0.5);
        for sample in 0..samples {
            labels.push(&vec![MISSING; variables]);
            let certain = rng.random_range(0..variables);
            for variable in 0..variables {
                let known = match asks.samples {
                    Samples::Complete => true,
                    Samples::Labelled => variable == certain || rng.random_bool(0.7),
                    Samples::Any => rng.random_bool(0.6),
                };
                if known {
                    let size = if with_sets { rng.random_range(1..4) } else { 1 };
                    let classes: Vec<i32> = (0..size).map(|_| rng.random_range(0..3)).collect();
                    labels.set(sample, variable, &classes);
                }
            }
        }
        let descriptors = (0..samples).flat_map(|_| unit_row(dims, rng)).collect();
        let records = (0..samples).map(|sample| {
            let mut record = Record::new(format!("{sample}.jpg"), variables);
            let object = rng.random_range(0..samples).to_string();
            record.object =
                Object { address: Some(format!("https://museum.example/{object}").into()), ..Object::with_id(object) };
            record.labels = labels.labels(sample);
            Arc::new(record)
        });
        let records = if asks.records { records.collect() } else { Vec::new() };
        let mut values = ImageValues::new(samples);
        for (name, width) in &asks.values {
            let random = (0..samples * width).map(|_| rng.random()).collect();
            values.insert(name.clone(), *width, random).expect("the values are as many as they should be");
        }
        Self { labels, descriptors, dims, records, values }
    }

    fn at(&self, objective: &dyn Objective, descriptors: &[f32]) -> Outcome {
        let batch = Batch::new(&self.labels, descriptors, self.dims).with_values(&self.values);
        objective.evaluate(&if self.records.is_empty() { batch } else { batch.with_records(&self.records) })
    }

    /// The outcome of the batch, if it makes sense.
    fn evaluate(&self, objective: &dyn Objective) -> Result<Outcome, String> {
        let outcome = self.at(objective, &self.descriptors);
        if outcome.gradient.len() != self.descriptors.len() {
            let (given, due) = (outcome.gradient.len(), self.descriptors.len());
            return Err(format!("the gradient has {given} values, but the descriptors have {due}"));
        }
        if !outcome.loss.is_finite() || !outcome.gradient.iter().all(|slope| slope.is_finite()) {
            return Err(format!("the loss {} or a slope of it is not a finite number", outcome.loss));
        }
        let mean = if outcome.averaged == 0 { 0.0 } else { outcome.sum / outcome.averaged as f64 };
        if (outcome.loss - mean).abs() > 1e-9 * mean.abs().max(1.0) {
            return Err(format!("the loss is {}, but sum over averaged is {mean}", outcome.loss));
        }
        if outcome.active > outcome.candidates {
            return Err(format!("{} of {} terms are active", outcome.active, outcome.candidates));
        }
        Ok(outcome)
    }

    fn check_order(&self, objective: &dyn Objective, outcome: &Outcome, rng: &mut ChaCha8Rng) -> Result<(), String> {
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.shuffle(rng);
        let rows = |values: &[f32]| -> Vec<f32> {
            order.iter().flat_map(|&sample| &values[sample * self.dims..][..self.dims]).copied().collect()
        };
        let records = order.iter().filter_map(|&sample| self.records.get(sample)).map(Arc::clone).collect();
        let turned = Self {
            labels: self.labels.select(&order),
            descriptors: rows(&self.descriptors),
            dims: self.dims,
            records,
            values: self.values.select(&order),
        };
        let other = turned.evaluate(objective)?;
        if (other.loss - outcome.loss).abs() > 1e-6 * outcome.loss.abs().max(1.0) {
            return Err(format!("the loss is {}, but {} in another order of the samples", outcome.loss, other.loss));
        }
        let due = rows(&outcome.gradient);
        match due.iter().zip(&other.gradient).find(|(due, given)| (*due - *given).abs() > 1e-4 * due.abs().max(1.0)) {
            Some((due, given)) => Err(format!("a slope is {due}, but {given} in another order of the samples")),
            None => Ok(()),
        }
    }

    fn check_identical(&self, objective: &dyn Objective) -> Result<(), String> {
        let descriptors = self.descriptors[..self.dims].repeat(self.labels.len());
        let outcome = Self { descriptors, ..self.clone() }.evaluate(objective)?;
        match outcome.gradient.iter().find(|slope| slope.abs() > 1e-5) {
            Some(slope) => Err(format!("identical descriptors have the slope {slope} instead of none")),
            None => Ok(()),
        }
    }

    fn check_unlabelled(&self, objective: &dyn Objective, asks: &Asks) -> Result<(), String> {
        if asks.samples == Samples::Complete {
            return Ok(());
        }
        let mut labels = LabelMatrix::new(self.labels.variables());
        (0..self.labels.len()).for_each(|_| labels.push(&vec![MISSING; self.labels.variables()]));
        Self { labels, ..self.clone() }.evaluate(objective).map(drop)
    }

    /// The slope of the batch's loss along one value, from differences; none where a kink or a jump is near, as where a triplet
    /// becomes active.
    fn difference(&self, objective: &dyn Objective, loss: f64, position: usize) -> Result<Option<f64>, String> {
        let at = |step: f32| {
            let mut descriptors = self.descriptors.clone();
            descriptors[position] += step;
            let moved = f64::from(descriptors[position]) - f64::from(self.descriptors[position]);
            (moved, self.at(objective, &descriptors).loss)
        };
        // The slope over both sides of the batch, and by how much the slopes of the two sides differ.
        let slopes = |step: f32| {
            let ((right, above), (left, below)) = (at(step), at(-step));
            ((above - below) / (right - left), (above - loss) / right - (below - loss) / left)
        };
        let ((narrow, bend), (wide, wide_bend)) = (slopes(STEP), slopes(2.0 * STEP));
        if !narrow.is_finite() || !wide.is_finite() {
            return Err("the loss beside the batch is not a finite number".to_owned());
        }
        // A jump, or a kink off the middle, shows in slopes that differ between the steps. A kink in the middle shows in a
        // bend that does not shrink with the step, as that of a smooth loss does.
        let limit = TOLERANCE * narrow.abs().max(1.0);
        let smooth = (narrow - wide).abs() < limit && (2.0 * bend - wide_bend).abs() < limit;
        // The error of a difference grows with the square of the step, so two of them tell most of it.
        Ok(smooth.then_some(narrow + (narrow - wide) / 3.0))
    }
}

fn unit_row(dims: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut row: Vec<f32> = (0..dims).map(|_| rng.random_range(-1.0..1.0)).collect();
    row[0] += 1e-3;
    let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
    row.iter_mut().for_each(|value| *value /= length);
    row
}
