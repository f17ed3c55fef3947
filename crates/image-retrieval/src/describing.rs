//! Describing a list of images with a model, with the unreadable ones reported: what indexing, retrieval, search
//! and `describe` have in common.

use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_errors::counts::counted;
use silknow_errors::{Error, Result};
use silknow_network::Model;
use silknow_network::model::Described;
use silknow_progress::Observer;

use crate::path_text;

/// An image that was left out.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SkippedImage {
    /// Where it should be.
    #[serde(serialize_with = "path_text::serialize")]
    pub image: PathBuf,
    /// Why it was left out.
    pub reason: String,
}

/// Where images come from, for the advice that is given when none can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// From the collection files of a master file.
    InCollections,
    /// From the user, one by one or by folder.
    ByHand,
}

impl Listed {
    fn advice(self) -> &'static str {
        match self {
            Self::InCollections => "the image paths in a collection file are relative to the folder of the master file",
            Self::ByHand => "each warning above says why; save the images as JPEG, PNG or TIFF, or give others",
        }
    }
}

/// Describes images; those that cannot be read are warned of and listed.
///
/// # Errors
/// No readable image at all, an interruption.
pub(crate) fn describe_images<P: AsRef<Path>>(
    model: &Model,
    images: &[P],
    listed: Listed,
    batch_size: usize,
    observer: &dyn Observer,
) -> Result<(Described, Vec<SkippedImage>)> {
    warn_of_pages(images, observer);
    let mut described = model.describe_files(images, batch_size, decoding_threads(), observer)?;
    // Of a single image the reason is the error.
    if images.len() == 1
        && let Some((_, reason)) = described.failures.pop()
    {
        return Err(match listed {
            Listed::ByHand => reason,
            Listed::InCollections => reason.hint(listed.advice()),
        });
    }
    let mut skipped = Vec::new();
    for (position, reason) in &described.failures {
        observer.warning(&format!("left out: {reason}"));
        skipped.push(SkippedImage { image: images[*position].as_ref().to_path_buf(), reason: reason.to_string() });
    }
    if described.kept.is_empty() {
        return Err(Error::data(format!("none of the {} images could be read", images.len())).hint(listed.advice()));
    }
    Ok((described, skipped))
}

/// Warns of files of several pages, of which the first is taken.
fn warn_of_pages<P: AsRef<Path>>(images: &[P], observer: &dyn Observer) {
    const MOST_NAMES: usize = 3;
    let several: Vec<&Path> =
        images.iter().map(AsRef::as_ref).filter(|image| silknow_image::pages(image) > 1).collect();
    if several.is_empty() {
        return;
    }
    let names: Vec<String> = several.iter().take(MOST_NAMES).map(|image| format!("`{}`", image.display())).collect();
    let more = if several.len() > MOST_NAMES { ", ..." } else { "" };
    let files = counted(several.len(), "image file has", "image files have");
    observer.warning(&format!("{files} several pages; the first of each is taken: {}{more}", names.join(", ")));
}

/// Threads that decode images while the network describes: one for each processor.
pub(crate) fn decoding_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How a summary ends when images were left out.
pub(crate) fn skipped_note(skipped: &[SkippedImage]) -> String {
    if skipped.is_empty() { String::new() } else { format!("; {} could not be read", skipped.len()) }
}
