//! Weights of a backbone from the files of other programs: named tensors of TensorFlow and Keras become ours.

use std::collections::BTreeMap;
use std::path::Path;

use silknow_config::{Architecture, Weights};
use silknow_errors::{Error, Result};
use silknow_migration::{TensorFile, TensorFormat, TensorInfo};
use silknow_network::resnet_v2::{Flavour, slim};
use silknow_network::{Design, WeightFile, WeightTensor};
use silknow_progress::Observer;

use crate::context::Context;

/// How many names a message lists.
const MOST_NAMES: usize = 6;

/// What a file of tensors came to.
pub(crate) struct Brought {
    pub(crate) architecture: Architecture,
    pub(crate) weights: WeightFile,
    /// Widths of the toolbox's fully connected layers; empty where there are none.
    pub(crate) add_fc: Vec<usize>,
    /// Their tensors, under our names.
    pub(crate) head: BTreeMap<String, WeightTensor>,
    /// True when the toolbox wrote it.
    pub(crate) of_toolbox: bool,
    /// The tensors that are used, each with its shape.
    pub(crate) used: Vec<String>,
    /// Those that are not, each with its shape or the reason.
    pub(crate) passed_over: Vec<String>,
}

/// The weights that the parameters ask for, from a file of any program.
///
/// # Errors
/// As [`WeightFile::resolve`]; tensors that are missing or have other shapes, named.
pub(crate) fn resolve(
    weights: &Weights,
    architecture: Architecture,
    seed: u64,
    context: &Context<'_>,
) -> Result<WeightFile> {
    if let Weights::Path(path) = weights
        && let Some(brought) = read(path)?
    {
        return of_architecture(brought, architecture, path, context.observer);
    }
    WeightFile::resolve(weights, architecture, seed, &context.hub, context.observer)
}

fn of_architecture(
    brought: Brought,
    architecture: Architecture,
    path: &Path,
    observer: &dyn Observer,
) -> Result<WeightFile> {
    if brought.architecture != architecture {
        let message = format!("these are the weights of {}, and not of {architecture}", brought.architecture);
        return Err(Error::data(message)
            .in_file(path)
            .hint(format!("choose the backbone {}, or give another file", brought.architecture)));
    }
    let mut others = brought.passed_over;
    others.extend(brought.head.iter().map(|(name, tensor)| format!("{name} {:?}", tensor.shape)));
    if !others.is_empty() {
        observer.warning(&format!(
            "{} tensors of {} are the backbone's; passed over: {}",
            brought.used.len() - brought.head.len(),
            path.display(),
            listed(&others)
        ));
    }
    Ok(brought.weights)
}

/// The first of some names, and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    let first = names.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}

/// Reads the tensors that a path stands for; none where it is a file that is neither of TensorFlow nor of Keras.
///
/// # Errors
/// A damaged file; tensors that make no network that can be run, with those that are missing or have other shapes.
pub(crate) fn read(path: &Path) -> Result<Option<Brought>> {
    let Some(file) = TensorFile::open(path)? else { return Ok(None) };
    brought(file, path).map(Some).map_err(|error| error.in_file(path))
}

fn brought(mut file: TensorFile, path: &Path) -> Result<Brought> {
    let flavour = match file.format() {
        TensorFormat::KerasH5 | TensorFormat::KerasV3 => Flavour::Keras,
        _ => Flavour::Slim,
    };
    let shapes: BTreeMap<String, Vec<usize>> =
        file.tensors().iter().map(|tensor| (tensor.name.clone(), tensor.shape.clone())).collect();
    let outline = slim::outline(flavour, &shapes)?.ok_or_else(|| {
        let names: Vec<String> = file.tensors().iter().map(noted).collect();
        Error::data(format!("the tensors are not those of a ResNet v2: {}", listed(&names)))
            .hint("networks that can be brought are ResNet v2 of TensorFlow's slim, TF-Hub, the toolbox and Keras")
    })?;
    let architecture = outline.resnet.name();
    let (mut backbone, mut head) = (BTreeMap::new(), BTreeMap::new());
    let (mut used, mut passed_over) = (Vec::new(), Vec::new());
    let mut of_toolbox = !outline.add_fc.is_empty();
    for position in 0..file.tensors().len() {
        let info = file.tensors()[position].clone();
        let Some(ours) = outline.used.get(&info.name) else {
            passed_over.push(noted(&info));
            continue;
        };
        of_toolbox |= info.name.starts_with("module/");
        let (shape, data) = slim::in_our_order(&info.shape, file.read_at(position)?.values.into_f32());
        let into = if info.name.starts_with(slim::HEAD) { &mut head } else { &mut backbone };
        into.insert(ours.clone(), WeightTensor { shape, data });
        used.push(noted(&info));
    }
    passed_over.extend(file.passed_over().iter().map(|(name, why)| format!("`{name}`, which {why}")));
    let weights = WeightFile::of_tensors(backbone, architecture, path.display().to_string())?;
    Ok(Brought { architecture, weights, add_fc: outline.add_fc, head, of_toolbox, used, passed_over })
}

fn noted(tensor: &TensorInfo) -> String {
    format!("`{}` {:?}", tensor.name, tensor.shape)
}
