//! What a verb of the command line is.

use clap::{ArgMatches, Command};
use silknow_image_retrieval::Result;

use crate::again::Again;
use crate::session::Session;

/// A verb of the command line.
pub(crate) struct Verb {
    /// As it is typed.
    pub(crate) name: &'static str,
    /// Completes the command: description, flags, example.
    pub(crate) command: fn(Command) -> Command,
    /// What the same command does after an interruption.
    pub(crate) again: Again,
    /// Does the work.
    pub(crate) run: fn(&ArgMatches, &Session) -> Result<()>,
}
