//! `demo`: all six operations on pictures of woven silk that the program makes itself.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use silknow_image_retrieval::{DemoParameters, Error, INDEX_FILE, Result, demo};

use crate::again::Again;
use crate::commands::serve;
use crate::session::{self, Session};
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb { name: "demo", again: Again::GoesOn, command, run };

/// The seed of the collection that the documentation shows.
const DEFAULT_SEED: &str = "1";

/// The folders of its index and of its model, within that of the demonstration.
const INDEX: &str = "./output_files/kDTree/";
const MODEL: &str = "./output_files/Default/";

fn command(command: Command) -> Command {
    command
        .about("Shows all six operations on pictures that it makes itself; needs no network")
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("FOLDER")
                .value_parser(value_parser!(PathBuf))
                .default_value("./demo")
                .help("Folder for the collection and all results"),
        )
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("NUMBER")
                .value_parser(value_parser!(u64))
                .default_value(DEFAULT_SEED)
                .help("Seed of the collection: a different seed gives different pictures"),
        )
        .arg(Arg::new("serve").long("serve").action(ArgAction::SetTrue).help(
            "Then serve a page that searches the collection, as the verb serve does; an index that is there is used",
        ))
        .arg(session::json_argument())
        .after_help("Examples:\n  silknow demo --out ./demo\n  silknow demo --serve")
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let out: &PathBuf = matches.get_one("out").expect("it has a default");
    let mut parameters = DemoParameters::default();
    parameters.collection.seed = *matches.get_one("seed").expect("it has a default");
    // The demonstration works as a user would: in a folder, with the files that each step leaves for the next.
    fs::create_dir_all(out).and_then(|()| env::set_current_dir(out)).map_err(|cause| {
        Error::io(format!("cannot work in the folder `{}`", out.display()))
            .caused_by(cause)
            .hint("choose another folder with --out")
    })?;
    let serves = matches.get_flag("serve");
    let serve = || serve::serve_one(Path::new(INDEX), Path::new(MODEL), session);
    // Whoever wants to see the page again need not wait for the training. The report is written last.
    if serves && Path::new(INDEX).join(INDEX_FILE).exists() && Path::new("report.html").exists() {
        return serve();
    }
    let mut summary = demo(&parameters, &session.context())?;
    summary.report = out.join(summary.report);
    session.show(&summary)?;
    if serves { serve() } else { Ok(()) }
}
