//! What `kdtree.npz` and `pred_gt.npz` say about themselves: format version, model, software, how they were made.
//!
//! The version numbers of the formats stand here, and files of a newer version are refused here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use silknow_errors::{Error, Result};

/// The version of both formats that is written.
pub const FORMAT_VERSION: u32 = 1;

/// The version that is written when a label is a set of two or more classes, and the highest that is read. A reader of
/// version 1 would take the lowest class of a set for the only one.
pub const FORMAT_WITH_SETS: u32 = 2;

/// The `meta` entry of a file, stored as JSON text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IndexMeta {
    /// The version of the file's format.
    pub format_version: u32,
    /// Identifies the model that computed the descriptors.
    pub model_fingerprint: String,
    /// The version of the software that wrote the file.
    pub software_version: String,
    /// How it was made: parameters by their names.
    #[serde(default)]
    pub made_with: BTreeMap<String, String>,
}

impl IndexMeta {
    /// The entry of a file that is made now, with a model of this fingerprint.
    pub fn new(model_fingerprint: impl Into<String>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            model_fingerprint: model_fingerprint.into(),
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            made_with: BTreeMap::new(),
        }
    }

    /// Adds a parameter that the file was made with.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.made_with.insert(name.into(), value.to_string());
        self
    }

    /// The JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are always JSON")
    }

    /// Reads the JSON text.
    ///
    /// # Errors
    /// A newer format version, said before anything else is looked at; no JSON, or not these entries.
    pub fn from_json(text: &str) -> Result<Self> {
        refuse_newer(text)?;
        serde_json::from_str(text).map_err(|cause| {
            Error::data("`meta` is not the description that this program writes")
                .caused_by(cause)
                .hint("the file was made by another program; make it again")
        })
    }
}

/// Refuses a description that states a format version above [`FORMAT_WITH_SETS`]; one that states none is let through.
pub(crate) fn refuse_newer(text: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct Version {
        format_version: u64,
    }
    match serde_json::from_str(text) {
        Ok(Version { format_version }) if format_version > u64::from(FORMAT_WITH_SETS) => Err(Error::data(format!(
            "the file has format version {format_version}, and this program reads versions up to {FORMAT_WITH_SETS}"
        ))
        .hint("update this program, or make the file again with this one")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_read_back_is_the_one_written() {
        let meta = IndexMeta::new("abc").with("master_file", "master_file_tree.txt").with("images", 12);
        assert_eq!(IndexMeta::from_json(&meta.to_json()).unwrap(), meta);
    }

    #[test]
    fn a_newer_version_is_refused_even_when_its_entries_are_unknown() {
        let message = IndexMeta::from_json(r#"{"format_version": 7, "model": {}}"#).unwrap_err().to_string();
        assert!(message.contains("format version 7") && message.contains("update"), "{message}");
    }

    #[test]
    fn text_that_is_no_description_is_refused() {
        assert!(IndexMeta::from_json("made by hand").is_err());
    }
}
