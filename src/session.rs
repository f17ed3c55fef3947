//! One run of the program: the flags that every verb has, the library's surroundings, and results on stdout.
//!
//! Progress and warnings are printed by `terminal`.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Arg, ArgAction, ArgMatches};
use serde::Serialize;
use silknow_image_retrieval::{Context, Error, Hub, Policy, Result, surroundings};

use crate::again::Again;
use crate::terminal::{Terminal, Verbosity};

/// The flags that every verb has.
pub(crate) fn arguments() -> [Arg; 2] {
    let flag = |name: &'static str, short: char, help: &'static str| {
        Arg::new(name).long(name).short(short).action(ArgAction::SetTrue).global(true).help(help).display_order(900)
    };
    [
        flag("quiet", 'q', "Print nothing but the result and errors").conflicts_with("verbose"),
        flag("verbose", 'v', "Print what is being done, too"),
    ]
}

/// The flag of verbs that have a result.
pub(crate) fn json_argument() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print the result as JSON").display_order(899)
}

/// One run of the program.
pub(crate) struct Session {
    terminal: Arc<Terminal>,
    json: bool,
    cache_folder: PathBuf,
    hub_address: String,
    policy: Policy,
}

impl Session {
    /// Begins a run: from here on, Ctrl-C stops the work at its next safe point. `again` is what the same command does then.
    ///
    /// # Errors
    /// A system that allows no further thread.
    pub(crate) fn start(arguments: &ArgMatches, again: Again) -> Result<Self> {
        let verbosity = match (arguments.get_flag("quiet"), arguments.get_flag("verbose")) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let terminal = Arc::new(Terminal::new(verbosity));
        terminal.listen_for_interruption(again);
        surroundings::start_threads()?;
        Ok(Self {
            terminal,
            // Not every verb has the flag.
            json: arguments.try_get_one::<bool>("json").ok().flatten().copied().unwrap_or(false),
            cache_folder: surroundings::cache_folder(),
            hub_address: surroundings::hub_address(),
            policy: Policy { proxies: surroundings::proxies(), ..Policy::default() },
        })
    }

    /// What the library needs of its surroundings.
    pub(crate) fn context(&self) -> Context<'_> {
        let hub = Hub { address: &self.hub_address, cache_folder: &self.cache_folder, policy: self.policy.clone() };
        Context { observer: &*self.terminal, hub }
    }

    /// Prints a result on stdout: as text, or as JSON if the user gave `--json`.
    pub(crate) fn show(&self, result: &(impl Display + Serialize)) -> Result<()> {
        let text = if self.json {
            serde_json::to_string_pretty(result)
                .map_err(|cause| Error::internal("the result cannot be written as JSON").caused_by(cause))?
        } else {
            result.to_string()
        };
        print(&format!("{}\n", text.trim_end()))
    }
}

/// Prints data on stdout. A reader that closes the pipe early (`| head`) is not an error.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::io("cannot write to standard output").caused_by(cause))
        }
        _ => Ok(()),
    }
}
