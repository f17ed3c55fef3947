//! Result sets as files: a table, or a IIIF manifest.

pub(crate) mod csv;
pub(crate) mod iiif;
