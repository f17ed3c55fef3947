//! `extra_heads.safetensors`: the extra heads of a model, such as a classifier's scores for the classes of a variable.
//!
//! It holds `extra.<name>.weight` `[width, D]` and `extra.<name>.bias` `[width]` of every head (float32), and a note with the
//! names in their order, the fingerprint of the model they belong to, and a digest of the model's classes: a score means a class
//! by its position. A model without extra heads has no such file.

use std::collections::BTreeMap;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use silknow_errors::{Error, Result};
use silknow_files::digest::hexadecimal;
use silknow_records::Vocabulary;

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
    /// The [digest](digest_of) of the variables and classes that scores are for. Not compared where it is missing.
    #[serde(default)]
    classes: Option<String>,
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

    /// The content of the file, for the model of this fingerprint with these variables and classes.
    pub(super) fn to_bytes(&self, model: &str, vocabulary: &Vocabulary) -> Result<Vec<u8>> {
        let classes = Some(digest_of(vocabulary));
        let note = serde_json::to_string(&Note { model: model.to_owned(), names: self.names.clone(), classes })
            .map_err(|cause| Error::internal("the names of heads cannot be written as JSON").caused_by(cause))?;
        let tensors = self.tensors.iter().map(|(name, tensor)| (name.clone(), tensor)).collect();
        safetensors_bytes(&tensors, Some((NOTE, note)))
    }

    /// The heads in the content of a file, which belong to the model of this fingerprint with these variables and classes.
    ///
    /// # Errors
    /// A file that is cut, holds numbers that are not finite, or belongs to another model or other classes. That heads and
    /// tensors fit together is seen when the [layers](Self::layers) are made.
    pub(super) fn from_bytes(bytes: &[u8], model: &str, vocabulary: &Vocabulary) -> Result<Self> {
        let tensors = safetensors_by_name(bytes)?;
        let note = safetensors_note(bytes, NOTE)?.unwrap_or_default();
        let note: Note = serde_json::from_str(&note)
            .map_err(|cause| Error::data("the names of the extra heads are damaged").caused_by(cause).hint(WITHOUT))?;
        if note.model != model {
            return Err(Error::data("the extra heads belong to another model").hint(WITHOUT));
        }
        if note.classes.is_some_and(|classes| classes != digest_of(vocabulary)) {
            return Err(Error::data("the extra heads give scores for other classes than the model has").hint(WITHOUT));
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

/// SHA-256 over the names of variables and classes in their order, hexadecimal.
fn digest_of(vocabulary: &Vocabulary) -> String {
    let mut digest = Sha256::new();
    let mut add = |text: &str| {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    };
    for variable in &vocabulary.variables {
        add(&variable.name);
        add(&variable.classes.len().to_string());
        variable.classes.iter().for_each(|class| add(class));
    }
    hexadecimal(&digest.finalize())
}

/// What to do about heads that cannot be used.
const WITHOUT: &str = "copy the whole model folder again; without this file the model describes as before, but predicts no \
                       classes of its own";
