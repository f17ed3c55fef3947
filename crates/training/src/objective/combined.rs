//! `combined`: a weighted sum of objectives.

use silknow_errors::{Error, Result};
use silknow_records::Record;

use super::{Asks, Batch, Objective, Outcome, Samples, Term};

/// A weighted sum of the losses of other objectives.
///
/// It takes the images that any of its parts can learn from; each part sees those that it can. A part that has nothing to
/// compare in a batch adds 0. The terms are the losses of the parts, before they are weighted, by the names under which they
/// were added, each followed by the part's own terms as `<name>.<term>`.
pub struct Combined {
    name: String,
    asks: Asks,
    parts: Vec<Part>,
}

struct Part {
    name: String,
    weight: f64,
    objective: Box<dyn Objective>,
    samples: Samples,
}

impl Combined {
    /// A sum of objectives, each with a name for the log and a weight. A part of weight 0 is left out: it asks for nothing and
    /// is never computed.
    ///
    /// # Errors
    /// A weight that is negative or not a finite number; no weight above 0; two parts of one name; two parts that ask for
    /// a head of the same name, or for different numbers of values under one name.
    pub fn new(parts: impl IntoIterator<Item = (String, f64, Box<dyn Objective>)>) -> Result<Self> {
        let mut kept: Vec<Part> = Vec::new();
        let mut asks = Asks::new(Samples::Complete, 1);
        for (name, weight, objective) in parts {
            if !weight.is_finite() || weight < 0.0 {
                return Err(Error::configuration(format!("the weight of {name} is {weight}"))
                    .hint("a weight is a number of at least 0"));
            }
            if weight == 0.0 {
                continue;
            }
            if kept.iter().any(|part| part.name == name) {
                return Err(Error::configuration(format!("{name} is added twice")));
            }
            let asked = objective.asks();
            let samples = asked.samples;
            asks = asks.joined(asked, &name)?;
            kept.push(Part { name, weight, objective, samples });
        }
        if kept.is_empty() {
            return Err(Error::configuration("a sum of losses needs one with a weight above 0"));
        }
        let names: Vec<String> = kept.iter().map(|part| format!("{} {}", part.weight, part.objective.name())).collect();
        Ok(Self { name: format!("combined({})", names.join(" + ")), asks, parts: kept })
    }
}

impl Objective for Combined {
    fn name(&self) -> &str {
        &self.name
    }

    fn asks(&self) -> Asks {
        self.asks.clone()
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let mut sum = Sum::new(batch);
        for part in &self.parts {
            let suits = |&image: &usize| part.samples.suits(batch.labels, image);
            let images: Vec<usize> = (0..batch.len()).filter(suits).collect();
            if images.len() == batch.len() {
                sum.add(part, part.objective.evaluate(batch), &images);
            } else if !images.is_empty() {
                sum.add(part, batch.with_images(&images, |suited| part.objective.evaluate(suited)), &images);
            }
        }
        sum.outcome()
    }

    fn favours(&self, record: &Record) -> bool {
        self.parts.iter().any(|part| part.objective.favours(record))
    }
}

/// What the parts add up to for a batch of B images.
struct Sum<'a> {
    batch: &'a Batch<'a>,
    loss: f64,
    /// An outcome without a value, which collects the rest.
    outcome: Outcome,
}

impl<'a> Sum<'a> {
    fn new(batch: &'a Batch<'a>) -> Self {
        let outcome = Outcome::mean(0.0, 0, vec![0.0; batch.descriptors.len()]);
        Self { batch, loss: 0.0, outcome }
    }

    /// Adds the outcome of a part for these images of the batch.
    fn add(&mut self, part: &Part, of_part: Outcome, images: &[usize]) {
        let Self { batch, loss, outcome } = self;
        if of_part.candidates == 0 {
            return;
        }
        *loss += part.weight * of_part.loss;
        outcome.active += of_part.active;
        outcome.candidates += of_part.candidates;
        let add = |into: &mut [f32], gradient: &[f32]| {
            let width = gradient.len() / images.len();
            for (&image, slopes) in images.iter().zip(gradient.chunks_exact(width.max(1))) {
                for (into, slope) in into[image * width..].iter_mut().zip(slopes) {
                    *into += (part.weight * f64::from(*slope)) as f32;
                }
            }
        };
        add(&mut outcome.gradient, &of_part.gradient);
        if !of_part.second_view_gradient.is_empty() {
            outcome.second_view_gradient.resize(batch.second_view.len(), 0.0);
            add(&mut outcome.second_view_gradient, &of_part.second_view_gradient);
        }
        for (head, gradient) in of_part.head_gradients {
            let width = gradient.len() / images.len();
            let into = outcome.head_gradients.entry(head).or_default();
            into.resize(batch.len() * width, 0.0);
            add(into, &gradient);
        }
        outcome.terms.push(Term { name: part.name.clone(), value: of_part.loss });
        let named = |term: Term| Term { name: format!("{}.{}", part.name, term.name), ..term };
        outcome.terms.extend(of_part.terms.into_iter().map(named));
    }

    /// The parts are means over different numbers of terms; their sum counts once for every image, so that batches of a
    /// validation count by their size.
    fn outcome(self) -> Outcome {
        let Self { batch, loss, mut outcome } = self;
        outcome.averaged = if outcome.candidates == 0 { 0 } else { batch.len() as u64 };
        outcome.loss = loss;
        outcome.sum = loss * outcome.averaged as f64;
        outcome
    }
}
