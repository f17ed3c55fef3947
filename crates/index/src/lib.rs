//! The descriptor index: exact nearest neighbours, class prediction, and the files of both.

pub mod classification;
