//! `build-kdtree`: the descriptors of a collection, stored for searching.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use silknow_config::BuildKDTreeParameters;
use silknow_dataset::collection;
use silknow_errors::Result;
use silknow_files::FolderLock;
use silknow_index::{Index, IndexMeta, store};
use silknow_network::{Model, Placement};

use crate::context::Context;
use crate::describing::{SkippedImage, describe_images, skipped_note};
use crate::indexing::index_of;

/// What `build-kdtree` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct BuildKDTreeSummary {
    /// The file that was written.
    pub index: PathBuf,
    /// Images in the index.
    pub images: usize,
    /// Length of a descriptor.
    pub dimensions: usize,
    /// Images that could not be read, each with the reason.
    pub skipped: Vec<SkippedImage>,
}

impl fmt::Display for BuildKDTreeSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skipped = skipped_note(&self.skipped);
        write!(f, "{} images with {} values each in {}{skipped}", self.images, self.dimensions, self.index.display())
    }
}

/// Describes all images of a master file, labelled or not, and writes `kdtree.npz` into `savepath`.
///
/// An image that cannot be read is reported and left out.
///
/// # Errors
/// A model folder or a master file that cannot be read, no readable image, a folder that is not writable, an
/// interruption; nothing is written then.
pub fn build_kdtree(parameters: &BuildKDTreeParameters, context: &Context<'_>) -> Result<BuildKDTreeSummary> {
    let observer = context.observer;
    let placement = Placement::choose(parameters.device, parameters.precision)?;
    let model = Model::load(&parameters.model_path, &placement)?;
    let collections = collection::read_master(
        &parameters.master_dir_tree,
        &parameters.master_file_tree,
        Some(&parameters.relevant_variables),
        observer,
    )?;
    let _lock = FolderLock::take(&parameters.savepath)?;
    let images: Vec<_> = collections.samples.iter().map(|sample| collections.image(sample)).collect();
    let (described, skipped) = describe_images(&model, &images, parameters.batch_size, observer)?;
    let meta = IndexMeta::new(model.fingerprint())
        .with("master_file", &parameters.master_file_tree)
        .with("precision", parameters.precision.name());
    let index =
        index_of(&collections, &described.kept, described.descriptors, model.dims(), &parameters.savepath, meta)?;
    index.write(&parameters.savepath)?;
    Ok(BuildKDTreeSummary {
        index: parameters.savepath.join(store::FILE_NAME),
        images: index.len(),
        dimensions: index.dims(),
        skipped,
    })
}
