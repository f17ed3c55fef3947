//! A small procedural collection of woven silk pictures with its knowledge-graph export.
//!
//! Here are the objects and their labels, the weaves, motifs and palettes, the pictures and the export table. Nothing here
//! knows the six operations that the demonstration then runs.
//!
//! Every object has five properties, and each of them shows in its pictures:
//!
//! | variable | shows as | module |
//! |---|---|---|
//! | place | palette, and how the repeat is laid out | [`palette`], [`layout`] |
//! | timespan | size of the repeat, ground between the figures, fading and wear | [`layout`], [`palette`] |
//! | technique | the weave: tabby, twill, satin, damask, velvet | [`weave`] |
//! | material | lustre, thickness and evenness of the threads | [`weave`], [`picture`] |
//! | depiction | the figure | [`motif`] |
//!
//! The properties hang together a little, as in real collections: see [`catalogue`].
//!
//! The table is not tidy, and is not meant to be: about a fifth of the labels of each variable are missing or
//! have several values, a museum outside the wanted ones is there to be filtered out, one image file does not
//! exist and one is cut, so that the list of download failures has something to say.

pub mod catalogue;
pub mod export;
pub mod layout;
pub mod motif;
pub mod noise;
pub mod palette;
pub mod picture;
pub mod weave;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use silknow_errors::{Error, Result};
use silknow_files::{self as files, Batch};
use silknow_progress::Observer;

use catalogue::{Image, Record};

/// The name of the export table in the collection's folder.
pub const TABLE: &str = "export.csv";

/// What collection to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoCollection {
    /// Objects of the wanted museums with readable images; at least 1. About 2 images an object.
    pub objects: usize,
    /// The collection is the same for the same seed, on any number of threads.
    pub seed: u64,
}

impl Default for DemoCollection {
    /// 200 objects: enough for every class to have well over 20 images.
    fn default() -> Self {
        Self { objects: 200, seed: 1 }
    }
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneratedCollection {
    /// The export table; its deeplinks are relative to its folder.
    pub csvfile: PathBuf,
    /// Readable images of the wanted museums.
    pub images: usize,
    /// Objects of the wanted museums with readable images.
    pub objects: usize,
    /// The museums to retain, in the order of their names.
    pub museums: Vec<String>,
    /// The museum that is in the table to be filtered out.
    pub further_museum: String,
    /// Deeplinks of the wanted museums that lead to no picture: one file is missing, one is cut.
    pub unreadable: Vec<String>,
}

/// Makes the collection: `<folder>/export.csv` ([`TABLE`]) and `<folder>/images/*.jpg`, the latter on all cores.
///
/// Files of the same name are replaced; others in the folder are left alone.
///
/// # Errors
/// No object wanted, a folder that cannot be written, and an [interruption](Error::interrupted).
pub fn generate(
    folder: impl AsRef<Path>,
    collection: &DemoCollection,
    observer: &dyn Observer,
) -> Result<GeneratedCollection> {
    let folder = folder.as_ref();
    if collection.objects == 0 {
        return Err(Error::configuration("a collection of 0 objects was asked for").hint("ask for at least 1"));
    }
    let records = catalogue::draw(collection);
    files::create_folder(folder.join(catalogue::IMAGE_FOLDER))?;
    [folder.to_path_buf(), folder.join(catalogue::IMAGE_FOLDER)].iter().for_each(files::remove_abandoned);
    let images = write_images(folder, &records, observer)?;
    let csvfile = folder.join(TABLE);
    export::write(&csvfile, &records)?;
    let wanted = || records.iter().filter(|record| record.museum != catalogue::FURTHER_MUSEUM);
    Ok(GeneratedCollection {
        csvfile,
        images,
        objects: wanted()
            .filter(|record| record.images.iter().all(|image| image.state == catalogue::State::Whole))
            .count(),
        museums: catalogue::MUSEUMS.map(str::to_owned).to_vec(),
        further_museum: catalogue::FURTHER_MUSEUM.to_owned(),
        unreadable: wanted()
            .flat_map(|record| &record.images)
            .filter(|image| image.state != catalogue::State::Whole)
            .map(|image| image.deeplink.clone())
            .collect(),
    })
}

/// Draws and writes every image; the number of readable ones of the wanted museums.
fn write_images(folder: &Path, records: &[Record], observer: &dyn Observer) -> Result<usize> {
    let images: Vec<(&Record, &Image)> =
        records.iter().flat_map(|record| record.images.iter().map(move |image| (record, image))).collect();
    let progress = observer.begin("weaving pictures", images.len() as u64);
    let readable = AtomicUsize::new(0);
    let batch = Batch::new();
    images.par_iter().try_for_each(|(record, image)| {
        observer.check()?;
        if write_image(folder, record, image, &batch)? && record.museum != catalogue::FURTHER_MUSEUM {
            readable.fetch_add(1, Ordering::Relaxed);
        }
        progress.advance(1);
        Ok::<(), Error>(())
    })?;
    batch.commit()?;
    Ok(readable.into_inner())
}

/// Writes one image as its state says; true when it can be read afterwards.
fn write_image(folder: &Path, record: &Record, image: &Image, batch: &Batch) -> Result<bool> {
    /// The cut is within the tables of the JPEG header, so that every decoder refuses the file.
    const CUT_BYTES: usize = 300;
    let path = folder.join(&image.deeplink);
    match image.state {
        catalogue::State::Missing => Ok(false),
        catalogue::State::Cut => {
            let jpeg = picture::jpeg(&picture::photograph(&record.silk, &image.view))?;
            batch.write(&path, &jpeg[..CUT_BYTES])?;
            Ok(false)
        }
        catalogue::State::Whole => {
            batch.write(&path, picture::jpeg(&picture::photograph(&record.silk, &image.view))?)?;
            Ok(true)
        }
    }
}
