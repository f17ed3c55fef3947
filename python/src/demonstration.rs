//! The small procedural collection of woven silk, for trying things out without data.

use pyo3::prelude::*;
use silknow_demo::DemoCollection;

use crate::{arguments, work};

/// Makes a small collection of pictures of woven silk, for trying things out without data.
///
/// Parameters
/// ----------
/// folder : str or os.PathLike
///     Takes ``export.csv``, from which ``create_dataset_parameter`` makes a dataset, and ``images/*.jpg``.
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
    objects: Option<usize>,
    seed: Option<u64>,
) -> PyResult<String> {
    let path = arguments::path("folder", folder)?;
    let usual = DemoCollection::default();
    let collection = DemoCollection { objects: objects.unwrap_or(usual.objects), seed: seed.unwrap_or(usual.seed) };
    let made = work::run(folder.py(), 1, move |context| silknow_demo::generate(path, &collection, context.observer))?;
    Ok(made.csvfile.display().to_string())
}
