//! The library's errors as exceptions.
//!
//! The exception's class follows from the error's kind. The classes are defined in the Python half of the package.

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use silknow_image_retrieval::{Error, ErrorKind};

mod classes {
    use pyo3::import_exception;

    import_exception!(silknow_image_retrieval._errors, ConfigurationError);
    import_exception!(silknow_image_retrieval._errors, DataError);
    import_exception!(silknow_image_retrieval._errors, InternalError);
}

/// The exception for an error, with the whole message and, as `hint`, what to try.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let message = error.to_string();
    let exception = match error.kind() {
        ErrorKind::Configuration => classes::ConfigurationError::new_err(message),
        ErrorKind::Data | ErrorKind::Io => classes::DataError::new_err(message),
        ErrorKind::Interrupted => return PyKeyboardInterrupt::new_err(message),
        // A kind that is not known here is a fault of the program too.
        _ => classes::InternalError::new_err(message),
    };
    match exception.value(py).setattr("hint", error.hint_text()) {
        Ok(()) => exception,
        Err(failure) => failure,
    }
}

/// True for the exception that says that data is wrong.
pub(crate) fn is_data_error(py: Python<'_>, failure: &PyErr) -> bool {
    failure.is_instance_of::<classes::DataError>(py)
}

/// For `?` on the library's results while the interpreter is held.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception for the error.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for silknow_image_retrieval::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| exception(py, &error))
    }
}
