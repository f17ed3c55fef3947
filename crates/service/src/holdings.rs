//! The indexes that are served, and how they are replaced while requests go on.
//!
//! A request takes its collection once and keeps it to its end, so that it sees one state of the index. A changed index is read
//! beside the old one and takes its place when it is ready; the old one is freed with the last request that uses it. An
//! index that cannot be read is refused, and the old one stays.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::SystemTime;

use silknow_image_retrieval::{Error, INDEX_FILE, MAP_FILE, MemoryIndex, Model, Placement, Result, StoredModel};

use crate::collection::Collection;
use crate::describer::Describer;
use crate::metrics::Metrics;
use crate::settings::NamedIndex;

/// The indexes that are served.
#[derive(Debug)]
pub(crate) struct Holdings {
    places: Vec<Place>,
    models: Models,
    metrics: Arc<Metrics>,
}

/// One index under its name.
#[derive(Debug)]
struct Place {
    named: NamedIndex,
    current: RwLock<Arc<Collection>>,
    seen: Mutex<Seen>,
}

/// What is known of the files of an index.
#[derive(Debug)]
struct Seen {
    /// The state of the files that were read last, whether they could be used or not.
    read: Stamp,
    /// Their state at the last look.
    last: Stamp,
}

/// The state of files: time and length of each, none where it is missing.
type Stamp = Vec<Option<(SystemTime, u64)>>;

impl Holdings {
    /// Reads the indexes and their models.
    ///
    /// # Errors
    /// No index or two of one name, a model or an index that cannot be read, an index of another model.
    pub fn open(indexes: &[NamedIndex], placement: Placement, metrics: Arc<Metrics>) -> Result<Self> {
        if indexes.is_empty() {
            return Err(Error::configuration("no index is given").hint("give the folder of a kdtree.npz (treepath)"));
        }
        let models = Models { placement, describers: Mutex::default() };
        let mut places: Vec<Place> = Vec::new();
        for named in indexes {
            if places.iter().any(|place| place.named.name == named.name) {
                let sentence = format!("two indexes have the name `{}`", named.name);
                return Err(
                    Error::configuration(sentence).hint("name them apart, such as visual=FOLDER semantic=FOLDER")
                );
            }
            let stamp = stamp(named);
            let current = RwLock::new(Arc::new(read(named, &models, &metrics)?));
            places.push(Place {
                named: named.clone(),
                current,
                seen: Mutex::new(Seen { read: stamp.clone(), last: stamp }),
            });
        }
        Ok(Self { places, models, metrics })
    }

    /// The index of a name; the first one where none is asked for.
    pub fn get(&self, name: Option<&str>) -> Option<Arc<Collection>> {
        match name {
            Some(name) => self.all().find(|collection| collection.name == name),
            None => self.all().next(),
        }
    }

    /// All indexes, in the order in which they were given.
    pub fn all(&self) -> impl Iterator<Item = Arc<Collection>> {
        self.places.iter().map(Place::current)
    }

    /// Reads those indexes anew whose files have changed, once they have not changed between two looks.
    pub fn look(&self) {
        for place in &self.places {
            let now = stamp(&place.named);
            let mut seen = place.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let rests = std::mem::replace(&mut seen.last, now.clone()) == now;
            let is_new = seen.read != now;
            drop(seen);
            if is_new && rests {
                self.reload(place, now);
            }
        }
    }

    /// Reads all indexes anew.
    pub fn reload_all(&self) {
        self.places.iter().for_each(|place| self.reload(place, stamp(&place.named)));
    }

    fn reload(&self, place: &Place, stamp: Stamp) {
        let index = place.named.name.as_str();
        let read = read(&place.named, &self.models, &self.metrics);
        // Files that could not be used are not read again until they change.
        place.seen.lock().unwrap_or_else(PoisonError::into_inner).read = stamp;
        self.metrics.reloaded(read.is_err());
        match read {
            Ok(collection) => {
                let images = collection.records().len();
                *place.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(collection);
                tracing::info!(index, images, "the index was read anew");
            }
            Err(error) => {
                tracing::warn!(index, reason = error.in_one_line(), "the changed index is refused, the old one stays");
            }
        }
    }
}

impl Place {
    fn current(&self) -> Arc<Collection> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The models of the indexes. Indexes of one model share it.
#[derive(Debug)]
struct Models {
    placement: Placement,
    describers: Mutex<HashMap<PathBuf, (Stamp, Weak<Describer>)>>,
}

impl Models {
    fn get(&self, folder: &Path, metrics: &Arc<Metrics>) -> Result<Arc<Describer>> {
        let stamp = model_stamp(folder);
        let mut describers = self.describers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, describer)) = describers.get(folder)
            && *known == stamp
            && let Some(describer) = describer.upgrade()
        {
            return Ok(describer);
        }
        let describer = Arc::new(Describer::start(Model::load(folder, &self.placement)?, metrics)?);
        describers.insert(folder.to_path_buf(), (stamp, Arc::downgrade(&describer)));
        Ok(describer)
    }
}

fn read(named: &NamedIndex, models: &Models, metrics: &Arc<Metrics>) -> Result<Collection> {
    let describer = models.get(&named.model_path, metrics)?;
    let index = MemoryIndex::read(&named.treepath)?;
    Collection::new(&named.name, &named.treepath, describer, index)
        .map_err(|error| error.in_file(named.treepath.join(INDEX_FILE)))
}

fn stamp(named: &NamedIndex) -> Stamp {
    let mut stamp = model_stamp(&named.model_path);
    stamp.extend([INDEX_FILE, MAP_FILE].map(|name| state(&named.treepath.join(name))));
    stamp
}

fn model_stamp(folder: &Path) -> Stamp {
    StoredModel::FILES.iter().map(|name| state(&folder.join(name))).collect()
}

fn state(path: &Path) -> Option<(SystemTime, u64)> {
    let about = fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}
