//! The checkpoint from which an interrupted training continues as if it had never stopped.
//!
//! It is one file, `checkpoint.safetensors`, numbers and state together, so that a crash can never leave two halves of
//! different steps.
//!
//! A training that is repeated with all samples has two: that of its first part lies in the folder `selection`.
//!
//! Tensors: `model.*` (parameters, those of extra heads behind `model.extra.`), `adam.first.*` and `adam.second.*` (moments), `best.*` (parameters of the best
//! validation, where there was one), `average.*` (the running means of the parameters, where there are such), `history` (float64 `[steps, 6]`, the first columns of `metrics.csv`, NaN where
//! empty) and, where the objective has terms, `terms` (float64 `[steps, T]`, NaN where a step has none). The metadata entry `silknow-checkpoint` holds the rest as JSON. Its entry `checksum` is the SHA-256 of the
//! whole file, with 64 zeros in the place of the checksum itself. Files of version 1 have none.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use silknow_config::TrainingParameters;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_files::digest::hexadecimal;
use silknow_network::WeightTensor;

use crate::features::FeatureStore;
use crate::goal::Goal;
use crate::metrics::{StepMetrics, ValidationMetrics, term_names};
use crate::objective::Term;
use crate::sameness::{Difference, comparable, first_difference, of_today};
use crate::selection::TrainingInputs;

/// The name of the file within the log folder.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// Version 1 is that of release 0.1.0, version 2 has a checksum and the objective's name.
const VERSION: u32 = 2;
const VERSION_WITHOUT_CHECKSUM: u32 = 1;
const METADATA_KEY: &str = "silknow-checkpoint";
const HISTORY: &str = "history";
const HISTORY_COLUMNS: usize = 6;
const TERMS: &str = "terms";
const MODEL: &str = "model.";
const ADAM: &str = "adam.";
const BEST: &str = "best.";
const AVERAGE: &str = "average.";
/// The folder within the log folder for the part of a training that chooses the step.
const SELECTION_FOLDER: &str = "selection";
/// What stands before the checksum in the file, where the state is a JSON text within a JSON text. The checksum comes
/// before all texts that a user gives, so that the first of these marks is the right one.
const CHECKSUM_MARK: &[u8] = br#"\"checksum\":\""#;
const CHECKSUM_LENGTH: usize = 64;

/// Named numbers of a network or an optimiser.
pub(crate) type NamedTensors = BTreeMap<String, WeightTensor>;

/// Everything that a training is made of between two steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Checkpoint {
    /// Steps done; the history has as many rows.
    pub history: Vec<StepMetrics>,
    pub model: NamedTensors,
    pub adam: NamedTensors,
    pub adam_steps: u64,
    /// The step and the parameters of the best validation so far.
    pub best: Option<(usize, NamedTensors)>,
    /// The part that the frozen features have in the descriptors of the best network.
    pub best_share: f64,
    /// The running means of the parameters; empty where there are none.
    pub average: NamedTensors,
    /// Samples that were left out because their image could not be read.
    pub unreadable: Vec<usize>,
}

/// The part of the state that is not numbers in tensors.
#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    /// Empty in version 1.
    #[serde(default)]
    checksum: String,
    adam_steps: u64,
    best_step: Option<usize>,
    #[serde(default, skip_serializing_if = "is_zero")]
    best_share: f64,
    unreadable: Vec<usize>,
    /// The names of the objective's terms, in the order of the tensor's columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    terms: Vec<String>,
    #[serde(flatten)]
    run: Run,
}

fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

/// What a checkpoint must share with the training that continues from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The parameters that change the result, as JSON.
    parameters: Value,
    /// The name of the objective. In version 1 it is the `loss_ind` of the parameters.
    #[serde(default)]
    objective: Option<String>,
    /// The extra heads that the objective asks for, with their widths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    heads: Vec<(String, usize)>,
    /// SHA-256 over images, labels and split.
    samples: String,
}

impl Run {
    pub fn new(parameters: &TrainingParameters, goal: Goal<'_>, store: &FeatureStore) -> Result<Self> {
        Ok(Self {
            parameters: comparable(parameters)?,
            objective: Some(goal.objective.name().to_owned()),
            heads: goal.asks.heads.clone(),
            samples: fingerprint(goal.inputs, store),
        })
    }

    fn check_same(&self, stored: Self) -> Result<()> {
        const CHECKPOINT: &str = "the checkpoint";
        let parameters = of_today(stored.parameters);
        if let Some(difference) = first_difference("", &parameters, &self.parameters) {
            return Err(difference.refusal(CHECKPOINT));
        }
        let objective = stored.objective.map_or_else(|| parameters["loss_ind"].clone(), Value::from);
        let now = self.objective.clone().map_or(Value::Null, Value::from);
        if objective != now {
            return Err(Difference { key: "objective".to_owned(), then: objective, now }.refusal(CHECKPOINT));
        }
        if stored.heads != self.heads {
            let (then, now) = (serde_json::json!(stored.heads), serde_json::json!(self.heads));
            return Err(Difference { key: "heads".to_owned(), then, now }.refusal(CHECKPOINT));
        }
        if stored.samples != self.samples {
            return Err(Error::configuration("the checkpoint was made with other images, labels or another split")
                .hint("give the same parameters and samples as before, or train anew without resume"));
        }
        Ok(())
    }
}

fn fingerprint(inputs: &TrainingInputs<'_>, store: &FeatureStore) -> String {
    let mut hash = Sha256::new();
    for image in store.images() {
        hash.update(image.identity.as_bytes());
        hash.update([0]);
    }
    for &label in inputs.labels.indices() {
        hash.update(label.to_le_bytes());
    }
    for (sample, variable, classes) in inputs.labels.larger_sets() {
        hash.update((sample as u64).to_le_bytes());
        hash.update((variable as u64).to_le_bytes());
        hash.update((classes.len() as u64).to_le_bytes());
        classes.iter().for_each(|class| hash.update(class.to_le_bytes()));
    }
    for samples in [inputs.train, inputs.validation] {
        hash.update((samples.len() as u64).to_le_bytes());
        for &sample in samples {
            hash.update((sample as u64).to_le_bytes());
        }
    }
    hexadecimal(&hash.finalize())
}

/// The place of the checksum in a file; none where there is no mark of it.
fn checksum_place(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let mark = bytes.windows(CHECKSUM_MARK.len()).position(|window| window == CHECKSUM_MARK)?;
    let place = mark + CHECKSUM_MARK.len()..mark + CHECKSUM_MARK.len() + CHECKSUM_LENGTH;
    (place.end <= bytes.len()).then_some(place)
}

/// The checksum of a file, with zeros in its place.
fn checksum(bytes: &[u8], place: std::ops::Range<usize>) -> String {
    let mut hash = Sha256::new();
    hash.update(&bytes[..place.start]);
    hash.update([b'0'; CHECKSUM_LENGTH]);
    hash.update(&bytes[place.end..]);
    hexadecimal(&hash.finalize())
}

/// The checkpoint's path in a log folder.
pub fn path_in(log_folder: impl AsRef<Path>) -> PathBuf {
    log_folder.as_ref().join(CHECKPOINT_FILE)
}

/// The folder within a log folder for the part of a training that chooses the step, where it is repeated with all samples.
pub(crate) fn selection_folder(log_folder: &Path) -> PathBuf {
    log_folder.join(SELECTION_FOLDER)
}

/// True when a training of this log folder can be continued.
pub fn exists_in(log_folder: impl AsRef<Path>) -> bool {
    let folder = log_folder.as_ref();
    path_in(folder).exists() || path_in(selection_folder(folder)).exists()
}

/// Removes the checkpoints from a log folder, once the model they lead to is stored; none is fine.
pub fn remove(log_folder: impl AsRef<Path>) -> Result<()> {
    let folder = log_folder.as_ref();
    files::remove_if_there(path_in(folder))?;
    files::remove_if_there(path_in(selection_folder(folder)))
}

impl Checkpoint {
    /// Writes the file as a whole or not at all.
    pub fn write(&self, log_folder: &Path, run: &Run) -> Result<()> {
        let terms = term_names(&self.history);
        let state = State {
            version: VERSION,
            checksum: "0".repeat(CHECKSUM_LENGTH),
            adam_steps: self.adam_steps,
            best_step: self.best.as_ref().map(|(step, _)| *step),
            best_share: self.best_share,
            unreadable: self.unreadable.clone(),
            terms: terms.iter().map(|&name| name.to_owned()).collect(),
            run: run.clone(),
        };
        let text = serde_json::to_string(&state)
            .map_err(|cause| Error::internal("the training's state cannot be written as JSON").caused_by(cause))?;
        let nothing = BTreeMap::new();
        let best = self.best.as_ref().map_or(&nothing, |(_, tensors)| tensors);
        let mut arrays: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        for (prefix, tensors) in [(MODEL, &self.model), (ADAM, &self.adam), (BEST, best), (AVERAGE, &self.average)] {
            for (name, tensor) in tensors {
                let bytes = tensor.data.iter().flat_map(|value| value.to_le_bytes()).collect();
                arrays.push((format!("{prefix}{name}"), Dtype::F32, tensor.shape.clone(), bytes));
            }
        }
        let history = self.history.iter().flat_map(to_row).flat_map(f64::to_le_bytes).collect();
        arrays.push((HISTORY.to_owned(), Dtype::F64, vec![self.history.len(), HISTORY_COLUMNS], history));
        if !terms.is_empty() {
            let values = self.history.iter().flat_map(|row| terms.iter().map(|name| value_of(row, name)));
            let values = values.flat_map(f64::to_le_bytes).collect();
            arrays.push((TERMS.to_owned(), Dtype::F64, vec![self.history.len(), terms.len()], values));
        }
        let failed = |cause| Error::internal("the training's state cannot be written as safetensors").caused_by(cause);
        let views = arrays
            .iter()
            .map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), text)]);
        let mut bytes = safetensors::serialize(views, Some(metadata)).map_err(failed)?;
        let place =
            checksum_place(&bytes).ok_or_else(|| Error::internal("the checkpoint has no place for its checksum"))?;
        let checksum = checksum(&bytes, place.clone());
        bytes[place].copy_from_slice(checksum.as_bytes());
        files::write(path_in(log_folder), bytes)
    }

    /// Reads the checkpoint of a log folder; `None` where there is none.
    ///
    /// # Errors
    /// A cut, changed or foreign file; one of another version; one of another training, with the parameter that differs.
    pub fn read(log_folder: &Path, run: &Run) -> Result<Option<Self>> {
        let path = path_in(log_folder);
        if !path.exists() {
            return Ok(None);
        }
        Self::from_bytes(&files::read(&path)?, run).map(Some).map_err(|error| error.in_file(&path))
    }

    fn from_bytes(bytes: &[u8], run: &Run) -> Result<Self> {
        let (state, tensors) = parse(bytes)?;
        run.check_same(state.run)?;
        let part = |prefix: &str| -> Result<NamedTensors> {
            let named = tensors.iter().filter_map(|(name, view)| Some((name.strip_prefix(prefix)?, view)));
            named.map(|(name, view)| Ok((name.to_owned(), numbers(name, &view)?))).collect()
        };
        let checkpoint = Self {
            history: history_of(&tensors, &state.terms)?,
            model: part(MODEL)?,
            adam: part(ADAM)?,
            adam_steps: state.adam_steps,
            best: match state.best_step {
                Some(step) => Some((step, part(BEST)?)),
                None => None,
            },
            best_share: state.best_share,
            average: part(AVERAGE)?,
            unreadable: state.unreadable,
        };
        checkpoint.check_whole()?;
        Ok(checkpoint)
    }

    /// Checks that the parts belong together, as those of a training between two steps do.
    fn check_whole(&self) -> Result<()> {
        let steps = self.history.len();
        if self.history.iter().zip(1..).any(|(row, step)| row.step != step) {
            return Err(broken("the steps of the history are not counted from 1"));
        }
        if self.adam_steps != steps as u64 {
            return Err(broken(format!("the optimiser took {} steps, but the history has {steps}", self.adam_steps)));
        }
        let measured = |step: usize| self.history.get(step.checked_sub(1)?)?.validation;
        if let Some((step, tensors)) = &self.best {
            if measured(*step).is_none() {
                return Err(broken(format!("the best step is {step}, but the history has no validation of it")));
            }
            check_same_shapes(BEST, tensors, &self.model)?;
        }
        if !self.average.is_empty() {
            check_same_shapes(AVERAGE, &self.average, &self.model)?;
        }
        if !(0.0..=1.0).contains(&self.best_share) {
            return Err(broken(format!("the share of the frozen features is {}", self.best_share)));
        }
        Ok(())
    }
}

/// Checks that another network has the tensors of the model.
fn check_same_shapes(prefix: &str, other: &NamedTensors, model: &NamedTensors) -> Result<()> {
    for (name, parameter) in model {
        match other.get(name) {
            None => return Err(broken(format!("the tensor `{prefix}{name}` is missing"))),
            Some(tensor) if tensor.shape != parameter.shape => {
                let (given, due) = (&tensor.shape, &parameter.shape);
                return Err(broken(format!("the tensor `{prefix}{name}` has the shape {given:?}, expected {due:?}")));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// What is wrong with a file that is not a checkpoint of ours.
fn broken(what: impl Into<String>) -> Error {
    Error::data(what).hint("the checkpoint may have been cut or made by another version; train anew without resume")
}

fn parse(bytes: &[u8]) -> Result<(State, SafeTensors<'_>)> {
    let not_whole = |cause| broken("not a complete safetensors file").caused_by(cause);
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(not_whole)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(not_whole)?;
    let text = metadata.metadata().as_ref().and_then(|entries| entries.get(METADATA_KEY));
    let text = text.ok_or_else(|| broken("this safetensors file is not a checkpoint of a training"))?;
    let value: Value =
        serde_json::from_str(text).map_err(|cause| broken("the state is not readable").caused_by(cause))?;
    // The version first: the state of another version may look different.
    match value.get("version").and_then(Value::as_u64) {
        Some(version) if version == u64::from(VERSION_WITHOUT_CHECKSUM) => {}
        Some(version) if version == u64::from(VERSION) => check_checksum(bytes)?,
        version => {
            let version = version.map_or_else(|| "unknown".to_owned(), |version| version.to_string());
            let known = format!("{VERSION_WITHOUT_CHECKSUM} to {VERSION}");
            return Err(broken(format!("a checkpoint of version {version}, but this program reads versions {known}")));
        }
    }
    let state: State =
        serde_json::from_value(value).map_err(|cause| broken("the state is incomplete").caused_by(cause))?;
    Ok((state, tensors))
}

fn check_checksum(bytes: &[u8]) -> Result<()> {
    let place = checksum_place(bytes).ok_or_else(|| broken("the checksum is missing"))?;
    if bytes[place.clone()] == *checksum(bytes, place).as_bytes() {
        return Ok(());
    }
    Err(broken("the content does not have the checksum that it was written with"))
}

fn numbers(name: &str, view: &TensorView<'_>) -> Result<WeightTensor> {
    if view.dtype() != Dtype::F32 {
        return Err(broken(format!("the tensor `{name}` is not of type float32")));
    }
    let (values, _) = view.data().as_chunks();
    let data = values.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    Ok(WeightTensor { shape: view.shape().to_vec(), data })
}

/// The steps with their terms, which have these names.
fn history_of(tensors: &SafeTensors<'_>, terms: &[String]) -> Result<Vec<StepMetrics>> {
    let values = table_of(tensors, HISTORY, HISTORY_COLUMNS)?;
    let (rows, _) = values.as_chunks();
    let mut history: Vec<StepMetrics> = rows.iter().map(from_row).collect();
    if terms.is_empty() {
        return Ok(history);
    }
    let values = table_of(tensors, TERMS, terms.len())?;
    if values.len() != history.len() * terms.len() {
        return Err(broken("the terms are not those of the steps of the history"));
    }
    for (row, values) in history.iter_mut().zip(values.chunks_exact(terms.len())) {
        let known = terms.iter().zip(values).filter(|(_, value)| !value.is_nan());
        row.terms = known.map(|(name, &value)| Term { name: name.clone(), value }).collect();
    }
    Ok(history)
}

/// The values of a table of float64 with so many columns, row by row.
fn table_of(tensors: &SafeTensors<'_>, name: &str, columns: usize) -> Result<Vec<f64>> {
    let view =
        tensors.tensor(name).map_err(|cause| broken(format!("the tensor `{name}` is missing")).caused_by(cause))?;
    match (view.shape(), view.dtype()) {
        (&[_, found], Dtype::F64) if found == columns => {}
        (shape, dtype) => return Err(broken(format!("the tensor `{name}` is {dtype:?} of the shape {shape:?}"))),
    }
    let (values, _) = view.data().as_chunks();
    Ok(values.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect())
}

/// The value of the term of this name; NaN where the step has none.
fn value_of(row: &StepMetrics, name: &str) -> f64 {
    row.terms.iter().find(|term| term.name == name).map_or(f64::NAN, |term| term.value)
}

fn to_row(metrics: &StepMetrics) -> [f64; HISTORY_COLUMNS] {
    let (loss, mean_f1) = metrics.validation.map_or((None, None), |measured| (measured.loss, measured.mean_f1));
    [
        metrics.step as f64,
        metrics.loss,
        metrics.learning_rate,
        metrics.active_share,
        loss.unwrap_or(f64::NAN),
        mean_f1.unwrap_or(f64::NAN),
    ]
}

fn from_row(&[step, loss, learning_rate, active_share, val_loss, val_mean_f1]: &[f64; HISTORY_COLUMNS]) -> StepMetrics {
    let known = |value: f64| (!value.is_nan()).then_some(value);
    let validation = ValidationMetrics { loss: known(val_loss), mean_f1: known(val_mean_f1) };
    let measured = validation.loss.is_some() || validation.mean_f1.is_some();
    let validation = measured.then_some(validation);
    StepMetrics { step: step as usize, loss, learning_rate, active_share, validation, terms: Vec::new() }
}

#[cfg(test)]
mod tests;
