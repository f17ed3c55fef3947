//! Similar works over HTTP: a page for curators, an API for developers, and the two endpoints of the ADASilk server.
//!
//! A [`Server`] reads its indexes into memory, listens, and answers until it is told to end. [`Settings`] say what it
//! serves, where, to whom, and how much.
//!
//! ```no_run
//! use std::sync::atomic::AtomicBool;
//!
//! use silknow_image_retrieval::Silent;
//! use silknow_service::{NamedIndex, Server, Settings};
//!
//! let visual = NamedIndex { name: "visual".into(), treepath: "index".into(), model_path: "model".into() };
//! let server = Server::open(Settings::new(vec![visual]))?;
//! println!("http://{}/", server.address());
//! server.run(&Silent, &AtomicBool::new(false))?;
//! # Ok::<(), silknow_image_retrieval::Error>(())
//! ```
//!
//! It reads and never writes: what clients upload is neither kept nor logged.

mod admission;
mod app;
mod collection;
mod describer;
mod export;
mod facets;
mod fault;
mod form;
mod guard;
mod handlers;
mod histogram;
mod holdings;
mod incoming;
mod json;
mod listing;
mod metrics;
mod openapi;
mod page;
mod pictures;
mod plane;
mod points;
mod queries;
mod request;
mod routes;
mod searching;
mod server;
mod settings;
mod thumbnails;
mod work;

pub use server::Server;
pub use settings::{Access, Limits, NamedIndex, Settings};

/// The OpenAPI document of the API, as the server gives it at `/api/v1/openapi.json`.
pub fn openapi_document() -> serde_json::Value {
    openapi::document()
}
