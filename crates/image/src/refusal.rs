//! The words for what is wrong with a file, shared by all decoders.

use image::ImageError;
use image::error::{LimitError, LimitErrorKind};
use silknow_errors::{Error, Result};

/// The most pixels an image may have: 200 megapixels.
pub const MAX_PIXELS: u64 = 200_000_000;

pub(crate) const FETCH_AGAIN: &str = "fetch or copy the file again";
pub(crate) const SHRINK: &str = "make it smaller with an image editor";
pub(crate) const CONVERT: &str = "convert it to JPEG, PNG, TIFF, WebP, GIF, BMP or JPEG 2000";

/// A file that ends before its picture does.
pub(crate) fn cut(name: &str) -> Error {
    Error::data(format!("the {name} image is cut: its end is missing")).hint(FETCH_AGAIN)
}

/// A file whose content contradicts itself.
pub(crate) fn damaged(name: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::data(format!("the {name} image is damaged or cut")).caused_by(cause).hint(FETCH_AGAIN)
}

/// A whole file of a kind that no decoder here reads; `what` names the kind.
pub(crate) fn unsupported(name: &str, what: impl std::fmt::Display) -> Error {
    Error::data(format!("this kind of {name} image is not supported ({what}); convert it")).hint(CONVERT)
}

/// Puts a decoder's refusal into words.
pub(crate) fn explain(error: ImageError, name: &str) -> Error {
    match error {
        ImageError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => cut(name),
        ImageError::Unsupported(cause) => {
            Error::data(format!("this kind of {name} image is not supported")).caused_by(cause).hint(CONVERT)
        }
        ImageError::Limits(cause) => too_large(cause, name),
        cause => damaged(name, cause),
    }
}

fn too_large(cause: LimitError, name: &str) -> Error {
    let message = match cause.kind() {
        LimitErrorKind::DimensionError => format!("the {name} image has too many pixels"),
        _ => format!("the {name} image needs too much memory"),
    };
    Error::data(message).hint(SHRINK)
}

/// Checks the sides that a header states.
pub(crate) fn check_size(width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Error::data(format!("an image of {width} x {height} pixels has nothing to show")));
    }
    if pixels > MAX_PIXELS {
        return Err(Error::data(format!(
            "an image of {width} x {height} pixels is above the limit of {} megapixels",
            MAX_PIXELS / 1_000_000
        ))
        .hint(SHRINK));
    }
    Ok(())
}
