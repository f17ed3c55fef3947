//! `model.json`: what a model folder says beside its tensors.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use silknow_config::{Architecture, TrainingParameters};
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::{Variable, Vocabulary};

use super::facts::ChosenVote;
use super::fingerprint::PipelineDescription;
use crate::families::{DEFAULT_FAMILY, family_named};

/// Name of the file that describes the model.
pub const DESCRIPTION_FILE: &str = "model.json";

/// The version of the folder's layout that is written and read.
pub const FORMAT_VERSION: u32 = 1;

/// The content of `model.json`. A key that is missing says what version 0.1.0 meant; every key has such a default.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Description {
    pub(super) format_version: u32,
    pub(super) software_version: String,
    /// Not compared where it is missing.
    pub(super) fingerprint: Option<String>,
    pub(super) family: String,
    pub(super) architecture: Architecture,
    /// Taken from the tensors where it is missing.
    pub(super) add_fc: Option<Vec<usize>>,
    /// Left out where it is 0, so that earlier versions read what they can.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) frozen_share: f64,
    pub(super) pipeline: PipelineDescription,
    pub(super) variables: Vec<VariableDescription>,
    pub(super) weights: ProvenanceDescription,
    pub(super) training: Option<TrainingParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vote: Option<ChosenVote>,
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
            frozen_share: 0.0,
            pipeline: PipelineDescription::default(),
            variables: Vec::new(),
            weights: ProvenanceDescription::default(),
            training: None,
            vote: None,
        }
    }
}

fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VariableDescription {
    name: String,
    #[serde(default)]
    classes: Vec<String>,
    /// Texts of classes that do not follow from their names, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    texts: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProvenanceDescription {
    pub(super) source: String,
    pub(super) sha256: String,
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

pub(super) fn read_description(folder: &Path) -> Result<Description> {
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

pub(super) fn describe_variables(vocabulary: &Vocabulary) -> Vec<VariableDescription> {
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

pub(super) fn vocabulary(descriptions: Vec<VariableDescription>) -> Vocabulary {
    let mut vocabulary = Vocabulary::default();
    for VariableDescription { name, classes, texts } in descriptions {
        vocabulary.variables.push(Variable::new(name.clone(), classes));
        for (class, text) in &texts {
            vocabulary.set_text(&name, class, text);
        }
    }
    vocabulary
}
