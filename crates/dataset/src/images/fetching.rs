//! Fetching images as they are: copied from this machine, or over the network.

use std::path::Path;

use silknow_errors::Result;
use silknow_errors::counts::counted;
use silknow_fetch::{Fetched, Job, Jobs, Outcome, Receiver, fetch_all};
use silknow_files::{self as files, Batch};
use silknow_image::{COLLECTION_SHORTER_SIDE_PX, check_format};
use silknow_progress::Observer;

use crate::address::{Source, source_of};
use crate::iiif_image::ImageService;
use crate::images::fate::{Arrival, Fate};
use crate::images::folder::{ImageFolder, Listing};
use crate::samples::Candidate;
use crate::sources::{Entry, SOURCES_FILE, Sources};
use crate::standing::{Standing, changed, is_same_file, read_original, standing};

/// Whether a file that is there already stands for the image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Counts,
    IsIgnored,
}

/// An image that is to be fetched.
struct Task {
    /// Its place among the chosen samples.
    position: usize,
    arrival: Arrival,
}

/// What all images of a run share.
pub(super) struct Place<'a> {
    pub(super) samples: &'a [Candidate],
    /// The folder that plain paths are relative to.
    pub(super) plain: &'a Path,
    pub(super) sources: &'a Sources,
}

impl ImageFolder {
    /// Fetches the images of the chosen samples, as they are.
    pub(super) fn fetch(
        &self,
        place: &Place<'_>,
        chosen: &[usize],
        presence: Presence,
        observer: &dyn Observer,
    ) -> Result<Vec<Fate>> {
        let Wanted { mut fates, of_files, of_network } = self.find(place, chosen, presence, observer);
        if of_files.is_empty() && of_network.is_empty() {
            return Ok(fates);
        }
        for task in of_files.iter().chain(&of_network) {
            let sample = &place.samples[chosen[task.position]];
            place.sources.expect(sample.id());
            if task.arrival == Arrival::Replaced {
                files::remove_if_there(self.rescaled(sample))?;
            }
        }
        place.sources.save()?;
        self.copy_all(place, chosen, of_files, &mut fates, observer)?;
        self.download_all(place, chosen, of_network, &mut fates, observer)?;
        Ok(fates)
    }

    /// Tells the images that are there from those that are to be fetched.
    fn find(&self, place: &Place<'_>, chosen: &[usize], presence: Presence, observer: &dyn Observer) -> Wanted {
        let progress = observer.begin("find images", chosen.len() as u64);
        let listing = Listing::of_unscaled(self);
        let (mut of_files, mut of_network, mut adopted) = (Vec::new(), Vec::new(), 0);
        let mut fates = Vec::with_capacity(chosen.len());
        for (position, &index) in chosen.iter().enumerate() {
            let sample = &place.samples[index];
            fates.push(match source_of(sample.address(), place.plain) {
                _ if observer.interrupted() => Fate::Open,
                Err(reason) => Fate::Lost(None, reason),
                Ok(source) => {
                    let target = self.unscaled(sample);
                    let standing = if presence == Presence::Counts && listing.may_have(&target) {
                        standing(sample.id(), &target, &source, place.sources)
                    } else {
                        Standing::IsMissing
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
                        let tasks = if matches!(source, Source::File(_)) { &mut of_files } else { &mut of_network };
                        tasks.push(Task { position, arrival });
                        Fate::Open
                    }
                }
            });
            progress.advance(1);
        }
        if adopted > 0 {
            observer.info(&format!(
                "{} taken for those of the table; `{SOURCES_FILE}` keeps from now on from where each was fetched",
                counted(adopted, "image of an earlier version is", "images of an earlier version are")
            ));
        }
        Wanted { fates, of_files, of_network }
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
        for Task { position, arrival } in tasks {
            let sample = &place.samples[chosen[position]];
            if let Ok(source @ Source::File(path)) = &source_of(sample.address(), place.plain)
                && !observer.interrupted()
            {
                fates[position] = match read_original(path) {
                    Ok(_) if is_same_file(path, &self.unscaled(sample)) => Fate::Here(Arrival::AlreadyThere),
                    Ok(content) => {
                        let entry = Entry::copied(source.key(), &content, changed(path));
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
        let arrivals = Arrivals { folder: self, place, chosen, tasks: &tasks };
        let outcomes = fetch_all(&self.client, &arrivals, &arrivals, "fetch images", observer)?;
        for (task, outcome) in tasks.iter().zip(outcomes) {
            fates[task.position] = match outcome {
                Outcome::Fetched { .. } => Fate::Here(task.arrival),
                Outcome::Failed { reason } => Fate::Lost(None, reason),
                Outcome::Interrupted => Fate::Open,
            };
        }
        Ok(())
    }
}

/// The images that were found or are to be fetched.
struct Wanted {
    /// Of every chosen sample, what is known of its image by now.
    fates: Vec<Fate>,
    /// The images to copy from this machine.
    of_files: Vec<Task>,
    /// The images to fetch over the network.
    of_network: Vec<Task>,
}

/// The images that come over the network: what is asked for, and how they are entered.
struct Arrivals<'a> {
    folder: &'a ImageFolder,
    place: &'a Place<'a>,
    chosen: &'a [usize],
    tasks: &'a [Task],
}

impl Arrivals<'_> {
    fn sample(&self, number: usize) -> &Candidate {
        &self.place.samples[self.chosen[self.tasks[number].position]]
    }
}

impl Jobs for Arrivals<'_> {
    fn count(&self) -> usize {
        self.tasks.len()
    }

    fn url(&self, number: usize) -> &str {
        self.sample(number).address().trim()
    }

    fn job(&self, number: usize) -> Job {
        let url = self.url(number).to_owned();
        let description = ImageService::of(&url).map(|service| service.info_address());
        Job { url, destination: self.folder.unscaled(self.sample(number)), description }
    }
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
        let sample = self.sample(number);
        self.place.sources.set(sample.id(), Entry::fetched(Source::Network(self.url(number)).key(), file));
        // A table that cannot be written now is written, or refused, at the end.
        let _ = self.place.sources.save_in_time();
    }
}
