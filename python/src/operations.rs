//! The six operations, with their keys, of which the Python half makes the documented functions.
//!
//! An operation is chosen by its name. The library checks the parameters and fills in defaults.

use std::fmt::Display;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use silknow_image_retrieval::config::{Explicit, Fallback, GetKNNParameters, Operation, Options, Parameters};
use silknow_image_retrieval::{Context, Result};

use crate::arguments;
use crate::errors::OrRaise;
use crate::index::Index;
use crate::model::Model;
use crate::work::{self, Leaves};

/// The operation whose documented functions are called `<name>_configfile` and `<name>_parameter`.
fn operation(py: Python<'_>, name: &str) -> PyResult<Operation> {
    Operation::ALL
        .into_iter()
        .find(|operation| operation.documented_name() == name)
        .ok_or_else(|| arguments::wrong(py, format!("there is no operation `{name}`"), "see the documented functions"))
}

/// The keys of an operation, each a dictionary: name, aliases, documented, required, default, about, expected.
#[pyfunction]
#[pyo3(signature = (operation_name, /))]
pub(crate) fn operation_keys<'py>(py: Python<'py>, operation_name: &str) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let describe = |key: &'static silknow_image_retrieval::config::Key| {
        let facts = PyDict::new(py);
        facts.set_item("name", key.name)?;
        facts.set_item("aliases", key.aliases)?;
        facts.set_item("documented", key.documented)?;
        facts.set_item("required", key.fallback == Fallback::Required)?;
        let default = match &key.fallback {
            Fallback::Value { plain, .. } => Some(arguments::object(py, plain)?),
            Fallback::Required | Fallback::Absent => None,
        };
        facts.set_item("default", default)?;
        facts.set_item("about", key.about)?;
        facts.set_item("expected", silknow_image_retrieval::expected_values(key))?;
        Ok(facts)
    };
    operation(py, operation_name)?.keys().map(describe).collect()
}

/// Runs an operation with values by key and, where one is given, a configuration file, which counts less; returns its
/// summary in words.
#[pyfunction]
#[pyo3(signature = (operation_name, values, /, *configfile))]
pub(crate) fn run_operation(
    py: Python<'_>,
    operation_name: &str,
    values: &Bound<'_, PyDict>,
    configfile: &Bound<'_, PyTuple>,
) -> PyResult<String> {
    let operation = operation(py, operation_name)?;
    let mut options = Options::new(operation, Explicit::Arguments);
    for configfile in configfile {
        options.read_file(arguments::path("configfile", &configfile)?).or_raise(py)?;
    }
    arguments::set_all(&mut options, values)?;
    match operation {
        Operation::CreateDataset => run(py, &options, silknow_image_retrieval::create_dataset),
        Operation::TrainModel => run(py, &options, silknow_image_retrieval::train_model),
        Operation::BuildKDTree => run(py, &options, silknow_image_retrieval::build_kdtree),
        Operation::GetKNN => run(py, &options, silknow_image_retrieval::get_knn),
        Operation::EvaluateModel => run(py, &options, silknow_image_retrieval::evaluate_model),
        Operation::Crossvalidation => run(py, &options, silknow_image_retrieval::crossvalidation),
    }
}

/// Runs `get-knn` with values by key and with a model and an index that were loaded before; returns its summary in words.
#[pyfunction]
#[pyo3(signature = (values, model, index, /))]
pub(crate) fn run_get_knn(
    py: Python<'_>,
    values: &Bound<'_, PyDict>,
    model: &Bound<'_, Model>,
    index: &Bound<'_, Index>,
) -> PyResult<String> {
    let mut options = Options::new(Operation::GetKNN, Explicit::Arguments);
    arguments::set_all(&mut options, values)?;
    let treepath = index.get().folder().map_or_else(|| ".".to_owned(), |folder| folder.display().to_string());
    options.set("treepath", treepath).or_raise(py)?;
    let parameters: GetKNNParameters = silknow_image_retrieval::take(&options).or_raise(py)?;
    let (network, index) = (model.get().network(), index.get().current());
    work::run(py, 2, Leaves::Files, move |context| {
        // A panic while describing leaves the network unchanged, because it is only read.
        let network = network.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let summary = silknow_image_retrieval::get_knn_among(&network, &index, &parameters, context)?;
        Ok(summary.to_string().trim_end().to_owned())
    })
}

fn run<P: Parameters + Send + 'static, S: Display + 'static>(
    py: Python<'_>,
    options: &Options,
    work: fn(&P, &Context<'_>) -> Result<S>,
) -> PyResult<String> {
    let parameters: P = silknow_image_retrieval::take(options).or_raise(py)?;
    let warning = options.warning();
    // Warnings are about the line that called the documented function, a frame above the one that called this.
    work::run(py, 2, Leaves::Files, move |context| {
        if let Some(warning) = &warning {
            context.observer.warning(warning);
        }
        work(&parameters, context).map(|summary| summary.to_string().trim_end().to_owned())
    })
}
