//! Polite fetching over HTTP: one file, one large download, or thousands of images.
//!
//! Addresses are read as browsers read them ([`Address`]). Time-outs, retries, redirects, limits and the number of requests at
//! once follow a [`Policy`]. The caller says which addresses are fetched and checks what comes ([`Receiver`]).
//!
//! Waiting never delays an interruption: every request runs on a thread of its own, which is left behind
//! when the observer asks to stop and ends with its next time-out.

mod address;
mod body;
mod client;
mod cookies;
mod exchange;
mod fault;
mod hosts;
mod http_fault;
mod policy;
mod proxies;
mod reach;
mod schedule;

pub use address::{Address, percent_decoded, without_userinfo};
pub use client::{Client, DownloadInfo, Fetched, Response};
pub use policy::Policy;
pub use proxies::Proxies;
pub use reach::Reach;
pub use schedule::{Job, Jobs, Outcome, Receiver, fetch_all};
