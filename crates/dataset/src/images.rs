//! Bringing the images of samples to the disk: fetched as they are, then rescaled.
//!
//! It decides what is fetched from where and what is there already, and lists failures. One image per thread is in
//! memory, however many there are.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use rayon::prelude::*;
use silknow_errors::{Error, Result};
use silknow_fetch::{Client, Job, Outcome, Policy, fetch_all};
use silknow_files::{self as files, Batch, FolderLock};
use silknow_image::{COLLECTION_SHORTER_SIDE_PX, check_format, decode_first_page, rescale_shorter_side, save_in_batch};
use silknow_progress::Observer;
use silknow_records::Object;

use crate::address::{Source, source_of};
use crate::samples::Candidate;

/// The folder of the images as fetched, in the image folder.
const UNSCALED: &str = "img_unscaled";

/// The folder of the rescaled images, in the image folder.
const RESCALED: &str = "img";

/// The most bytes that an image file may have.
const MAX_FILE_BYTES: u64 = 100_000_000;

/// Where the images of a dataset lie, and the means to fill it.
#[derive(Clone, Debug)]
pub(crate) struct ImageFolder {
    folder: PathBuf,
    client: Client,
}

/// What became of the images, in the order of the samples.
#[derive(Debug)]
pub(crate) struct Brought {
    /// Whether the rescaled image of each sample is there.
    pub(crate) has_image: Vec<bool>,
    /// Images fetched now.
    pub(crate) fetched: usize,
    /// Images that were there already.
    pub(crate) already_there: usize,
    /// The images that could not be fetched or read.
    pub(crate) failures: Vec<Failure>,
    /// Whether the work was stopped before every image had its turn.
    pub(crate) interrupted: bool,
}

/// An image that could not be fetched or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    address: String,
    object: String,
    reason: String,
}

/// How a fetched image comes to be on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    Fetched,
    AlreadyThere,
}

/// What became of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing yet: the work was stopped before.
    Open,
    /// It is there.
    Here(Arrival),
    /// It cannot be used: how its file arrived, where there is one, and the reason.
    Lost(Option<Arrival>, String),
}

/// Whether a file that is there already stands for the image.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Counts,
    IsIgnored,
}

impl ImageFolder {
    pub(crate) fn new(folder: &Path, policy: Policy) -> Result<Self> {
        Ok(Self { folder: folder.to_path_buf(), client: Client::new(policy)? })
    }

    /// Removes what a killed run left unfinished among the images of a folder.
    pub(crate) fn remove_abandoned(lock: &FolderLock) {
        lock.remove_abandoned_in(UNSCALED);
        lock.remove_abandoned_in(RESCALED);
    }

    /// The fetched image of a sample.
    pub(crate) fn unscaled(&self, sample: &Candidate) -> PathBuf {
        self.folder.join(UNSCALED).join(format!("{}{}", sample.id(), sample.ending))
    }

    /// The rescaled image of a sample.
    pub(crate) fn rescaled(&self, sample: &Candidate) -> PathBuf {
        self.folder.join(RESCALED).join(&sample.record.name)
    }

    /// Fetches and rescales the images of all samples. Images that are there and can be read stay as they are.
    ///
    /// A file from an earlier run that cannot be read as an image is fetched once more. After an interruption, the result
    /// holds what is known by then.
    ///
    /// # Errors
    /// A folder that cannot be written. An image that cannot be fetched or read is no error: it is listed among the failures.
    pub(crate) fn bring(&self, samples: &[Candidate], plain: &Path, observer: &dyn Observer) -> Result<Brought> {
        let all: Vec<usize> = (0..samples.len()).collect();
        let mut fates = self.bring_some(samples, &all, plain, Presence::Counts, observer)?;
        let is_spoilt = |fate: &Fate| matches!(fate, Fate::Lost(Some(Arrival::AlreadyThere), _));
        let spoilt: Vec<usize> = all.into_iter().filter(|&index| is_spoilt(&fates[index])).collect();
        if !spoilt.is_empty() && !observer.interrupted() {
            observer.info(&format!("{} images of an earlier run are damaged and fetched again", spoilt.len()));
            let again = self.bring_some(samples, &spoilt, plain, Presence::IsIgnored, observer)?;
            for (&index, fate) in spoilt.iter().zip(again) {
                fates[index] = fate;
            }
        }
        let arrived = |how| fates.iter().filter(|fate| **fate == Fate::Here(how)).count();
        let failures = samples.iter().zip(&fates).filter_map(|(sample, fate)| {
            let Fate::Lost(_, reason) = fate else { return None };
            let object = Object::of_image_name(&sample.record.name).id;
            let object = if object.is_empty() { sample.id() } else { &*object }.to_owned();
            Some(Failure { address: sample.address().to_owned(), object, reason: reason.clone() })
        });
        Ok(Brought {
            has_image: fates.iter().map(|fate| matches!(fate, Fate::Here(_))).collect(),
            fetched: arrived(Arrival::Fetched),
            already_there: arrived(Arrival::AlreadyThere),
            failures: failures.collect(),
            interrupted: fates.contains(&Fate::Open),
        })
    }

    /// Fetches and rescales the images of the chosen samples.
    fn bring_some(
        &self,
        samples: &[Candidate],
        chosen: &[usize],
        plain: &Path,
        presence: Presence,
        observer: &dyn Observer,
    ) -> Result<Vec<Fate>> {
        let fates = self.fetch(samples, chosen, plain, presence, observer)?;
        let progress = observer.begin("rescale images", chosen.len() as u64);
        let batch = Batch::new();
        let with_pages = AtomicUsize::new(0);
        let fates = chosen
            .par_iter()
            .zip(fates)
            .map(|(&index, fate)| {
                let fate = match fate {
                    Fate::Here(_) if observer.interrupted() => Fate::Open,
                    Fate::Here(arrival) => self.rescale(&samples[index], arrival, &batch, &with_pages)?,
                    other => other,
                };
                progress.advance(1);
                Ok(fate)
            })
            .collect::<Result<_>>();
        let with_pages = with_pages.into_inner();
        if with_pages > 0 {
            observer.warning(&format!("{with_pages} image files have several pages; the first of each is taken"));
        }
        // What was rescaled before an error is kept for the next run.
        batch.commit().and(fates)
    }

    /// Fetches the images of the chosen samples, as they are.
    fn fetch(
        &self,
        samples: &[Candidate],
        chosen: &[usize],
        plain: &Path,
        presence: Presence,
        observer: &dyn Observer,
    ) -> Result<Vec<Fate>> {
        let progress = observer.begin("find images", chosen.len() as u64);
        let batch = Batch::new();
        let mut fates = Vec::with_capacity(chosen.len());
        let (mut jobs, mut positions) = (Vec::new(), Vec::new());
        for (position, &index) in chosen.iter().enumerate() {
            let target = self.unscaled(&samples[index]);
            fates.push(match source_of(samples[index].address(), plain) {
                _ if observer.interrupted() => Fate::Open,
                Ok(source) if presence == Presence::Counts && is_there(&target, &source) => {
                    Fate::Here(Arrival::AlreadyThere)
                }
                Ok(Source::File(path)) => copy(&path, &target, &batch)?,
                Ok(Source::Network(url)) => {
                    jobs.push(Job { url, destination: target });
                    positions.push(position);
                    Fate::Open
                }
                Err(reason) => Fate::Lost(None, reason),
            });
            progress.advance(1);
        }
        batch.commit()?;
        drop(progress);
        if !jobs.is_empty() {
            let outcomes = fetch_all(&self.client, &jobs, check_format, "fetch images", observer)?;
            for (position, outcome) in positions.into_iter().zip(outcomes) {
                fates[position] = match outcome {
                    Outcome::Fetched { .. } => Fate::Here(Arrival::Fetched),
                    Outcome::Failed { reason } => Fate::Lost(None, reason),
                    Outcome::Interrupted => Fate::Open,
                };
            }
        }
        Ok(fates)
    }

    /// Rescales one image unless that is done already. When the file cannot be read as an image and this run
    /// brought it, it is removed, so that the next run fetches it again. Files of several pages are counted.
    fn rescale(&self, sample: &Candidate, arrival: Arrival, batch: &Batch, with_pages: &AtomicUsize) -> Result<Fate> {
        let (unscaled, rescaled) = (self.unscaled(sample), self.rescaled(sample));
        if is_newer(&rescaled, &unscaled) {
            return Ok(Fate::Here(arrival));
        }
        match files::read(&unscaled).and_then(|bytes| decode_first_page(&bytes)) {
            Ok(page) => {
                with_pages.fetch_add(usize::from(page.pages > 1), Ordering::Relaxed);
                save_in_batch(&rescale_shorter_side(&page.image, COLLECTION_SHORTER_SIDE_PX), &rescaled, batch)?;
                Ok(Fate::Here(arrival))
            }
            Err(error) => {
                if arrival == Arrival::Fetched {
                    fs::remove_file(&unscaled).map_err(|cause| files::refused("cannot remove", &unscaled, cause))?;
                }
                Ok(Fate::Lost(Some(arrival), reason(&error)))
            }
        }
    }
}

/// True when the file of an image is there and not empty. A copy does not count when its original was changed since.
fn is_there(target: &Path, source: &Source) -> bool {
    modified(target).is_some_and(|copied| match source {
        Source::File(original) => modified(original).is_none_or(|changed| changed <= copied),
        Source::Network(_) => true,
    })
}

/// True when both files are there and the first is not older.
fn is_newer(made: &Path, source: &Path) -> bool {
    modified(source).is_some_and(|source| modified(made).is_some_and(|made| made >= source))
}

/// When a file that is not empty was last changed.
fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok().filter(|file| file.is_file() && file.len() > 0)?.modified().ok()
}

/// An error's text on one line, without its hint.
fn reason(error: &Error) -> String {
    let text = error.to_string();
    let text = text.split("\nhint: ").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Copies a file of this machine. Nothing is copied when the file is the target itself.
///
/// # Errors
/// A target that cannot be written.
fn copy(source: &Path, target: &Path, batch: &Batch) -> Result<Fate> {
    let lost = |reason| Ok(Fate::Lost(None, reason));
    let size = fs::metadata(source).map_err(|cause| files::refused("cannot read", source, cause));
    match size {
        Err(error) => return lost(reason(&error)),
        Ok(size) if size.is_dir() => return lost(format!("`{}` is a folder", source.display())),
        Ok(size) if size.len() > MAX_FILE_BYTES => {
            return lost(format!("the file has {} bytes, above the limit of {MAX_FILE_BYTES}", size.len()));
        }
        Ok(_) => {}
    }
    match files::read(source) {
        Ok(_) if is_same_file(source, target) => Ok(Fate::Here(Arrival::AlreadyThere)),
        Ok(bytes) => batch.write(target, bytes).map(|()| Fate::Here(Arrival::Fetched)),
        Err(error) => lost(reason(&error)),
    }
}

/// True when both paths lead to one file that is there.
pub(crate) fn is_same_file(first: &Path, second: &Path) -> bool {
    matches!((first.canonicalize(), second.canonicalize()), (Ok(first), Ok(second)) if first == second)
}

/// Writes the list of failures. Without failures it has only its header.
pub(crate) fn write_failures(path: &Path, failures: &[Failure]) -> Result<()> {
    files::write_with(path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        let rows =
            failures.iter().map(|failure| [&failure.address, &failure.object, &failure.reason].map(String::as_str));
        std::iter::once(["address", "object", "reason"])
            .chain(rows)
            .try_for_each(|row| writer.write_record(row))
            .and_then(|()| writer.flush().map_err(csv::Error::from))
            .map_err(|cause| files::refused("cannot write", path, cause.into()))
    })
}
