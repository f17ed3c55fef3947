//! How the program ends: exit codes and the words on the way out.
//!
//! 0 done, 2 usage or configuration, 3 data or I/O, 4 a fault of the program, 130 interrupted.

use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use silknow_image_retrieval::{ErrorKind, Result, decoder_is_running};

use crate::again::Again;
use crate::signals;

/// Usage or configuration.
const CONFIGURATION: u8 = 2;
/// Data or I/O.
pub(crate) const DATA: u8 = 3;
/// A fault of this program.
const INTERNAL: u8 = 4;
/// What a shell reports for a program that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code of an outcome. An error is printed, with its hint below it. The hint of an interruption says what the
/// same command does when it is given again.
pub(crate) fn code(outcome: Result<()>, again: Again) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let error = if error.is_interruption() { error.hint(again.hint()) } else { error };
    // If standard error is closed, nobody could read an error about it, so the failure is ignored.
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::from(match error.kind() {
        ErrorKind::Configuration => CONFIGURATION,
        ErrorKind::Data | ErrorKind::Io => DATA,
        ErrorKind::Interrupted => INTERRUPTED,
        // A kind that is not known here is a fault of the program too.
        _ => INTERNAL,
    })
}

/// Prints a usage error, or the help if the user asked for it.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(CONFIGURATION))
}

/// Replaces the words of a panic by ones for users. The panic of an image's decoder becomes an error of the file,
/// which is told as such, so nothing is said about it here.
pub(crate) fn announce_panics() {
    panic::set_hook(Box::new(|panic| {
        if decoder_is_running() {
            return;
        }
        signals::a_panic_began();
        let _ = writeln!(
            io::stderr(),
            "error: this is a fault of silknow: {panic}\nhint: please report it, with the command that you gave: {}",
            concat!(env!("CARGO_PKG_REPOSITORY"), "/issues")
        );
    }));
}

/// Runs `work`; a panic in it becomes the exit code of a fault of the program.
pub(crate) fn guard(work: impl FnOnce() -> ExitCode) -> ExitCode {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| ExitCode::from(INTERNAL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_image_retrieval::Error;

    #[test]
    fn every_kind_of_error_has_its_exit_code() {
        assert_eq!(code(Ok(()), Again::Anew), ExitCode::SUCCESS);
        assert_eq!(code(Err(Error::configuration("k")), Again::Anew), ExitCode::from(2));
        assert_eq!(code(Err(Error::data("k")), Again::Anew), ExitCode::from(3));
        assert_eq!(code(Err(Error::io("k")), Again::Anew), ExitCode::from(3));
        assert_eq!(code(Err(Error::internal("k")), Again::Anew), ExitCode::from(4));
        assert_eq!(code(Err(Error::interrupted()), Again::Anew), ExitCode::from(130));
    }

    #[test]
    fn a_panic_becomes_an_exit_code() {
        assert_eq!(guard(|| panic!("a broken invariant")), ExitCode::from(4));
    }
}
