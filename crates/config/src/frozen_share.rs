//! How much of a descriptor the frozen features are.

use std::fmt;

use serde::{Deserialize, Serialize};
use silknow_errors::{Error, Result};

/// The part of the frozen features in a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FrozenShare {
    /// What the vote on the validation images finds best.
    Auto,
    /// From 0 (what was trained alone) to 1 (the frozen features alone).
    Share(f64),
}

impl FrozenShare {
    /// The share of a text: `auto`, or a number from 0 to 1.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "auto" {
            return Some(Self::Auto);
        }
        let share: f64 = text.parse().ok()?;
        (0.0..=1.0).contains(&share).then_some(Self::Share(share))
    }
}

impl fmt::Display for FrozenShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Share(share) => write!(f, "{share}"),
        }
    }
}

impl From<FrozenShare> for String {
    fn from(share: FrozenShare) -> Self {
        share.to_string()
    }
}

impl TryFrom<String> for FrozenShare {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
            .ok_or_else(|| Error::configuration(format!("`{text}` is neither auto nor a number from 0 to 1")))
    }
}
