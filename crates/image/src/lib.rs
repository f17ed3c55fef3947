//! From an image file to the pixels that a network sees.
//!
//! This crate decodes images (by their content, whatever the file is called), rescales them for a collection's folder,
//! makes the input of a network from them, augmented where that is wanted, and loads them ahead on other threads. Which
//! images there are is the dataset crate's affair, what becomes of the pixels the network crate's.
//!
//! Everything here is deterministic: an augmented view depends only on the seed, the image's identity and the view's
//! number, never on threads or on the order in which images are asked for.

mod augmentation;
mod colour;
mod conversions;
mod decoding;
mod folder;
mod guard;
mod jpeg;
mod jpeg2000;
mod kinds;
mod loader;
mod memory;
mod need;
mod orientation;
mod pipeline;
mod profile;
mod refusal;
mod resampling;
mod rescaling;
mod small;
mod tiff;
mod toolbox;

pub use augmentation::{Draw, view_rng};
pub use decoding::{FirstPage, check_format, decode, decode_bytes, decode_first_page, pages};
pub use folder::{FolderContent, pictures_in};
pub use guard::decoder_is_running;
pub use image::RgbImage;
pub use loader::{Batch, Loader, LoaderSettings, Request, Source};
pub use memory::{DEFAULT_DECODING_BYTES, limit_decoding_memory};
pub use pipeline::{Pipeline, Pixels, View};
pub use refusal::MAX_PIXELS;
pub use rescaling::{COLLECTION_SHORTER_SIDE_PX, LONGEST_SIDE_PX, rescale_shorter_side, save, save_in_batch};
pub use small::{SmallPicture, scaled_down};
