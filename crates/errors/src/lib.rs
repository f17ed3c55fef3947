//! The one error type of SILKNOW Image Retrieval, suggestions for misspelt names, and words for numbers.

pub mod counts;
mod error;
pub mod suggest;

pub use error::{Error, ErrorKind, Result};
