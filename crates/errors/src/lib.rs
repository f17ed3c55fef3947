//! The one error type of SILKNOW Image Retrieval, and suggestions for misspelt names.

mod error;
pub mod suggest;

pub use error::{Error, ErrorKind, Result};
