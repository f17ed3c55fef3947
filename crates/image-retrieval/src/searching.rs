//! A model with the index that it made: what `get-knn` and `search` begin with.

use std::path::Path;

use silknow_config::{DeviceChoice, Precision};
use silknow_errors::Result;
use silknow_index::{DescriptorIndex, store};
use silknow_network::{Model, Placement};

/// Loads the model of a folder and the index of another, which must belong together.
///
/// # Errors
/// A model or an index that cannot be read, an index of another model, a device or a precision that is not there.
pub(crate) fn load_model_and_index(
    model_path: &Path,
    treepath: &Path,
    device: DeviceChoice,
    precision: Precision,
) -> Result<(Model, DescriptorIndex)> {
    let model = Model::load(model_path, &Placement::choose(device, precision)?)?;
    let index = DescriptorIndex::read(treepath)?;
    index.check_model(model.fingerprint()).map_err(|error| error.in_file(treepath.join(store::FILE_NAME)))?;
    Ok((model, index))
}
