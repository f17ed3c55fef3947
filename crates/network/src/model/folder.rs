//! The model folder: `model.safetensors` with all tensors and `model.json` with the rest.
//!
//! `model.json` is written last: a folder without it holds no model. Ranges and shapes are checked before anything of
//! that size is allocated.
//!
//! `model.safetensors` (float32): the backbone in torchvision's names behind `backbone.`, the retrained kernels
//! among them, and the head as `head.0.weight` `[outputs, inputs]`, `head.0.bias` and so on.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use safetensors::tensor::{Dtype, View};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use silknow_config::{Architecture, TrainingParameters};
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_image::Pipeline;
use silknow_records::{Variable, Vocabulary};

use super::{BACKBONE_PREFIX, Facts, HEAD_PREFIX, Provenance, StoredModel};
use crate::families::{DEFAULT_FAMILY, design_of, family_named, family_of};
use crate::head::{bias_name, head_tensors};
use crate::weights::{
    IMAGENET_MEAN, IMAGENET_STD, WeightTensor, hex, misshapen, missing, read_bounded, safetensors_shapes,
};

/// Name of the file that describes the model.
pub const DESCRIPTION_FILE: &str = "model.json";

/// Name of the file with the tensors.
pub const TENSOR_FILE: &str = "model.safetensors";

/// The version of the folder's layout that is written and read.
pub const FORMAT_VERSION: u32 = 1;

/// Widths of a fully connected layer that can be read; far beyond what is of use, and short of what memory refuses.
const WIDTHS: RangeInclusive<usize> = 1..=65_536;

/// The most fully connected layers that can be read.
const MOST_LAYERS: usize = 16;

/// The most weights of one fully connected layer that can be read.
const MOST_WEIGHTS: usize = 1 << 28;

/// Sides of the network's input that can be read, in pixels.
const INPUT_SIZES: RangeInclusive<usize> = 32..=2048;

/// The content of `model.json`. A key that is missing says what version 0.1.0 meant; every key has such a default.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Description {
    format_version: u32,
    software_version: String,
    /// Not compared where it is missing.
    fingerprint: Option<String>,
    family: String,
    architecture: Architecture,
    /// Taken from the tensors where it is missing.
    add_fc: Option<Vec<usize>>,
    pipeline: PipelineDescription,
    variables: Vec<VariableDescription>,
    weights: ProvenanceDescription,
    training: Option<TrainingParameters>,
}

impl Default for Description {
    fn default() -> Self {
        Self {
            format_version: FORMAT_VERSION,
            software_version: "0.1.0".to_owned(),
            fingerprint: None,
            family: DEFAULT_FAMILY.to_owned(),
            architecture: Architecture::default(),
            add_fc: None,
            pipeline: PipelineDescription::default(),
            variables: Vec::new(),
            weights: ProvenanceDescription::default(),
            training: None,
        }
    }
}

/// The pipeline as it is written, also where the fingerprint covers it: this text must never change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PipelineDescription {
    input_size: usize,
    mean: [f32; 3],
    std: [f32; 3],
}

impl Default for PipelineDescription {
    fn default() -> Self {
        Self { input_size: 224, mean: IMAGENET_MEAN, std: IMAGENET_STD }
    }
}

impl From<&Pipeline> for PipelineDescription {
    fn from(pipeline: &Pipeline) -> Self {
        Self { input_size: pipeline.input_size, mean: pipeline.mean, std: pipeline.std }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VariableDescription {
    name: String,
    #[serde(default)]
    classes: Vec<String>,
    /// Texts of classes that do not follow from their names, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    texts: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ProvenanceDescription {
    source: String,
    sha256: String,
}

impl Default for ProvenanceDescription {
    fn default() -> Self {
        Self { source: "unknown".to_owned(), sha256: String::new() }
    }
}

/// The keys that are read before the rest, so that another version or family is told from a damaged file.
#[derive(Deserialize)]
struct Beginning {
    #[serde(default = "format_version")]
    format_version: u32,
    #[serde(default = "default_family")]
    family: String,
}

fn format_version() -> u32 {
    FORMAT_VERSION
}

fn default_family() -> String {
    DEFAULT_FAMILY.to_owned()
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
            fingerprint: Some(self.fingerprint.clone()),
            family: family_of(self.facts.architecture)?.name.to_owned(),
            architecture: self.facts.architecture,
            add_fc: Some(self.facts.add_fc.clone()),
            pipeline: (&self.facts.pipeline).into(),
            variables: describe_variables(&self.facts.vocabulary),
            weights: ProvenanceDescription {
                source: self.facts.weights.source.clone(),
                sha256: self.facts.weights.sha256.clone(),
            },
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
    /// A folder without a model, a file that is cut or of another version or family, numbers out of range, tensors that
    /// are not the model's, and two files that do not belong together.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let description = read_description(folder)?;
        let path = folder.join(TENSOR_FILE);
        let file = read_bounded(&path)?;
        let shapes = safetensors_shapes(&file).map_err(|error| error.in_file(&path))?;
        let PipelineDescription { input_size, mean, std } = description.pipeline;
        let ProvenanceDescription { source, sha256 } = description.weights;
        let facts = Facts {
            architecture: description.architecture,
            add_fc: description.add_fc.unwrap_or_else(|| widths(&shapes)),
            pipeline: Pipeline { input_size, mean, std },
            vocabulary: vocabulary(description.variables),
            training: description.training,
            weights: Provenance { source, sha256 },
        };
        check_ranges(&facts).map_err(|error| error.in_file(folder.join(DESCRIPTION_FILE)))?;
        check_shapes(&facts, &shapes).map_err(|error| error.in_file(&path))?;
        let fingerprint = fingerprint(&file, &facts.pipeline, &description.family)?;
        if description.fingerprint.is_some_and(|stated| stated != fingerprint) {
            return Err(Error::data(format!("{TENSOR_FILE} and {DESCRIPTION_FILE} do not belong together"))
                .in_file(folder)
                .hint("one of them was changed or comes from another model; train again or copy the whole folder"));
        }
        Ok(Self { facts, file, fingerprint })
    }
}

/// Checks the numbers of a description before anything is made by them.
///
/// # Errors
/// The first number that is out of range, with the range.
pub(super) fn check_ranges(facts: &Facts) -> Result<()> {
    let Pipeline { input_size, mean, std } = facts.pipeline;
    let refused = |what: String, range: String| Err(Error::data(what).hint(range));
    if !INPUT_SIZES.contains(&input_size) {
        let range = format!("it must be from {} to {}", INPUT_SIZES.start(), INPUT_SIZES.end());
        return refused(format!("the `input_size` is {input_size}"), range);
    }
    if !mean.iter().chain(&std).all(|value| value.is_finite()) || !std.iter().all(|&value| value > 0.0) {
        let range = "both are three finite numbers, and `std` is greater than 0".to_owned();
        return refused(format!("the `mean` is {mean:?} and the `std` {std:?}"), range);
    }
    if let Some(width) = facts.add_fc.iter().find(|width| !WIDTHS.contains(width)) {
        let range = format!("it must be from {} to {}", WIDTHS.start(), WIDTHS.end());
        return refused(format!("a layer of `add_fc` has the width {width}"), range);
    }
    let inputs = design_of(facts.architecture)?.pooled_features();
    let too_large = std::iter::once(&inputs).chain(&facts.add_fc).zip(&facts.add_fc).any(|(a, b)| a * b > MOST_WEIGHTS);
    if too_large || facts.add_fc.len() > MOST_LAYERS {
        let range = format!("there may be {MOST_LAYERS} layers of {MOST_WEIGHTS} weights each");
        return refused(format!("the layers `add_fc` {:?} are too many or too large", facts.add_fc), range);
    }
    Ok(())
}

/// Checks that the tensors are those of the backbone and the head, each with its shape.
fn check_shapes(facts: &Facts, shapes: &BTreeMap<String, Vec<usize>>) -> Result<()> {
    let design = design_of(facts.architecture)?;
    let prefixed = |(name, shape)| (format!("{BACKBONE_PREFIX}{name}"), shape);
    let mut expected: BTreeMap<_, _> = design.tensors().into_iter().map(prefixed).collect();
    expected.extend(head_tensors(design.pooled_features(), &facts.add_fc));
    for (name, shape) in &expected {
        match shapes.get(name) {
            None => return Err(missing(name)),
            Some(other) if other != shape => return Err(misshapen(name, other, shape)),
            Some(_) => {}
        }
    }
    match shapes.keys().find(|name| !expected.contains_key(*name)) {
        None => Ok(()),
        Some(name) if name.starts_with(HEAD_PREFIX) => {
            Err(Error::data(format!("the tensor `{name}` does not belong to the head {:?}", facts.add_fc)))
        }
        Some(name) => {
            Err(Error::data(format!("the tensor `{name}` does not belong to a model of {}", facts.architecture)))
        }
    }
}

/// The widths of the head that these tensors make.
fn widths(shapes: &BTreeMap<String, Vec<usize>>) -> Vec<usize> {
    let width = |position: usize| shapes.get(&bias_name(position))?.first().copied();
    (0..).map_while(width).collect()
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
    let beginning: Beginning = serde_json::from_str(&text).map_err(broken)?;
    if beginning.format_version != FORMAT_VERSION {
        return Err(Error::data(format!(
            "the model has format version {}; this program reads version {FORMAT_VERSION}",
            beginning.format_version
        ))
        .in_file(&path)
        .hint("use the version of this program that wrote the model, or train again"));
    }
    let family = family_named(&beginning.family).map_err(|error| error.in_file(&path))?;
    let description: Description = serde_json::from_str(&text).map_err(broken)?;
    if !family.has(description.architecture) {
        return Err(Error::data(format!(
            "the architecture {} does not belong to the family `{}`",
            description.architecture, family.name
        ))
        .in_file(&path));
    }
    Ok(description)
}

fn describe_variables(vocabulary: &Vocabulary) -> Vec<VariableDescription> {
    let texts_of = |name: &str| {
        let its = vocabulary.unusual_texts().filter(|[variable, ..]| *variable == name);
        its.map(|[_, class, text]| (class.to_owned(), text.to_owned())).collect()
    };
    let describe = |variable: &Variable| VariableDescription {
        name: variable.name.clone(),
        classes: variable.classes.clone(),
        texts: texts_of(&variable.name),
    };
    vocabulary.variables.iter().map(describe).collect()
}

fn vocabulary(descriptions: Vec<VariableDescription>) -> Vocabulary {
    let mut vocabulary = Vocabulary::default();
    for VariableDescription { name, classes, texts } in descriptions {
        vocabulary.variables.push(Variable::new(name.clone(), classes));
        for (class, text) in &texts {
            vocabulary.set_text(&name, class, text);
        }
    }
    vocabulary
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

/// SHA-256 over all that changes a descriptor, hexadecimal: the tensors' file, whose names and shapes tell the architecture
/// and the head's widths, and the image pipeline.
///
/// Another family than that of version 0.1.0 could give the same tensors another meaning, so its name is covered too. For the
/// family of 0.1.0 nothing is added: the indexes of that version name their models by this fingerprint.
pub(super) fn fingerprint(file: &[u8], pipeline: &Pipeline, family: &str) -> Result<String> {
    let pipeline = serde_json::to_vec(&PipelineDescription::from(pipeline))
        .map_err(|cause| Error::internal("the pipeline cannot be described in JSON").caused_by(cause))?;
    let mut digest = Sha256::new().chain_update(file).chain_update(pipeline);
    if family != DEFAULT_FAMILY {
        digest.update(family);
    }
    Ok(hex(&digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_covers_tensors_pipeline_and_family() {
        let pipeline = Pipeline::default();
        let of = |file: &[u8], pipeline: &Pipeline, family| fingerprint(file, pipeline, family).unwrap();
        let first = of(b"tensors", &pipeline, DEFAULT_FAMILY);
        assert_ne!(of(b"others", &pipeline, DEFAULT_FAMILY), first);
        assert_ne!(of(b"tensors", &pipeline, "vit"), first);
        for changed in [
            Pipeline { input_size: 225, ..pipeline.clone() },
            Pipeline { mean: [0.5; 3], ..pipeline.clone() },
            Pipeline { std: [0.5; 3], ..pipeline.clone() },
        ] {
            assert_ne!(of(b"tensors", &changed, DEFAULT_FAMILY), first);
        }
    }
}
