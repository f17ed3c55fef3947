//! `serve`: similar works over HTTP, with a page.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use silknow_image_retrieval::config::ServingParameters;
use silknow_image_retrieval::{Error, Result};
use silknow_service::{Access, Limits, NamedIndex, Server, Settings};
use tracing_subscriber::filter::LevelFilter;

use crate::again::Again;
use crate::operation;
use crate::session::{self, Session};
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb { name: "serve", again: Again::Anew, command, run };

/// The name of an index that is given without one.
const UNNAMED: &str = "default";

fn command(command: Command) -> Command {
    let folders = |name: &'static str| {
        Arg::new(name).long(name).required(true).num_args(1..).action(ArgAction::Append).value_name("[NAME=]FOLDER")
    };
    command
        .about("Serves a page and an API that find similar works")
        .arg(
            folders("treepath")
                .help("Folder of the index (kdtree.npz); several are told apart by names, such as visual=FOLDER"),
        )
        .arg(
            folders("model_path")
                .alias("model-path")
                .help("Folder of the model that the index was built with: one for all indexes, or one for each name"),
        )
        .args(access())
        .args(operation::group_arguments::<ServingParameters>())
        .arg(
            Arg::new("log")
                .long("log")
                .value_name("FORMAT")
                .value_parser(["text", "json"])
                .default_value("text")
                .help("How requests are logged on standard error"),
        )
        .after_help(
            "Examples:\n  silknow serve --treepath ./index/ --model_path ./model/\n  silknow serve --treepath \
             visual=./visual/ semantic=./semantic/ --model_path visual=./model1/ semantic=./model2/ --port 8000",
        )
}

/// The flags that say who may ask.
fn access() -> [Arg; 8] {
    let several = |name: &'static str| Arg::new(name).long(name).num_args(1..).action(ArgAction::Append);
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    [
        Arg::new("host")
            .long("host")
            .value_name("ADDRESS")
            .value_parser(value_parser!(IpAddr))
            .default_value("127.0.0.1")
            .help("Address to listen on; 0.0.0.0: every address of this machine"),
        several("public-name")
            .value_name("NAMES")
            .help("Names by which the server is reached, such as silk.museum.example; requests for others are refused"),
        several("cors-origin")
            .value_name("ORIGINS")
            .help("Origins whose pages may ask, such as https://museum.example"),
        Arg::new("token")
            .long("token")
            .value_name("WORD")
            .conflicts_with("token-file")
            .help("Word that every request must bring; other users of this machine may see it, see --token-file"),
        Arg::new("token-file")
            .long("token-file")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("File with that word"),
        switch("behind-proxy").help("A proxy stands before the server: X-Forwarded-For says who asks"),
        switch("allow-addresses").help("Requests may name web addresses of pictures, which are fetched"),
        Arg::new("thumbnail-memory")
            .long("thumbnail-memory")
            .value_name("MEGABYTES")
            .value_parser(value_parser!(u16))
            .default_value("64")
            .help("Memory for thumbnails that were made before"),
    ]
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let texts = |name: &str| matches.get_many::<String>(name).into_iter().flatten().map(String::as_str);
    let indexes = named(&texts("treepath").collect::<Vec<_>>(), &texts("model_path").collect::<Vec<_>>())?;
    let parameters: ServingParameters = operation::group("serve", matches)?;
    let owned = |name: &str| texts(name).map(str::to_owned).collect();
    let token = match matches.get_one::<PathBuf>("token-file") {
        Some(file) => Some(read_token(file)?),
        None => matches.get_one::<String>("token").cloned(),
    };
    let mut settings = Settings {
        host: *matches.get_one("host").expect("it has a default"),
        access: Access {
            names: owned("public-name"),
            origins: owned("cors-origin"),
            token,
            behind_proxy: matches.get_flag("behind-proxy"),
        },
        addresses: matches.get_flag("allow-addresses").then(|| session.context().hub.policy),
        ..settings(indexes, &parameters)
    };
    settings.limits.thumbnail_bytes =
        usize::from(*matches.get_one::<u16>("thumbnail-memory").expect("it has a default")) << 20;
    if settings.access.token.is_none() && !settings.host.is_loopback() {
        session.context().observer.warning(
            "everybody who reaches this machine may search; --token asks for a word, --host 127.0.0.1 serves this machine alone",
        );
    }
    log(matches);
    serve(settings, session)
}

/// What a server is told beside its indexes, by the keys.
fn settings(indexes: Vec<NamedIndex>, parameters: &ServingParameters) -> Settings {
    Settings {
        device: parameters.device,
        precision: parameters.precision,
        vote: parameters.vote,
        vote_temperature: parameters.vote_temperature,
        confidence_threshold: parameters.confidence_threshold,
        port: u16::try_from(parameters.port).expect("the key has this range"),
        limits: Limits {
            upload_bytes: parameters.upload_megabytes as u64 * 1_000_000,
            time_out: Duration::from_secs(parameters.time_out as u64),
            queue: parameters.queue,
            requests_per_second: parameters.requests_per_second,
            ..Limits::default()
        },
        ..Settings::new(indexes)
    }
}

/// Serves one index to this machine alone, as the demonstration does.
pub(crate) fn serve_one(treepath: &Path, model_path: &Path, session: &Session) -> Result<()> {
    let index = NamedIndex { name: UNNAMED.to_owned(), treepath: treepath.into(), model_path: model_path.into() };
    let settings =
        Settings { host: Ipv4Addr::LOCALHOST.into(), ..settings(vec![index], &ServingParameters::default()) };
    serve(settings, session)
}

/// Serves until the user or the system ends it.
fn serve(settings: Settings, session: &Session) -> Result<()> {
    let reload = Arc::new(AtomicBool::new(false));
    listen_for_reload(&reload);
    let server = Server::open(settings)?;
    session::print(&format!("http://{}/\n", server.address()))?;
    server.run(session.context().observer, &reload)
}

/// A hang-up asks for the indexes to be read anew, as servers take it.
#[cfg(unix)]
fn listen_for_reload(reload: &Arc<AtomicBool>) {
    // Where the system lets it not be handled, changed files are read anew all the same.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(reload));
}

/// Other systems have no such signal.
#[cfg(not(unix))]
fn listen_for_reload(_reload: &Arc<AtomicBool>) {}

/// Logs on standard error from here on.
fn log(matches: &ArgMatches) {
    let level = match (matches.get_flag("quiet"), matches.get_flag("verbose")) {
        (true, _) => LevelFilter::WARN,
        (_, true) => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_target(false).with_writer(io::stderr);
    if matches.get_one::<String>("log").is_some_and(|format| format == "json") {
        log.json().flatten_event(true).init();
    } else {
        log.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).init();
    }
}

fn read_token(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).map_err(|cause| {
        Error::io(format!("cannot read `{}`", file.display())).caused_by(cause).hint("give a file with the token in it")
    })?;
    match text.trim() {
        "" => Err(Error::configuration("the file of the token is empty").in_file(file)),
        token => Ok(token.to_owned()),
    }
}

/// The indexes with their models. A model without a name belongs to all indexes that have none of their own.
fn named(treepaths: &[&str], model_paths: &[&str]) -> Result<Vec<NamedIndex>> {
    let models: Vec<(Option<&str>, &str)> = model_paths.iter().map(|text| split(text)).collect();
    let trees: Vec<(Option<&str>, &str)> = treepaths.iter().map(|text| split(text)).collect();
    for &(name, folder) in &models {
        let is_used = name.is_none_or(|name| trees.iter().any(|(tree, _)| *tree == Some(name)));
        if !is_used {
            let name = name.unwrap_or_default();
            return Err(Error::configuration(format!("no index has the name of the model `{name}={folder}`"))
                .hint("give the index under the same name, such as --treepath NAME=FOLDER"));
        }
    }
    let index = |&(name, folder): &(Option<&str>, &str)| {
        let own = models.iter().find(|(model, _)| model.is_some() && *model == name);
        let (_, model) = own.or_else(|| models.iter().find(|(model, _)| model.is_none())).ok_or_else(|| {
            Error::configuration(format!("the index `{}` has no model", name.unwrap_or(UNNAMED)))
                .hint("give one, such as --model_path NAME=FOLDER, or one without a name for all indexes")
        })?;
        Ok(NamedIndex {
            name: name.unwrap_or(UNNAMED).to_owned(),
            treepath: PathBuf::from(folder),
            model_path: PathBuf::from(model),
        })
    };
    trees.iter().map(index).collect()
}

/// The name and the folder of a value such as `visual=./index/`.
fn split(text: &str) -> (Option<&str>, &str) {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
    };
    match text.split_once('=') {
        Some((name, folder)) if is_name(name) => (Some(name), folder),
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(treepaths: &[&str], model_paths: &[&str]) -> Result<Vec<String>> {
        let text =
            |index: NamedIndex| format!("{} {} {}", index.name, index.treepath.display(), index.model_path.display());
        Ok(named(treepaths, model_paths)?.into_iter().map(text).collect())
    }

    #[test]
    fn indexes_find_their_models() {
        assert_eq!(pairs(&["./i"], &["./m"]).unwrap(), ["default ./i ./m"]);
        assert_eq!(pairs(&["a=./i", "b=./j"], &["./m"]).unwrap(), ["a ./i ./m", "b ./j ./m"]);
        assert_eq!(pairs(&["a=./i", "b=./j"], &["b=./n", "./m"]).unwrap(), ["a ./i ./m", "b ./j ./n"]);
        assert_eq!(pairs(&["./odd=folder"], &["m"]).unwrap(), ["default ./odd=folder m"]);
        assert!(pairs(&["a=./i"], &["b=./m"]).is_err());
        assert!(pairs(&["a=./i", "b=./j"], &["a=./m"]).is_err());
    }
}
