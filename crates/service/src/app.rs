//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use silknow_image_retrieval::config::VoteRule;
use silknow_image_retrieval::{Error, FetchClient, Placement, Policy, Reach, Result, vote_of_keys};

use crate::admission::{Queue, Rates};
use crate::collection::Collection;
use crate::fault::Fault;
use crate::holdings::Holdings;
use crate::metrics::Metrics;
use crate::settings::{Access, Limits, Settings};
use crate::thumbnails::Thumbnails;

/// How many pictures may wait for every request that may compute.
const PICTURES_PER_REQUEST: usize = 8;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    pub holdings: Holdings,
    pub metrics: Arc<Metrics>,
    /// For requests that decode, describe or search.
    pub queue: Queue,
    /// For pictures, which a page asks for by the dozen and which take little.
    pub pictures: Queue,
    pub rates: Rates,
    pub thumbnails: Thumbnails,
    pub access: Access,
    pub limits: Limits,
    pub defaults: Defaults,
    /// What fetches pictures at addresses, where requests may name addresses.
    pub addresses: Option<FetchClient>,
    /// True once no further request is taken.
    pub ends: AtomicBool,
}

/// What a search is where the request does not say so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defaults {
    pub num_neighbors: usize,
    pub vote: VoteRule,
    pub vote_temperature: Option<f64>,
    pub confidence_threshold: f64,
}

impl App {
    /// Reads the indexes and makes everything ready.
    ///
    /// # Errors
    /// Indexes or models that cannot be read; a vote that a model does not have a temperature for; a proxy that cannot be read.
    pub fn open(settings: Settings) -> Result<Self> {
        let metrics = Arc::new(Metrics::default());
        let placement = Placement::choose(settings.device, settings.precision)?;
        let holdings = Holdings::open(&settings.indexes, placement, Arc::clone(&metrics))?;
        let defaults = Defaults {
            num_neighbors: settings.num_neighbors,
            vote: settings.vote,
            vote_temperature: settings.vote_temperature,
            confidence_threshold: settings.confidence_threshold,
        };
        if !matches!(settings.vote, VoteRule::Majority | VoteRule::Weighted) {
            return Err(Error::configuration("the service lets the neighbours alone vote")
                .hint("give `--vote majority` or `--vote weighted`"));
        }
        for collection in holdings.all() {
            let Defaults { vote, vote_temperature, confidence_threshold, .. } = defaults;
            vote_of_keys(vote, vote_temperature, confidence_threshold, collection.describer.facts())?;
        }
        let limits = settings.limits;
        let addresses = settings.addresses.map(|policy| FetchClient::new(strict(policy, &limits))).transpose()?;
        Ok(Self {
            holdings,
            metrics,
            queue: Queue::new(limits.queue),
            pictures: Queue::new(limits.queue.saturating_mul(PICTURES_PER_REQUEST)),
            rates: Rates::new(limits.requests_per_second),
            thumbnails: Thumbnails::new(limits.thumbnail_bytes),
            access: settings.access,
            limits,
            defaults,
            addresses,
            ends: AtomicBool::new(false),
        })
    }

    /// The index of a name; the first one where none is asked for.
    pub fn collection(&self, name: Option<&str>) -> Result<Arc<Collection>, Fault> {
        self.holdings.get(name).ok_or_else(|| {
            let names: Vec<String> = self.holdings.all().map(|collection| collection.name.clone()).collect();
            let sentence = format!("there is no index `{}`", name.unwrap_or_default());
            Fault::new(axum::http::StatusCode::NOT_FOUND, "no_such_index", sentence)
                .hint(format!("the indexes are {}", names.join(", ")))
        })
    }
}

/// How a picture that a stranger's request names is fetched: from public addresses alone, once, within the limits of an
/// upload.
fn strict(policy: Policy, limits: &Limits) -> Policy {
    Policy {
        reach: Reach::Public,
        attempts: 1,
        redirects: 5,
        limit_bytes: limits.upload_bytes,
        connect_timeout: policy.connect_timeout.min(limits.time_out),
        read_timeout: policy.read_timeout.min(limits.time_out),
        total_timeout: limits.time_out,
        ..policy
    }
}
