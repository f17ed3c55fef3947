//! Fetching and rescaling the images of all samples.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use rayon::prelude::*;
use silknow_errors::Result;
use silknow_errors::counts::counted;
use silknow_fetch::without_userinfo;
use silknow_files::{self as files, Batch};
use silknow_image::{COLLECTION_SHORTER_SIDE_PX, decode_first_page, rescale_shorter_side, save_in_batch};
use silknow_progress::Observer;
use silknow_records::Object;

use crate::images::fate::{Arrival, Failure, Fate};
use crate::images::fetching::{Place, Presence};
use crate::images::folder::ImageFolder;
use crate::samples::Candidate;
use crate::sources::Sources;

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

impl ImageFolder {
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
            let images = counted(spoilt.len(), "image of an earlier run is", "images of an earlier run are");
            observer.info(&format!("{images} damaged and fetched again"));
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
            observer.info(&format!(
                "{} replaced: the address or the original changed",
                counted(replaced, "image", "images")
            ));
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
            let files = counted(with_pages, "image file has", "image files have");
            observer.warning(&format!("{files} several pages; the first of each is taken"));
        }
        // What was rescaled before an error is kept for the next run.
        batch.commit().and(fates)
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
                    files::remove_if_there(&unscaled)?;
                }
                Ok(Fate::Lost(Some(arrival), error.in_one_line()))
            }
        }
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
