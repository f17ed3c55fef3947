//! The features that the frozen backbone gives for an image, computed once per image and view: which views training
//! sees, what is kept, and for how long.
//!
//! The backbone is the cost of everything, so a store may be shared between trainings on the same images (the
//! folds of a cross-validation) and then serves them all from one computation.

mod spill;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use silknow_config::Augmentation;
use silknow_errors::{Error, Result};
use silknow_image::{Loader, LoaderSettings, Pipeline, Request, RgbImage, Source, View};
use silknow_network::{FeatureShape, FrozenBackbone};
use silknow_progress::Observer;

use spill::{Spill, SpillPosition};

/// How much memory the features may take before the rest goes to disk: 2 GiB.
pub const DEFAULT_MEMORY_LIMIT_BYTES: usize = 2 << 30;

/// Images per call of the backbone.
const BACKBONE_BATCH: usize = 32;

/// Numbers of the second views, beyond those of the first ones of any training.
const SECOND_VIEWS: u64 = 1 << 63;

/// An image of the collection; its position among all images is the sample's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceImage {
    /// Its file, or its pixels.
    pub source: Source,
    /// A name from which its augmented views are drawn. It should be the same on every machine, as its path in the
    /// collection is, and different for every image.
    pub identity: String,
}

impl SourceImage {
    /// An image in a file.
    pub fn file(path: impl Into<PathBuf>, identity: impl Into<String>) -> Self {
        Self { source: Source::File(path.into()), identity: identity.into() }
    }

    /// An image in memory, upright.
    pub fn pixels(image: RgbImage, identity: impl Into<String>) -> Self {
        Self { source: Source::Pixels(image.into()), identity: identity.into() }
    }
}

/// What a store computes and how much it keeps.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Input size and normalisation of the network.
    pub pipeline: Pipeline,
    /// How training images are varied.
    pub augmentation: Augmentation,
    /// 0: a new view for every draw of an image; k: k views per image.
    pub augmented_views: usize,
    /// Seed of the views.
    pub seed: u64,
    /// True when several trainings use the store. Then views that are new for every draw are kept too, because
    /// the next training draws the same; in a single training they never return.
    pub shared: bool,
    /// Bytes of features to keep in memory; see [`DEFAULT_MEMORY_LIMIT_BYTES`].
    pub memory_limit_bytes: usize,
    /// Folder for the temporary file that takes what is beyond the limit; created when needed.
    pub spill_folder: PathBuf,
}

/// A sample and how it is seen.
pub type SampleView = (usize, View);

/// The features of the views that were asked for, with what is needed to compute more.
pub struct FeatureStore {
    images: Vec<SourceImage>,
    settings: StoreSettings,
    backbone: Box<dyn FrozenBackbone>,
    places: HashMap<Key, Place>,
    memory_bytes: usize,
    spill: Option<Spill>,
    unreadable: BTreeMap<usize, String>,
    backbone_images: u64,
}

/// A sample and its view: 0 for the plain one, then the augmented ones.
type Key = (usize, u64);

fn key((sample, view): SampleView) -> Key {
    match view {
        View::Plain => (sample, 0),
        View::Augmented(number) => (sample, number + 1),
    }
}

/// Where an image's features are.
enum Place {
    Memory(Box<[f32]>),
    Disk(SpillPosition),
}

impl FeatureStore {
    /// An empty store for these images.
    pub fn new(images: Vec<SourceImage>, backbone: Box<dyn FrozenBackbone>, settings: StoreSettings) -> Self {
        Self {
            images,
            settings,
            backbone,
            places: HashMap::new(),
            memory_bytes: 0,
            spill: None,
            unreadable: BTreeMap::new(),
            backbone_images: 0,
        }
    }

    /// The number of images N.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// True without images.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// The images, by sample number.
    pub fn images(&self) -> &[SourceImage] {
        &self.images
    }

    /// The shape of one image's features.
    pub fn feature_shape(&self) -> FeatureShape {
        self.backbone.feature_shape()
    }

    /// How many images the backbone was run on so far.
    pub fn backbone_images(&self) -> u64 {
        self.backbone_images
    }

    /// The view that training sees when it draws a sample for the time number `epoch`, counted from 0.
    pub fn training_view(&self, epoch: u64) -> View {
        if self.settings.augmentation.is_none() {
            return View::Plain;
        }
        match self.settings.augmented_views as u64 {
            0 => View::Augmented(epoch),
            views => View::Augmented(epoch % views),
        }
    }

    /// Another view than [`training_view`](Self::training_view) of the same draw: a new one for every draw, or another of the
    /// fixed views, so that in the course of the epochs each of them meets each other one. Where there is only one fixed
    /// view, it is the image as it is. None without augmentation.
    pub fn second_view(&self, epoch: u64) -> Option<View> {
        if self.settings.augmentation.is_none() {
            return None;
        }
        Some(match self.settings.augmented_views as u64 {
            0 => View::Augmented(SECOND_VIEWS + epoch),
            1 => View::Plain,
            views => View::Augmented((epoch + 1 + epoch / views % (views - 1)) % views),
        })
    }

    /// Why a sample's image cannot be read, as far as it was tried.
    pub fn unreadable(&self, sample: usize) -> Option<&str> {
        self.unreadable.get(&sample).map(String::as_str)
    }

    /// Notes a sample as unreadable without trying, because another run found it so.
    pub fn mark_unreadable(&mut self, sample: usize, reason: impl Into<String>) {
        self.unreadable.insert(sample, reason.into());
    }

    /// Computes what is missing of the wanted features. Images that cannot be decoded are warned of once, and
    /// passed over from then on.
    ///
    /// # Errors
    /// Interruption (what is computed stays), a full disk, a failing backbone.
    pub fn prepare(&mut self, wanted: &[SampleView], observer: &dyn Observer) -> Result<()> {
        let missing = self.missing(wanted);
        if missing.is_empty() {
            return Ok(());
        }
        let progress = observer.begin("computing features", missing.len() as u64);
        let requests = missing.iter().map(|&(sample, view)| self.request(sample, view)).collect();
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let settings = &self.settings;
        let loading = LoaderSettings {
            batch_size: BACKBONE_BATCH,
            threads,
            pipeline: settings.pipeline.clone(),
            augmentation: settings.augmentation.clone(),
            seed: settings.seed,
        };
        let batches = Loader::start(requests, loading);
        for batch in batches {
            observer.check()?;
            for (position, error) in &batch.failures {
                let (sample, _) = missing[*position];
                let reason = error.to_string();
                observer.warning(&format!("left out, its image cannot be read: {reason}"));
                self.unreadable.insert(sample, reason);
            }
            self.run_backbone(&missing, &batch.positions, &batch.pixels)?;
            progress.advance((batch.positions.len() + batch.failures.len()) as u64);
        }
        Ok(())
    }

    /// The wanted features, `[wanted.len(), C·H·W]`, after [`prepare`](Self::prepare).
    ///
    /// # Errors
    /// A sample whose image cannot be read; features that were not prepared.
    pub fn read(&mut self, wanted: &[SampleView]) -> Result<Vec<f32>> {
        let length = self.feature_shape().len();
        let mut features = Vec::with_capacity(wanted.len() * length);
        for &sample_view in wanted {
            match self.places.get(&key(sample_view)) {
                Some(Place::Memory(values)) => features.extend_from_slice(values),
                Some(Place::Disk(position)) => {
                    let spill = self.spill.as_mut().ok_or_else(|| Error::internal("features on no disk"))?;
                    spill.read(*position, &mut features)?;
                }
                None => return Err(self.absent(sample_view.0)),
            }
        }
        Ok(features)
    }

    /// Gives up training features that will not be asked for again: in a single training with new views for
    /// every draw, those of a batch that was used. Others stay.
    pub fn release(&mut self, used: &[SampleView]) {
        if self.settings.shared || self.settings.augmented_views > 0 {
            return;
        }
        for &sample_view in used.iter().filter(|(_, view)| *view != View::Plain) {
            match self.places.remove(&key(sample_view)) {
                Some(Place::Memory(values)) => self.memory_bytes -= size_of_val(&*values),
                Some(Place::Disk(position)) => {
                    if let Some(spill) = &mut self.spill {
                        spill.free(position);
                    }
                }
                None => {}
            }
        }
    }

    /// What is neither there nor known to be unreadable, each once, in the wanted order.
    fn missing(&self, wanted: &[SampleView]) -> Vec<SampleView> {
        let mut seen = HashSet::new();
        wanted
            .iter()
            .copied()
            .filter(|&(sample, _)| !self.unreadable.contains_key(&sample))
            .filter(|&sample_view| !self.places.contains_key(&key(sample_view)) && seen.insert(key(sample_view)))
            .collect()
    }

    fn request(&self, sample: usize, view: View) -> Request {
        let image = &self.images[sample];
        Request { source: image.source.clone(), identity: image.identity.clone(), view }
    }

    /// Runs the backbone on decoded images, whose positions among the missing ones are given, and keeps the result.
    fn run_backbone(&mut self, missing: &[SampleView], positions: &[usize], pixels: &[f32]) -> Result<()> {
        if positions.is_empty() {
            return Ok(());
        }
        let features = self.backbone.run(pixels, positions.len())?;
        self.backbone_images += positions.len() as u64;
        for (&position, values) in positions.iter().zip(features.chunks_exact(self.feature_shape().len())) {
            self.keep(key(missing[position]), values)?;
        }
        Ok(())
    }

    fn keep(&mut self, key: Key, values: &[f32]) -> Result<()> {
        let place = if self.memory_bytes + size_of_val(values) <= self.settings.memory_limit_bytes {
            self.memory_bytes += size_of_val(values);
            Place::Memory(values.into())
        } else {
            let spill = match &mut self.spill {
                Some(spill) => spill,
                none => none.insert(Spill::create(&self.settings.spill_folder, values.len())?),
            };
            Place::Disk(spill.write(values)?)
        };
        self.places.insert(key, place);
        Ok(())
    }

    fn absent(&self, sample: usize) -> Error {
        match self.unreadable(sample) {
            Some(reason) => Error::data(format!("an image that training needs cannot be read any more: {reason}"))
                .hint("leave the images where they are while training runs; then run again with resume"),
            None => Error::internal(format!("the features of sample {sample} were read before they were computed")),
        }
    }
}

#[cfg(test)]
mod tests;
