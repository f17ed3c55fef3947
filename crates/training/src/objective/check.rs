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

/// Tests an objective against what training relies on, with random batches that have missing labels, sets of classes and
/// weights of the variables, where the objective takes such samples:
///
/// - the gradients, of the descriptors, of those of the second view and of the outputs of every head, agree with central
///   differences of the loss, wherever the loss is smooth enough to tell;
/// - the loss is the mean that `sum` and `averaged` say, the gradients have a value for everything that they belong to;
/// - every term has a name of its own;
/// - nothing is infinite or not a number, also without any label, for one image alone and for identical descriptors;
/// - identical descriptors, between which nothing can be told, have no gradient but for that along themselves, which training
///   leaves out as descriptors have unit length;
/// - in another order of its samples, a batch has the same loss and terms, and its gradients in that order;
/// - the same batch gives the same bits.
///
/// The same objective is tested with the same batches every time.
///
/// # Errors
/// The first of these that does not hold, with the batch's number.
pub fn check(objective: &dyn Objective) -> Result<()> {
    let asks = objective.asks();
    asks.check(objective.name())?;
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
        case.check_alone(objective).map_err(|what| failed(number, what))?;
        let gradients = case.gradients(&outcome);
        for (part, position) in case.places() {
            match case.difference(objective, outcome.loss, part, position).map_err(|what| failed(number, what))? {
                None => skipped += 1,
                Some(slope) => {
                    compared += 1;
                    let given = f64::from(gradients[part][position]);
                    if (given - slope).abs() > TOLERANCE * slope.abs().max(1.0) {
                        let of = &case.parts[part].what;
                        let what =
                            format!("the gradient of {of} at {position} is {given}, but the loss changes by {slope}");
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
    dims: usize,
    /// What the loss depends on smoothly: the descriptors, those of the second view if it is asked for, the outputs of the
    /// heads.
    parts: Vec<Part>,
    second_view: bool,
    records: Vec<Arc<Record>>,
    values: ImageValues,
    /// `[V]`, or empty.
    variable_weights: Vec<f64>,
}

/// Values that a network gives for every sample.
#[derive(Clone)]
struct Part {
    /// What they are, for messages.
    what: String,
    /// The name, if they are the outputs of a head.
    head: Option<String>,
    width: usize,
    /// `[B, width]`
    values: Vec<f32>,
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
        let mut descriptors = |what: &str| {
            let values = (0..samples).flat_map(|_| unit_row(dims, rng)).collect();
            Part { what: what.to_owned(), head: None, width: dims, values }
        };
        let mut parts = vec![descriptors("the descriptors")];
        if asks.second_view {
            parts.push(descriptors("the second view"));
        }
        for (name, width) in &asks.heads {
            let values = (0..samples * width).map(|_| rng.random_range(-2.0..2.0)).collect();
            parts.push(Part { what: format!("the head `{name}`"), head: Some(name.clone()), width: *width, values });
        }
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
        let weight = |variable| if variable == 0 { 1.0 } else { f64::from(rng.random_range(0..4)) / 2.0 };
        let variable_weights: Vec<f64> = (0..variables).map(weight).collect();
        let variable_weights = if with_sets { variable_weights } else { Vec::new() };
        Self { labels, dims, parts, second_view: asks.second_view, records, values, variable_weights }
    }

    /// Every value that the loss depends on: its part, and its position there.
    fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        let parts = self.parts.iter().enumerate();
        parts.flat_map(|(part, values)| (0..values.values.len()).map(move |position| (part, position)))
    }

    /// The gradient of every part; zeros where the outcome has none.
    fn gradients(&self, outcome: &Outcome) -> Vec<Vec<f32>> {
        let gradient = |(number, part): (usize, &Part)| {
            let given = match &part.head {
                Some(head) => outcome.head_gradients.get(head),
                None if number == 0 => Some(&outcome.gradient),
                None => Some(&outcome.second_view_gradient).filter(|gradient| !gradient.is_empty()),
            };
            given.cloned().unwrap_or_else(|| vec![0.0; part.values.len()])
        };
        self.parts.iter().enumerate().map(gradient).collect()
    }

    /// Hands the batch to `use_it`.
    fn with_batch<T>(&self, use_it: impl FnOnce(&Batch<'_>) -> T) -> T {
        let mut heads = ImageValues::new(self.labels.len());
        for part in &self.parts {
            if let Some(head) = &part.head {
                heads.insert(head.clone(), part.width, part.values.clone()).expect("a case holds finite values");
            }
        }
        let batch = Batch::new(&self.labels, &self.parts[0].values, self.dims);
        let mut batch = batch.with_values(&self.values).with_heads(&heads);
        if self.second_view {
            batch = batch.with_second_view(&self.parts[1].values);
        }
        if !self.records.is_empty() {
            batch = batch.with_records(&self.records);
        }
        if !self.variable_weights.is_empty() {
            batch = batch.with_variable_weights(&self.variable_weights);
        }
        use_it(&batch)
    }

    /// The outcome of the batch, if it makes sense.
    fn evaluate(&self, objective: &dyn Objective) -> Result<Outcome, String> {
        let (outcome, misfit) = self.with_batch(|batch| {
            let outcome = objective.evaluate(batch);
            let misfit = outcome.misfit(batch);
            (outcome, misfit)
        });
        if let Some(what) = misfit {
            return Err(what);
        }
        if !outcome.is_finite() {
            return Err(format!("the loss {}, a slope of it or a term is not a finite number", outcome.loss));
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

    /// The case of some of its samples, in the order given.
    fn of_samples(&self, samples: &[usize]) -> Self {
        let parts = self.parts.iter();
        let parts = parts.map(|part| Part { values: rows(samples, &part.values, part.width), ..part.clone() });
        Self {
            labels: self.labels.select(samples),
            parts: parts.collect(),
            records: samples.iter().filter_map(|&sample| self.records.get(sample)).map(Arc::clone).collect(),
            values: self.values.select(samples),
            ..self.clone()
        }
    }

    fn check_alone(&self, objective: &dyn Objective) -> Result<(), String> {
        self.of_samples(&[0]).evaluate(objective).map(drop).map_err(|what| format!("of one sample alone, {what}"))
    }

    fn check_order(&self, objective: &dyn Objective, outcome: &Outcome, rng: &mut ChaCha8Rng) -> Result<(), String> {
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.shuffle(rng);
        let turned = self.of_samples(&order);
        let other = turned.evaluate(objective)?;
        if (other.loss - outcome.loss).abs() > 1e-6 * outcome.loss.abs().max(1.0) {
            return Err(format!("the loss is {}, but {} in another order of the samples", outcome.loss, other.loss));
        }
        for (term, same) in outcome.terms.iter().zip(&other.terms) {
            if term.name != same.name || (term.value - same.value).abs() > 1e-6 * term.value.abs().max(1.0) {
                return Err(format!("a term is {term:?}, but {same:?} in another order of the samples"));
            }
        }
        let gradients = self.gradients(outcome);
        for ((part, due), given) in self.parts.iter().zip(&gradients).zip(turned.gradients(&other)) {
            let due = rows(&order, due, part.width);
            let differs = |(due, given): &(&f32, &f32)| (*due - *given).abs() > 1e-4 * due.abs().max(1.0);
            if let Some((due, given)) = due.iter().zip(&given).find(differs) {
                return Err(format!("a slope is {due}, but {given} in another order of the samples"));
            }
        }
        Ok(())
    }

    fn check_identical(&self, objective: &dyn Objective) -> Result<(), String> {
        let mut identical = self.clone();
        let descriptors = self.parts[0].values[..self.dims].repeat(self.labels.len());
        // Outputs of heads stay: what they say of a sample holds whatever its descriptor.
        for part in identical.parts.iter_mut().filter(|part| part.head.is_none()) {
            part.values.clone_from(&descriptors);
        }
        let outcome = identical.evaluate(objective)?;
        let unit = &descriptors[..self.dims];
        let rows = outcome.gradient.chunks_exact(self.dims).chain(outcome.second_view_gradient.chunks_exact(self.dims));
        let mut slopes = rows.flat_map(|row| {
            let along: f32 = row.iter().zip(unit).map(|(slope, value)| slope * value).sum();
            row.iter().zip(unit).map(move |(slope, value)| slope - along * value)
        });
        match slopes.find(|slope| slope.abs() > 1e-5) {
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
    fn difference(
        &self,
        objective: &dyn Objective,
        loss: f64,
        part: usize,
        position: usize,
    ) -> Result<Option<f64>, String> {
        let before = self.parts[part].values[position];
        let mut case = self.clone();
        let mut at = |step: f32| {
            case.parts[part].values[position] = before + step;
            let moved = f64::from(before + step) - f64::from(before);
            (moved, case.with_batch(|batch| objective.evaluate(batch).loss))
        };
        // The slope over both sides of the batch, and by how much the slopes of the two sides differ.
        let mut slopes = |step: f32| {
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

/// The rows of some samples, in the order given.
fn rows(samples: &[usize], values: &[f32], width: usize) -> Vec<f32> {
    samples.iter().flat_map(|&sample| &values[sample * width..][..width]).copied().collect()
}

fn unit_row(dims: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut row: Vec<f32> = (0..dims).map(|_| rng.random_range(-1.0..1.0)).collect();
    row[0] += 1e-3;
    let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
    row.iter_mut().for_each(|value| *value /= length);
    row
}
