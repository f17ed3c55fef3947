//! A trained model, or a backbone as it is, for describing images from Python.

use std::sync::{Arc, Mutex};

use numpy::PyArray2;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use silknow_image_retrieval::config::{
    Architecture, BackboneParameters, DescribingParameters, Explicit, Group, Operation, Options,
};
use silknow_image_retrieval::{DescribingNetwork, Result};
use silknow_network::Model as Network;

use crate::errors::OrRaise;
use crate::work::{self, Leaves};
use crate::{arguments, arrays, images};

/// A network that turns images into descriptors: unit vectors whose distance says how unlike two images are.
///
/// Load a trained one with :meth:`load`, or take one without training with :meth:`pretrained`.
#[pyclass(frozen, module = "silknow_image_retrieval")]
pub(crate) struct Model {
    /// One piece of work at a time; the network itself uses all cores.
    network: Arc<Mutex<Network>>,
    architecture: Architecture,
    source: String,
    /// Length D of the descriptors.
    #[pyo3(get)]
    dimensions: usize,
    /// Side of the square that the network sees, in pixels.
    #[pyo3(get)]
    input_size: usize,
    /// What tells the model from any other that describes differently: 64 hexadecimal digits.
    #[pyo3(get)]
    fingerprint: String,
    /// The variables that it was trained for; empty without training.
    #[pyo3(get)]
    variables: Vec<String>,
}

/// The keys that say where the network runs, and in which numbers.
const PLACEMENT_KEYS: [&str; 2] = ["device", "precision"];

#[pymethods]
impl Model {
    /// Loads the model of a folder.
    ///
    /// Parameters
    /// ----------
    /// folder : str or os.PathLike
    ///     What ``train_model_parameter`` wrote: its ``logpath``.
    /// device : str, optional
    ///     Where the network runs: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"wgpu"``.
    /// precision : str, optional
    ///     Numbers that the network computes with: ``"f32"``, or ``"bf16"`` (faster on processors that have it, less
    ///     exact).
    ///
    /// Raises
    /// ------
    /// DataError
    ///     The folder holds no model, or a damaged one.
    /// ConfigurationError
    ///     A device that is not there; a precision that it does not have.
    #[staticmethod]
    #[pyo3(signature = (folder, *, device=None, precision=None))]
    fn load(
        folder: &Bound<'_, PyAny>,
        device: Option<&Bound<'_, PyAny>>,
        precision: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let path = arguments::path("folder", folder)?;
        let source = path.display().to_string();
        Self::open(folder.py(), DescribingNetwork::Model(path), [device, precision], source)
    }

    /// A backbone without training, for descriptors that follow what images look like.
    ///
    /// ``Model.pretrained(backbone="resnet18", weights="builtin")`` needs no download.
    ///
    /// Parameters
    /// ----------
    /// backbone, weights, input_size, seed : optional
    ///     As for ``train_model_parameter``, with its defaults.
    /// add_fc : list of int, optional
    ///     Widths of random layers on top of the backbone; none where not given.
    /// device, precision : str, optional
    ///     As for :meth:`load`.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     An unknown parameter, a value of the wrong type or out of range.
    /// DataError
    ///     Weights that cannot be read or fetched.
    // Unknown names come here too, so that the library says which one was meant.
    #[staticmethod]
    #[pyo3(
        signature = (**parameters),
        text_signature = "(*, backbone=None, weights=None, add_fc=None, input_size=None, seed=None, device=None, precision=None)"
    )]
    fn pretrained(py: Python<'_>, parameters: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut options = Options::of::<BackboneParameters>(Operation::TrainModel.verb(), Explicit::Arguments);
        let mut placement = [None, None];
        if let Some(parameters) = parameters {
            let parameters = parameters.copy()?;
            for (place, name) in placement.iter_mut().zip(PLACEMENT_KEYS) {
                *place = parameters.get_item(name)?;
                parameters.set_item(name, py.None())?;
            }
            refuse_foreign_keys(&parameters)?;
            arguments::set_all(&mut options, &parameters)?;
        }
        let network = DescribingNetwork::Backbone(BackboneParameters::take(&options).or_raise(py)?);
        Self::open(py, network, placement.each_ref().map(Option::as_ref), "without training".to_owned())
    }

    /// Describes images.
    ///
    /// Parameters
    /// ----------
    /// images : path, PIL image, array, or a list of these
    ///     A path or a list of paths; a PIL image or a list of them; an array uint8 [N, H, W, 3], or [H, W, 3] for one
    ///     image. Images of any size: the model crops the central square and scales it to ``input_size``. Paths are
    ///     read one after the other, so that any number of them can be given; the pixels of PIL images and arrays
    ///     are copied before the work begins.
    /// batch_size : int, optional
    ///     Images that the network describes at once; 32 where not given, as for ``get_kNN_parameter``.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray
    ///     float32 [N, D], rows of length 1 in the order of the images.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     Images of a wrong type, shape or dtype.
    /// DataError
    ///     An image file that cannot be read.
    #[pyo3(signature = (images, *, batch_size=None))]
    fn describe<'py>(
        &self,
        images: &Bound<'py, PyAny>,
        batch_size: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let py = images.py();
        let options = arguments::options(Operation::BuildKDTree, &[("batch_size", batch_size)])?;
        let batch_size = DescribingParameters::batch_size().read(&options).or_raise(py)?;
        let sources = images::sources(images)?;
        let (count, dimensions) = (sources.len(), self.dimensions);
        let network = Arc::clone(&self.network);
        let values = work::run(py, 1, Leaves::Nothing, move |context| {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            // A panic while describing leaves the network as it was: it is only read.
            let network = network.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let mut described = network.describe_images(sources, batch_size, threads, context.observer)?;
            match described.failures.drain(..).next() {
                None => Ok(described.descriptors),
                Some((_, error)) => Err(error),
            }
        })?;
        arrays::matrix(py, values, count, dimensions)
    }

    fn __repr__(&self) -> String {
        let variables = if self.variables.is_empty() { "none".to_owned() } else { self.variables.join(", ") };
        format!(
            "<Model {}: {}, {} dimensions, variables: {variables}>",
            self.source, self.architecture, self.dimensions
        )
    }
}

impl Model {
    /// What tells the model from others.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn open(
        py: Python<'_>,
        network: DescribingNetwork,
        placement: [Option<&Bound<'_, PyAny>>; 2],
        source: String,
    ) -> PyResult<Self> {
        let [device, precision] = PLACEMENT_KEYS;
        let options = arguments::options(Operation::BuildKDTree, &[(device, placement[0]), (precision, placement[1])])?;
        let device = DescribingParameters::device().read(&options).or_raise(py)?;
        let precision = DescribingParameters::precision().read(&options).or_raise(py)?;
        let network = work::run(py, 1, Leaves::Files, move |context| -> Result<Network> {
            network.load(device, precision, context)
        })?;
        Ok(Self {
            architecture: network.facts().architecture,
            source,
            dimensions: network.dims(),
            input_size: network.pipeline().input_size,
            fingerprint: network.fingerprint().to_owned(),
            variables: network.vocabulary().names(),
            network: Arc::new(Mutex::new(network)),
        })
    }
}

/// Refuses keys that only training has, and says so, where a plain "unknown key" would puzzle.
fn refuse_foreign_keys(parameters: &Bound<'_, PyDict>) -> PyResult<()> {
    let own = BackboneParameters::keys().iter();
    for (name, value) in parameters {
        let name: String = name.extract()?;
        let foreign = Operation::TrainModel.key(&name).filter(|key| {
            !value.is_none() && !PLACEMENT_KEYS.contains(&key.name) && own.clone().all(|own| own.name != key.name)
        });
        if let Some(key) = foreign {
            let known: Vec<_> = own.map(|key| key.name).chain(PLACEMENT_KEYS).collect();
            let message = format!("`{}` is for training; a network without training has no use for it", key.name);
            return Err(arguments::wrong(parameters.py(), message, format!("the parameters are {}", known.join(", "))));
        }
    }
    Ok(())
}
