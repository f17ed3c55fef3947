//! `build-map`: a collection on a plane, for the page of the service.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use silknow_image_retrieval::{BuildMapParameters, Result, build_map};

use crate::again::Again;
use crate::session::{self, Session};
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb { name: "build-map", again: Again::Anew, command, run };

fn command(command: Command) -> Command {
    command
        .about("Lays out the images of an index on a plane, for the map of the page that serve gives")
        .arg(
            Arg::new("treepath")
                .long("treepath")
                .value_name("FOLDER")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("Folder of the index (kdtree.npz); the map goes beside it"),
        )
        .arg(
            Arg::new("neighbours")
                .long("neighbours")
                .alias("neighbors")
                .value_name("NUMBER")
                .value_parser(value_parser!(u16).range(2..=200))
                .default_value("15")
                .help("Neighbours that an image is laid out by: few show small groups, many the whole"),
        )
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("NUMBER")
                .value_parser(value_parser!(u64))
                .default_value("1")
                .help("Seed of the layout: the same index and seed give the same map"),
        )
        .arg(session::json_argument())
        .after_help("Example:\n  silknow build-map --treepath ./index/")
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let parameters = BuildMapParameters {
        treepath: matches.get_one::<PathBuf>("treepath").expect("clap requires it").clone(),
        neighbours: usize::from(*matches.get_one::<u16>("neighbours").expect("it has a default")),
        seed: *matches.get_one("seed").expect("it has a default"),
    };
    session.show(&build_map(&parameters, &session.context())?)
}
