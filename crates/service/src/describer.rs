//! A model that describes the pictures of many requests, in batches.
//!
//! A thread of its own runs the network. What comes while it computes waits, and is described together: so there is no
//! delay for a single request, and many at once are served at the rate of a batch. The descriptor of a picture does not depend on
//! what is described beside it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Builder;

use silknow_image_retrieval::{Error, Facts, Model, Result, RgbImage};
use tokio::sync::oneshot;

use crate::fault::Fault;
use crate::metrics::Metrics;

/// Pictures that the network describes at once.
const BATCH_SIZE: usize = 32;

/// A model that describes the pictures of many requests. Its thread has it alone.
#[derive(Debug)]
pub(crate) struct Describer {
    facts: Facts,
    fingerprint: String,
    jobs: Sender<Job>,
}

/// A picture that waits for its descriptor.
struct Job {
    /// Normalised pixels `[3, S, S]`.
    pixels: Vec<f32>,
    answer: oneshot::Sender<Result<Vec<f32>>>,
}

impl Describer {
    /// Starts the thread of a model. It ends when the describer is gone.
    ///
    /// # Errors
    /// A system that allows no further thread.
    pub fn start(model: Model, metrics: &Arc<Metrics>) -> Result<Self> {
        let (facts, fingerprint) = (model.facts().clone(), model.fingerprint().to_owned());
        let (jobs, waiting) = channel();
        let metrics = Arc::clone(metrics);
        let started = Builder::new().name("describe".to_owned()).spawn(move || work(&model, &waiting, &metrics));
        match started {
            Ok(_) => Ok(Self { facts, fingerprint, jobs }),
            Err(cause) => Err(Error::io("the system starts no further thread")
                .caused_by(cause)
                .hint("allow this user more processes (`ulimit -u`) or more memory (`ulimit -v`)")),
        }
    }

    /// What the model knows about itself.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What tells the model from others.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The pixels of a picture as the network sees them.
    pub fn pixels(&self, picture: &RgbImage) -> Vec<f32> {
        let pipeline = &self.facts.pipeline;
        let mut pixels = vec![0.0; pipeline.values_per_image()];
        pipeline.plain(picture, &mut pixels);
        pixels
    }

    /// Puts the [pixels](Self::pixels) of a picture among those that wait.
    pub fn submit(&self, pixels: Vec<f32>) -> Result<Pending, Fault> {
        let (answer, described) = oneshot::channel();
        self.jobs.send(Job { pixels, answer }).map_err(|_| Fault::internal("no thread describes pictures"))?;
        Ok(Pending(described))
    }
}

/// A descriptor that is being made. Who drops it does not want it any more.
#[derive(Debug)]
pub(crate) struct Pending(oneshot::Receiver<Result<Vec<f32>>>);

impl Pending {
    /// The unit descriptor `[D]`.
    pub async fn descriptor(self) -> Result<Vec<f32>, Fault> {
        let described = self.0.await.map_err(|_| Fault::internal("the thread that describes pictures ended"))?;
        described.map_err(Fault::internal)
    }
}

/// Describes what waits, batch by batch, until nobody can ask any more.
fn work(model: &Model, waiting: &Receiver<Job>, metrics: &Metrics) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        batch.extend(waiting.try_iter().take(BATCH_SIZE - 1));
        // Who gave up, because of a time-out say, is not computed for.
        batch.retain(|job| !job.answer.is_closed());
        if batch.is_empty() {
            continue;
        }
        metrics.described(batch.len());
        match descriptors(model, &batch) {
            Ok(descriptors) => {
                let rows = descriptors.chunks_exact(model.dims());
                // A failure to send means that the client has gone.
                batch.into_iter().zip(rows).for_each(|(job, row)| drop(job.answer.send(Ok(row.to_vec()))));
            }
            Err(error) => {
                let reason = error.in_one_line();
                batch.into_iter().for_each(|job| drop(job.answer.send(Err(Error::internal(reason.clone())))));
            }
        }
    }
}

fn descriptors(model: &Model, batch: &[Job]) -> Result<Vec<f32>> {
    let pixels = batch.iter().map(|job| job.pixels.as_slice()).collect::<Vec<_>>().concat();
    // A panic fails this batch, and no later one.
    catch_unwind(AssertUnwindSafe(|| model.describe_pixels(&pixels, batch.len())))
        .unwrap_or_else(|_| Err(Error::internal("the network panicked")))
}
