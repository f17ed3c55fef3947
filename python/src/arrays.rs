//! NumPy arrays in and out: shapes and dtypes checked and named, at most one copy.

use numpy::ndarray::{Dimension, Ix2};
use numpy::{
    Element, PyArray1, PyArray2, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use crate::arguments::{type_name, wrong};

/// An array of a dtype and a number of dimensions, or an error that says what was found and expected.
pub(crate) fn array<'py, T: Element, D: Dimension>(
    name: &str,
    value: &Bound<'py, PyAny>,
    expected: &str,
) -> PyResult<PyReadonlyArray<'py, T, D>> {
    let py = value.py();
    let refused = |found: String, hint: &str| wrong(py, format!("`{name}` {found}; {expected} is expected"), hint);
    let Ok(untyped) = value.cast::<PyUntypedArray>() else {
        return Err(refused(format!("is of type {}", type_name(value)), "give a NumPy array"));
    };
    if !untyped.dtype().is_equiv_to(&T::get_dtype(py)) {
        let hint = format!("convert it: {name}.astype(numpy.{})", T::get_dtype(py));
        return Err(refused(format!("has dtype {}", untyped.dtype()), &hint));
    }
    value.extract().map_err(|_| refused(format!("has shape {:?}", untyped.shape()), "a single one is array[None]"))
}

/// The values of descriptors float32 `[n, D]`, copied once, and their D.
pub(crate) fn descriptors(name: &str, value: &Bound<'_, PyAny>) -> PyResult<(usize, Vec<f32>)> {
    let array = array::<f32, Ix2>(name, value, "float32 [N, D]")?;
    let view = array.as_array();
    let values = view.as_slice().map_or_else(|| view.iter().copied().collect(), <[f32]>::to_vec);
    Ok((view.ncols(), values))
}

/// An array `[rows, columns]` of values row by row, which it takes over.
pub(crate) fn matrix<T: Element>(
    py: Python<'_>,
    values: Vec<T>,
    rows: usize,
    columns: usize,
) -> PyResult<Bound<'_, PyArray2<T>>> {
    PyArray1::from_vec(py, values).reshape([rows, columns])
}
