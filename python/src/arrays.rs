//! NumPy arrays in and out: shapes and dtypes checked and named.

use numpy::ndarray::{Axis, Dimension, Ix2};
use numpy::{
    Element, PyArray1, PyArray2, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyException, PyKeyboardInterrupt};
use pyo3::prelude::*;

use crate::arguments::{type_name, wrong};

/// Values copied between two looks at whether Ctrl-C was pressed: some milliseconds.
const VALUES_PER_BLOCK: usize = 4 << 20;

/// What an array should be, and what helps where it is not.
pub(crate) struct Expected<'a> {
    /// Dtype and shape.
    pub(crate) layout: &'a str,
    /// The hint for another dtype.
    pub(crate) when_dtype: &'a str,
    /// The hint for another shape.
    pub(crate) when_shape: &'a str,
}

/// An array of a dtype and a number of dimensions, or an error that says what was found and expected.
pub(crate) fn array<'py, T: Element, D: Dimension>(
    name: &str,
    value: &Bound<'py, PyAny>,
    expected: &Expected<'_>,
) -> PyResult<PyReadonlyArray<'py, T, D>> {
    let py = value.py();
    let layout = expected.layout;
    let refused = |found: String, hint: &str| wrong(py, format!("`{name}` {found}; {layout} is expected"), hint);
    let Ok(untyped) = value.cast::<PyUntypedArray>() else {
        return Err(refused(format!("is of type {}", type_name(value)), "give a NumPy array"));
    };
    if !untyped.dtype().is_equiv_to(&T::get_dtype(py)) {
        return Err(refused(format!("has dtype {}", untyped.dtype()), expected.when_dtype));
    }
    value.extract().map_err(|_| refused(format!("has shape {:?}", untyped.shape()), expected.when_shape))
}

/// Descriptors `[n, D]`, row by row.
pub(crate) struct Rows {
    pub(crate) values: Vec<f32>,
    /// The number of rows n.
    pub(crate) count: usize,
    /// The number of values D of a row.
    pub(crate) dims: usize,
    /// The fingerprint of the model that made them; empty where it is not known.
    pub(crate) fingerprint: String,
}

/// The values of descriptors `[n, D]`: an array of any numbers, or what NumPy makes an array of. They are copied once.
pub(crate) fn descriptors(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Rows> {
    let py = value.py();
    let expected = Expected {
        layout: "numbers [N, D]",
        when_dtype: "give whole numbers or floating-point numbers",
        when_shape: &format!("a single descriptor is {name}[None]"),
    };
    let numbers = numbers(name, value, &expected)?;
    let array = array::<f32, Ix2>(name, &numbers, &expected)?;
    let view = array.as_array();
    let mut values = Vec::with_capacity(view.len());
    for block in view.axis_chunks_iter(Axis(0), (VALUES_PER_BLOCK / view.ncols().max(1)).max(1)) {
        py.check_signals()?;
        match block.as_slice() {
            Some(block) => values.extend_from_slice(block),
            None => values.extend(block.iter()),
        }
    }
    // An attribute of this name that is not a text has another meaning.
    let fingerprint = value.getattr("fingerprint").and_then(|text| text.extract::<String>()).unwrap_or_default();
    Ok(Rows { values, count: view.nrows(), dims: view.ncols(), fingerprint })
}

/// The array float32 of any numbers.
fn numbers<'py>(name: &str, value: &Bound<'py, PyAny>, expected: &Expected<'_>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let refused =
        |found: String, hint: &str| wrong(py, format!("`{name}` {found}; {} are expected", expected.layout), hint);
    let given = match value.cast::<PyUntypedArray>() {
        Ok(_) => value.clone(),
        Err(_) => {
            let made = py.import("numpy")?.call_method1("asarray", (value,));
            made.map_err(|failure| match failure.is_instance_of::<PyException>(py) {
                true => refused(format!("is a {} that makes no array", type_name(value)), "give rows of one length"),
                false => failure,
            })?
        }
    };
    let untyped = given.cast::<PyUntypedArray>()?;
    let kind = untyped.dtype().kind();
    if !matches!(kind, b'f' | b'i' | b'u' | b'b') {
        return Err(match value.cast::<PyUntypedArray>() {
            Ok(_) => refused(format!("has dtype {}", untyped.dtype()), expected.when_dtype),
            Err(_) => refused(format!("is of type {}", type_name(value)), expected.when_dtype),
        });
    }
    if untyped.dtype().is_equiv_to(&f32::get_dtype(py)) {
        return Ok(given);
    }
    let converted = given.call_method1("astype", ("float32",));
    converted.map_err(|failure| match failure.is_instance_of::<PyKeyboardInterrupt>(py) {
        true => failure,
        false => refused(format!("has dtype {}", untyped.dtype()), expected.when_dtype),
    })
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

/// An array `[rows]` of arrays of different lengths.
pub(crate) fn ragged<T: Element>(py: Python<'_>, rows: Vec<Vec<T>>) -> PyResult<Bound<'_, PyAny>> {
    let array = py.import("numpy")?.call_method1("empty", (rows.len(), "O"))?;
    for (position, row) in rows.into_iter().enumerate() {
        array.set_item(position, PyArray1::from_vec(py, row))?;
    }
    Ok(array)
}

/// An array as descriptors that tell the model of this fingerprint.
pub(crate) fn of_model<'py>(array: &Bound<'py, PyArray2<f32>>, fingerprint: &str) -> PyResult<Bound<'py, PyAny>> {
    let class = array.py().import("silknow_image_retrieval._descriptors")?.getattr("Descriptors")?;
    class.call1((array, fingerprint))
}
