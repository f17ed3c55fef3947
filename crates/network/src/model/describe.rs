//! From images to descriptors: loading, batches, progress, interruption.
//!
//! One batch is in memory at a time beside the descriptors.

use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_image::{Loader, LoaderSettings, Request, Source, View};
use silknow_progress::Observer;

use super::ready::Model;

/// The descriptors of those images that could be read.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Described {
    /// Unit descriptors `[kept.len(), D]`, row by row.
    pub descriptors: Vec<f32>,
    /// What every extra head gives, `[kept.len(), width]` row by row, in the order of
    /// [`Model::extra_heads`].
    pub extra: Vec<Vec<f32>>,
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
        let extra = self.extra_heads().map(|_| Vec::new()).collect();
        let mut described = Described { extra, ..Described::default() };
        described.descriptors.reserve_exact(images.len() * self.dims());
        let requests =
            images.into_iter().map(|source| Request { source, identity: String::new(), view: View::Plain }).collect();
        let loader = Loader::start(requests, LoaderSettings::plain(self.pipeline().clone(), batch_size, threads));
        for batch in loader {
            observer.check()?;
            let outputs = self.describe_pixels_with_extra(&batch.pixels, batch.positions.len())?;
            described.descriptors.extend(outputs.descriptors);
            described.extra.iter_mut().zip(outputs.extra).for_each(|(all, further)| all.extend(further));
            progress.advance((batch.positions.len() + batch.failures.len()) as u64);
            described.kept.extend(batch.positions);
            described.failures.extend(batch.failures);
        }
        Ok(described)
    }
}
