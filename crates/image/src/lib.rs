//! From an image file to the pixels that a network sees.
//!
//! This crate owns decoding (whatever the file calls itself), rescaling for a collection's folder, the image
//! pipeline of the networks with its augmented views, and loading ahead on other threads. It does not own
//! which images there are (the dataset crate does) nor what becomes of the pixels (the network crate).
//!
//! Everything here is deterministic: an augmented view depends on the seed, the image's identity and the
//! view's number alone, never on threads or on the order in which images are asked for.

mod augmentation;
mod colour;
mod decoding;
mod loader;
mod pipeline;
mod resampling;
mod rescaling;
mod truncation;

pub use augmentation::{Draw, view_rng};
pub use decoding::{MAX_PIXELS, check_format, decode, decode_bytes};
pub use image::RgbImage;
pub use loader::{Batch, Loader, Request, Source};
pub use pipeline::{Pipeline, View};
pub use rescaling::{COLLECTION_SHORTER_SIDE_PX, LONGEST_SIDE_PX, rescale_shorter_side, save, save_in_batch};
