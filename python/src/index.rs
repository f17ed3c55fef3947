//! An index of descriptors, for searching and predicting from Python.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use numpy::PyArray2;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};
use silknow_image_retrieval::config::{Explicit, GetKNNParameters, Operation, Options};
use silknow_image_retrieval::{
    Context, Error, ExportFormat, Filter, Hits, Index as _, IndexMeta, MemoryIndex, Observer, Progress, Queried,
    Record, Result, Search, Silent, Vocabulary, VocabularyBuilder, Vote, find,
};

use crate::arguments::{self, wrong};
use crate::arrays::Rows;
use crate::errors::{OrRaise, exception};
use crate::exchange::{Foreign, export};
use crate::model::Model;
use crate::paths::absolute;
use crate::work::{self, Leaves};
use crate::{arrays, packing, tables};

/// What a search returns: distances and positions.
type Found<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray2<i64>>);

/// The descriptors of N images with their names and labels, ready for search.
///
/// Load one with :meth:`load`, or make one of any descriptors with :meth:`from_descriptors`. Threads may share it: a search
/// works on the index as it was when the search began. An index can be pickled, and copied with ``copy.deepcopy``.
#[pyclass(frozen, module = "silknow_image_retrieval")]
pub(crate) struct Index {
    /// The index as it is now. Work takes the inner pointer and lets the lock go at once.
    current: Mutex<Arc<MemoryIndex>>,
    /// Where it was loaded from, as it was given; none when made from descriptors.
    folder: Option<PathBuf>,
    /// Python's texts of the names, made once for an index: they are asked for neighbour by neighbour.
    names: Mutex<Option<(Weak<MemoryIndex>, Py<PyTuple>)>>,
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
        let index = work::run(folder.py(), 1, Leaves::Nothing, move |_| MemoryIndex::read(read))?;
        Ok(Self::new(index, Some(path)))
    }

    /// Makes an index of descriptors.
    ///
    /// Parameters
    /// ----------
    /// descriptors : array_like
    ///     Numbers [N, D], for example from :meth:`Model.describe`; N may be 0. They are kept as float32.
    /// names : list of str or os.PathLike, optional
    ///     The names of the N images; their positions where not given. Paths relative to the folder, if :meth:`save`
    ///     is to be of use.
    /// labels : pandas.DataFrame or dict of lists, optional
    ///     One column a variable, N rows. A label is a text, a whole number or a truth value; a list, tuple or set of
    ///     them is several labels; ``None`` and not-a-number are labels that are not known. All are kept as texts.
    /// model : Model, optional
    ///     The model that made the descriptors; its fingerprint is kept. What :meth:`Model.describe` returned tells its
    ///     model by itself.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     Arguments of a wrong type, shape or dtype.
    /// DataError
    ///     Parts that do not belong together, descriptors of another model, descriptors that are not finite.
    #[staticmethod]
    #[pyo3(signature = (descriptors, names=None, labels=None, *, model=None))]
    fn from_descriptors(
        descriptors: &Bound<'_, PyAny>,
        names: Option<&Bound<'_, PyAny>>,
        labels: Option<&Bound<'_, PyAny>>,
        model: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = descriptors.py();
        let rows = arrays::descriptors("descriptors", descriptors)?;
        let stated = fingerprint(model)?;
        if !rows.fingerprint.is_empty() && !stated.is_empty() && rows.fingerprint != stated {
            let error = Error::data("`descriptors` were made with another model than `model`")
                .hint("give the model that described the images, or leave `model` out");
            return Err(exception(py, &error));
        }
        let names = names.map(|names| texts("names", names)).transpose()?;
        let table = match labels {
            None => tables::Table::without_variables(rows.count),
            Some(labels) => tables::read("labels", labels, Some(rows.count))?,
        };
        let meta = IndexMeta::new(if stated.is_empty() { rows.fingerprint.clone() } else { stated });
        let index = work::run(py, 1, Leaves::Nothing, move |_| {
            let (vocabulary, labels) = table.into_sorted();
            let records = records(names, 0, rows.count, labels)?;
            MemoryIndex::new(vocabulary, records.into_iter().map(Arc::new).collect(), rows.values, rows.dims, meta)
        })?;
        Ok(Self::new(index, None))
    }

    /// Imports an index of another program.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     A ``kdtree.npz`` of the Python toolbox or the folder of one, a flat index of FAISS, or an array ``.npy``.
    /// images_root : str or os.PathLike, optional
    ///     The folder that the image paths in the file are relative to: where the toolbox was started. The working
    ///     directory where not given; :attr:`paths` are relative to the working directory as it is now.
    /// table : str or os.PathLike, optional
    ///     The table of the images of a flat index or an array: the first column names them, further columns are labels.
    /// model : Model, optional
    ///     The model that made the descriptors; its fingerprint is kept.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     A flat index or an array without a table.
    /// DataError
    ///     A file of another kind, a damaged one, a pickle with anything that plain data do not need, descriptors that are
    ///     not as long as the model's.
    #[staticmethod]
    #[pyo3(signature = (path, *, images_root=None, table=None, model=None))]
    fn import_(
        path: &Bound<'_, PyAny>,
        images_root: Option<&Bound<'_, PyAny>>,
        table: Option<&Bound<'_, PyAny>>,
        model: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let model = model.map(model_of).transpose()?;
        Ok(Self::new(Foreign { path, images_root, table, model }.read()?, Some(PathBuf::from("."))))
    }

    /// Writes a Parquet file, which pandas, DuckDB and others open: the columns ``name``, ``descriptor`` and one a variable.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     The file. The names of an index that was loaded from a folder are paths, and become relative to the file's folder.
    ///
    /// Raises
    /// ------
    /// DataError
    ///     What the file system refuses.
    #[pyo3(signature = (path))]
    fn to_parquet(&self, path: &Bound<'_, PyAny>) -> PyResult<()> {
        export(path, self.current(), self.folder(), ExportFormat::Parquet)
    }

    /// Writes a flat index of FAISS, and beside it a table of names and labels that ends in ``_images.csv``.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     The file, as for :meth:`to_parquet`.
    ///
    /// Raises
    /// ------
    /// DataError
    ///     What the file system refuses.
    #[pyo3(signature = (path))]
    fn to_faiss(&self, path: &Bound<'_, PyAny>) -> PyResult<()> {
        export(path, self.current(), self.folder(), ExportFormat::Faiss)
    }

    /// Writes a table of descriptors for the Embedding Projector, and beside it one of names and labels that ends in
    /// ``_metadata.tsv``.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     The file, as for :meth:`to_parquet`.
    ///
    /// Raises
    /// ------
    /// DataError
    ///     What the file system refuses.
    #[pyo3(signature = (path))]
    fn to_tsv(&self, path: &Bound<'_, PyAny>) -> PyResult<()> {
        export(path, self.current(), self.folder(), ExportFormat::Tsv)
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
        let index = self.current();
        work::run(folder.py(), 1, Leaves::Files, move |_| index.save(&path))
    }

    /// The nearest neighbours of descriptors: exact, nearest first, equal distances in the order of the index.
    ///
    /// Parameters
    /// ----------
    /// descriptors : array_like
    ///     Numbers [Q, D], from the model that made the index.
    /// k : int, optional
    ///     Neighbours per query, at least 1; all N where it is larger, with a warning. 6 where not given, as for
    ///     ``num_neighbors`` of ``get_kNN_parameter``.
    /// filter : str, optional
    ///     Which images may be neighbours, for example ``"place=ES|FR, technique=?*, museum!=garin"``: ``=`` is one of,
    ///     ``!=`` none of, ``?*`` known, ``?`` not known; terms are separated by commas and all of them must hold. A field
    ///     is a variable, ``museum``, ``object`` or ``image``. The k nearest of those that pass are found.
    /// max_distance : float, optional
    ///     Images that are farther away are left out.
    /// exclude_self : bool
    ///     Leaves out images with the same descriptor as the query.
    ///
    /// Returns
    /// -------
    /// distances : numpy.ndarray
    ///     float32 [Q, k]: Euclidean distances, in [0, 2] for descriptors of a model. Where fewer than k neighbours are
    ///     left, the row ends with infinity.
    /// positions : numpy.ndarray
    ///     int64 [Q, k]: positions in the index, so that ``index.names[position]`` is the neighbour's name. Where fewer
    ///     than k neighbours are left, the row ends with -1.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     Descriptors of a wrong type, shape or dtype, ``k`` below 1, a filter that cannot be read or that asks for what
    ///     the index does not have.
    /// DataError
    ///     Descriptors of another model, or that are not finite numbers.
    #[pyo3(signature = (descriptors, k=None, *, filter=None, max_distance=None, exclude_self=false))]
    fn search<'py>(
        &self,
        descriptors: &Bound<'py, PyAny>,
        k: Option<&Bound<'py, PyAny>>,
        filter: Option<&Bound<'py, PyAny>>,
        max_distance: Option<&Bound<'py, PyAny>>,
        exclude_self: bool,
    ) -> PyResult<Found<'py>> {
        let py = descriptors.py();
        let search = Asked { k, filter, max_distance, exclude_self }.search(py)?;
        let asked = search.k;
        let (count, (k, distances, positions)) = self.neighbours(descriptors, search, move |index, hits| {
            let k = asked.min(index.len());
            let mut distances = Vec::with_capacity(hits.len() * k);
            let mut positions = Vec::with_capacity(hits.len() * k);
            for (query, hits) in (1..).zip(hits.iter()) {
                distances.extend(hits.iter().map(|hit| hit.distance));
                positions.extend(hits.iter().map(|hit| hit.position as i64));
                distances.resize(query * k, f32::INFINITY);
                positions.resize(query * k, -1);
            }
            (k, distances, positions)
        })?;
        Ok((arrays::matrix(py, distances, count, k)?, arrays::matrix(py, positions, count, k)?))
    }

    /// All neighbours of descriptors within a distance, nearest first.
    ///
    /// Parameters
    /// ----------
    /// descriptors : array_like
    ///     Numbers [Q, D], from the model that made the index.
    /// radius : float
    ///     The largest distance of a neighbour, itself included.
    /// filter : str, optional
    ///     Which images may be neighbours, as for :meth:`search`.
    /// exclude_self : bool
    ///     Leaves out images with the same descriptor as the query.
    ///
    /// Returns
    /// -------
    /// distances : numpy.ndarray
    ///     [Q] of arrays float32, one for each query, as long as it has neighbours.
    /// positions : numpy.ndarray
    ///     [Q] of arrays int64: their positions in the index.
    ///
    /// Raises
    /// ------
    /// ConfigurationError, DataError
    ///     As for :meth:`search`.
    #[pyo3(signature = (descriptors, radius, *, filter=None, exclude_self=false))]
    fn radius_search<'py>(
        &self,
        descriptors: &Bound<'py, PyAny>,
        radius: &Bound<'py, PyAny>,
        filter: Option<&Bound<'py, PyAny>>,
        exclude_self: bool,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let py = descriptors.py();
        let mut search = Search::nearest(1);
        search.filter = filter_asked_for(filter)?;
        search.max_distance = Some(distance("radius", radius)?);
        search.exclude_self = exclude_self;
        let index = self.current();
        let rows = self.queries(&index, descriptors)?;
        let (distances, positions) =
            work::run(py, 1, Leaves::Nothing, move |context| within(&index, &rows, &search, context))?;
        Ok((arrays::ragged(py, distances)?, arrays::ragged(py, positions)?))
    }

    /// The classes of descriptors, by the votes of their nearest neighbours.
    ///
    /// Per variable the class of most neighbours wins, among those whose label is known, or the one whose neighbours weigh
    /// most; a tie goes to the class with the nearest neighbour; without a known label the prediction is missing.
    ///
    /// Parameters
    /// ----------
    /// descriptors : array_like
    ///     Numbers [Q, D], from the model that made the index.
    /// k : int, optional
    ///     Neighbours that vote, at least 1; 6 where not given.
    /// filter, max_distance, exclude_self : optional
    ///     Which neighbours may vote, as for :meth:`search`.
    /// temperature : float, optional
    ///     The temperature T of weighted votes, above 0: a neighbour at the distance d counts exp(-d**2 / T). That of
    ///     validation is :attr:`Model.vote_temperature`. Every neighbour counts one where not given.
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
    #[pyo3(signature = (descriptors, k=None, *, filter=None, max_distance=None, exclude_self=false, temperature=None))]
    fn predict<'py>(
        &self,
        descriptors: &Bound<'py, PyAny>,
        k: Option<&Bound<'py, PyAny>>,
        filter: Option<&Bound<'py, PyAny>>,
        max_distance: Option<&Bound<'py, PyAny>>,
        exclude_self: bool,
        temperature: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let asked = Asked { k, filter, max_distance, exclude_self };
        let vote = vote_asked_for(temperature)?;
        let (_, vocabulary, labels) =
            self.vote(descriptors, asked, move |vocabulary, hits| vote.predict(hits, vocabulary.len()))?;
        tables::write(descriptors.py(), &vocabulary, &labels)
    }

    /// How the nearest neighbours of descriptors vote.
    ///
    /// Parameters
    /// ----------
    /// descriptors, k, filter, max_distance, exclude_self, temperature
    ///     As for :meth:`predict`.
    ///
    /// Returns
    /// -------
    /// dict of pandas.DataFrame or of dict of lists
    ///     For every variable a table with one column a class and Q rows: the share of the neighbours with a known label,
    ///     or of their weight, that have the class; they sum to 1 where every label is one class. A row is not-a-number where no
    ///     neighbour's label is known.
    ///
    /// Raises
    /// ------
    /// ConfigurationError, DataError
    ///     As for :meth:`search`.
    #[pyo3(signature = (descriptors, k=None, *, filter=None, max_distance=None, exclude_self=false, temperature=None))]
    fn predict_proba<'py>(
        &self,
        descriptors: &Bound<'py, PyAny>,
        k: Option<&Bound<'py, PyAny>>,
        filter: Option<&Bound<'py, PyAny>>,
        max_distance: Option<&Bound<'py, PyAny>>,
        exclude_self: bool,
        temperature: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = descriptors.py();
        let asked = Asked { k, filter, max_distance, exclude_self };
        let vote = vote_asked_for(temperature)?;
        let (count, vocabulary, shares) = self.vote(descriptors, asked, move |vocabulary, hits| {
            let of = |(v, it): (usize, &silknow_image_retrieval::Variable)| shares(vote, hits, v, it.classes.len());
            vocabulary.variables.iter().enumerate().map(of).collect::<Vec<_>>()
        })?;
        let tables = PyDict::new(py);
        for (variable, shares) in vocabulary.variables.iter().zip(shares) {
            let columns = PyDict::new(py);
            for (class, column) in (0..).zip(shares) {
                columns.set_item(variable.class_text(class), column)?;
            }
            tables.set_item(&variable.name, tables::frame(py, &columns, count)?)?;
        }
        Ok(tables)
    }

    /// Appends images to the index.
    ///
    /// Parameters
    /// ----------
    /// descriptors : array_like
    ///     Numbers [M, D], from the model that made the index.
    /// names : list of str or os.PathLike, optional
    ///     The names of the M images; their positions in the index where not given.
    /// labels : pandas.DataFrame or dict of lists, optional
    ///     M rows, as for :meth:`from_descriptors`, of variables that the index has; those that are left out are not known.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     Arguments of a wrong type, shape or dtype, a variable that the index does not have.
    /// DataError
    ///     Parts that do not belong together, descriptors of another model, descriptors that are not finite.
    #[pyo3(signature = (descriptors, names=None, labels=None))]
    fn add(
        &self,
        descriptors: &Bound<'_, PyAny>,
        names: Option<&Bound<'_, PyAny>>,
        labels: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let py = descriptors.py();
        let rows = self.queries(&self.current(), descriptors)?;
        let names = names.map(|names| texts("names", names)).transpose()?;
        let table = match labels {
            None => tables::Table::without_variables(rows.count),
            Some(labels) => tables::read("labels", labels, Some(rows.count))?,
        };
        let variables = self.variables();
        if let Some(unknown) = table.variables.iter().find(|variable| !variables.contains(variable)) {
            let known = if variables.is_empty() { "none".to_owned() } else { variables.join(", ") };
            let message = format!("`labels` has a column `{unknown}`, but the index has no such variable");
            return Err(wrong(py, message, format!("the variables of the index: {known}")));
        }
        self.change(py, move |index| {
            let mut builder = VocabularyBuilder::new(variables.iter());
            let columns: Vec<_> = variables.iter().map(|variable| table.column(variable)).collect();
            let labels = table.labels(&mut builder, &columns);
            let records = records(names, index.len(), rows.count, labels)?;
            index.insert(&builder.into_vocabulary(), records, &rows.values)
        })
    }

    /// Removes images from the index; those behind them move up.
    ///
    /// Parameters
    /// ----------
    /// filter : str, optional
    ///     Which images to remove, as for :meth:`search`.
    /// names : list of str or os.PathLike, optional
    ///     The names of the images to remove. Give either this or ``filter``.
    ///
    /// Returns
    /// -------
    /// int
    ///     How many images were removed.
    ///
    /// Raises
    /// ------
    /// ConfigurationError
    ///     Neither a filter nor names, or both; a filter that cannot be read or that asks for what the index does not have.
    /// DataError
    ///     A name that the index does not have.
    #[pyo3(signature = (filter=None, *, names=None))]
    fn remove(
        &self,
        py: Python<'_>,
        filter: Option<&Bound<'_, PyAny>>,
        names: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let filter = filter_asked_for(filter)?;
        let names = names.map(|names| texts("names", names)).transpose()?;
        if filter.is_everything() != names.is_some() {
            return Err(wrong(
                py,
                "`remove` takes either a filter that is not empty, or names",
                "for example index.remove(\"place=ES\") or index.remove(names=[\"a.jpg\"])",
            ));
        }
        self.change(py, move |index| match names {
            None => index.remove(&filter),
            Some(names) => remove_named(index, &names),
        })
    }

    /// The names of the images, in the order of the index, a tuple; in a folder, paths relative to it.
    #[getter]
    fn names(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let index = self.current();
        // The lock is not held while Python works, because other threads may then run.
        let known = match &*lock(&self.names) {
            Some((of, names)) if of.as_ptr() == Arc::as_ptr(&index) => Some(names.clone_ref(py)),
            _ => None,
        };
        if let Some(names) = known {
            return Ok(names);
        }
        let names = PyTuple::new(py, index.records().iter().map(|record| &record.name))?.unbind();
        let before = lock(&self.names).replace((Arc::downgrade(&index), names.clone_ref(py)));
        drop(before);
        Ok(names)
    }

    /// The paths of the images, relative to the working directory as it is now, so that they open; the names where the
    /// index has no folder.
    #[getter]
    fn paths(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let index = self.current();
        match &self.folder {
            Some(folder) => index.names_relative_to(folder, ".").or_raise(py),
            None => Ok(index.records().iter().map(|record| record.name.clone()).collect()),
        }
    }

    /// The labels of the images, a new table each time: a pandas.DataFrame with one column a variable and N rows, or a
    /// dictionary of lists where pandas is not installed. A label is a text as people read it; several are a tuple of
    /// texts; missing ones are ``None`` (not-a-number in a data frame).
    #[getter]
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let index = self.current();
        tables::write(py, index.vocabulary(), &index.labels())
    }

    /// What is known of the images beside their labels, a new table each time: a pandas.DataFrame with N rows, or a
    /// dictionary of lists where pandas is not installed. Its columns are ``name``, ``object`` (the identifier within the
    /// museum), ``address``, ``museum``, ``title``, ``source`` (where the picture was taken from), and the further columns
    /// of the table that the collection was made from. What is not known is ``None``.
    #[getter]
    fn records<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let index = self.current();
        let records = index.records();
        let columns = PyDict::new(py);
        let column = |name: &str, of: &dyn Fn(&Record) -> Option<String>| {
            columns.set_item(name, records.iter().map(|record| of(record)).collect::<Vec<_>>())
        };
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        column("name", &|record| Some(record.name.clone()))?;
        column("object", &|record| Some(record.object.id.to_string()).filter(|id| !id.is_empty()))?;
        column("address", &|record| text(&record.object.address))?;
        column("museum", &|record| text(&record.object.museum))?;
        column("title", &|record| text(&record.object.title))?;
        column("source", &|record| text(&record.source))?;
        let mut seen = HashSet::new();
        for (header, _) in records.iter().flat_map(|record| &record.further) {
            // A further column does not take the place of one of the above.
            if seen.insert(header) && !columns.contains(&**header)? {
                column(header, &|record| {
                    record.further.iter().find(|(it, _)| it == header).map(|(_, text)| text.to_string())
                })?;
            }
        }
        tables::frame(py, &columns, records.len())
    }

    /// The variables that the labels belong to.
    #[getter]
    fn variables(&self) -> Vec<String> {
        self.current().vocabulary().names()
    }

    /// The descriptors, a copy: float32 [N, D]. They tell the model that made them, as those of :meth:`Model.describe` do.
    #[getter]
    fn descriptors<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let index = self.current();
        let array = arrays::matrix(py, index.descriptors().to_vec(), index.len(), index.dims())?;
        arrays::of_model(&array, index.model_fingerprint())
    }

    /// Length D of the descriptors.
    #[getter]
    fn dimensions(&self) -> usize {
        self.current().dims()
    }

    /// The fingerprint of the model that made the descriptors; empty where it is not known.
    #[getter]
    fn fingerprint(&self) -> String {
        self.current().model_fingerprint().to_owned()
    }

    fn __len__(&self) -> usize {
        self.current().len()
    }

    fn __repr__(&self) -> String {
        let index = self.current();
        let from = self.folder.as_ref().map_or_else(String::new, |folder| format!(" {}", folder.display()));
        let variables = index.vocabulary().names();
        let variables = if variables.is_empty() { "none".to_owned() } else { variables.join(", ") };
        format!("<Index{from}: {} images, {} dimensions, variables: {variables}>", index.len(), index.dims())
    }

    fn __copy__(&self) -> Self {
        Self { current: Mutex::new(self.current()), folder: self.folder.clone(), names: Mutex::default() }
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> Self {
        // Copies share their records until one of them is changed; the change then copies them.
        self.__copy__()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let temporary = packing::Temporary::new(py)?;
        let (index, path) = (self.current(), temporary.path().to_path_buf());
        work::run(py, 1, Leaves::Files, move |_| index.write(&path))?;
        let files = temporary.pack()?;
        let folder = self.folder.as_deref().map(absolute).transpose().or_raise(py)?;
        let restore = py.get_type::<Self>().getattr("_restored")?;
        Ok((restore, (files, folder)).into_pyobject(py)?.into_any())
    }

    /// The index that was pickled as the files of a folder.
    #[staticmethod]
    fn _restored(files: &Bound<'_, PyDict>, folder: Option<PathBuf>) -> PyResult<Self> {
        let temporary = packing::Temporary::unpack(files)?;
        let path = temporary.path().to_path_buf();
        let index = work::run(files.py(), 1, Leaves::Nothing, move |_| MemoryIndex::read(path))?;
        temporary.close()?;
        Ok(Self::new(index, folder))
    }
}

impl Index {
    fn new(index: MemoryIndex, folder: Option<PathBuf>) -> Self {
        Self { current: Mutex::new(Arc::new(index)), folder, names: Mutex::default() }
    }

    /// Where it was loaded from, as it was given; none when made from descriptors.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The index as it is now.
    pub(crate) fn current(&self) -> Arc<MemoryIndex> {
        Arc::clone(&lock(&self.current))
    }

    /// Changes the index. One change comes after the other, and searches that run meanwhile see the index from before.
    fn change<T: Send + 'static>(
        &self,
        py: Python<'_>,
        change: impl FnOnce(&mut MemoryIndex) -> Result<T> + Send + 'static,
    ) -> PyResult<T> {
        py.check_signals()?;
        // The index is copied only if a search works on it or another index shares it.
        py.detach(|| change(Arc::make_mut(&mut lock(&self.current)))).or_raise(py)
    }

    /// Descriptors that belong to the index.
    fn queries(&self, index: &MemoryIndex, descriptors: &Bound<'_, PyAny>) -> PyResult<Rows> {
        let py = descriptors.py();
        let rows = arrays::descriptors("descriptors", descriptors)?;
        if rows.dims != index.dims() {
            return Err(wrong(
                py,
                format!("`descriptors` has {} dimensions, and the index has {}", rows.dims, index.dims()),
                "describe the queries with the model that made the index",
            ));
        }
        let built_with = index.model_fingerprint();
        if !rows.fingerprint.is_empty() && !built_with.is_empty() && rows.fingerprint != built_with {
            let error = Error::data(format!(
                "`descriptors` were made with another model (fingerprint {}) than the index (fingerprint {built_with})",
                rows.fingerprint
            ))
            .hint("describe the images with the model of the index, or make an index with this model");
            return Err(exception(py, &error));
        }
        Ok(rows)
    }

    /// The number of queries, the vocabulary of the index, and what `conclude` makes of the votes of their neighbours.
    fn vote<T: Send + 'static>(
        &self,
        descriptors: &Bound<'_, PyAny>,
        asked: Asked<'_, '_>,
        conclude: impl FnOnce(&Vocabulary, &Hits) -> T + Send + 'static,
    ) -> PyResult<(usize, Vocabulary, T)> {
        let search = asked.search(descriptors.py())?;
        let (count, (vocabulary, concluded)) = self.neighbours(descriptors, search, move |index, hits| {
            (index.vocabulary().clone(), conclude(index.vocabulary(), &hits))
        })?;
        Ok((count, vocabulary, concluded))
    }

    /// The number of queries, and what `conclude` makes of their neighbours.
    fn neighbours<T: Send + 'static>(
        &self,
        descriptors: &Bound<'_, PyAny>,
        search: Search,
        conclude: impl FnOnce(&MemoryIndex, Hits) -> T + Send + 'static,
    ) -> PyResult<(usize, T)> {
        let index = self.current();
        let rows = self.queries(&index, descriptors)?;
        let count = rows.count;
        let concluded = work::run(descriptors.py(), 1, Leaves::Nothing, move |context| -> Result<T> {
            let hits = find(&*index, Queried::descriptors(&rows.values), &search, context.observer)?;
            Ok(conclude(&index, hits))
        })?;
        Ok((count, concluded))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // The values behind these locks are replaced as a whole, so that a panic leaves nothing half-done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The records of images; where they have no names they are called by their positions, which begin with `first`.
fn records(
    names: Option<Vec<String>>,
    first: usize,
    count: usize,
    labels: Vec<silknow_image_retrieval::Labels>,
) -> Result<Vec<Record>> {
    let names = names.unwrap_or_else(|| (first..first + count).map(|position| position.to_string()).collect());
    if names.len() != count {
        return Err(Error::data(format!("{} names for {count} descriptors", names.len()))
            .hint("give every descriptor one name"));
    }
    let record = |(name, labels): (String, silknow_image_retrieval::Labels)| {
        let mut record = Record::new(name, labels.variables());
        record.labels = labels;
        record
    };
    Ok(names.into_iter().zip(labels).map(record).collect())
}

/// Removes the records of these names.
fn remove_named(index: &mut MemoryIndex, names: &[String]) -> Result<usize> {
    let mut missing: HashSet<&str> = names.iter().map(String::as_str).collect();
    let removed: HashSet<&str> = missing.clone();
    let mut kept = Vec::new();
    let mut descriptors = Vec::new();
    for (record, descriptor) in index.records().iter().zip(index.descriptors().chunks_exact(index.dims())) {
        missing.remove(record.name.as_str());
        if !removed.contains(record.name.as_str()) {
            kept.push(Arc::clone(record));
            descriptors.extend_from_slice(descriptor);
        }
    }
    if let Some(name) = names.iter().find(|name| missing.contains(name.as_str())) {
        return Err(Error::data(format!("the index has no image `{name}`")).hint("index.names lists those it has"));
    }
    let count = index.len() - kept.len();
    *index = MemoryIndex::new(index.vocabulary().clone(), kept, descriptors, index.dims(), index.meta().clone())?;
    Ok(count)
}

/// The shares of the votes, `[classes][Q]`; not-a-number where nobody votes.
fn shares(vote: Vote, hits: &Hits, variable: usize, classes: usize) -> Vec<Vec<f64>> {
    let mut shares = vec![Vec::with_capacity(hits.len()); classes];
    for hits in hits.iter() {
        let ballot = vote.count_hits(hits, variable);
        shares.iter_mut().for_each(|column| column.push(if ballot.known == 0 { f64::NAN } else { 0.0 }));
        for voted in ballot.classes {
            if let Some(share) = shares[voted.class as usize].last_mut() {
                *share = voted.share;
            }
        }
    }
    shares
}

/// Neighbours that are asked for at first in a search by distance.
const FIRST_NEIGHBOURS: usize = 32;

/// The most neighbours that are in memory beside those that were found.
const MOST_HITS: usize = 4 << 20;

/// Passes on nothing but the request to stop: the steps of a search by distance are of no interest.
struct StepsOf<'a>(&'a dyn Observer);

impl Observer for StepsOf<'_> {
    fn begin(&self, _task: &str, _total: u64) -> Box<dyn Progress> {
        Box::new(Silent)
    }
    fn warning(&self, message: &str) {
        self.0.warning(message);
    }
    fn info(&self, message: &str) {
        self.0.info(message);
    }
    fn interrupted(&self) -> bool {
        self.0.interrupted()
    }
}

/// Distances and positions, a list of each for every query.
type Within = (Vec<Vec<f32>>, Vec<Vec<i64>>);

/// Distances and positions of all neighbours within the largest distance of the search, for every query.
///
/// Queries that may have more neighbours than were asked for are asked again for eight times as many.
fn within(index: &MemoryIndex, rows: &Rows, search: &Search, context: &Context<'_>) -> Result<Within> {
    search.filter.resolve(index.vocabulary())?;
    let (mut distances, mut positions) = (vec![Vec::new(); rows.count], vec![Vec::new(); rows.count]);
    let mut open: Vec<usize> = (0..rows.count).collect();
    let mut search = search.clone();
    search.k = FIRST_NEIGHBOURS.min(index.len());
    let progress = context.observer.begin("searching neighbours", rows.count as u64);
    while !open.is_empty() && search.k > 0 {
        let mut again = Vec::new();
        for queries in open.chunks((MOST_HITS / search.k).max(1)) {
            let asked: Vec<f32> =
                queries.iter().flat_map(|&query| &rows.values[query * rows.dims..][..rows.dims]).copied().collect();
            let hits = find(index, Queried::descriptors(&asked), &search, &StepsOf(context.observer))?;
            for (&query, hits) in queries.iter().zip(hits.iter()) {
                if hits.len() == search.k && search.k < index.len() {
                    again.push(query);
                    continue;
                }
                distances[query] = hits.iter().map(|hit| hit.distance).collect();
                positions[query] = hits.iter().map(|hit| hit.position as i64).collect();
                progress.advance(1);
            }
        }
        open = again;
        search.k = search.k.saturating_mul(8).min(index.len());
    }
    Ok((distances, positions))
}

/// The arguments of a search, as they were given.
struct Asked<'a, 'py> {
    k: Option<&'a Bound<'py, PyAny>>,
    filter: Option<&'a Bound<'py, PyAny>>,
    max_distance: Option<&'a Bound<'py, PyAny>>,
    exclude_self: bool,
}

impl Asked<'_, '_> {
    /// The search that they ask for.
    fn search(&self, py: Python<'_>) -> PyResult<Search> {
        let mut search = Search::nearest(neighbours_asked_for(py, self.k)?);
        search.filter = filter_asked_for(self.filter)?;
        let max_distance = self.max_distance.filter(|value| !value.is_none());
        search.max_distance = max_distance.map(|value| distance("max_distance", value)).transpose()?;
        search.exclude_self = self.exclude_self;
        Ok(search)
    }
}

/// The filter of an expression; everything for none.
fn filter_asked_for(filter: Option<&Bound<'_, PyAny>>) -> PyResult<Filter> {
    let Some(filter) = filter.filter(|filter| !filter.is_none()) else { return Ok(Filter::everything()) };
    let expression: String = filter.extract().map_err(|_| {
        let message = format!("`filter` is of type {}; a text is expected", arguments::type_name(filter));
        wrong(filter.py(), message, "for example \"place=ES|FR, technique=?*\"")
    })?;
    Filter::parse(&expression).or_raise(filter.py())
}

/// The vote with this temperature; equal votes for none. The key of the same meaning says what it may be.
fn vote_asked_for(temperature: Option<&Bound<'_, PyAny>>) -> PyResult<Vote> {
    let Some(given) = temperature.filter(|temperature| !temperature.is_none()) else { return Ok(Vote::majority()) };
    let options = arguments::options(Operation::GetKNN, &[("vote_temperature", Some(given))])?;
    let temperature = GetKNNParameters::vote_temperature().read(&options).or_raise(given.py())?;
    temperature.map(Vote::weighted).ok_or_else(|| {
        wrong(given.py(), "`temperature` must be a number", "for example temperature=model.vote_temperature")
    })
}

/// A distance: a number of at least 0.
fn distance(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f32> {
    match value.extract::<f64>() {
        Ok(distance) if distance >= 0.0 => Ok(distance as f32),
        _ => {
            let message = format!("`{name}` must be a number of at least 0, but it is `{value}`");
            Err(wrong(value.py(), message, "distances of a model's descriptors lie between 0 and 2"))
        }
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
    Ok(model_of(model)?.get().fingerprint().to_owned())
}

/// An argument that must be a model.
fn model_of<'a, 'py>(model: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, Model>> {
    model.cast::<Model>().map_err(|_| {
        let message = format!("`model` is of type {}; a Model is expected", arguments::type_name(model));
        wrong(model.py(), message, "load one with Model.load")
    })
}
