//! `build-kdtree`: the descriptors of a collection, stored for searching.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use silknow_config::{BackboneParameters, BuildKDTreeParameters};
use silknow_dataset::collection;
use silknow_errors::Result;
use silknow_files::FolderLock;
use silknow_index::{Index, IndexMeta, store};
use silknow_network::Placement;
use silknow_network::model::DESCRIPTION_FILE;

use crate::context::Context;
use crate::describe::DescribingNetwork;
use crate::describing::{Listed, SkippedImage, describe_images, skipped_note};
use crate::descriptor_groups::{self, DescriptorGroups};
use crate::indexing::index_of;
use crate::toolbox_files;

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
    /// The index in the layout of the Python toolbox, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_layout: Option<PathBuf>,
    /// The folder into which an untrained model was put, if one was.
    pub untrained_model: Option<PathBuf>,
    /// The groups of images with near descriptors, where `group_distance` asked for them.
    pub groups: Option<DescriptorGroups>,
}

impl fmt::Display for BuildKDTreeSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skipped = skipped_note(&self.skipped);
        write!(f, "{} images with {} values each in {}{skipped}", self.images, self.dimensions, self.index.display())?;
        if let Some(file) = &self.old_layout {
            write!(f, "\n  {}", file.display())?;
        }
        if let Some(groups) = &self.groups {
            write!(f, "\n  {groups}")?;
        }
        match &self.untrained_model {
            Some(folder) => write!(f, "\n  described by an untrained network, which is now in {}", folder.display()),
            None => Ok(()),
        }
    }
}

/// Describes all images of a master file, labelled or not, and writes `kdtree.npz` into `savepath`.
///
/// An image that cannot be read is reported and left out. With `group_distance`, the groups of images whose descriptors are no
/// farther apart are listed in `descriptor_groups.csv` and shown in `descriptor_groups.html`.
///
/// An index without variables needs no training: where `model_path` holds no model, the network of the parameters is put
/// there as it is, untrained. The key `untrained` asks for the same with variables.
///
/// # Errors
/// A model folder or a master file that cannot be read, no readable image, a folder that is not writable, an
/// interruption; nothing is written then.
pub fn build_kdtree(parameters: &BuildKDTreeParameters, context: &Context<'_>) -> Result<BuildKDTreeSummary> {
    let observer = context.observer;
    let placement = Placement::choose(parameters.device, parameters.precision)?;
    let collections = collection::read_master(
        &parameters.master_dir_tree,
        &parameters.master_file_tree,
        Some(&parameters.relevant_variables),
        observer,
    )?;
    let untrained_model = make_untrained_model(parameters, context)?;
    let model = toolbox_files::open_model_in(&parameters.model_path, &placement, context)?;
    let _lock = FolderLock::take(&parameters.savepath)?;
    let images: Vec<_> = collections.samples.iter().map(|sample| collections.image(sample)).collect();
    let (described, skipped) =
        describe_images(&model, &images, Listed::InCollections, parameters.batch_size, observer)?;
    let meta = IndexMeta::new(model.fingerprint())
        .with("master_file", &parameters.master_file_tree)
        .with("precision", parameters.precision.name());
    let index =
        index_of(&collections, &described.kept, described.descriptors, model.dims(), &parameters.savepath, meta)?;
    index.write(&parameters.savepath)?;
    let old_layout = parameters.old_layout.then(|| toolbox_files::write_old_index(&index, &parameters.savepath));
    let groups = match parameters.group_distance {
        Some(most) => Some(descriptor_groups::write(&index, most, &parameters.savepath, observer)?),
        None => {
            descriptor_groups::remove_earlier(&parameters.savepath, observer)?;
            None
        }
    };
    Ok(BuildKDTreeSummary {
        index: parameters.savepath.join(store::FILE_NAME),
        images: index.len(),
        dimensions: index.dims(),
        skipped,
        old_layout: old_layout.transpose()?,
        untrained_model,
        groups,
    })
}

/// Puts an untrained model into `model_path` where there is none and none has to be trained; returns the folder if so.
fn make_untrained_model(parameters: &BuildKDTreeParameters, context: &Context<'_>) -> Result<Option<PathBuf>> {
    let folder = &parameters.model_path;
    let is_wanted = parameters.untrained || parameters.relevant_variables.is_empty();
    if !is_wanted || folder.join(DESCRIPTION_FILE).exists() || toolbox_files::is_old_model(folder) {
        return Ok(None);
    }
    let backbone = BackboneParameters {
        backbone: parameters.backbone,
        weights: parameters.weights.clone(),
        ..BackboneParameters::default()
    };
    context.observer.info(&format!(
        "`{}` holds no model: an untrained {} is put there, which finds pictures that look alike",
        folder.display(),
        parameters.backbone
    ));
    let _lock = FolderLock::take(folder)?;
    DescribingNetwork::Backbone(backbone).stored(context)?.save(folder)?;
    Ok(Some(folder.clone()))
}
