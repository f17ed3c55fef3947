//! The model folder: `model.safetensors` with all tensors and `model.json` with the rest.
//!
//! Owns the layout of both files, their version and the checks when they are read. `model.json` is written
//! last: a folder without it holds no model.
//!
//! `model.safetensors` (float32): the backbone in torchvision's names behind `backbone.`, the retrained kernels
//! among them, and the head as `head.0.weight` `[outputs, inputs]`, `head.0.bias` and so on.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, View};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use silknow_config::{Architecture, TrainingParameters};
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_image::Pipeline;
use silknow_records::{Variable, Vocabulary};

use super::{Facts, Provenance, StoredModel};
use crate::weights::{WeightTensor, check_safetensors, hex};

/// Name of the file that describes the model.
pub const DESCRIPTION_FILE: &str = "model.json";

/// Name of the file with the tensors.
pub const TENSOR_FILE: &str = "model.safetensors";

/// The version of the folder's layout that is written and read.
pub const FORMAT_VERSION: u32 = 1;

/// The content of `model.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format_version: u32,
    software_version: String,
    fingerprint: String,
    architecture: Architecture,
    add_fc: Vec<usize>,
    pipeline: Pipeline,
    variables: Vec<VariableDescription>,
    weights: Provenance,
    training: Option<TrainingParameters>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VariableDescription {
    name: String,
    classes: Vec<String>,
}

/// The one key that is read before the rest, so that another version is told from a damaged file.
#[derive(Deserialize)]
struct Version {
    format_version: Option<u32>,
}

impl StoredModel {
    /// Writes the model into a folder, created where missing; a model that is there is replaced.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let description = Description {
            format_version: FORMAT_VERSION,
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            fingerprint: self.fingerprint.clone(),
            architecture: self.facts.architecture,
            add_fc: self.facts.add_fc.clone(),
            pipeline: self.facts.pipeline.clone(),
            variables: self.facts.vocabulary.variables.iter().map(describe_variable).collect(),
            weights: self.facts.weights.clone(),
            training: self.facts.training.clone(),
        };
        let mut text = serde_json::to_string_pretty(&description)
            .map_err(|cause| Error::internal("the model cannot be described in JSON").caused_by(cause))?;
        text.push('\n');
        files::write(folder.join(TENSOR_FILE), &self.file)?;
        files::write(folder.join(DESCRIPTION_FILE), text)
    }

    /// Reads the model of a folder.
    ///
    /// # Errors
    /// A folder without a model, a file that is cut or of another version, and two files that do not belong together.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let description = read_description(folder)?;
        let path = folder.join(TENSOR_FILE);
        let file = files::read(&path)?;
        check_safetensors(&file).map_err(|error| error.in_file(&path))?;
        let facts = Facts {
            architecture: description.architecture,
            add_fc: description.add_fc,
            pipeline: description.pipeline,
            vocabulary: Vocabulary { variables: description.variables.into_iter().map(variable).collect() },
            training: description.training,
            weights: description.weights,
        };
        let fingerprint = fingerprint(&file, &facts.pipeline)?;
        if fingerprint != description.fingerprint {
            return Err(Error::data(format!("{TENSOR_FILE} and {DESCRIPTION_FILE} do not belong together"))
                .in_file(folder)
                .hint("one of them was changed or comes from another model; train again or copy the whole folder"));
        }
        Ok(Self { facts, file, fingerprint })
    }
}

fn read_description(folder: &Path) -> Result<Description> {
    let path = folder.join(DESCRIPTION_FILE);
    if !path.exists() {
        return Err(Error::data(format!("`{}` holds no model: {DESCRIPTION_FILE} is missing", folder.display()))
            .hint("give the folder that train-model wrote (its `logpath`), or train a model first"));
    }
    let text = files::read_text(&path)?;
    let broken = |cause: serde_json::Error| {
        Error::data("the model's description is damaged")
            .in_file(&path)
            .at_line(cause.line() as u64)
            .caused_by(cause)
            .hint("copy the model folder again, or train again")
    };
    let version: Version = serde_json::from_str(&text).map_err(broken)?;
    match version.format_version {
        Some(FORMAT_VERSION) => serde_json::from_str(&text).map_err(broken),
        Some(other) => Err(Error::data(format!(
            "the model has format version {other}; this program reads version {FORMAT_VERSION}"
        ))
        .in_file(&path)
        .hint("use the version of this program that wrote the model, or train again")),
        None => Err(Error::data("the file does not describe a model: `format_version` is missing").in_file(&path)),
    }
}

fn describe_variable(variable: &Variable) -> VariableDescription {
    VariableDescription { name: variable.name.clone(), classes: variable.classes.clone() }
}

fn variable(description: VariableDescription) -> Variable {
    Variable::new(description.name, description.classes)
}

/// The tensors as the bytes of a safetensors file; the same tensors give the same bytes.
pub(super) fn tensors_to_bytes(tensors: &BTreeMap<String, &WeightTensor>) -> Result<Vec<u8>> {
    let views = tensors.iter().map(|(name, tensor)| (name, Float32(tensor)));
    safetensors::serialize(views, None)
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

/// SHA-256 over the tensors' file and the image pipeline, hexadecimal.
pub(super) fn fingerprint(file: &[u8], pipeline: &Pipeline) -> Result<String> {
    let pipeline = serde_json::to_vec(pipeline)
        .map_err(|cause| Error::internal("the pipeline cannot be described in JSON").caused_by(cause))?;
    Ok(hex(&Sha256::new().chain_update(file).chain_update(pipeline).finalize()))
}
