//! `search`: one image, several or a folder against an index.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use silknow_image_retrieval::config::{GetKNNParameters, Key, Operation};
use silknow_image_retrieval::{Filter, Result, Search, SearchParameters, search};

use crate::again::Again;
use crate::operation;
use crate::session::{self, Session};
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb { name: "search", again: Again::Anew, command, run };

/// The keys that it shares with `get-knn`.
const KEYS: [&str; 9] = [
    "treepath",
    "model_path",
    "num_neighbors",
    "vote",
    "vote_temperature",
    "confidence_threshold",
    "batch_size",
    "device",
    "precision",
];

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
        .args(choosing())
        .arg(path("html").long("html").value_name("FILE").help("Write a page with the pictures, too"))
        .arg(
            Arg::new("explain")
                .long("explain")
                .value_name("NUMBER")
                .value_parser(value_parser!(usize))
                .requires("html")
                .help("Show on the page what makes so many of the first neighbours similar: where in both pictures, and which labels agree"),
        )
        .arg(session::json_argument())
        .after_help(
            "Examples:\n  silknow search silk.jpg --treepath ./index/ --model_path ./model/ --html found.html\n  silknow \
             search silk.jpg --treepath ./index/ --model_path ./model/ --filter 'place=ES|FR, technique=?*, museum!=garin'",
        )
}

/// The flags that say which of the images in the index may be answers.
fn choosing() -> [Arg; 4] {
    [
        Arg::new("filter").long("filter").value_name("EXPRESSION").help(
            "Which images may be answers: terms such as place=ES|FR (one of), museum!=garin (none of), technique=?* \
             (known), technique=? (unknown), separated by commas; fields are the variables, museum, object and image; \
             odd names stand in double quotes",
        ),
        Arg::new("max-distance")
            .long("max-distance")
            .alias("max_distance")
            .value_name("NUMBER")
            .value_parser(value_parser!(f32))
            .help("Leave out images that are farther away than this (distances lie between 0 and 2)"),
        Arg::new("exclude-self")
            .long("exclude-self")
            .alias("exclude_self")
            .action(ArgAction::SetTrue)
            .help("Leave out the query itself: the same file, and images with the same descriptor"),
        Arg::new("group-by")
            .long("group-by")
            .alias("group_by")
            .value_name("NAME")
            .value_parser(["object"])
            .help("Of several images of one object, give the nearest alone"),
    ]
}

/// What an answer consists of, as the flags say.
fn chosen(matches: &ArgMatches, num_neighbors: usize) -> Result<Search> {
    let mut search = Search::nearest(num_neighbors);
    if let Some(expression) = matches.get_one::<String>("filter") {
        search.filter = Filter::parse(expression)?;
    }
    search.max_distance = matches.get_one("max-distance").copied();
    search.exclude_self = matches.get_flag("exclude-self");
    search.group_by_object = matches.contains_id("group-by");
    Ok(search)
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let options = operation::options(Operation::GetKNN, matches)?;
    let parameters = SearchParameters {
        queries: matches.get_many("queries").expect("clap requires queries").cloned().collect(),
        treepath: GetKNNParameters::treepath().read(&options)?,
        model_path: GetKNNParameters::model_path().read(&options)?,
        search: chosen(matches, GetKNNParameters::num_neighbors().read(&options)?)?,
        vote: GetKNNParameters::vote().read(&options)?,
        vote_temperature: GetKNNParameters::vote_temperature().read(&options)?,
        confidence_threshold: GetKNNParameters::confidence_threshold().read(&options)?,
        html: matches.get_one::<PathBuf>("html").cloned(),
        explained: matches.get_one("explain").copied().unwrap_or(0),
        batch_size: GetKNNParameters::batch_size().read(&options)?,
        device: GetKNNParameters::device().read(&options)?,
        precision: GetKNNParameters::precision().read(&options)?,
    };
    session.show(&search(&parameters, &session.context())?)
}
