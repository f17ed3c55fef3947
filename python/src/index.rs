//! An index of descriptors, for searching and predicting from Python.

use std::path::PathBuf;
use std::sync::Arc;

use numpy::PyArray2;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString, PyTuple};
use silknow_files::FolderLock;
use silknow_image_retrieval::Result;
use silknow_image_retrieval::config::{Explicit, GetKNNParameters, Operation, Options};
use silknow_index::{DescriptorIndex, IndexMeta, Neighbours, Retriever, vote};

use crate::arguments::{self, wrong};
use crate::errors::OrRaise;
use crate::model::Model;
use crate::work::{self, Leaves};
use crate::{arrays, tables};

/// What a search returns: distances and positions.
type Found<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray2<i64>>);

/// The descriptors of N images with their names and labels, ready for search.
///
/// Load one with :meth:`load`, or make one of any descriptors with :meth:`from_descriptors`.
#[pyclass(frozen, module = "silknow_image_retrieval")]
pub(crate) struct Index {
    retriever: Arc<Retriever<'static>>,
    /// Where it was loaded from; none when made from descriptors.
    folder: Option<PathBuf>,
    /// Python's texts of the names, made once: they are asked for neighbour by neighbour.
    names: PyOnceLock<Py<PyTuple>>,
}

#[pymethods]
impl Index {
    /// Loads the index of a folder.
    ///
    /// Parameters
    /// ----------
    /// folder : str or os.PathLike
    ///     The folder of ``kdtree.npz``: what ``build_kDTree_parameter`` calls ``savepath``.
    ///
    /// Raises
    /// ------
    /// DataError
    ///     ``kdtree.npz`` is missing, cut or another program's.
    #[staticmethod]
    #[pyo3(signature = (folder))]
    fn load(folder: &Bound<'_, PyAny>) -> PyResult<Self> {
        let path = arguments::path("folder", folder)?;
        let read = path.clone();
        let retriever = work::run(folder.py(), 1, Leaves::Nothing, move |_| {
            DescriptorIndex::read(read).and_then(Retriever::owning)
        })?;
        Ok(Self { retriever: Arc::new(retriever), folder: Some(path), names: PyOnceLock::new() })
    }

    /// Makes an index of descriptors.
    ///
    /// Parameters
    /// ----------
    /// descriptors : numpy.ndarray
    ///     float32 [N, D], N at least 1.
    /// names : list of str or os.PathLike, optional
    ///     The names of the N images; their positions where not given. Paths relative to the folder, if :meth:`save`
    ///     is to be of use.
    /// labels : pandas.DataFrame or dict of lists, optional
    ///     One column a variable, N rows, ``None`` where a label is not known.
    /// model : Model, optional
    ///     The model that made the descriptors; its fingerprint is kept.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     Arguments of a wrong type, shape or dtype.
    /// DataError
    ///     Parts that do not belong together, no descriptor, descriptors that are not finite.
    #[staticmethod]
    #[pyo3(signature = (descriptors, names=None, labels=None, *, model=None))]
    fn from_descriptors(
        descriptors: &Bound<'_, PyAny>,
        names: Option<&Bound<'_, PyAny>>,
        labels: Option<&Bound<'_, PyAny>>,
        model: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = descriptors.py();
        let (dims, values) = arrays::descriptors("descriptors", descriptors)?;
        let count = values.len().checked_div(dims).unwrap_or(0);
        let names = match names {
            None => (0..count).map(|position| position.to_string()).collect(),
            Some(names) => texts("names", names)?,
        };
        let table = match labels {
            None => tables::Table { variables: Vec::new(), rows: vec![Vec::new(); count] },
            Some(labels) => tables::read("labels", labels, Some(count))?,
        };
        let meta = IndexMeta::new(fingerprint(model)?);
        let retriever = work::run(py, 1, Leaves::Nothing, move |_| {
            DescriptorIndex::from_descriptors(values, dims, names, &table.variables, &table.rows, meta)
                .and_then(Retriever::owning)
        })?;
        Ok(Self { retriever: Arc::new(retriever), folder: None, names: PyOnceLock::new() })
    }

    /// Writes ``kdtree.npz`` into a folder, which is created where missing.
    ///
    /// Parameters
    /// ----------
    /// folder : str or os.PathLike
    ///     The folder. The names should be paths relative to it, so that :attr:`paths` leads to the images later.
    ///
    /// Raises
    /// ------
    /// DataError
    ///     What the file system refuses.
    #[pyo3(signature = (folder))]
    fn save(&self, folder: &Bound<'_, PyAny>) -> PyResult<()> {
        let path = arguments::path("folder", folder)?;
        let retriever = Arc::clone(&self.retriever);
        work::run(folder.py(), 1, Leaves::Files, move |_| {
            let _lock = FolderLock::take(&path)?;
            retriever.index().write(&path)
        })
    }

    /// The nearest neighbours of descriptors: exact, nearest first, equal distances in the order of the index.
    ///
    /// Parameters
    /// ----------
    /// descriptors : numpy.ndarray
    ///     float32 [Q, D], from the model that made the index.
    /// k : int, optional
    ///     Neighbours per query, at least 1; all N where it is larger, with a warning. 6 where not given, as for
    ///     ``num_neighbors`` of ``get_kNN_parameter``.
    ///
    /// Returns
    /// -------
    /// distances : numpy.ndarray
    ///     float32 [Q, k]: Euclidean distances, in [0, 2] for descriptors of a model.
    /// positions : numpy.ndarray
    ///     int64 [Q, k]: positions in the index, so that ``index.names[position]`` is the neighbour's name.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     Descriptors of a wrong type, shape or dtype, ``k`` below 1.
    /// DataError
    ///     Descriptors that are not finite numbers.
    #[pyo3(signature = (descriptors, k=None))]
    fn search<'py>(&self, descriptors: &Bound<'py, PyAny>, k: Option<&Bound<'py, PyAny>>) -> PyResult<Found<'py>> {
        let py = descriptors.py();
        let (count, near) = self.neighbours(descriptors, k, |_, near| near)?;
        let positions = near.positions.iter().map(|&position| i64::from(position)).collect();
        Ok((arrays::matrix(py, near.distances, count, near.k)?, arrays::matrix(py, positions, count, near.k)?))
    }

    /// The classes of descriptors, by the votes of their nearest neighbours.
    ///
    /// Per variable the class of most neighbours wins, among those whose label is known; a tie goes to the class with
    /// the nearest neighbour; without a known label the prediction is missing.
    ///
    /// Parameters
    /// ----------
    /// descriptors : numpy.ndarray
    ///     float32 [Q, D], from the model that made the index.
    /// k : int, optional
    ///     Neighbours that vote, at least 1; 6 where not given.
    ///
    /// Returns
    /// -------
    /// pandas.DataFrame or dict of lists
    ///     One column a variable, Q rows; a dictionary where pandas is not installed.
    ///
    /// Raises
    /// ------
    /// ConfigurationError, DataError
    ///     As for :meth:`search`.
    #[pyo3(signature = (descriptors, k=None))]
    fn predict<'py>(
        &self,
        descriptors: &Bound<'py, PyAny>,
        k: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (count, labels) = self.neighbours(descriptors, k, |index, near| vote::predict(&index.labels, &near))?;
        tables::write(descriptors.py(), &self.index().vocabulary, &labels, count)
    }

    /// The names of the images, in the order of the index, a tuple; in a folder, paths relative to it.
    #[getter]
    fn names(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let names = self.names.get_or_try_init(py, || PyTuple::new(py, &self.index().names).map(Bound::unbind))?;
        Ok(names.clone_ref(py))
    }

    /// The paths of the images, relative to the working directory as it is now; the names where the index has no folder.
    #[getter]
    fn paths(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        match &self.folder {
            Some(folder) => self.index().names_relative_to(folder, ".").or_raise(py),
            None => Ok(self.index().names.clone()),
        }
    }

    /// The labels of the images, a new table each time: a pandas.DataFrame with one column a variable and N rows, or a dictionary of lists
    /// where pandas is not installed. Missing labels are ``None`` (not-a-number in a data frame).
    #[getter]
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        tables::write(py, &self.index().vocabulary, &self.index().labels, self.index().len())
    }

    /// The variables that the labels belong to.
    #[getter]
    fn variables(&self) -> Vec<String> {
        self.index().vocabulary.names()
    }

    /// The descriptors, a copy: float32 [N, D].
    #[getter]
    fn descriptors<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let index = self.index();
        arrays::matrix(py, index.descriptors.clone(), index.len(), index.dims)
    }

    /// Length D of the descriptors.
    #[getter]
    fn dimensions(&self) -> usize {
        self.index().dims
    }

    /// The fingerprint of the model that made the descriptors; empty where it is not known.
    #[getter]
    fn fingerprint(&self) -> &str {
        &self.index().meta.model_fingerprint
    }

    fn __len__(&self) -> usize {
        self.index().len()
    }

    fn __repr__(&self) -> String {
        let index = self.index();
        let from = self.folder.as_ref().map_or_else(String::new, |folder| format!(" {}", folder.display()));
        let variables = if index.vocabulary.is_empty() { "none".to_owned() } else { self.variables().join(", ") };
        format!("<Index{from}: {} images, {} dimensions, variables: {variables}>", index.len(), index.dims)
    }
}

impl Index {
    fn index(&self) -> &DescriptorIndex {
        self.retriever.index()
    }

    /// The number of queries, and what `conclude` makes of their neighbours.
    fn neighbours<T: Send + 'static>(
        &self,
        descriptors: &Bound<'_, PyAny>,
        k: Option<&Bound<'_, PyAny>>,
        conclude: impl FnOnce(&DescriptorIndex, Neighbours) -> T + Send + 'static,
    ) -> PyResult<(usize, T)> {
        let py = descriptors.py();
        let (dims, values) = arrays::descriptors("descriptors", descriptors)?;
        if dims != self.index().dims {
            return Err(wrong(
                py,
                format!("`descriptors` has {dims} dimensions, and the index has {}", self.index().dims),
                "describe the queries with the model that made the index",
            ));
        }
        let count = values.len() / dims;
        let k = neighbours_asked_for(py, k)?;
        let retriever = Arc::clone(&self.retriever);
        let concluded = work::run(py, 1, Leaves::Nothing, move |context| -> Result<T> {
            Ok(conclude(retriever.index(), retriever.search(&values, k, context.observer)?))
        })?;
        Ok((count, concluded))
    }
}

/// `k`, with the default and the bounds of the key that it stands for.
fn neighbours_asked_for(py: Python<'_>, k: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
    const KEY: &str = "num_neighbors";
    let mut options = Options::new(Operation::GetKNN, Explicit::Arguments);
    if let Some(text) = k.map(|k| arguments::text("k", k)).transpose()?.flatten() {
        options.set(KEY, text).or_raise(py)?;
    }
    GetKNNParameters::num_neighbors().read(&options).map_err(|error| {
        // The argument has a name of its own.
        wrong(py, error.message().replace(KEY, "k"), "for example 6")
    })
}

/// The texts of a list of texts or paths.
fn texts(name: &str, list: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let refused = |what: String| {
        wrong(list.py(), format!("{what}; a list of texts is expected"), "for example [\"a.jpg\", \"b.jpg\"]")
    };
    let no_list = || refused(format!("`{name}` is of type {}", arguments::type_name(list)));
    if list.is_instance_of::<PyString>() || list.is_instance_of::<PyBytes>() {
        return Err(no_list());
    }
    list.try_iter()
        .map_err(|_| no_list())?
        .enumerate()
        .map(|(position, entry)| {
            let entry = entry?;
            let text = if entry.hasattr("__fspath__")? { entry.call_method0("__fspath__")? } else { entry.clone() };
            text.extract().map_err(|_| match entry.is_instance_of::<PyString>() {
                true => refused(format!("`{name}[{position}]` is not Unicode")),
                false => refused(format!("`{name}[{position}]` is of type {}", arguments::type_name(&entry))),
            })
        })
        .collect()
}

/// The fingerprint of a model; empty for none.
fn fingerprint(model: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
    let Some(model) = model else { return Ok(String::new()) };
    match model.cast::<Model>() {
        Ok(model) => Ok(model.get().fingerprint().to_owned()),
        Err(_) => {
            let message = format!("`model` is of type {}; a Model is expected", arguments::type_name(model));
            Err(wrong(model.py(), message, "load one with Model.load"))
        }
    }
}
