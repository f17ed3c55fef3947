//! Parameters made from keys and their texts, as a user would state them.

use silknow_config::{Explicit, Options, Parameters};
use silknow_errors::Result;

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
