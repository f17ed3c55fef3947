//! The program run as a whole, each time in a fresh folder: what it prints, where, its exit code, what it leaves.
//!
//! Leaves what the operations compute to the tests of the library.

mod bad_collections;
mod bad_folders;
mod bad_images;
mod bad_tables;
mod circles;
mod command_line;
mod exchange;
mod host;
mod interruption;
mod kills;
mod limits;
mod place;
mod power;
mod surroundings;
mod tiny_collection;
mod unlabelled;
mod votes;
