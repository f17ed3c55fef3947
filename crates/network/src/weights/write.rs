//! Writing tensors as safetensors.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::{Dtype, View};
use silknow_errors::{Error, Result};

use super::tensor::WeightTensor;

/// The tensors as the bytes of a safetensors file; the same tensors give the same bytes.
///
/// A note, a key and its text, stands in the file's metadata. There is one at most, because several would have no order.
pub(crate) fn safetensors_bytes(
    tensors: &BTreeMap<String, &WeightTensor>,
    note: Option<(&str, String)>,
) -> Result<Vec<u8>> {
    let views = tensors.iter().map(|(name, tensor)| (name, Float32(tensor)));
    let metadata = note.map(|(key, text)| HashMap::from([(key.to_owned(), text)]));
    safetensors::serialize(views, metadata)
        .map_err(|cause| Error::internal("the tensors cannot be written as safetensors").caused_by(cause))
}

/// A tensor as safetensors wants to see it; its bytes are made when they are written, one tensor at a time.
struct Float32<'a>(&'a WeightTensor);

impl View for Float32<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.0.data.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        self.0.data.len() * size_of::<f32>()
    }
}
