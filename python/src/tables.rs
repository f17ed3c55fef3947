//! Tables of labels: one column a variable, `None` where a label is missing.
//!
//! In: a pandas data frame or a dictionary of lists. Out: a data frame where pandas is installed, else a dictionary.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use silknow_foundation::{LabelMatrix, MISSING, Vocabulary, labels};

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
    let variables: Vec<String> = table
        .call_method0("keys")
        .and_then(|keys| keys.try_iter()?.map(|key| key?.extract()).collect())
        .map_err(|_| no_table())?;
    let mut rows: Vec<Vec<Option<String>>> = Vec::new();
    for (position, variable) in variables.iter().enumerate() {
        let column = table.get_item(variable)?.try_iter().map_err(|_| no_table())?;
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

/// A label: a text; missing are `None`, not-a-number and what collection files call so.
fn label(table: &str, variable: &str, cell: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if cell.is_instance_of::<PyString>() {
        let text: String = cell.extract()?;
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

/// A table of class names for class indices `[N, V]`.
pub(crate) fn write<'py>(
    py: Python<'py>,
    vocabulary: &Vocabulary,
    labels: &LabelMatrix,
) -> PyResult<Bound<'py, PyAny>> {
    let columns = PyDict::new(py);
    for (position, variable) in vocabulary.variables.iter().enumerate() {
        let class = |sample: usize| match labels.row(sample)[position] {
            MISSING => None,
            index => Some(vocabulary.class_name(position, index)),
        };
        columns.set_item(&variable.name, (0..labels.len()).map(class).collect::<Vec<_>>())?;
    }
    match py.import("pandas") {
        Ok(pandas) => pandas.call_method1("DataFrame", (columns,)),
        Err(failure) if failure.is_instance_of::<PyImportError>(py) => Ok(columns.into_any()),
        Err(failure) => Err(failure),
    }
}
