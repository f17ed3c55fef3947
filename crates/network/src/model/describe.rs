//! From images to descriptors: loading, batches, progress, interruption.
//!
//! One batch is in memory at a time beside the descriptors.

use std::path::Path;

use silknow_config::Augmentation;
use silknow_errors::{Error, Result};
use silknow_image::{Loader, Pipeline, Request, RgbImage, Source, View, decode_bytes};
use silknow_progress::Observer;

use super::Model;

/// A picture in memory.
#[derive(Clone, Copy, Debug)]
pub enum Picture<'a> {
    /// The content of an image file of any supported format.
    Encoded(&'a [u8]),
    /// Decoded pixels, upright.
    Decoded(&'a RgbImage),
}

impl<'a> From<&'a RgbImage> for Picture<'a> {
    fn from(pixels: &'a RgbImage) -> Self {
        Self::Decoded(pixels)
    }
}

impl<'a> From<&'a [u8]> for Picture<'a> {
    fn from(file: &'a [u8]) -> Self {
        Self::Encoded(file)
    }
}

/// The descriptors of those images that could be read.
#[derive(Debug, Default)]
pub struct Described {
    /// Unit descriptors `[kept.len(), D]`, row by row.
    pub descriptors: Vec<f32>,
    /// Positions of the described images among those given, ascending.
    pub kept: Vec<usize>,
    /// Positions of the other images among those given, ascending, each with the reason.
    pub failures: Vec<(usize, Error)>,
}

impl Model {
    /// Describes image files, `batch_size` at a time (at least one), decoding ahead on `threads` threads.
    ///
    /// An image that cannot be read is listed and spoils nothing.
    ///
    /// # Errors
    /// The observer's interruption.
    pub fn describe_files<P: AsRef<Path>>(
        &self,
        paths: &[P],
        batch_size: usize,
        threads: usize,
        observer: &dyn Observer,
    ) -> Result<Described> {
        let sources = paths.iter().map(|path| Source::File(path.as_ref().to_path_buf())).collect();
        self.describe_images(sources, batch_size, threads, observer)
    }

    /// Describes images, from files or decoded before; see [`describe_files`](Self::describe_files).
    ///
    /// # Errors
    /// The observer's interruption.
    pub fn describe_images(
        &self,
        images: Vec<Source>,
        batch_size: usize,
        threads: usize,
        observer: &dyn Observer,
    ) -> Result<Described> {
        let progress = observer.begin("describing images", images.len() as u64);
        let mut described = Described::default();
        described.descriptors.reserve_exact(images.len() * self.dims());
        let requests =
            images.into_iter().map(|source| Request { source, identity: String::new(), view: View::Plain }).collect();
        // A plain view draws nothing, so augmentation and seed do not matter.
        let loader = Loader::start(requests, batch_size, self.pipeline().clone(), Augmentation::none(), 0, threads);
        for batch in loader {
            observer.check()?;
            described.descriptors.extend(self.describe_pixels(&batch.pixels, batch.positions.len())?);
            progress.advance((batch.positions.len() + batch.failures.len()) as u64);
            described.kept.extend(batch.positions);
            described.failures.extend(batch.failures);
        }
        Ok(described)
    }

    /// Describes pictures in memory, `batch_size` at a time (at least one), decoded and rescaled on `threads` threads. No
    /// picture is copied.
    ///
    /// A picture that cannot be read is listed and spoils nothing.
    ///
    /// # Errors
    /// The observer's interruption.
    pub fn describe_pictures(
        &self,
        pictures: &[Picture<'_>],
        batch_size: usize,
        threads: usize,
        observer: &dyn Observer,
    ) -> Result<Described> {
        let progress = observer.begin("describing images", pictures.len() as u64);
        let mut described = Described::default();
        let mut first = 0;
        for batch in pictures.chunks(batch_size.max(1)) {
            observer.check()?;
            let mut pixels = Vec::with_capacity(batch.len() * self.pipeline().values_per_image());
            for (position, values) in (first..).zip(prepare(self.pipeline(), batch, threads)) {
                match values {
                    Ok(values) => {
                        pixels.extend(values);
                        described.kept.push(position);
                    }
                    Err(error) => described.failures.push((position, error)),
                }
            }
            let images = pixels.len() / self.pipeline().values_per_image();
            described.descriptors.extend(self.describe_pixels(&pixels, images)?);
            progress.advance(batch.len() as u64);
            first += batch.len();
        }
        Ok(described)
    }
}

/// What the network sees of each picture.
fn prepare(pipeline: &Pipeline, pictures: &[Picture<'_>], threads: usize) -> Vec<Result<Vec<f32>>> {
    let see = &|picture: &Picture<'_>| {
        let decoded;
        let image = match picture {
            Picture::Encoded(bytes) => {
                decoded = decode_bytes(bytes)?;
                &decoded
            }
            Picture::Decoded(image) if image.is_empty() => return Err(Error::data("the picture has no pixels")),
            Picture::Decoded(image) => image,
        };
        let mut values = vec![0.0; pipeline.values_per_image()];
        pipeline.plain(image, &mut values);
        Ok(values)
    };
    let share = pictures.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = pictures
            .chunks(share)
            .map(|pictures| scope.spawn(move || pictures.iter().map(see).collect::<Vec<_>>()))
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("preparing a picture does not panic")).collect()
    })
}
