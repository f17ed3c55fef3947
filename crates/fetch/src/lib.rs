//! Polite fetching over HTTP: one file, one large download, or thousands of images.
//!
//! This crate owns addresses, time-outs, retries, redirects, limits and how many requests run at once. It
//! does not own what a file must hold (the caller hands in a check) nor which addresses are fetched.
//!
//! Waiting never delays an interruption: every request runs on a thread of its own, which is left behind
//! when the observer asks to stop and ends with its next time-out.

mod address;
mod body;
mod client;
mod exchange;
mod fault;
mod hosts;
mod policy;
mod proxies;
mod schedule;

pub use client::{Client, DownloadInfo, Response};
pub use policy::Policy;
pub use proxies::Proxies;
pub use schedule::{Job, Outcome, fetch_all};
