//! Bringing the images of samples to the disk: fetched as they are, then rescaled.
//!
//! A file that is there stands for an image only while [`crate::sources`] says that it was fetched from the same address, or
//! copied from the same original. One image per thread is in memory, however many there are.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use rayon::prelude::*;
use silknow_errors::Result;
use silknow_fetch::{Client, Fetched, Job, Outcome, Policy, Receiver, fetch_all, without_userinfo};
use silknow_files::{self as files, Batch, FolderLock};
use silknow_image::{COLLECTION_SHORTER_SIDE_PX, check_format, decode_first_page, rescale_shorter_side, save_in_batch};
use silknow_progress::Observer;
use silknow_records::Object;

use crate::address::{Source, source_of};
use crate::iiif_image::ImageService;
use crate::samples::Candidate;
use crate::sources::{Entry, SOURCES_FILE, Sources};
use crate::standing::{Standing, changed, digest, is_same_file, read_original, standing};

/// The folder of the images as fetched, in the image folder.
const UNSCALED: &str = "img_unscaled";

/// The folder of the rescaled images, in the image folder.
const RESCALED: &str = "img";

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
    /// Those of them that took the place of another picture, because their address or their original changed.
    pub(crate) replaced: usize,
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
    /// Fetched in place of another picture.
    Replaced,
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

/// An image that is to be fetched.
struct Task {
    /// Its place among the chosen samples.
    position: usize,
    source: Source,
    arrival: Arrival,
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
        let sources = Sources::read(&self.folder, observer)?;
        let brought = self.bring_all(samples, plain, &sources, observer);
        // What was fetched before an error or an interruption is kept for the next run.
        sources.save().and(brought)
    }

    fn bring_all(
        &self,
        samples: &[Candidate],
        plain: &Path,
        sources: &Sources,
        observer: &dyn Observer,
    ) -> Result<Brought> {
        let all: Vec<usize> = (0..samples.len()).collect();
        let place = Place { samples, plain, sources };
        let mut fates = self.bring_some(&place, &all, Presence::Counts, observer)?;
        let is_spoilt = |fate: &Fate| matches!(fate, Fate::Lost(Some(Arrival::AlreadyThere), _));
        let spoilt: Vec<usize> = all.into_iter().filter(|&index| is_spoilt(&fates[index])).collect();
        if !spoilt.is_empty() && !observer.interrupted() {
            observer.info(&format!("{} images of an earlier run are damaged and fetched again", spoilt.len()));
            let again = self.bring_some(&place, &spoilt, Presence::IsIgnored, observer)?;
            for (&index, fate) in spoilt.iter().zip(again) {
                fates[index] = fate;
            }
        }
        let arrived = |how| fates.iter().filter(|fate| **fate == Fate::Here(how)).count();
        let failures = samples.iter().zip(&fates).filter_map(|(sample, fate)| {
            let Fate::Lost(_, reason) = fate else { return None };
            let object = Object::of_image_name(&sample.record.name).id;
            let object = if object.is_empty() { sample.id() } else { &*object }.to_owned();
            Some(Failure { address: without_userinfo(sample.address()), object, reason: reason.clone() })
        });
        let replaced = arrived(Arrival::Replaced);
        if replaced > 0 {
            observer.info(&format!("{replaced} images replaced: their address or their original changed"));
        }
        Ok(Brought {
            has_image: fates.iter().map(|fate| matches!(fate, Fate::Here(_))).collect(),
            fetched: arrived(Arrival::Fetched) + replaced,
            replaced,
            already_there: arrived(Arrival::AlreadyThere),
            failures: failures.collect(),
            interrupted: fates.contains(&Fate::Open),
        })
    }

    /// Fetches and rescales the images of the chosen samples.
    fn bring_some(
        &self,
        place: &Place<'_>,
        chosen: &[usize],
        presence: Presence,
        observer: &dyn Observer,
    ) -> Result<Vec<Fate>> {
        let fates = self.fetch(place, chosen, presence, observer)?;
        let progress = observer.begin("rescale images", chosen.len() as u64);
        let batch = Batch::new();
        let with_pages = AtomicUsize::new(0);
        let fates = chosen
            .par_iter()
            .zip(fates)
            .map(|(&index, fate)| {
                let fate = match fate {
                    Fate::Here(_) if observer.interrupted() => Fate::Open,
                    Fate::Here(arrival) => self.rescale(&place.samples[index], arrival, &batch, &with_pages)?,
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
        place: &Place<'_>,
        chosen: &[usize],
        presence: Presence,
        observer: &dyn Observer,
    ) -> Result<Vec<Fate>> {
        let (mut fates, tasks) = self.find(place, chosen, presence, observer);
        if tasks.is_empty() {
            return Ok(fates);
        }
        for task in &tasks {
            let sample = &place.samples[chosen[task.position]];
            place.sources.set(sample.id(), Entry::pending(task.source.key()));
            if task.arrival == Arrival::Replaced {
                files::remove(self.rescaled(sample))?;
            }
        }
        place.sources.save()?;
        let (of_files, of_network): (Vec<Task>, Vec<Task>) =
            tasks.into_iter().partition(|task| matches!(task.source, Source::File(_)));
        self.copy_all(place, chosen, of_files, &mut fates, observer)?;
        self.download_all(place, chosen, of_network, &mut fates, observer)?;
        Ok(fates)
    }

    /// Tells the images that are there from those that are to be fetched.
    fn find(
        &self,
        place: &Place<'_>,
        chosen: &[usize],
        presence: Presence,
        observer: &dyn Observer,
    ) -> (Vec<Fate>, Vec<Task>) {
        let progress = observer.begin("find images", chosen.len() as u64);
        let (mut tasks, mut adopted) = (Vec::new(), 0);
        let mut fates = Vec::with_capacity(chosen.len());
        for (position, &index) in chosen.iter().enumerate() {
            let sample = &place.samples[index];
            fates.push(match source_of(sample.address(), place.plain) {
                _ if observer.interrupted() => Fate::Open,
                Err(reason) => Fate::Lost(None, reason),
                Ok(source) => {
                    let standing = match presence {
                        Presence::Counts => standing(sample.id(), &self.unscaled(sample), &source, place.sources),
                        Presence::IsIgnored => Standing::IsMissing,
                    };
                    adopted += usize::from(matches!(standing, Standing::IsAdopted));
                    let arrival = match standing {
                        Standing::Stands | Standing::IsAdopted => Arrival::AlreadyThere,
                        Standing::IsOutdated => Arrival::Replaced,
                        Standing::IsMissing => Arrival::Fetched,
                    };
                    if arrival == Arrival::AlreadyThere {
                        Fate::Here(arrival)
                    } else {
                        tasks.push(Task { position, source, arrival });
                        Fate::Open
                    }
                }
            });
            progress.advance(1);
        }
        if adopted > 0 {
            observer.info(&format!(
                "{adopted} images of an earlier version are taken for those of the table; `{SOURCES_FILE}` keeps from now on \
                 from where each was fetched"
            ));
        }
        (fates, tasks)
    }

    /// Copies the files of this machine.
    fn copy_all(
        &self,
        place: &Place<'_>,
        chosen: &[usize],
        tasks: Vec<Task>,
        fates: &mut [Fate],
        observer: &dyn Observer,
    ) -> Result<()> {
        if tasks.is_empty() {
            return Ok(());
        }
        let progress = observer.begin("copy images", tasks.len() as u64);
        let batch = Batch::new();
        let mut entries = Vec::new();
        for Task { position, source, arrival } in tasks {
            let sample = &place.samples[chosen[position]];
            if let Source::File(path) = &source
                && !observer.interrupted()
            {
                fates[position] = match read_original(path) {
                    Ok(_) if is_same_file(path, &self.unscaled(sample)) => Fate::Here(Arrival::AlreadyThere),
                    Ok(content) => {
                        let entry = Entry::copied(source.key(), &content, digest(&content), changed(path));
                        entries.push((sample.id(), entry));
                        batch.write(self.unscaled(sample), content)?;
                        Fate::Here(arrival)
                    }
                    Err(reason) => Fate::Lost(None, reason),
                };
            }
            progress.advance(1);
        }
        batch.commit()?;
        entries.into_iter().for_each(|(id, entry)| place.sources.set(id, entry));
        Ok(())
    }

    /// Fetches what lies on the network.
    fn download_all(
        &self,
        place: &Place<'_>,
        chosen: &[usize],
        tasks: Vec<Task>,
        fates: &mut [Fate],
        observer: &dyn Observer,
    ) -> Result<()> {
        if tasks.is_empty() {
            return Ok(());
        }
        let jobs: Vec<Job> = tasks
            .iter()
            .map(|task| {
                let sample = &place.samples[chosen[task.position]];
                let url = sample.address().trim().to_owned();
                let description = ImageService::of(&url).map(|service| service.info_address());
                Job { url, destination: self.unscaled(sample), description }
            })
            .collect();
        let arrivals = Arrivals { place, chosen, tasks: &tasks };
        let outcomes = fetch_all(&self.client, &jobs, &arrivals, "fetch images", observer)?;
        for (task, outcome) in tasks.iter().zip(outcomes) {
            fates[task.position] = match outcome {
                Outcome::Fetched { .. } => Fate::Here(task.arrival),
                Outcome::Failed { reason } => Fate::Lost(None, reason),
                Outcome::Interrupted => Fate::Open,
            };
        }
        Ok(())
    }

    /// Rescales one image unless that is done already. When the file cannot be read as an image and this run
    /// brought it, it is removed, so that the next run fetches it again. Files of several pages are counted.
    fn rescale(&self, sample: &Candidate, arrival: Arrival, batch: &Batch, with_pages: &AtomicUsize) -> Result<Fate> {
        let (unscaled, rescaled) = (self.unscaled(sample), self.rescaled(sample));
        if arrival == Arrival::AlreadyThere && is_newer(&rescaled, &unscaled) {
            return Ok(Fate::Here(arrival));
        }
        match files::read(&unscaled).and_then(|bytes| decode_first_page(&bytes)) {
            Ok(page) => {
                with_pages.fetch_add(usize::from(page.pages > 1), Ordering::Relaxed);
                save_in_batch(&rescale_shorter_side(&page.image, COLLECTION_SHORTER_SIDE_PX), &rescaled, batch)?;
                Ok(Fate::Here(arrival))
            }
            Err(error) => {
                if arrival != Arrival::AlreadyThere {
                    files::remove(&unscaled)?;
                }
                Ok(Fate::Lost(Some(arrival), error.in_one_line()))
            }
        }
    }
}

/// What all images of a run share.
struct Place<'a> {
    samples: &'a [Candidate],
    /// The folder that plain paths are relative to.
    plain: &'a Path,
    sources: &'a Sources,
}

/// Enters the images that come over the network.
struct Arrivals<'a> {
    place: &'a Place<'a>,
    chosen: &'a [usize],
    tasks: &'a [Task],
}

impl Receiver for Arrivals<'_> {
    fn check(&self, content: &[u8]) -> Result<()> {
        check_format(content)
    }

    fn choose(&self, job: &Job, description: Result<&[u8], &str>) -> Result<String, String> {
        let Some(service) = ImageService::of(&job.url) else { return Ok(job.url.clone()) };
        let sized = description
            .map_err(|reason| format!("the info.json of the picture: {reason}"))
            .and_then(|info| service.sized(info, u64::from(COLLECTION_SHORTER_SIDE_PX)));
        // An address that is a picture itself serves without a description, too.
        if service.is_description() { sized } else { Ok(sized.unwrap_or_else(|_| job.url.clone())) }
    }

    fn arrived(&self, number: usize, file: &Fetched) {
        let task = &self.tasks[number];
        let sample = &self.place.samples[self.chosen[task.position]];
        self.place.sources.set(sample.id(), Entry::fetched(task.source.key(), file));
        // A table that cannot be written now is written, or refused, at the end.
        let _ = self.place.sources.save_in_time();
    }
}

/// True when both files are there and the first is not older.
fn is_newer(made: &Path, source: &Path) -> bool {
    modified(source).is_some_and(|source| modified(made).is_some_and(|made| made >= source))
}

/// When a file that is not empty was last changed.
fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok().filter(|file| file.is_file() && file.len() > 0)?.modified().ok()
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
