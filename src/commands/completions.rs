//! `completions`: lets a shell complete verbs and flags.

use clap::{Arg, value_parser};
use clap_complete::Shell;

use crate::again::Again;
use crate::session;
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb {
    name: "completions",
    again: Again::Anew,
    command: |command| {
        command
            .about("Prints the completions of verbs and flags for a shell")
            .arg(
                Arg::new("shell")
                    .value_name("SHELL")
                    .required(true)
                    .value_parser(value_parser!(Shell))
                    .help("The shell"),
            )
            .after_help("Example:\n  silknow completions bash > ~/.local/share/bash-completion/completions/silknow")
    },
    run: |matches, _| {
        let shell = *matches.get_one::<Shell>("shell").expect("clap requires a shell");
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut crate::program(), "silknow", &mut script);
        session::print(&String::from_utf8_lossy(&script))
    },
};
