//! What tells a model from any other that describes differently.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use silknow_errors::{Error, Result};
use silknow_files::digest::hexadecimal;
use silknow_image::{Pipeline, Pixels};

use crate::families::DEFAULT_FAMILY;
use crate::weights::{IMAGENET_MEAN, IMAGENET_STD};

/// The pipeline as it is written, also where the fingerprint covers it: this text must never change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PipelineDescription {
    pub(super) input_size: usize,
    pub(super) mean: [f32; 3],
    pub(super) std: [f32; 3],
    /// Left out where they are ours, so that earlier versions read what they can.
    #[serde(skip_serializing_if = "Pixels::are_ours")]
    pub(super) pixels: Pixels,
}

impl Default for PipelineDescription {
    fn default() -> Self {
        Self { input_size: 224, mean: IMAGENET_MEAN, std: IMAGENET_STD, pixels: Pixels::Ours }
    }
}

impl From<&Pipeline> for PipelineDescription {
    fn from(pipeline: &Pipeline) -> Self {
        Self { input_size: pipeline.input_size, mean: pipeline.mean, std: pipeline.std, pixels: pipeline.pixels }
    }
}

/// SHA-256 over all that changes a descriptor, hexadecimal: the tensors' file, whose names and shapes tell the architecture
/// and the head's widths, and the image pipeline. Extra heads stand in another file: no descriptor depends on them, nor on the
/// variables and classes, which an index has its own of. What depends on classes is the extra heads, whose file tells them.
///
/// Another family than that of version 0.1.0 could give the same tensors another meaning, so its name is covered too. For the
/// family of 0.1.0 nothing is added: the indexes of that version name their models by this fingerprint. The same holds of
/// the frozen share and 0.
pub(super) fn fingerprint(file: &[u8], pipeline: &Pipeline, family: &str, frozen_share: f64) -> Result<String> {
    let pipeline = serde_json::to_vec(&PipelineDescription::from(pipeline))
        .map_err(|cause| Error::internal("the pipeline cannot be described in JSON").caused_by(cause))?;
    let mut digest = Sha256::new().chain_update(file).chain_update(pipeline);
    if family != DEFAULT_FAMILY {
        digest.update(family);
    }
    if frozen_share != 0.0 {
        digest.update(b"frozen_share");
        digest.update(frozen_share.to_le_bytes());
    }
    Ok(hexadecimal(&digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_covers_tensors_pipeline_family_and_share() {
        let pipeline = Pipeline::default();
        let of = |file: &[u8], pipeline: &Pipeline, family| fingerprint(file, pipeline, family, 0.0).unwrap();
        let first = of(b"tensors", &pipeline, DEFAULT_FAMILY);
        assert_ne!(of(b"others", &pipeline, DEFAULT_FAMILY), first);
        assert_ne!(of(b"tensors", &pipeline, "vit"), first);
        assert_ne!(fingerprint(b"tensors", &pipeline, DEFAULT_FAMILY, 0.5).unwrap(), first);
        for changed in [
            Pipeline { input_size: 225, ..pipeline.clone() },
            Pipeline { mean: [0.5; 3], ..pipeline.clone() },
            Pipeline { std: [0.5; 3], ..pipeline.clone() },
            Pipeline { pixels: Pixels::Toolbox, ..pipeline.clone() },
        ] {
            assert_ne!(of(b"tensors", &changed, DEFAULT_FAMILY), first);
        }
    }
}
