//! What an operation needs of its surroundings beside its parameters.

use std::path::Path;

use silknow_fetch::Policy;
use silknow_network::weights::Hub;
use silknow_progress::Observer;

/// The surroundings of an operation: who listens, and where pre-trained weights come from and are kept.
///
/// The library prints nothing and reads no environment variable, so the caller says both.
#[derive(Clone)]
pub struct Context<'a> {
    /// Receives progress and warnings, and may ask the work to stop.
    pub observer: &'a dyn Observer,
    /// Where `weights = imagenet` is fetched from and kept, and how addresses are fetched, those of images too.
    pub hub: Hub<'a>,
}

impl<'a> Context<'a> {
    /// Surroundings with the public hub for weights, kept in `cache_folder`.
    pub fn new(observer: &'a dyn Observer, cache_folder: &'a Path) -> Self {
        Self { observer, hub: Hub { address: Hub::HUGGING_FACE, cache_folder, policy: Policy::default() } }
    }
}
