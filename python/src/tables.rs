//! Tables of labels: one column a variable, `None` where a label is missing.
//!
//! In: a pandas data frame or a dictionary of lists. Out: a data frame where pandas is installed, else a dictionary.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use silknow_records::{self as labels, LabelMatrix, MISSING, Vocabulary};

use crate::arguments::{type_name, wrong};

/// Labels, rows `[N][V]` for V variables.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) variables: Vec<String>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

/// Reads a table of `count` rows; where `count` is none, all columns must be equally long.
pub(crate) fn read(name: &str, table: &Bound<'_, PyAny>, count: Option<usize>) -> PyResult<Table> {
    let py = table.py();
    let no_table = || {
        let message = format!("`{name}` is of type {}; a table of labels is expected", type_name(table));
        wrong(py, message, "give a pandas.DataFrame, or a dictionary with a list of labels for every variable")
    };
    let keys = table.call_method0("keys").and_then(|keys| keys.try_iter()?.collect::<PyResult<Vec<_>>>());
    let variables = keys
        .map_err(|_| no_table())?
        .iter()
        .map(|key| key.extract::<String>().map_err(|_| no_name(name, key)))
        .collect::<PyResult<Vec<_>>>()?;
    if let Some(position) = (1..variables.len()).find(|&position| variables[..position].contains(&variables[position]))
    {
        let message = format!("`{name}` has two columns `{}`", variables[position]);
        return Err(wrong(py, message, "give every variable one column"));
    }
    let mut rows: Vec<Vec<Option<String>>> = Vec::new();
    for (position, variable) in variables.iter().enumerate() {
        let column = table.get_item(variable)?;
        if column.is_instance_of::<PyString>() {
            // Its letters would be taken for labels.
            return Err(no_table());
        }
        let column = column.try_iter().map_err(|_| no_table())?;
        let column = column.map(|cell| label(name, variable, &cell?)).collect::<PyResult<Vec<_>>>()?;
        if position == 0 {
            rows = vec![Vec::with_capacity(variables.len()); column.len()];
        }
        let expected = count.unwrap_or(rows.len());
        if column.len() != expected {
            return Err(wrong(
                py,
                format!("`{name}` has {} labels of `{variable}` for {expected} samples", column.len()),
                "give every sample one label of every variable; None where it is not known",
            ));
        }
        for (row, cell) in rows.iter_mut().zip(column) {
            row.push(cell);
        }
    }
    // Without variables there is no column to count.
    rows.resize(count.unwrap_or(rows.len()), Vec::new());
    Ok(Table { variables, rows })
}

/// The error for a column whose name is no text.
fn no_name(table: &str, key: &Bound<'_, PyAny>) -> PyErr {
    let message = format!("`{table}` has a column whose name is of type {}", type_name(key));
    wrong(key.py(), message, "columns are called as the variables are: \"place\", \"timespan\"")
}

/// A label: a text; missing are `None`, not-a-number and what collection files call so.
fn label(table: &str, variable: &str, cell: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if cell.is_instance_of::<PyString>() {
        let text: String = cell.extract().map_err(|_| {
            let message = format!("`{table}` has a label for `{variable}` that is not Unicode");
            wrong(cell.py(), message, "labels are texts, or None where they are not known")
        })?;
        return Ok((!labels::is_missing(&text)).then_some(text));
    }
    let missing = cell.is_none()
        || cell.extract::<f64>().is_ok_and(f64::is_nan)
        || matches!(type_name(cell).as_str(), "NAType" | "NaTType");
    if missing {
        return Ok(None);
    }
    Err(wrong(
        cell.py(),
        format!("`{table}` has a label of type {} for `{variable}`", type_name(cell)),
        "labels are texts, or None where they are not known",
    ))
}

/// A table of class names for class indices `[count, V]`.
pub(crate) fn write<'py>(
    py: Python<'py>,
    vocabulary: &Vocabulary,
    labels: &LabelMatrix,
    count: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let columns = PyDict::new(py);
    for (position, variable) in vocabulary.variables.iter().enumerate() {
        let class = |sample: usize| match labels.row(sample)[position] {
            MISSING => None,
            index => Some(vocabulary.class_name(position, index)),
        };
        columns.set_item(&variable.name, (0..count).map(class).collect::<Vec<_>>())?;
    }
    match py.import("pandas") {
        Ok(pandas) => {
            // Without variables the rows are there all the same.
            let index = pandas.call_method1("RangeIndex", (count,))?;
            pandas.call_method1("DataFrame", (columns, index))
        }
        Err(failure) if failure.is_instance_of::<PyImportError>(py) => Ok(columns.into_any()),
        Err(failure) => Err(failure),
    }
}
