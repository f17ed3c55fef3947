//! The model folder: `model.safetensors` with all tensors and `model.json` with the rest.
//!
//! `model.json` is written last: a folder without it holds no model.
//!
//! `model.safetensors` (float32): the backbone in torchvision's names behind `backbone.`, the retrained kernels
//! among them, and the head as `head.0.weight` `[outputs, inputs]`, `head.0.bias` and so on. Where training made extra heads,
//! `extra_heads.safetensors` has them.

use std::collections::BTreeMap;
use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_image::Pipeline;
use silknow_records::Vocabulary;

use super::checks::{check_ranges, check_shapes};
use super::description::{
    DESCRIPTION_FILE, Description, FORMAT_VERSION, ProvenanceDescription, describe_variables, read_description,
    vocabulary,
};
use super::facts::{Facts, Provenance};
use super::fingerprint::{PipelineDescription, fingerprint};
use super::heads::{HEADS_FILE, StoredHeads};
use super::stored::StoredModel;
use crate::families::family_of;
use crate::head::bias_name;
use crate::weights::{read_bounded, safetensors_shapes};

/// Name of the file with the tensors.
pub const TENSOR_FILE: &str = "model.safetensors";

impl StoredModel {
    /// The names of the files of a model in its folder; the last one need not be there.
    pub const FILES: [&str; 3] = [DESCRIPTION_FILE, TENSOR_FILE, HEADS_FILE];

    /// Writes the model into a folder, created where missing; a model that is there is replaced.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let description = Description {
            format_version: FORMAT_VERSION,
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            fingerprint: Some(self.fingerprint.clone()),
            family: family_of(self.facts.architecture)?.name.to_owned(),
            architecture: self.facts.architecture,
            add_fc: Some(self.facts.add_fc.clone()),
            frozen_share: self.facts.frozen_share,
            pipeline: (&self.facts.pipeline).into(),
            variables: describe_variables(&self.facts.vocabulary),
            weights: ProvenanceDescription {
                source: self.facts.weights.source.clone(),
                sha256: self.facts.weights.sha256.clone(),
            },
            training: self.facts.training.clone(),
            vote: self.facts.vote,
        };
        let mut text = serde_json::to_string_pretty(&description)
            .map_err(|cause| Error::internal("the model cannot be described in JSON").caused_by(cause))?;
        text.push('\n');
        files::write(folder.join(TENSOR_FILE), &self.file)?;
        if self.heads.is_empty() {
            // Those of a model that was here before.
            files::remove_if_there(folder.join(HEADS_FILE))?;
        } else {
            files::write(folder.join(HEADS_FILE), self.heads.to_bytes(&self.fingerprint, &self.facts.vocabulary)?)?;
        }
        files::write(folder.join(DESCRIPTION_FILE), text)
    }

    /// Reads the model of a folder.
    ///
    /// # Errors
    /// A folder without a model, a file that is cut or of another version or family, numbers out of range, tensors that
    /// are not the model's, and files that do not belong together.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let description = read_description(folder)?;
        let path = folder.join(TENSOR_FILE);
        let file = read_bounded(&path)?;
        let shapes = safetensors_shapes(&file).map_err(|error| error.in_file(&path))?;
        let PipelineDescription { input_size, mean, std, pixels } = description.pipeline;
        let ProvenanceDescription { source, sha256 } = description.weights;
        let facts = Facts {
            architecture: description.architecture,
            add_fc: description.add_fc.unwrap_or_else(|| widths(&shapes)),
            frozen_share: description.frozen_share,
            pipeline: Pipeline { input_size, mean, std, pixels },
            vocabulary: vocabulary(description.variables),
            training: description.training,
            weights: Provenance { source, sha256 },
            vote: description.vote,
        };
        check_ranges(&facts).map_err(|error| error.in_file(folder.join(DESCRIPTION_FILE)))?;
        check_shapes(&facts, &shapes).map_err(|error| error.in_file(&path))?;
        let fingerprint = fingerprint(&file, &facts.pipeline, &description.family, facts.frozen_share)?;
        if description.fingerprint.is_some_and(|stated| stated != fingerprint) {
            return Err(Error::data(format!("{TENSOR_FILE} and {DESCRIPTION_FILE} do not belong together"))
                .in_file(folder)
                .hint("one of them was changed or comes from another model; train again or copy the whole folder"));
        }
        let heads = read_heads(folder, &fingerprint, &facts.vocabulary)?;
        Ok(Self { facts, file, fingerprint, heads })
    }
}

/// The extra heads in a folder; none where there is no file of them.
fn read_heads(folder: &Path, fingerprint: &str, vocabulary: &Vocabulary) -> Result<StoredHeads> {
    let path = folder.join(HEADS_FILE);
    if !path.exists() {
        return Ok(StoredHeads::default());
    }
    StoredHeads::from_bytes(&read_bounded(&path)?, fingerprint, vocabulary).map_err(|error| error.in_file(&path))
}

/// The widths of the head that these tensors make.
fn widths(shapes: &BTreeMap<String, Vec<usize>>) -> Vec<usize> {
    let width = |position: usize| shapes.get(&bias_name(position))?.first().copied();
    (0..).map_while(width).collect()
}
