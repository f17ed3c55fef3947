//! NumPy arrays in and out: shapes and dtypes checked and named, at most one copy.

use numpy::ndarray::{Axis, Dimension, Ix2};
use numpy::{
    Element, PyArray1, PyArray2, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray, PyUntypedArray,
    PyUntypedArrayMethods,
};
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

/// The values of descriptors float32 `[n, D]`, copied once, and their D.
pub(crate) fn descriptors(name: &str, value: &Bound<'_, PyAny>) -> PyResult<(usize, Vec<f32>)> {
    let expected = Expected {
        layout: "float32 [N, D]",
        when_dtype: &format!("convert it: {name}.astype(numpy.float32)"),
        when_shape: &format!("a single one is {name}[None]"),
    };
    let array = array::<f32, Ix2>(name, value, &expected)?;
    let view = array.as_array();
    let mut values = Vec::with_capacity(view.len());
    for block in view.axis_chunks_iter(Axis(0), (VALUES_PER_BLOCK / view.ncols().max(1)).max(1)) {
        value.py().check_signals()?;
        match block.as_slice() {
            Some(block) => values.extend_from_slice(block),
            None => values.extend(block.iter()),
        }
    }
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
