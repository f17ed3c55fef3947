//! Turns a decoder's panic into an error of the file.
//!
//! Decoders of other crates are given whatever a server sends, and now and then one of them panics. The file stays where
//! it is, so a panic that ended the run would end every later run too.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use silknow_errors::{Error, Result};

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread runs a decoder, whose panic becomes an error of the file.
///
/// The panic hook of a program asks this, so that it does not announce such a panic as a fault of the program.
pub fn decoder_is_running() -> bool {
    DECODING.get()
}

/// Runs a decoder of images of the kind `name`; its panic becomes an error of the file.
pub(crate) fn guarded<T>(name: &str, decode: impl FnOnce() -> Result<T>) -> Result<T> {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            DECODING.set(self.0);
        }
    }
    let restore = Restore(DECODING.replace(true));
    // Nothing of a decoder that panicked is used again, so no broken state can be seen.
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    drop(restore);
    outcome.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(Error::data(format!("the decoder of {name} images failed on this file"))
            .caused_by(said.unwrap_or("unknown").to_owned())
            .hint("open it with an image editor and save it again"))
    })
}

#[cfg(test)]
mod tests {
    use silknow_errors::ErrorKind;

    use super::*;

    #[test]
    fn a_panic_becomes_an_error_and_is_marked_as_a_decoders_meanwhile() {
        assert!(!decoder_is_running());
        let outcome: Result<()> = guarded("PNG", || {
            assert!(decoder_is_running());
            panic!("row {} is none", 7)
        });
        assert!(!decoder_is_running());
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(error.to_string().starts_with("the decoder of PNG images failed on this file: row 7 is none"));
    }

    #[test]
    fn what_ends_well_passes() {
        assert_eq!(guarded("PNG", || Ok(3)).unwrap(), 3);
        assert!(guarded::<()>("PNG", || Err(Error::data("cut"))).unwrap_err().to_string().starts_with("cut"));
        assert!(!decoder_is_running());
    }
}
