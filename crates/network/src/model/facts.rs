//! What a model knows about itself.

use serde::{Deserialize, Serialize};
use silknow_config::{Architecture, TrainingParameters};
use silknow_errors::Result;
use silknow_image::Pipeline;
use silknow_records::Vocabulary;

use crate::families::design_of;

/// What a model knows about itself beside its tensors.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Facts {
    /// The backbone.
    pub architecture: Architecture,
    /// Widths of the fully connected layers; empty: no head.
    pub add_fc: Vec<usize>,
    /// The part of the backbone's values in a descriptor, from 0 to 1.
    pub frozen_share: f64,
    /// How an image file becomes the pixels that the network sees.
    pub pipeline: Pipeline,
    /// The variables that it was trained for, with their classes in index order; empty when untrained.
    pub vocabulary: Vocabulary,
    /// How it was trained; none when untrained.
    pub training: Option<TrainingParameters>,
    /// Where the backbone's weights came from.
    pub weights: Provenance,
    /// The weighted vote that was best on the validation split; none where none was looked for.
    pub vote: Option<ChosenVote>,
}

impl Facts {
    /// Length D of the descriptors.
    ///
    /// # Errors
    /// An unknown backbone.
    pub fn dims(&self) -> Result<usize> {
        let frozen = design_of(self.architecture)?.pooled_features();
        let trained = self.add_fc.last().copied().unwrap_or(frozen);
        Ok(match self.frozen_share {
            share if share <= 0.0 => trained,
            share if share >= 1.0 => frozen,
            _ => trained + frozen,
        })
    }
}

/// The weighted vote of neighbours that was best on the validation split of a training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChosenVote {
    /// A neighbour at the Euclidean distance d counts exp(-d^2 / temperature); above 0.
    pub temperature: f64,
    /// Neighbours that vote, at least 1.
    pub neighbours: usize,
}

/// Where weights came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Provenance {
    /// A path, an address, `builtin` or `none`.
    pub source: String,
    /// SHA-256 of the file, hexadecimal; empty for random weights.
    pub sha256: String,
}
