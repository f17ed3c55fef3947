//! Parameters made from keys and their texts, as a user would state them.

use std::path::Path;

use silknow_config::{Explicit, Options, Parameters, TrainingParameters};
use silknow_errors::Result;
use silknow_files as files;

/// The parameters that a configuration file, if one is given, and these values state; the values count more, and
/// what neither says has its default.
pub(crate) fn parameters<P: Parameters>(file: Option<&str>, values: &[(&str, &str)]) -> Result<P> {
    let mut options = Options::new(P::OPERATION, Explicit::Arguments);
    if let Some(file) = file {
        options.read_file(file)?;
    }
    for (key, value) in values {
        options.set(key, *value)?;
    }
    silknow_network::take(&options)
}

/// Writes the configuration of a training by a recipe, with all that the recipe stands for, into the folder of its results.
pub(crate) fn write_recipe<P: Parameters>(parameters: &P, training: &TrainingParameters, folder: &Path) -> Result<()> {
    if training.optimiser.recipe.is_none() {
        return Ok(());
    }
    let name = format!("Configuration_{}.txt", P::OPERATION.documented_name());
    files::write(folder.join(name), parameters.to_configuration_text())
}
