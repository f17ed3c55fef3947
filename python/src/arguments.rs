//! Python's values as the texts of keys, and a few arguments that are no keys.
//!
//! A value is only spelt here. The library knows what a value may be and checks the texts.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFrozenSet, PyList, PySet, PyString};
use silknow_image_retrieval::Error;
use silknow_image_retrieval::config::{Explicit, Operation, Options, Plain};

use crate::errors::{OrRaise, exception};

/// The keys whose values are numbers by names, for which a dictionary may be given.
const WITH_NAMES: [&str; 2] = ["loss_weights", "variable_weights"];

/// The error for an argument that is not what it should be.
pub(crate) fn wrong(py: Python<'_>, message: impl Into<String>, hint: impl Into<String>) -> PyErr {
    exception(py, &Error::configuration(message).hint(hint))
}

/// The name of a value's type, as messages give it.
pub(crate) fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "unknown".to_owned(), |name| name.to_string())
}

/// Sets the options that are given; `None` leaves a key to the file or its default.
pub(crate) fn set_all(options: &mut Options, values: &Bound<'_, PyDict>) -> PyResult<()> {
    for (name, value) in values {
        let name: String = name.extract()?;
        if let Some(text) = text(&name, &value)? {
            options.set(&name, text).or_raise(values.py())?;
        }
    }
    Ok(())
}

/// Options of an operation that are arguments of a method.
pub(crate) fn options(operation: Operation, values: &[(&str, Option<&Bound<'_, PyAny>>)]) -> PyResult<Options> {
    let mut options = Options::new(operation, Explicit::Arguments);
    for (name, value) in values {
        let Some(value) = value else { continue };
        if let Some(text) = text(name, value)? {
            options.set(name, text).or_raise(value.py())?;
        }
    }
    Ok(options)
}

/// A path: a text or a path object.
pub(crate) fn path(name: &str, value: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    refuse_table(name, value)?;
    value.extract().map_err(|_| {
        wrong(
            value.py(),
            format!("`{name}` is of type {}; a path is expected", type_name(value)),
            "give a text or a pathlib.Path",
        )
    })
}

/// The text of a key's value; none for `None`.
pub(crate) fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if value.is_none() {
        return Ok(None);
    }
    refuse_table(name, value)?;
    if let Some(text) = single(name, value)? {
        return Ok(Some(text));
    }
    if let (true, Ok(named)) = (WITH_NAMES.contains(&name), value.cast::<PyDict>()) {
        return named_text(name, named).map(Some);
    }
    if is_list(value) {
        let entries = value.try_iter()?.map(|entry| entry_text(name, &entry?)).collect::<PyResult<Vec<_>>>()?;
        return Ok(Some(format!("[{}]", entries.join(", "))));
    }
    Err(wrong(
        value.py(),
        format!("`{name}` is of type {}, which no parameter has", type_name(value)),
        "give a text, a path, a number, True or False, or a list of these",
    ))
}

/// Refuses a data frame, which would be taken for the list of its columns' names.
fn refuse_table(name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let has = |attribute| value.hasattr(attribute);
    if !(has("columns")? && (has("to_csv")? || has("write_csv")?)) {
        return Ok(());
    }
    let save = if has("to_csv")? { "to_csv(\"export.csv\", index=False)" } else { "write_csv(\"export.csv\")" };
    Err(wrong(
        value.py(),
        format!("`{name}` is a table of type {}; no parameter takes one", type_name(value)),
        format!("if a table is meant to be read, save it first and give its path: table.{save}"),
    ))
}

fn is_list(value: &Bound<'_, PyAny>) -> bool {
    let unordered =
        value.is_instance_of::<PyDict>() || value.is_instance_of::<PySet>() || value.is_instance_of::<PyFrozenSet>();
    let binary = value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>();
    !unordered && !binary && value.try_iter().is_ok()
}

/// The text of numbers by names, such as `{"semantic": 0.4}`.
fn named_text(name: &str, named: &Bound<'_, PyDict>) -> PyResult<String> {
    let entry = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let key = entry_text(name, &key)?;
        match single(name, &value)? {
            Some(number) if !key.contains('=') => Ok(format!("{key}={number}")),
            Some(_) => Err(wrong(value.py(), format!("`{name}` holds the name `{key}`"), "names hold no `=`")),
            None => Err(wrong(
                value.py(),
                format!("`{name}` holds a value of type {} for `{key}`", type_name(&value)),
                "give a number for every name, such as {\"semantic\": 0.4}",
            )),
        }
    };
    Ok(named.iter().map(entry).collect::<PyResult<Vec<_>>>()?.join(", "))
}

fn entry_text(name: &str, entry: &Bound<'_, PyAny>) -> PyResult<String> {
    match single(name, entry)? {
        // A comma would make two entries of one.
        Some(text) if !text.contains(',') => Ok(text),
        Some(text) => Err(wrong(entry.py(), format!("`{name}` holds `{text}`"), "names hold no commas")),
        None => Err(wrong(
            entry.py(),
            format!("`{name}` holds an entry of type {}", type_name(entry)),
            "the entries of a list are texts or numbers",
        )),
    }
}

/// The text of a value that is no list; none for other types.
fn single(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    let unicode = |text: &Bound<'_, PyAny>| {
        text.extract::<String>().map_err(|_| {
            let message = format!("`{name}` holds bytes that are no text");
            wrong(value.py(), message, "configuration files are UTF-8, and so are the paths in them: rename the file")
        })
    };
    if value.is_instance_of::<PyString>() {
        return unicode(value).map(Some);
    }
    // NumPy's truth values are read, too.
    if let Ok(truth) = value.extract::<bool>() {
        return Ok(Some(if truth { "True" } else { "False" }.to_owned()));
    }
    if value.hasattr("__fspath__")? {
        return unicode(&value.call_method0("__fspath__")?).map(Some);
    }
    if value.try_iter().is_ok() {
        return Ok(None);
    }
    // An array without dimensions has this method whatever it holds.
    if let Ok(whole) = value.call_method0("__index__") {
        return Ok(Some(whole.str()?.to_string()));
    }
    match value.extract::<f64>() {
        Ok(number) => Ok(Some(number.to_string())),
        Err(_) => Ok(None),
    }
}

/// A default as Python's signatures show it.
pub(crate) fn object<'py>(py: Python<'py>, value: &Plain) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Plain::Truth(truth) => PyBool::new(py, *truth).to_owned().into_any(),
        Plain::Whole(number) => number.into_pyobject(py)?.into_any(),
        Plain::Number(number) => number.into_pyobject(py)?.into_any(),
        Plain::Text(text) => PyString::new(py, text).into_any(),
        Plain::List(values) => {
            let values = values.iter().map(|value| object(py, value)).collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, values)?.into_any()
        }
    })
}
