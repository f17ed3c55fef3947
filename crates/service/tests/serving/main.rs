//! The server over real HTTP, on an index of the demonstration's pictures.

mod access;
mod answers;
mod client;
mod document;
mod errors;
mod pictures;
mod reload;
mod workshop;
