//! Bringing the images of samples to the disk: fetched as they are, then rescaled.
//!
//! Owns what is fetched from where, what is there already, and the list of failures. Leaves the network to the
//! fetch crate and pixels to the image crate. One image a thread is in memory, however many there are.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use silknow_fetch::{Client, Job, Outcome, Policy, fetch_all};
use silknow_foundation::{Error, Observer, Result, files};
use silknow_image::{COLLECTION_SHORTER_SIDE_PX, decode_bytes, rescale_shorter_side, save};

use crate::address::{Source, source_of};
use crate::samples::{Candidate, object_id};

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
    /// The images that could not be had.
    pub(crate) failures: Vec<Failure>,
}

/// An image that could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    address: String,
    object: String,
    reason: String,
}

/// How a fetched image comes to be on the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    Fetched,
    AlreadyThere,
}

/// How an image arrived, if it did, and the reason why it cannot be used.
type Fate = (Option<Arrival>, Result<(), String>);

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

    fn unscaled(&self, sample: &Candidate) -> PathBuf {
        self.folder.join(UNSCALED).join(format!("{}{}", sample.id, sample.ending))
    }

    /// The rescaled image of a sample.
    pub(crate) fn rescaled(&self, sample: &Candidate) -> PathBuf {
        self.folder.join(RESCALED).join(format!("{}.jpg", sample.id))
    }

    /// Fetches and rescales the images of all samples; those that are there and whole stay as they are.
    ///
    /// A file from an earlier run that turns out to be no whole image is fetched once more.
    ///
    /// # Errors
    /// An interruption, and a folder that cannot be written. An image that cannot be had is no error: it is
    /// listed among the failures.
    pub(crate) fn bring(&self, samples: &[Candidate], plain: &Path, observer: &dyn Observer) -> Result<Brought> {
        let all: Vec<usize> = (0..samples.len()).collect();
        let mut results = self.bring_some(samples, &all, plain, Presence::Counts, observer)?;
        let spoilt: Vec<usize> =
            all.into_iter().filter(|&index| matches!(results[index], (Some(Arrival::AlreadyThere), Err(_)))).collect();
        if !spoilt.is_empty() {
            observer.info(&format!("{} images of an earlier run are damaged and fetched again", spoilt.len()));
            let again = self.bring_some(samples, &spoilt, plain, Presence::IsIgnored, observer)?;
            for (&index, result) in spoilt.iter().zip(again) {
                results[index] = result;
            }
        }
        let arrived = |how| results.iter().filter(|(arrival, result)| *arrival == Some(how) && result.is_ok()).count();
        let failures = samples.iter().zip(&results).filter_map(|(sample, (_, result))| {
            let reason = result.as_ref().err()?.clone();
            let object = Some(object_id(&sample.id)).filter(|id| !id.is_empty()).unwrap_or(&sample.id).to_owned();
            Some(Failure { address: sample.address.clone(), object, reason })
        });
        Ok(Brought {
            has_image: results.iter().map(|(_, result)| result.is_ok()).collect(),
            fetched: arrived(Arrival::Fetched),
            already_there: arrived(Arrival::AlreadyThere),
            failures: failures.collect(),
        })
    }

    /// Fetches and rescales the images of the chosen samples; per sample how it arrived, and the reason why not.
    fn bring_some(
        &self,
        samples: &[Candidate],
        chosen: &[usize],
        plain: &Path,
        presence: Presence,
        observer: &dyn Observer,
    ) -> Result<Vec<Fate>> {
        let arrivals = self.fetch(samples, chosen, plain, presence, observer)?;
        let progress = observer.begin("rescale images", chosen.len() as u64);
        chosen
            .par_iter()
            .zip(arrivals)
            .map(|(&index, arrival)| {
                observer.check()?;
                let result = match arrival {
                    Ok(arrival) => (Some(arrival), self.rescale(&samples[index], arrival)?),
                    Err(reason) => (None, Err(reason)),
                };
                progress.advance(1);
                Ok(result)
            })
            .collect()
    }

    /// Fetches the images of the chosen samples; per sample how it arrived, or the reason why not.
    fn fetch(
        &self,
        samples: &[Candidate],
        chosen: &[usize],
        plain: &Path,
        presence: Presence,
        observer: &dyn Observer,
    ) -> Result<Vec<Result<Arrival, String>>> {
        let progress = observer.begin("find images", chosen.len() as u64);
        let mut arrivals = Vec::with_capacity(chosen.len());
        let (mut jobs, mut positions) = (Vec::new(), Vec::new());
        for (position, &index) in chosen.iter().enumerate() {
            observer.check()?;
            let target = self.unscaled(&samples[index]);
            arrivals.push(if presence == Presence::Counts && is_there(&target) {
                Ok(Arrival::AlreadyThere)
            } else {
                match source_of(&samples[index].address, plain) {
                    Ok(Source::File(path)) => copy(&path, &target)?,
                    Ok(Source::Network(url)) => {
                        jobs.push(Job { url, destination: target });
                        positions.push(position);
                        Ok(Arrival::Fetched)
                    }
                    Err(reason) => Err(reason),
                }
            });
            progress.advance(1);
        }
        drop(progress);
        self.fetch_remote(&jobs, &positions, &mut arrivals, observer)?;
        Ok(arrivals)
    }

    /// Fetches over the network; `jobs` stand for the arrivals at `positions`.
    fn fetch_remote(
        &self,
        jobs: &[Job],
        positions: &[usize],
        arrivals: &mut [Result<Arrival, String>],
        observer: &dyn Observer,
    ) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        // What a file holds shows when it is rescaled: decoding it here too would cost as much again.
        let outcomes = fetch_all(&self.client, jobs, |_| false, |_, _| Ok(()), "fetch images", observer);
        for (&position, outcome) in positions.iter().zip(outcomes) {
            arrivals[position] = match outcome {
                Outcome::Fetched { .. } => Ok(Arrival::Fetched),
                Outcome::AlreadyThere => Ok(Arrival::AlreadyThere),
                Outcome::Failed { reason } => Err(reason),
                Outcome::Interrupted => return Err(Error::interrupted()),
            };
        }
        Ok(())
    }

    /// Rescales one image unless that is done already. The inner error is the reason why the image is none; a
    /// file that this run brought is then removed, so that the next run fetches it again.
    fn rescale(&self, sample: &Candidate, arrival: Arrival) -> Result<Result<(), String>> {
        let (unscaled, rescaled) = (self.unscaled(sample), self.rescaled(sample));
        if is_newer(&rescaled, &unscaled) {
            return Ok(Ok(()));
        }
        match files::read(&unscaled).and_then(|bytes| decode_bytes(&bytes)) {
            Ok(image) => {
                save(&rescale_shorter_side(&image, COLLECTION_SHORTER_SIDE_PX), &rescaled)?;
                Ok(Ok(()))
            }
            Err(error) => {
                if arrival == Arrival::Fetched {
                    fs::remove_file(&unscaled).map_err(|cause| files::refused("cannot remove", &unscaled, cause))?;
                }
                Ok(Err(reason(&error)))
            }
        }
    }
}

/// True when a file is there and not empty.
fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0)
}

/// True when both files are there and the first is not older.
fn is_newer(made: &Path, source: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).ok().filter(|file| file.len() > 0)?.modified().ok();
    modified(source).is_some_and(|source| modified(made).is_some_and(|made| made >= source))
}

/// An error's text on one line, without its hint.
fn reason(error: &Error) -> String {
    let text = error.to_string();
    let text = text.split("\nhint: ").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Copies a file of this machine; one that is the target itself is there already.
///
/// # Errors
/// The inner error is the reason why this image cannot be had; the outer one is a target that cannot be written.
fn copy(source: &Path, target: &Path) -> Result<Result<Arrival, String>> {
    let size = fs::metadata(source).map_err(|cause| files::refused("cannot read", source, cause));
    match size {
        Err(error) => return Ok(Err(reason(&error))),
        Ok(size) if size.is_dir() => return Ok(Err(format!("`{}` is a folder", source.display()))),
        Ok(size) if size.len() > MAX_FILE_BYTES => {
            return Ok(Err(format!("the file has {} bytes, above the limit of {MAX_FILE_BYTES}", size.len())));
        }
        Ok(_) => {}
    }
    match files::read(source) {
        Ok(_) if is_same_file(source, target) => Ok(Ok(Arrival::AlreadyThere)),
        Ok(bytes) => files::write(target, bytes).map(|()| Ok(Arrival::Fetched)),
        Err(error) => Ok(Err(reason(&error))),
    }
}

fn is_same_file(first: &Path, second: &Path) -> bool {
    matches!((first.canonicalize(), second.canonicalize()), (Ok(first), Ok(second)) if first == second)
}

/// Writes the list of failures; a header alone when there are none.
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
