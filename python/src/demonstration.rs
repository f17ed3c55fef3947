//! The small procedural collection of woven silk, for trying things out without data.

use pyo3::prelude::*;
use silknow_image_retrieval::{DemoCollection, generate_demo_collection};

use crate::arguments;
use crate::work::{self, Leaves};

/// Makes a small collection of pictures of woven silk, for trying things out without data.
///
/// Parameters
/// ----------
/// folder : str or os.PathLike
///     Takes ``export.csv``, from which ``create_dataset_parameter`` makes a dataset (``retaincollections``:
///     ``demo-silk-museum`` and ``demo-weaving-school``), and ``images/*.jpg``.
/// objects : int, optional
///     How many objects, with about two pictures each; 200 where not given.
/// seed : int, optional
///     The same seed makes the same collection.
///
/// Returns
/// -------
/// str
///     The path of ``export.csv``.
///
/// Raises
/// ------
/// DataError
///     A folder that is not writable.
#[pyfunction]
#[pyo3(signature = (folder, *, objects=None, seed=None))]
pub(crate) fn demo_collection(
    folder: &Bound<'_, PyAny>,
    objects: Option<&Bound<'_, PyAny>>,
    seed: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let path = arguments::path("folder", folder)?;
    let usual = DemoCollection::default();
    let collection =
        DemoCollection { objects: whole("objects", objects, usual.objects)?, seed: whole("seed", seed, usual.seed)? };
    let made = work::run(folder.py(), 1, Leaves::Files, move |context| {
        generate_demo_collection(path, &collection, context.observer)
    })?;
    Ok(made.csvfile.display().to_string())
}

/// A whole number of at least 0; `usual` where none is given.
fn whole<T>(name: &str, value: Option<&Bound<'_, PyAny>>, usual: T) -> PyResult<T>
where
    T: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr>,
{
    let Some(value) = value else { return Ok(usual) };
    value.extract().map_err(|_| {
        let message = format!("`{name}` must be a whole number of at least 0, but it is `{value}`");
        arguments::wrong(value.py(), message, "for example 40")
    })
}
