//! The keys of work that describes images with a network, trained or not.

use super::training::TrainingParameters;
use crate::choice::{Architecture, DeviceChoice, Precision, Weights};
use crate::field::defaulted;
use crate::form::whole;
use crate::group::Group;

crate::parameters! {
    /// How a network describes images.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct DescribingParameters {
        /// Images that the network describes at once
        batch_size: usize = defaulted(32, whole(1..=4096)).further();
        /// Where the network runs.
        device: DeviceChoice = TrainingParameters::device();
        /// Numbers that its frozen part computes with.
        precision: Precision = TrainingParameters::precision();
    }
}

crate::parameters! {
    /// A backbone without training.
    #[derive(Clone, Debug, PartialEq)]
    pub struct BackboneParameters {
        /// Widths of random fully connected layers on top; empty: the L2-normalised pooled values. A random head
        /// describes nothing, so the default is none.
        add_fc: Vec<usize> = TrainingParameters::add_fc().or(Vec::new());
        /// Its depth.
        backbone: Architecture = TrainingParameters::backbone();
        /// Its weights.
        weights: Weights = TrainingParameters::weights();
        /// Side of the square that it sees, in pixels; 32 to 2048.
        input_size: usize = TrainingParameters::input_size();
        /// Seed of random layers and random weights.
        seed: u64 = TrainingParameters::seed();
    }
}

/// The documented defaults.
impl Default for DescribingParameters {
    fn default() -> Self {
        Self::initial()
    }
}

/// The documented backbone, without layers on top.
impl Default for BackboneParameters {
    fn default() -> Self {
        Self::initial()
    }
}
