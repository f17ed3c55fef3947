//! `import-model`: a model or a weight file of another program, as a model of this one.

use std::fmt;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use serde::Serialize;
use silknow_config::{
    Architecture, Explicit, LossKind, Operation, Options, TrainModelParameters, TrainingParameters, Weights,
};
use silknow_errors::{Error, Result};
use silknow_files::FolderLock;
use silknow_image::{Pipeline, Pixels};
use silknow_network::{StoredModel, TopNetwork, WeightFile, take};
use silknow_progress::Observer;
use silknow_records::{Variable, Vocabulary};

use crate::brought_weights::{self, Brought, listed};
use crate::context::Context;

/// What `import-model` needs to know.
#[derive(Clone, Debug)]
pub struct ImportModelParameters {
    /// A model folder of the old toolbox, or a weight file: a checkpoint (its prefix, `.index` or folder), a TF-Hub module, a
    /// SavedModel, a file of Keras, or torchvision's weights.
    pub path: PathBuf,
    /// The model folder to write.
    pub out: PathBuf,
    /// The configuration that the model was trained with; looked for beside it where none is given.
    pub configuration: Option<PathBuf>,
    /// The variables that it was trained for, in place of those of the configuration.
    pub variables: Option<Vec<String>>,
    /// The loss that it was trained with, in place of that of the configuration.
    pub loss: Option<LossKind>,
    /// How pictures become pixels: the toolbox's way for its own models, so that its indexes can be queried, else ours.
    pub pixels: Option<Pixels>,
    /// Side of the square that the network sees, in pixels.
    pub input_size: usize,
}

impl ImportModelParameters {
    /// What is found at `path`, with all that it says of itself, into the folder `out`.
    pub fn new(path: impl Into<PathBuf>, out: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            out: out.into(),
            configuration: None,
            variables: None,
            loss: None,
            pixels: None,
            input_size: Pipeline::default().input_size,
        }
    }
}

/// What `import-model` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ImportModelSummary {
    /// The model folder.
    pub model: PathBuf,
    /// What tells the model from others.
    pub fingerprint: String,
    /// The backbone.
    pub backbone: Architecture,
    /// Widths of the layers on top.
    pub add_fc: Vec<usize>,
    /// How pictures become pixels.
    pub pixels: Pixels,
    /// The variables, as far as they are known.
    pub variables: Vec<String>,
    /// The loss, if it is known.
    pub loss: Option<LossKind>,
    /// The configuration that was read.
    pub configuration: Option<PathBuf>,
    /// The tensors that are used, with their shapes.
    pub used: Vec<String>,
    /// The tensors that are not, with their shapes or the reason.
    pub passed_over: Vec<String>,
    /// True when the toolbox made it and its pixels are not taken: an index that the toolbox built must be built anew.
    pub index_anew: bool,
}

impl fmt::Display for ImportModelSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head =
            if self.add_fc.is_empty() { "no layers on top".to_owned() } else { format!("layers {:?}", self.add_fc) };
        writeln!(f, "{} with {head} in {}", self.backbone, self.model.display())?;
        write!(f, "  {} tensors used", self.used.len())?;
        if !self.passed_over.is_empty() {
            write!(f, "; {} passed over: {}", self.passed_over.len(), listed(&self.passed_over))?;
        }
        match self.pixels {
            Pixels::Toolbox => write!(f, "\n  pixels: toolbox, so that indexes of the toolbox can be queried")?,
            Pixels::Ours => write!(f, "\n  pixels: ours")?,
        }
        if self.index_anew {
            write!(f, "; an index that the toolbox built with this model must be built anew")?;
        }
        if self.variables.is_empty() {
            write!(f, "\n  the variables are not known; --relevant_variables says them")?;
        } else {
            write!(f, "\n  variables: {}", self.variables.join(", "))?;
        }
        match self.loss {
            Some(loss) => write!(f, "\n  loss: {loss}"),
            None => write!(f, "\n  the loss is not known; --loss_ind says it"),
        }
    }
}

/// Makes a model of this program of one of the old toolbox, or of a weight file by itself.
///
/// # Errors
/// A path without weights, a damaged file, tensors of no network that can be run, with those that are missing or have other
/// shapes; a configuration that cannot be read.
pub fn import_model(parameters: &ImportModelParameters, context: &Context<'_>) -> Result<ImportModelSummary> {
    let (model, summary) = read_model(parameters, context)?;
    let _lock = FolderLock::take(&parameters.out)?;
    model.save(&parameters.out)?;
    Ok(summary)
}

/// Does what [`import_model`] does, but for writing the folder.
///
/// # Errors
/// Those of [`import_model`], but for writing.
pub(crate) fn read_model(
    parameters: &ImportModelParameters,
    context: &Context<'_>,
) -> Result<(StoredModel, ImportModelSummary)> {
    let brought = match brought_weights::read(&parameters.path)? {
        Some(brought) => brought,
        None => of_torchvision(&parameters.path)?,
    };
    let (configuration, mut training) = match configuration_of(parameters, brought.of_toolbox, context.observer)? {
        Some((path, training)) => (Some(path), Some(training)),
        None => (None, None),
    };
    if let Some(loss) = parameters.loss {
        training.get_or_insert_default().loss_ind = loss;
    }
    let variables = match (&parameters.variables, &training) {
        (Some(variables), _) => variables.clone(),
        (None, Some(training)) if configuration.is_some() => training.relevant_variables.clone(),
        (None, _) => Vec::new(),
    };
    if let Some(training) = &mut training {
        training.backbone = brought.architecture;
        training.add_fc.clone_from(&brought.add_fc);
        training.weights = Weights::Path(parameters.path.clone());
        training.input_size = parameters.input_size;
        if !variables.is_empty() {
            training.relevant_variables.clone_from(&variables);
        }
    }
    let pixels = parameters.pixels.unwrap_or(if brought.of_toolbox { Pixels::Toolbox } else { Pixels::Ours });
    let loss = training.as_ref().map(|training| training.loss_ind);
    let model = stored(&brought, pixels, &variables, training, parameters.input_size)?;
    let summary = ImportModelSummary {
        model: parameters.out.clone(),
        fingerprint: model.fingerprint().to_owned(),
        backbone: brought.architecture,
        add_fc: brought.add_fc,
        pixels,
        variables,
        loss,
        configuration,
        used: brought.used,
        passed_over: brought.passed_over,
        index_anew: brought.of_toolbox && pixels == Pixels::Ours,
    };
    Ok((model, summary))
}

fn stored(
    brought: &Brought,
    pixels: Pixels,
    variables: &[String],
    training: Option<TrainingParameters>,
    input_size: usize,
) -> Result<StoredModel> {
    let Brought { architecture, weights, add_fc, head, .. } = brought;
    let mut top = TopNetwork::new(weights, *architecture, 0, add_fc, 0, &Device::flex())?;
    top.load_named_tensors(head)?;
    let pipeline = Pipeline { input_size, mean: weights.mean, std: weights.std, pixels };
    let none: [&str; 0] = [];
    let variables = variables.iter().map(|name| Variable::new(name.clone(), none)).collect();
    StoredModel::brought(weights, &top, (*architecture, add_fc), pipeline, Vocabulary { variables }, training)
}

/// A file of torchvision's weights, of whichever depth.
fn of_torchvision(path: &Path) -> Result<Brought> {
    let (weights, architecture) = WeightFile::load_any(path)?;
    let used = weights.tensors.iter().map(|(name, tensor)| format!("`{name}` {:?}", tensor.shape)).collect();
    Ok(Brought {
        architecture,
        weights,
        add_fc: Vec::new(),
        head: Default::default(),
        of_toolbox: false,
        used,
        passed_over: Vec::new(),
    })
}

/// The configuration that the model was trained with: the one that is given, or one beside a model of the toolbox.
fn configuration_of(
    parameters: &ImportModelParameters,
    of_toolbox: bool,
    observer: &dyn Observer,
) -> Result<Option<(PathBuf, TrainingParameters)>> {
    if let Some(path) = &parameters.configuration {
        return read_configuration(path, observer).map(|training| Some((path.clone(), training)));
    }
    if !of_toolbox {
        return Ok(None);
    }
    for path in configurations_beside(&parameters.path) {
        match read_configuration(&path, observer) {
            Ok(training) => return Ok(Some((path, training))),
            Err(error) => observer.warning(&format!("this configuration is not used: {error}")),
        }
    }
    Ok(None)
}

fn read_configuration(path: &Path, observer: &dyn Observer) -> Result<TrainingParameters> {
    let mut options = Options::new(Operation::TrainModel, Explicit::Arguments);
    options.read_file(path)?;
    if let Some(warning) = options.warning() {
        observer.warning(&warning);
    }
    let TrainModelParameters { training, .. } = take(&options).map_err(|error: Error| error.in_file(path))?;
    Ok(training)
}

/// The files `Configuration_*.txt` in the folder of a model or in that above it, those of trainings first.
fn configurations_beside(model: &Path) -> Vec<PathBuf> {
    let folder = if model.is_dir() { Some(model) } else { model.parent() };
    let folders = folder.into_iter().flat_map(|folder| [Some(folder), folder.parent()]).flatten();
    let mut found = Vec::new();
    for folder in folders {
        // A folder that cannot be listed has no configuration that could be read.
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut here: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_configuration(path)).collect();
        here.sort_by_key(|path| (!path.to_string_lossy().contains("train"), path.clone()));
        found.extend(here);
    }
    found
}

fn is_configuration(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    name.starts_with("configuration") && name.ends_with(".txt") && path.is_file()
}
