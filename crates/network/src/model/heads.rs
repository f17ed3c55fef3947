//! `extra_heads.safetensors`: the extra heads of a model, such as a classifier's scores for the classes of a variable.
//!
//! It holds `extra.<name>.weight` `[width, D]` and `extra.<name>.bias` `[width]` of every head (float32), and a note with the
//! names in their order and the fingerprint of the model they belong to. A model without extra heads has no such file.

use std::collections::BTreeMap;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use silknow_errors::{Error, Result};

use crate::extra_heads::{EXTRA_HEADS_PREFIX, ExtraHeads};
use crate::top::TopNetwork;
use crate::weights::{WeightTensor, check_finite, safetensors_by_name, safetensors_bytes, safetensors_note};

/// Name of the file.
pub(super) const HEADS_FILE: &str = "extra_heads.safetensors";

/// The key of the note.
const NOTE: &str = "extra_heads";

/// The note, as JSON.
#[derive(Serialize, Deserialize)]
struct Note {
    /// The fingerprint of the model.
    model: String,
    names: Vec<String>,
}

/// The extra heads of a model at rest.
#[derive(Clone, Default)]
pub(super) struct StoredHeads {
    names: Vec<String>,
    tensors: BTreeMap<String, WeightTensor>,
}

impl StoredHeads {
    /// Those of a network that was trained.
    pub(super) fn of(top: &TopNetwork) -> Self {
        let mut tensors = top.to_named_tensors();
        tensors.retain(|name, _| name.starts_with(EXTRA_HEADS_PREFIX));
        Self { names: top.extra.names().map(str::to_owned).collect(), tensors }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The content of the file, for the model of this fingerprint.
    pub(super) fn to_bytes(&self, model: &str) -> Result<Vec<u8>> {
        let note = serde_json::to_string(&Note { model: model.to_owned(), names: self.names.clone() })
            .map_err(|cause| Error::internal("the names of heads cannot be written as JSON").caused_by(cause))?;
        let tensors = self.tensors.iter().map(|(name, tensor)| (name.clone(), tensor)).collect();
        safetensors_bytes(&tensors, Some((NOTE, note)))
    }

    /// The heads in the content of a file, which belong to the model of this fingerprint.
    ///
    /// # Errors
    /// A file that is cut, holds numbers that are not finite, or belongs to another model. That heads and tensors fit
    /// together is seen when the [layers](Self::layers) are made.
    pub(super) fn from_bytes(bytes: &[u8], model: &str) -> Result<Self> {
        let tensors = safetensors_by_name(bytes)?;
        let note = safetensors_note(bytes, NOTE)?.unwrap_or_default();
        let note: Note = serde_json::from_str(&note)
            .map_err(|cause| Error::data("the names of the extra heads are damaged").caused_by(cause).hint(WITHOUT))?;
        if note.model != model {
            return Err(Error::data("the extra heads belong to another model").hint(WITHOUT));
        }
        for (name, tensor) in &tensors {
            check_finite(name, &tensor.data)?;
        }
        Ok(Self { names: note.names, tensors })
    }

    /// The layers, on `inputs` values.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    pub(super) fn layers(&self, inputs: usize, device: &Device) -> Result<ExtraHeads> {
        ExtraHeads::from_tensors(inputs, &self.names, &self.tensors, device)
    }
}

/// What to do about heads that cannot be used.
const WITHOUT: &str = "copy the whole model folder again; without this file the model describes as before, but predicts no \
                       classes of its own";
