//! ImageNet weights from the Hugging Face hub: fetched once, checked, kept in a folder.
//!
//! Owns names, addresses and the check of the content. Leaves the transfer to `silknow-fetch`; the caller says
//! which address and which folder.

use std::path::Path;

use silknow_config::Architecture;
use silknow_foundation::{Error, Observer, Result};

use super::WeightFile;

/// Where ImageNet weights are fetched from and kept.
#[derive(Clone, Copy, Debug)]
pub struct Hub<'a> {
    /// Base address, without a slash at its end: [`Hub::HUGGING_FACE`].
    pub address: &'a str,
    /// Folder for the fetched files, created where missing.
    pub cache_folder: &'a Path,
}

impl Hub<'_> {
    /// The public hub.
    pub const HUGGING_FACE: &'static str = "https://huggingface.co";
}

/// The weights that torchvision trained on ImageNet (version 1), as the hub keeps them.
///
/// # Errors
/// Without network and without the file in the folder: an error that says which file to put where.
pub fn imagenet(architecture: Architecture, hub: &Hub<'_>, observer: &dyn Observer) -> Result<WeightFile> {
    let _ = (architecture, hub, observer);
    Err(Error::internal("to be written"))
}
