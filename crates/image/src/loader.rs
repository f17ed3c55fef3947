//! Loading ahead: images are decoded and augmented on other threads while the network works.
//!
//! The results come in the order of the requests, and only so many images are loaded ahead that memory stays bounded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{Builder, JoinHandle};

use image::RgbImage;
use silknow_config::Augmentation;
use silknow_errors::{Error, Result};

use crate::decoding::{decode, decode_bytes};
use crate::pipeline::{Pipeline, View};

/// Where the pixels of an image come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, which is decoded when its turn comes.
    File(PathBuf),
    /// The content of an image file of any supported format.
    Encoded(Arc<[u8]>),
    /// An image that is decoded already, upright. It is shared, so that asking for it copies no pixels.
    Pixels(Arc<RgbImage>),
}

/// One image that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its file or its pixels.
    pub source: Source,
    /// What its random numbers depend on; its path in the collection, say, which is the same on every machine.
    pub identity: String,
    /// How it is to be seen.
    pub view: View,
}

/// How images are loaded.
#[derive(Clone, Debug)]
pub struct LoaderSettings {
    /// Images in a batch; 0 counts as 1.
    pub batch_size: usize,
    /// Threads that decode; 0 counts as 1.
    pub threads: usize,
    /// What the network wants to see.
    pub pipeline: Pipeline,
    /// What augmented views are drawn from.
    pub augmentation: Augmentation,
    /// The seed of augmented views.
    pub seed: u64,
}

impl LoaderSettings {
    /// Settings for plain views, which draw nothing.
    pub fn plain(pipeline: Pipeline, batch_size: usize, threads: usize) -> Self {
        Self { batch_size, threads, pipeline, augmentation: Augmentation::none(), seed: 0 }
    }
}

impl Source {
    fn pixels(&self) -> Result<Cow<'_, RgbImage>> {
        match self {
            Self::File(path) => decode(path).map(Cow::Owned),
            Self::Encoded(file) => decode_bytes(file).map(Cow::Owned),
            Self::Pixels(image) => Ok(Cow::Borrowed(image)),
        }
    }
}

/// Some images, one after the other.
#[derive(Debug)]
pub struct Batch {
    /// Position, among all requests, of the batch's first.
    pub first: usize,
    /// Positions, among all requests, of the images in `pixels`, ascending.
    pub positions: Vec<usize>,
    /// `[positions.len(), 3, input_size, input_size]` values.
    pub pixels: Vec<f32>,
    /// Positions of the requests without an image, ascending, and why.
    pub failures: Vec<(usize, Error)>,
}

/// Yields the requested images in their order, batch by batch.
///
/// Threads work ahead by about one batch, whatever the number of requests. Where the system starts fewer threads, there are
/// fewer, and without any the images are loaded when their batch is asked for. An image that cannot be decoded is
/// listed in its batch and spoils nothing. Dropping the loader stops the threads.
#[derive(Debug)]
pub struct Loader {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    batch_size: usize,
    next: usize,
}

#[derive(Debug)]
struct Shared {
    requests: Vec<Request>,
    settings: LoaderSettings,
    /// How many images may be started and not yet taken.
    ahead: usize,
    state: Mutex<State>,
    changed: Condvar,
}

/// The pixels of one image, an error, or the panic that loading it ended in.
type Loaded = std::thread::Result<Result<Vec<f32>>>;

#[derive(Debug, Default)]
struct State {
    /// Requests that a thread has begun, or will never need to.
    started: usize,
    /// Requests whose result was taken.
    taken: usize,
    /// Finished images that are not taken yet, by position.
    finished: BTreeMap<usize, Loaded>,
}

impl Loader {
    /// Starts threads that load `requests`, batch after batch.
    pub fn start(requests: Vec<Request>, settings: LoaderSettings) -> Self {
        let batch_size = settings.batch_size.max(1);
        let threads = settings.threads.clamp(1, requests.len().max(1));
        let shared = Arc::new(Shared {
            requests,
            settings,
            ahead: batch_size.max(2 * threads),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let workers = (0..threads)
            .map_while(|_| {
                let shared = Arc::clone(&shared);
                Builder::new().name("loader".to_owned()).spawn(move || shared.work()).ok()
            })
            .collect();
        Self { shared, workers, batch_size, next: 0 }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds the lock")
    }

    /// Loads one request after the other until none is left.
    fn work(&self) {
        while let Some(position) = self.begin() {
            // A panic is a fault of this program, for decoders are guarded. It goes on where the result is waited for.
            let loaded = catch_unwind(AssertUnwindSafe(|| self.load(&self.requests[position])));
            self.lock().finished.insert(position, loaded);
            self.changed.notify_all();
        }
    }

    /// The next position to load, once it is near enough to what was taken.
    fn begin(&self) -> Option<usize> {
        let waiting = |state: &mut State| {
            state.started < self.requests.len() && state.started >= state.taken.saturating_add(self.ahead)
        };
        let mut state =
            self.changed.wait_while(self.lock(), waiting).expect("no thread panics while it holds the lock");
        let position = state.started;
        (position < self.requests.len()).then(|| {
            state.started += 1;
            position
        })
    }

    fn load(&self, request: &Request) -> Result<Vec<f32>> {
        let image = request.source.pixels()?;
        let LoaderSettings { pipeline, augmentation, seed, .. } = &self.settings;
        let mut pixels = vec![0.0; pipeline.values_per_image()];
        pipeline.view(&image, request.view, augmentation, *seed, &request.identity, &mut pixels);
        Ok(pixels)
    }

    /// Waits for the result of one request and makes room for another.
    fn take(&self, position: usize) -> Result<Vec<f32>> {
        let missing = |state: &mut State| !state.finished.contains_key(&position);
        let mut state =
            self.changed.wait_while(self.lock(), missing).expect("no thread panics while it holds the lock");
        let loaded = state.finished.remove(&position).expect("it was waited for");
        state.taken = position + 1;
        drop(state);
        self.changed.notify_all();
        loaded.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Iterator for Loader {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let first = self.next;
        let end = first.saturating_add(self.batch_size).min(self.shared.requests.len());
        if first == end {
            return None;
        }
        self.next = end;
        let mut batch = Batch { first, positions: Vec::new(), pixels: Vec::new(), failures: Vec::new() };
        batch.pixels.reserve_exact((end - first) * self.shared.settings.pipeline.values_per_image());
        for position in first..end {
            let loaded = match self.workers[..] {
                [] => self.shared.load(&self.shared.requests[position]),
                _ => self.shared.take(position),
            };
            match loaded {
                Ok(pixels) => {
                    batch.positions.push(position);
                    batch.pixels.extend_from_slice(&pixels);
                }
                Err(error) => batch.failures.push((position, error)),
            }
        }
        Some(batch)
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        // Nothing is left to begin; what is being loaded is finished, which takes milliseconds.
        if let Ok(mut state) = self.shared.state.lock() {
            state.started = self.shared.requests.len();
        }
        self.shared.changed.notify_all();
        for worker in self.workers.drain(..) {
            // A thread that panicked has said so; dropping must not panic again.
            let _ = worker.join();
        }
    }
}
