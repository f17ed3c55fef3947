//! What is wrong with a TIFF file, in words.

use silknow_errors::Error;

/// What messages call the format.
pub(super) const NAME: &str = "TIFF";

pub(super) fn damaged(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    crate::refusal::damaged(NAME, cause)
}

pub(super) fn unsupported(what: impl std::fmt::Display) -> Error {
    crate::refusal::unsupported(NAME, what)
}

pub(super) fn unreadable(cause: std::io::Error) -> Error {
    if cause.kind() == std::io::ErrorKind::UnexpectedEof {
        return crate::refusal::cut(NAME);
    }
    Error::io("the file cannot be read").caused_by(cause)
}

/// Puts the refusal of the decoder of compressed data into words.
pub(super) fn explain(error: ::tiff::TiffError) -> Error {
    match error {
        ::tiff::TiffError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            crate::refusal::cut(NAME)
        }
        cause => damaged(cause),
    }
}
