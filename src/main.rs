//! The program `silknow`: the operations of the library as verbs of a command line.
//!
//! The program does what a library may not do: it reads flags and the environment, prints, sets exit codes and handles
//! Ctrl-C. Every verb has a file of its own under `commands/`, which hands over to the library.

mod again;
mod commands;
mod exit;
mod operation;
mod session;
mod signals;
mod terminal;
mod verb;

use std::process::ExitCode;

use clap::Command;

fn main() -> ExitCode {
    signals::tell_refusals(exit::DATA);
    exit::announce_panics();
    exit::guard(run)
}

/// Reads the command line and runs its verb.
fn run() -> ExitCode {
    let matches = match program().try_get_matches() {
        Ok(matches) => matches,
        Err(usage) => return exit::usage(&usage),
    };
    let (name, arguments) = matches.subcommand().expect("a verb is required");
    let verb = commands::ALL.iter().find(|verb| verb.name == name).expect("every verb of the program is in the list");
    let outcome = session::Session::start(arguments, verb.again).and_then(|session| (verb.run)(arguments, &session));
    exit::code(outcome, verb.again)
}

/// What stands below the list of verbs.
const AFTER_HELP: &str = "\
Examples:
  silknow demo                                  see all of it work, without any data
  silknow create-dataset --csvfile export.csv   begin with data of your own
  silknow train-model --help                    what a step needs, and an example

Environment:
  SILKNOW_CACHE                       folder for downloaded weights
  HF_ENDPOINT                         where weights are downloaded from (default: https://huggingface.co)
  RAYON_NUM_THREADS                   how many threads compute, at most one a processor
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY  proxies for downloads; NO_PROXY: hosts that need none

Exit codes:
  0 done, 2 usage or configuration, 3 data, files or network, 4 a fault of the program, 130 interrupted";

/// The command line with all verbs.
fn program() -> Command {
    Command::new("silknow")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Semantic image retrieval for museum collections")
        .long_about(
            "Semantic image retrieval for museum collections: train a descriptor on images and their labels, index \
             a collection, find similar works.",
        )
        .after_help(AFTER_HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .max_term_width(100)
        .args(session::arguments())
        .subcommands(commands::ALL.iter().map(|verb| (verb.command)(Command::new(verb.name))))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::program().debug_assert();
    }
}
