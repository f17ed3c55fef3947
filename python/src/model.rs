//! A trained model, or a backbone as it is, for describing images from Python.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use silknow_image_retrieval::config::{
    Architecture, BackboneParameters, DescribingParameters, Explicit, Group, LossKind, Operation, Options,
};
use silknow_image_retrieval::{
    Context, DescribingNetwork, Error, ImportModelParameters, Model as Network, Pixels, Result, StoredModel, take,
    write_onnx,
};

use crate::errors::OrRaise;
use crate::paths::absolute;
use crate::work::{self, Leaves};
use crate::{arguments, arrays, images, packing};

/// A network that turns images into descriptors: unit vectors whose distance says how unlike two images are.
///
/// Load a trained one with :meth:`load`, or take one without training with :meth:`pretrained`. A model can be pickled; to do
/// so, and to save it, its files are read again from where they came from, because a model in use does not keep them.
#[pyclass(frozen, module = "silknow_image_retrieval")]
pub(crate) struct Model {
    /// One piece of work at a time; the network itself uses all cores.
    network: Arc<Mutex<Network>>,
    architecture: Architecture,
    /// Where it came from, as people read it.
    source: String,
    origin: Origin,
    /// Device and precision, as they were asked for.
    placement: [Option<String>; 2],
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
    /// The temperature of weighted votes that validation found; ``None`` where none was looked for.
    #[pyo3(get)]
    vote_temperature: Option<f64>,
}

/// What a model can be had from again.
enum Origin {
    /// A folder, or the parameters of a backbone without training.
    Network(DescribingNetwork),
    /// The files that it was pickled as, by their names.
    Files(Py<PyDict>),
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
        let py = folder.py();
        let path = arguments::path("folder", folder)?;
        let source = path.display().to_string();
        // The working directory may be another one when the model is saved.
        let origin = Origin::Network(DescribingNetwork::Model(absolute(&path).or_raise(py)?));
        Self::open(py, DescribingNetwork::Model(path), [device, precision], source, origin)
    }

    /// Imports a model or weights of another program; nothing is written before :meth:`save`.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     A model folder of the Python toolbox, or weights: a checkpoint of TensorFlow (prefix, ``.index`` or folder), a
    ///     TF-Hub module, a SavedModel, a file of Keras, or ``.safetensors`` or ``.pth``.
    /// configuration : str or os.PathLike, optional
    ///     The configuration that the model was trained with; looked for beside a model of the toolbox where not given.
    /// variables : list of str, optional
    ///     The variables that it was trained for, in place of those of the configuration.
    /// loss : str, optional
    ///     The loss that it was trained with, in place of that of the configuration.
    /// pixels : {"toolbox", "ours"}, optional
    ///     How pictures become pixels: where not given the toolbox's way for its models, so that its indexes can be queried.
    /// input_size : int, optional
    ///     Side of the square that the network sees; 224 where not given.
    /// device, precision : str, optional
    ///     As for :meth:`load`.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     A loss or pixels that are not known.
    /// DataError
    ///     A path without weights, a damaged file, tensors of no network that can be run.
    #[staticmethod]
    #[pyo3(signature = (path, *, configuration=None, variables=None, loss=None, pixels=None, input_size=None, device=None, precision=None))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords")]
    fn import_(
        path: &Bound<'_, PyAny>,
        configuration: Option<&Bound<'_, PyAny>>,
        variables: Option<Vec<String>>,
        loss: Option<&str>,
        pixels: Option<&str>,
        input_size: Option<usize>,
        device: Option<&Bound<'_, PyAny>>,
        precision: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = path.py();
        // The working directory may be another one when the model is saved.
        let place = |name, value| arguments::path(name, value).and_then(|path| absolute(&path).or_raise(py));
        let found = place("path", path)?;
        let mut parameters = ImportModelParameters::new(found, "");
        parameters.configuration = configuration.map(|value| place("configuration", value)).transpose()?;
        parameters.variables = variables;
        parameters.loss = loss.map(|loss| loss.parse::<LossKind>().or_raise(py)).transpose()?;
        parameters.pixels = match pixels {
            None => None,
            Some("toolbox") => Some(Pixels::Toolbox),
            Some("ours") => Some(Pixels::Ours),
            Some(other) => {
                return Err(arguments::wrong(
                    py,
                    format!("`pixels` must be \"toolbox\" or \"ours\", but it is `{other}`"),
                    "leave it out to have the toolbox's for its models, and ours for others",
                ));
            }
        };
        parameters.input_size = input_size.unwrap_or(parameters.input_size);
        let network = DescribingNetwork::Imported(Box::new(parameters));
        let origin = Origin::Network(network.clone());
        Self::open(py, network, [device, precision], arguments::path("path", path)?.display().to_string(), origin)
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
        let network = DescribingNetwork::Backbone(take::<BackboneParameters>(&options).or_raise(py)?);
        let origin = Origin::Network(network.clone());
        Self::open(py, network, placement.each_ref().map(Option::as_ref), "without training".to_owned(), origin)
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
    /// on_error : {"raise", "skip"}
    ///     What happens when an image cannot be read, because its file is cut for instance. ``"raise"``: the error is
    ///     raised. ``"skip"``: the row of the image is not-a-number, and a warning names the image and the reason, so that
    ///     rows and images stay aligned; ``~numpy.isnan(descriptors).any(axis=1)`` says which rows are good.
    ///
    /// Returns
    /// -------
    /// Descriptors
    ///     float32 [N, D], rows of length 1 in the order of the images: a NumPy array that remembers this model, so that
    ///     an index of another model refuses it.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     Images of a wrong type, shape or dtype.
    /// DataError
    ///     An image that cannot be read.
    #[pyo3(signature = (images, *, batch_size=None, on_error=None), text_signature = "($self, images, *, batch_size=None, on_error='raise')")]
    fn describe<'py>(
        &self,
        images: &Bound<'py, PyAny>,
        batch_size: Option<&Bound<'py, PyAny>>,
        on_error: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = images.py();
        let skip = skips(py, on_error)?;
        let options = arguments::options(Operation::BuildKDTree, &[("batch_size", batch_size)])?;
        let batch_size = DescribingParameters::batch_size().read(&options).or_raise(py)?;
        let images::Given { count, pictures, unreadable } = images::given(images, skip)?;
        let dimensions = self.dimensions;
        let network = Arc::clone(&self.network);
        let values = work::run(py, 1, Leaves::Nothing, move |context| {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let (positions, pictures): (Vec<usize>, Vec<_>) = pictures.into_iter().unzip();
            // A panic while describing leaves the network unchanged, because it is only read.
            let network = network.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let described = network.describe_images(pictures, batch_size, threads, context.observer)?;
            let mut failures = unreadable;
            for (position, error) in described.failures {
                if !skip {
                    return Err(error);
                }
                failures.push((positions[position], error.to_string()));
            }
            if failures.is_empty() {
                return Ok(described.descriptors);
            }
            failures.sort_by_key(|(position, _)| *position);
            for (position, reason) in failures {
                context.observer.warning(&format!("images[{position}] is skipped: {reason}"));
            }
            let mut values = vec![f32::NAN; count * dimensions];
            for (descriptor, kept) in described.descriptors.chunks_exact(dimensions).zip(described.kept) {
                values[positions[kept] * dimensions..][..dimensions].copy_from_slice(descriptor);
            }
            Ok(values)
        })?;
        arrays::of_model(&arrays::matrix(py, values, count, dimensions)?, &self.fingerprint)
    }

    /// Writes the model (``model.safetensors``, ``model.json``) into a folder, which is created where missing.
    ///
    /// Its files are read again from where they came from: the folder that it was loaded from must still hold this model.
    ///
    /// Parameters
    /// ----------
    /// folder : str or os.PathLike
    ///     The folder; :meth:`load` loads it from there.
    ///
    /// Raises
    /// ------
    /// DataError
    ///     The folder that it was loaded from now holds another model, or none; what the file system refuses.
    #[pyo3(signature = (folder))]
    fn save(&self, folder: &Bound<'_, PyAny>) -> PyResult<()> {
        let path = arguments::path("folder", folder)?;
        self.save_into(folder.py(), path)
    }

    /// Writes the model as an ONNX file, for ONNX Runtime and other programs, and ``preprocessor_config.json`` beside it.
    ///
    /// The input ``image`` is float32 [N, 3, S, S]: red, green and blue in [0, 1], squares of ``input_size``. The output
    /// ``descriptor`` is float32 [N, D], what :meth:`describe` gives to 1e-5. The file's metadata are ``fingerprint``,
    /// ``architecture``, ``pixels`` and ``variables`` with their classes.
    ///
    /// Its files are read again from where they came from, as for :meth:`save`.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     The file.
    /// features : bool
    ///     Whether what the backbone delivers comes out too, as the second output ``features``.
    ///
    /// Raises
    /// ------
    /// DataError
    ///     As for :meth:`save`; a model that is too large for such a file.
    #[pyo3(signature = (path, *, features=false))]
    fn to_onnx(&self, path: &Bound<'_, PyAny>, features: bool) -> PyResult<()> {
        let out = arguments::path("path", path)?;
        self.with_stored(path.py(), move |stored, context| write_onnx(stored, &out, features, context).map(drop))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        // Nothing about a model can change.
        slf
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let files = match &self.origin {
            Origin::Files(files) => files.bind(py).clone().into_any(),
            Origin::Network(_) => {
                let temporary = packing::Temporary::new(py)?;
                self.save_into(py, temporary.path().to_path_buf())?;
                temporary.pack()?
            }
        };
        let restore = py.get_type::<Self>().getattr("_restored")?;
        let [device, precision] = &self.placement;
        Ok((restore, (files, &self.source, device, precision)).into_pyobject(py)?.into_any())
    }

    /// The model that was pickled as the files of a folder.
    #[staticmethod]
    fn _restored(
        files: &Bound<'_, PyDict>,
        source: String,
        device: Option<&Bound<'_, PyAny>>,
        precision: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let temporary = packing::Temporary::unpack(files)?;
        let network = DescribingNetwork::Model(temporary.path().to_path_buf());
        let origin = Origin::Files(files.clone().unbind());
        let model = Self::open(files.py(), network, [device, precision], source, origin)?;
        temporary.close()?;
        Ok(model)
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

    /// Length D of the descriptors.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The network.
    pub(crate) fn network(&self) -> Arc<Mutex<Network>> {
        Arc::clone(&self.network)
    }

    fn open(
        py: Python<'_>,
        network: DescribingNetwork,
        placement: [Option<&Bound<'_, PyAny>>; 2],
        source: String,
        origin: Origin,
    ) -> PyResult<Self> {
        let [device, precision] = PLACEMENT_KEYS;
        let options = arguments::options(Operation::BuildKDTree, &[(device, placement[0]), (precision, placement[1])])?;
        let device = DescribingParameters::device().read(&options).or_raise(py)?;
        let precision = DescribingParameters::precision().read(&options).or_raise(py)?;
        let text = |value: Option<&Bound<'_, PyAny>>| value.filter(|value| !value.is_none()).map(ToString::to_string);
        let loaded = work::run(py, 1, Leaves::Files, move |context| -> Result<Network> {
            network.load(device, precision, context)
        })?;
        Ok(Self {
            architecture: loaded.facts().architecture,
            source,
            origin,
            placement: placement.map(text),
            dimensions: loaded.dims(),
            input_size: loaded.pipeline().input_size,
            fingerprint: loaded.fingerprint().to_owned(),
            variables: loaded.vocabulary().names(),
            vote_temperature: loaded.facts().vote.map(|chosen| chosen.temperature),
            network: Arc::new(Mutex::new(loaded)),
        })
    }

    fn save_into(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        self.with_stored(py, move |stored, _| stored.save(&folder))
    }

    /// Does something with the model in its stored form, that writes files.
    fn with_stored(
        &self,
        py: Python<'_>,
        write: impl FnOnce(StoredModel, &Context<'_>) -> Result<()> + Send + 'static,
    ) -> PyResult<()> {
        let fingerprint = self.fingerprint.clone();
        let save = move |network: DescribingNetwork, context: &Context<'_>| {
            let stored = network.stored(context)?;
            check(&stored, &fingerprint, &network)?;
            write(stored, context)
        };
        match &self.origin {
            Origin::Network(network) => {
                let network = network.clone();
                work::run(py, 1, Leaves::Files, move |context| save(network, context))
            }
            Origin::Files(files) => {
                let temporary = packing::Temporary::unpack(files.bind(py))?;
                let network = DescribingNetwork::Model(temporary.path().to_path_buf());
                work::run(py, 1, Leaves::Files, move |context| save(network, context))?;
                temporary.close()
            }
        }
    }
}

/// Refuses what is no longer the model of this fingerprint.
fn check(stored: &StoredModel, fingerprint: &str, network: &DescribingNetwork) -> Result<()> {
    if stored.fingerprint() == fingerprint {
        return Ok(());
    }
    let error = match network {
        DescribingNetwork::Model(folder) => {
            Error::data("the folder that the model was loaded from now holds another model").in_file(folder)
        }
        DescribingNetwork::Imported(_) | DescribingNetwork::Backbone(_) => {
            Error::data("the weights of the model have changed since it was loaded")
        }
    };
    Err(error.hint("load the model again, then save it before its files change"))
}

/// True for `on_error="skip"`.
fn skips(py: Python<'_>, on_error: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    let Some(on_error) = on_error.filter(|value| !value.is_none()) else { return Ok(false) };
    match on_error.extract::<String>().as_deref() {
        Ok("raise") => Ok(false),
        Ok("skip") => Ok(true),
        _ => Err(arguments::wrong(
            py,
            format!("`on_error` must be \"raise\" or \"skip\", but it is `{on_error}`"),
            "\"skip\" leaves out images that cannot be read, with a warning",
        )),
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
