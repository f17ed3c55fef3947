//! `build-kdtree`: the descriptors of a collection, stored for searching.
//!
//! Owns the order of steps. Leaves descriptors to the network and the file to the index.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use silknow_config::BuildKDTreeParameters;
use silknow_dataset::collection;
use silknow_errors::Result;
use silknow_files::{self as files, FolderLock};
use silknow_index::{DescriptorIndex, IndexMeta, store};
use silknow_network::{Model, Placement};

use crate::context::Context;
use crate::describing::{SkippedImage, describe_images, skipped_note};

/// What `build-kdtree` did.
#[derive(Clone, Debug, Serialize)]
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
    let collections = collections.select(&described.kept);
    let names = collections
        .samples
        .iter()
        .map(|sample| files::relative_to(collections.image(sample), &parameters.savepath))
        .collect::<Result<Vec<_>>>()?;
    let index = DescriptorIndex {
        labels: collections.labels(),
        vocabulary: collections.vocabulary,
        names,
        descriptors: described.descriptors,
        dims: model.dims(),
        meta: IndexMeta::new(model.fingerprint())
            .with("master_file", &parameters.master_file_tree)
            .with("precision", parameters.precision.name()),
    };
    index.write(&parameters.savepath)?;
    Ok(BuildKDTreeSummary {
        index: parameters.savepath.join(store::FILE_NAME),
        images: index.len(),
        dimensions: index.dims,
        skipped,
    })
}
