//! The keys of the server: how much may be asked of it, and how its neighbours vote.

use super::describing::DescribingParameters;
use super::retrieval::GetKNNParameters;
use crate::choice::{DeviceChoice, Precision, VoteRule};
use crate::field::defaulted;
use crate::form::{Interval, number, whole};
use crate::group::Group;

crate::parameters! {
    /// How much may be asked of a server, and how its neighbours vote.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct ServingParameters {
        /// Port to listen on; 0: one that is free
        port: usize = defaulted(8080, whole(0..=65_535));
        /// Largest upload of one request, in megabytes
        upload_megabytes: usize = defaulted(20, whole(1..=1000));
        /// Longest time for one request, in seconds
        time_out: usize = defaulted(30, whole(1..=3600));
        /// Requests that compute or wait to compute; further ones are asked to come again
        queue: usize = defaulted(64, whole(1..=10_000));
        /// Requests a second of one client over a longer time, some more for a moment; 0: any number
        requests_per_second: f64 = defaulted(50.0, number(Interval::closed(0.0, 1e6)));
        /// How neighbours vote: each counts one, or near ones count more
        vote: VoteRule = GetKNNParameters::vote();
        /// Temperature T of weighted votes, exp(-d^2 / T) at the distance d; `model`: the one that validation found
        vote_temperature: Option<f64> = GetKNNParameters::vote_temperature();
        /// Share of the vote below which nothing is predicted (not sure); 0: never
        confidence_threshold: f64 = GetKNNParameters::confidence_threshold();
        /// Where the network runs.
        device: DeviceChoice = DescribingParameters::device();
        /// Numbers that the network computes with.
        precision: Precision = DescribingParameters::precision();
    }
}

/// The documented defaults.
impl Default for ServingParameters {
    fn default() -> Self {
        Self::initial()
    }
}
