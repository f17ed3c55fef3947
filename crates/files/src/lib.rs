//! Files of this workspace: read with the path in every message, written whole or not at all, and folders that one
//! run at a time works in.
//!
//! - [`read`], [`read_text`], [`read_small_text`] and [`open`] take regular files. A pipe or a device in the place of
//!   a file is an error, and not a program that waits for ever.
//! - [`write`](fn@write) and [`write_with`] replace a file in one step that survives a power cut. [`Batch`] does the
//!   same for many small files at a fraction of the cost.
//! - [`FolderLock`] keeps a second run out of a folder, and removes what runs that were killed left in it.
//!   [`remove_abandoned`] does the second alone, for folders that several runs may share.
//!
//! ```
//! # fn main() -> silknow_errors::Result<()> {
//! # let folder = tempfile::tempdir().unwrap();
//! let path = folder.path().join("masterfile.txt");
//! silknow_files::write(&path, "collection_1.txt\n")?;
//! assert_eq!(silknow_files::read_text(&path)?, "collection_1.txt\n");
//! # Ok(())
//! # }
//! ```

pub mod digest;
mod lock;
mod paths;
mod reading;
mod refusal;
mod temporary;
mod writing;

pub use lock::FolderLock;
pub use paths::relative_to;
pub use reading::{SMALL_TEXT_BYTES, TEXT_BYTES, open, read, read_limited, read_small_text, read_text};
pub use refusal::refused;
pub use temporary::remove_abandoned;
pub use writing::{Batch, create_folder, remove_if_there, write, write_with};
