//! Bringing the images of samples to the disk: fetched as they are, then rescaled.
//!
//! A file that is there stands for an image only while [`crate::sources`] says that it was fetched from the same address, or
//! copied from the same original. One image per thread is in memory, however many there are.

mod bringing;
mod fate;
mod fetching;
mod folder;

pub(crate) use fate::write_failures;
pub(crate) use folder::ImageFolder;
