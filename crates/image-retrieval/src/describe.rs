//! `describe`: the descriptors of any images, as an array and a list of names.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use silknow_arrays::npz::{self, Array};
use silknow_config::{BackboneParameters, DeviceChoice, Precision};
use silknow_errors::Result;
use silknow_files as files;
use silknow_files::FolderLock;
use silknow_network::{Model, Placement, StoredModel};

use crate::brought_weights;
use crate::context::Context;
use crate::describing::{Listed, SkippedImage, describe_images, skipped_note};
use crate::image_list;
use crate::import_model::{ImportModelParameters, read_model};
use crate::path_text;
use crate::toolbox_files;

/// What `describe` needs to know.
#[derive(Clone, Debug)]
pub struct DescribeParameters {
    /// Images and folders of images.
    pub images: Vec<PathBuf>,
    /// The array file to write, ending in `.npy`; the names go beside it, ending in `_names.txt`.
    pub out: PathBuf,
    /// The network.
    pub network: DescribingNetwork,
    /// Images that the network describes at once.
    pub batch_size: usize,
    /// Where the network runs.
    pub device: DeviceChoice,
    /// Numbers that it computes with.
    pub precision: Precision,
}

/// The network that describes.
#[derive(Clone, Debug)]
pub enum DescribingNetwork {
    /// A trained model's folder.
    Model(PathBuf),
    /// A model or a weight file of another program; nothing is written.
    Imported(Box<ImportModelParameters>),
    /// A backbone without training.
    Backbone(BackboneParameters),
}

impl DescribingNetwork {
    /// The network itself.
    ///
    /// # Errors
    /// A model or weights that cannot be read, a device that is not there.
    pub fn load(&self, device: DeviceChoice, precision: Precision, context: &Context<'_>) -> Result<Model> {
        let placement = Placement::choose(device, precision)?;
        match self {
            Self::Model(folder) => toolbox_files::open_model_in(folder, &placement, context),
            Self::Imported(_) | Self::Backbone(_) => self.stored(context)?.open(&placement),
        }
    }

    /// The network as it is saved.
    ///
    /// # Errors
    /// A model or weights that cannot be read.
    pub fn stored(&self, context: &Context<'_>) -> Result<StoredModel> {
        match self {
            Self::Model(folder) => toolbox_files::model_in(folder, context),
            Self::Imported(parameters) => read_model(parameters, context).map(|(model, _)| model),
            Self::Backbone(BackboneParameters { add_fc, backbone, weights, input_size, seed }) => {
                let weights = brought_weights::resolve(weights, *backbone, *seed, context)?;
                StoredModel::untrained(&weights, *backbone, add_fc, *seed, *input_size)
            }
        }
    }
}

/// What `describe` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DescribeSummary {
    /// The array file: `float32 [N, D]`.
    #[serde(serialize_with = "path_text::serialize")]
    pub descriptors: PathBuf,
    /// The list of names: one a line, in the order of the rows.
    #[serde(serialize_with = "path_text::serialize")]
    pub names: PathBuf,
    /// Rows N.
    pub images: usize,
    /// Columns D.
    pub dimensions: usize,
    /// Images that could not be read, each with the reason.
    pub skipped: Vec<SkippedImage>,
}

impl fmt::Display for DescribeSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} images with {} values each in {}, their names in {}{}",
            self.images,
            self.dimensions,
            self.descriptors.display(),
            self.names.display(),
            skipped_note(&self.skipped)
        )
    }
}

/// Describes images and writes their descriptors `float32 [N, D]` and the list of their names, sorted by name.
///
/// # Errors
/// A missing image or folder, no readable image, a model or weights that cannot be read, a folder that is not
/// writable or in which another run works, an interruption.
pub fn describe(parameters: &DescribeParameters, context: &Context<'_>) -> Result<DescribeSummary> {
    let images = image_list::expand(&parameters.images, context.observer)?;
    let model = parameters.network.load(parameters.device, parameters.precision, context)?;
    let _lock = FolderLock::take_folder_of(&parameters.out)?;
    let (described, skipped) =
        describe_images(&model, &images, Listed::ByHand, parameters.batch_size, context.observer)?;
    let shape = [described.kept.len(), model.dims()];
    npz::write_npy(&parameters.out, &Array::f32(shape, described.descriptors))?;
    let names = parameters
        .out
        .with_file_name(format!("{}_names.txt", parameters.out.file_stem().unwrap_or_default().to_string_lossy()));
    path_text::warn_of_lost_names(&images, context.observer);
    let line = |&position: &usize| format!("{}\n", path_text::line_of(&images[position]));
    let list: String = described.kept.iter().map(line).collect();
    files::write(&names, list)?;
    Ok(DescribeSummary { descriptors: parameters.out.clone(), names, images: shape[0], dimensions: shape[1], skipped })
}
