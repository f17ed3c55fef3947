//! `search`: one image, several or a folder against an index.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use silknow_image_retrieval::config::{GetKNNParameters, Key, Operation};
use silknow_image_retrieval::{Result, SearchParameters, search};

use crate::commands::{Again, Verb};
use crate::operation;
use crate::session::{self, Session};

pub(crate) const VERB: Verb = Verb { name: "search", again: Again::Anew, command, run };

/// The keys that it shares with `get-knn`.
const KEYS: [&str; 6] = ["treepath", "model_path", "num_neighbors", "batch_size", "device", "precision"];

fn is_shared_key(key: &Key) -> bool {
    KEYS.contains(&key.name)
}

fn command(command: Command) -> Command {
    let path = |name: &'static str| Arg::new(name).value_parser(value_parser!(PathBuf));
    let shared = Operation::GetKNN.keys().filter(|key| is_shared_key(key)).map(|key| {
        let argument = operation::argument(key);
        match key.name {
            "treepath" | "model_path" => argument.required(true).help(key.about),
            _ => argument,
        }
    });
    command
        .about("Searches an index for works that are similar to given images")
        .arg(
            path("queries")
                .value_name("IMAGES-OR-FOLDERS")
                .required(true)
                .num_args(1..)
                .help("Images to search for, folders of images"),
        )
        .args(shared)
        .arg(path("html").long("html").value_name("FILE").help("Write a page with the pictures, too"))
        .arg(session::json_argument())
        .after_help("Example:\n  silknow search silk.jpg --treepath ./index/ --model_path ./model/ --html found.html")
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let options = operation::options(Operation::GetKNN, matches)?;
    let parameters = SearchParameters {
        queries: matches.get_many("queries").expect("clap requires queries").cloned().collect(),
        treepath: GetKNNParameters::treepath().read(&options)?,
        model_path: GetKNNParameters::model_path().read(&options)?,
        num_neighbors: GetKNNParameters::num_neighbors().read(&options)?,
        html: matches.get_one::<PathBuf>("html").cloned(),
        batch_size: GetKNNParameters::batch_size().read(&options)?,
        device: GetKNNParameters::device().read(&options)?,
        precision: GetKNNParameters::precision().read(&options)?,
    };
    session.show(&search(&parameters, &session.context())?)
}
