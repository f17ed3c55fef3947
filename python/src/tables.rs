//! Tables of labels: one column a variable, one row an image.
//!
//! In: a pandas data frame or a dictionary of lists. A cell is a text, a whole number or a truth value; several of them in
//! a list, a tuple or a set; or nothing, where the label is not known. Out: a data frame where pandas is installed, else a
//! dictionary.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFrozenSet, PyList, PySet, PyString, PyTuple};
use silknow_image_retrieval::{LabelMatrix, Labels, Variable, Vocabulary, VocabularyBuilder, is_missing};

use crate::arguments::{type_name, wrong};

/// Labels: for every row and variable the classes, none where the label is not known.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) variables: Vec<String>,
    /// `[N][V]`
    rows: Vec<Vec<Vec<String>>>,
}

impl Table {
    /// A table of so many rows without variables.
    pub(crate) fn without_variables(count: usize) -> Self {
        Self { variables: Vec::new(), rows: vec![Vec::new(); count] }
    }

    /// The labels of every row, written with the variables of the builder. `columns` has the column of each of them, if
    /// there is one.
    pub(crate) fn labels(&self, builder: &mut VocabularyBuilder, columns: &[Option<usize>]) -> Vec<Labels> {
        let mut labels_of = |row: &Vec<Vec<String>>| {
            let mut labels = Labels::missing(columns.len());
            for (variable, column) in columns.iter().enumerate() {
                let Some(column) = column else { continue };
                let classes: Vec<i32> = row[*column].iter().map(|class| builder.class_of(variable, class)).collect();
                labels.set(variable, &classes);
            }
            labels
        };
        self.rows.iter().map(&mut labels_of).collect()
    }

    /// The vocabulary of the table, classes sorted, and the labels of every row.
    pub(crate) fn into_sorted(self) -> (Vocabulary, Vec<Labels>) {
        let mut builder = VocabularyBuilder::new(self.variables.iter());
        let columns: Vec<Option<usize>> = (0..self.variables.len()).map(Some).collect();
        let labels = self.labels(&mut builder, &columns);
        let (vocabulary, sorted) = builder.into_sorted();
        (vocabulary, labels.iter().map(|labels| sorted.apply(labels)).collect())
    }

    /// The column of a variable, if there is one.
    pub(crate) fn column(&self, variable: &str) -> Option<usize> {
        self.variables.iter().position(|other| other == variable)
    }
}

/// Reads a table of `count` rows; without `count`, all columns must be equally long.
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
    let mut rows: Vec<Vec<Vec<String>>> = Vec::new();
    for (position, variable) in variables.iter().enumerate() {
        let column = table.get_item(variable)?;
        if column.is_instance_of::<PyString>() {
            // A text can be iterated over, and its letters would be taken for labels.
            return Err(no_table());
        }
        let column = column.try_iter().map_err(|_| no_table())?;
        let column = column.map(|cell| cell_classes(name, variable, &cell?)).collect::<PyResult<Vec<_>>>()?;
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

/// The classes of a cell: one, several, or none.
fn cell_classes(table: &str, variable: &str, cell: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if is_set(cell) {
        let classes = cell.try_iter()?.map(|entry| label(table, variable, &entry?));
        return classes.filter_map(Result::transpose).collect();
    }
    Ok(label(table, variable, cell)?.into_iter().collect())
}

/// True for what stands for several classes: a list, a tuple, a set, an array.
fn is_set(cell: &Bound<'_, PyAny>) -> bool {
    let collection = cell.is_instance_of::<PyList>()
        || cell.is_instance_of::<PyTuple>()
        || cell.is_instance_of::<PySet>()
        || cell.is_instance_of::<PyFrozenSet>();
    // NumPy's single values have this method and cannot be iterated over.
    collection || (cell.hasattr("tolist").unwrap_or(false) && cell.try_iter().is_ok() && !is_text(cell))
}

fn is_text(cell: &Bound<'_, PyAny>) -> bool {
    cell.is_instance_of::<PyString>()
}

/// One class: a text, a whole number or a truth value. Missing are `None`, not-a-number and what collection files call so.
fn label(table: &str, variable: &str, cell: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    const HINT: &str = "labels are texts, whole numbers or truth values, or None where they are not known";
    if is_text(cell) {
        let text: String = cell.extract().map_err(|_| {
            let message = format!("`{table}` has a label for `{variable}` that is not Unicode");
            wrong(cell.py(), message, HINT)
        })?;
        return Ok((!is_missing(&text)).then_some(text));
    }
    if cell.is_none() || matches!(type_name(cell).as_str(), "NAType" | "NaTType") {
        return Ok(None);
    }
    let is_truth = cell.is_instance_of::<PyBool>() || matches!(type_name(cell).as_str(), "bool_" | "bool");
    if is_truth && let Ok(truth) = cell.extract::<bool>() {
        return Ok(Some(if truth { "True" } else { "False" }.to_owned()));
    }
    if let Ok(whole) = cell.call_method0("__index__") {
        return Ok(Some(whole.str()?.to_string()));
    }
    match cell.extract::<f64>() {
        Ok(number) if number.is_nan() => Ok(None),
        // pandas turns the whole numbers of a column into floats where one of them is missing.
        Ok(number) if number.fract() == 0.0 && number.abs() < 2f64.powi(53) => Ok(Some(format!("{number:.0}"))),
        Ok(number) => {
            let message = format!("`{table}` has the label {number} for `{variable}`, which is no whole number");
            Err(wrong(cell.py(), message, HINT))
        }
        Err(_) => {
            let message = format!("`{table}` has a label of type {} for `{variable}`", type_name(cell));
            Err(wrong(cell.py(), message, HINT))
        }
    }
}

/// A table of the texts of classes.
pub(crate) fn write<'py>(
    py: Python<'py>,
    vocabulary: &Vocabulary,
    labels: &LabelMatrix,
) -> PyResult<Bound<'py, PyAny>> {
    let columns = PyDict::new(py);
    for (v, variable) in vocabulary.variables.iter().enumerate() {
        let cells = (0..labels.len()).map(|sample| written(py, variable, labels.classes(sample, v)));
        columns.set_item(&variable.name, cells.collect::<PyResult<Vec<_>>>()?)?;
    }
    frame(py, &columns, labels.len())
}

/// The cell for some classes: the text of one, the texts of several as a tuple, `None` for none.
fn written<'py>(py: Python<'py>, variable: &Variable, classes: &[i32]) -> PyResult<Bound<'py, PyAny>> {
    Ok(match classes {
        [] => py.None().into_bound(py),
        [class] => PyString::new(py, &variable.class_text(*class)).into_any(),
        classes => PyTuple::new(py, classes.iter().map(|&class| variable.class_text(class)))?.into_any(),
    })
}

/// Columns of so many rows as a data frame; as they are where pandas is not installed.
pub(crate) fn frame<'py>(py: Python<'py>, columns: &Bound<'py, PyDict>, count: usize) -> PyResult<Bound<'py, PyAny>> {
    match py.import("pandas") {
        Ok(pandas) => {
            // A table without columns still has its number of rows.
            let index = pandas.call_method1("RangeIndex", (count,))?;
            pandas.call_method1("DataFrame", (columns, index))
        }
        Err(failure) if failure.is_instance_of::<PyImportError>(py) => Ok(columns.clone().into_any()),
        Err(failure) => Err(failure),
    }
}
