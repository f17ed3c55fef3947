//! The native half of the Python package `silknow_image_retrieval`.
//!
//! It translates between Python and the library: arguments, arrays, exceptions, signals, progress. The documented functions
//! have their names and signatures from the Python half beside it.

mod arguments;
mod arrays;
mod demonstration;
mod display;
mod errors;
mod evaluation;
mod exchange;
mod images;
mod index;
mod model;
mod operations;
mod packing;
mod paths;
mod tables;
mod work;

use pyo3::prelude::*;

/// The native half of the package; use what `silknow_image_retrieval` offers.
#[pymodule]
#[pyo3(name = "_native")]
mod native {
    use super::*;

    #[pymodule_export]
    use crate::demonstration::demo_collection;
    #[pymodule_export]
    use crate::display::show_progress;
    #[pymodule_export]
    use crate::evaluation::{compare, evaluate, evaluate_folder};
    #[pymodule_export]
    use crate::index::Index;
    #[pymodule_export]
    use crate::model::Model;
    #[pymodule_export]
    use crate::operations::{operation_keys, run_get_knn, run_operation};
    #[pymodule_export]
    use crate::work::finish_work;

    /// The panic of an image's decoder becomes an error of its file, so nothing is printed about it.
    #[pymodule_init]
    fn keep_quiet_about_decoders(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        let announce = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !silknow_image_retrieval::decoder_is_running() {
                announce(panic);
            }
        }));
        Ok(())
    }

    /// The version of the package and of the library in it.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
