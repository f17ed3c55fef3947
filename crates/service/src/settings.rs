//! What a server needs to know: the indexes, where it listens, who may ask, and how much.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use silknow_image_retrieval::Policy;
use silknow_image_retrieval::config::{DeviceChoice, Precision, VoteRule};

/// What a server needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The indexes that are served; the first is the one that is searched where a request names none.
    pub indexes: Vec<NamedIndex>,
    /// Where the networks run.
    pub device: DeviceChoice,
    /// Numbers that they compute with.
    pub precision: Precision,
    /// Neighbours where a request names no number.
    pub num_neighbors: usize,
    /// How the neighbours vote where a request does not say so.
    pub vote: VoteRule,
    /// The temperature of a weighted vote; none stands for that of the model.
    pub vote_temperature: Option<f64>,
    /// The share of the vote below which nothing is predicted, in `[0, 1]`.
    pub confidence_threshold: f64,
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 for one that is free.
    pub port: u16,
    /// Who may ask.
    pub access: Access,
    /// How much may be asked.
    pub limits: Limits,
    /// How pictures at addresses are fetched, where requests may name addresses. Whatever its reach is, none but public
    /// addresses are asked.
    pub addresses: Option<Policy>,
}

/// An index under the name by which requests ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedIndex {
    /// Its name in requests.
    pub name: String,
    /// Folder of `kdtree.npz`.
    pub treepath: PathBuf,
    /// Folder of the model that built it.
    pub model_path: PathBuf,
}

/// Who may ask.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The names under which the server is reached, beside `localhost` and addresses in numbers. Requests for others are
    /// refused, so that no page of a stranger reaches the server by a name that it lets point here.
    pub names: Vec<String>,
    /// The origins whose pages may read answers, such as `https://museum.example`; `*` for all.
    pub origins: Vec<String>,
    /// The word that every request must bring, where the collection is private.
    pub token: Option<String>,
    /// True behind a proxy: the client is then the last one that `X-Forwarded-For` names.
    pub behind_proxy: bool,
}

/// How much may be asked.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest upload of one request, in bytes.
    pub upload_bytes: u64,
    /// The longest time for one request.
    pub time_out: Duration,
    /// Requests that compute or wait to compute; further ones are sent away.
    pub queue: usize,
    /// Connections at once.
    pub connections: usize,
    /// Requests a second of one client over a longer time; 0 for any number. Four seconds' worth may come at once.
    pub requests_per_second: f64,
    /// Memory for thumbnails that were made before, in bytes.
    pub thumbnail_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            upload_bytes: 20_000_000,
            time_out: Duration::from_secs(30),
            queue: 64,
            connections: 1024,
            requests_per_second: 50.0,
            thumbnail_bytes: 64 << 20,
        }
    }
}

impl Settings {
    /// The defaults, for these indexes: on this machine alone, on a port that is free.
    pub fn new(indexes: Vec<NamedIndex>) -> Self {
        Self {
            indexes,
            device: DeviceChoice::Auto,
            precision: Precision::F32,
            num_neighbors: 20,
            vote: VoteRule::Majority,
            vote_temperature: None,
            confidence_threshold: 0.0,
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            access: Access::default(),
            limits: Limits::default(),
            addresses: None,
        }
    }
}
