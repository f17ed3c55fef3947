//! `compare`: two runs over the same images, and whether their difference is one.

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};
use silknow_image_retrieval::compare;

use crate::again::Again;
use crate::session;
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb {
    name: "compare",
    again: Again::Anew,
    command,
    run: |matches, session| {
        let folder = |name| matches.get_one::<PathBuf>(name).expect("clap requires both folders");
        session.show(&compare(folder("run_a"), folder("run_b"), &session.context())?)
    },
};

fn command(command: Command) -> Command {
    let run = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).value_name(value).value_parser(value_parser!(PathBuf)).required(true).help(help)
    };
    command
        .about("Compares the predictions of two runs for the same images, with intervals and tests of significance")
        .arg(run("run_a", "RUN_A", "Folder with pred_gt.npz, or folder of a cross-validation"))
        .arg(run("run_b", "RUN_B", "The other one; differences are those of B less A"))
        .arg(session::json_argument())
        .after_help("Example:\n  silknow compare ./majority/ ./weighted/")
}
