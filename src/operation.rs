//! What the six operations' verbs have in common: a flag for every key, a file for the rest, validated parameters.
//!
//! Everything about a key comes from the library, where a field of a parameter struct declares it.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgMatches, Command, ValueHint, value_parser};
use silknow_image_retrieval::config::{Explicit, Fallback, Group, Key, Kind, Operation, Options, Parameters};
use silknow_image_retrieval::{Result, architectures, is_backbone, take};

use crate::session::{self, Session};

/// Completes the command of an operation: its description, its flags, an example.
pub(crate) fn command(command: Command, operation: Operation, about: &'static str, example: &'static str) -> Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("Configuration file: lines of `key; value` with the keys below; a flag counts more than the file");
    command
        .about(about)
        .arg_required_else_help(true)
        .arg(config)
        .args(operation.keys().map(|key| argument(key).help_heading(heading(key))))
        .arg(session::json_argument())
        .after_help(format!("Example:\n  {example}"))
}

fn heading(key: &Key) -> &'static str {
    if key.documented { "Parameters" } else { "Further parameters" }
}

/// The flag of a key, spelt as the key; the spelling with dashes and the key's other spellings work too.
pub(crate) fn argument(key: &Key) -> Arg {
    let spellings = [key.name].into_iter().chain(key.aliases.iter().copied());
    let dashed = spellings.filter(|name| name.contains('_')).map(|name| name.replace('_', "-"));
    let others = key.aliases.iter().copied().map(str::to_owned).chain(dashed);
    let help = match &key.fallback {
        Fallback::Required => format!("{} (required, here or in the file)", key.about),
        Fallback::Value { text, .. } => format!("{} [default: {text}]", key.about),
        Fallback::Absent => format!("{} (for example {})", key.about, key.example),
    };
    let argument = Arg::new(key.name)
        .long(key.name)
        .aliases(others)
        .value_name(value_name(key.kind))
        // A negative number is a value that the check refuses in its own words, not a flag.
        .allow_negative_numbers(true)
        .help(help);
    match key.kind {
        Kind::Truth => argument.num_args(0..=1).default_missing_value("True"),
        Kind::Choice(words) => {
            let values = words.iter().map(|spelling| PossibleValue::new(spelling.word).aliases(spelling.aliases));
            argument.value_parser(PossibleValuesParser::new(values))
        }
        Kind::Backbone => {
            let names = architectures().into_iter().map(|architecture| architecture.to_string());
            argument.value_parser(BackboneParser(PossibleValuesParser::new(names)))
        }
        Kind::Path | Kind::Weights => argument.value_hint(ValueHint::AnyPath),
        _ => argument,
    }
}

/// Lists the usual backbones, and takes those too whose names say their size.
#[derive(Clone)]
struct BackboneParser(PossibleValuesParser);

impl TypedValueParser for BackboneParser {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        match value.to_str().filter(|name| is_backbone(name)) {
            Some(name) => Ok(name.to_owned()),
            None => self.0.parse_ref(command, argument, value),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

fn value_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Path => "PATH",
        Kind::FileName => "FILE_NAME",
        Kind::Column => "COLUMN",
        Kind::Text => "TEXT",
        Kind::Truth => "True|False",
        Kind::Number => "NUMBER",
        Kind::Numbers => "[NUMBERS]",
        Kind::Words => "NAMES",
        Kind::NamedWeights => "WEIGHTS",
        Kind::Variables => "#NAMES",
        Kind::Choice(_) | Kind::Backbone => "NAME",
        Kind::Weights => "NAME|FILE",
        _ => "VALUE",
    }
}

/// The flags of keys that a verb shares with operations.
pub(crate) fn group_arguments<G: Group>() -> impl Iterator<Item = Arg> {
    G::keys().iter().map(argument)
}

/// The options of an operation as they were given: the file's, and over them the flags.
pub(crate) fn options(operation: Operation, matches: &ArgMatches) -> Result<Options> {
    with_flags(Options::new(operation, Explicit::Flags), matches)
}

/// The validated values of keys that a verb shares with operations.
pub(crate) fn group<G: Group>(verb: &'static str, matches: &ArgMatches) -> Result<G> {
    take(&with_flags(Options::of::<G>(verb, Explicit::Flags), matches)?)
}

/// The validated parameters of an operation. What the user should know of old keys is said.
pub(crate) fn parameters<P: Parameters>(matches: &ArgMatches, session: &Session) -> Result<P> {
    let options = options(P::OPERATION, matches)?;
    if let Some(warning) = options.warning() {
        session.context().observer.warning(&warning);
    }
    take(&options)
}

fn with_flags(mut options: Options, matches: &ArgMatches) -> Result<Options> {
    // Only operations have a configuration file.
    if let Ok(Some(path)) = matches.try_get_one::<PathBuf>("config") {
        options.read_file(path)?;
    }
    for key in options.keys() {
        if let Ok(Some(text)) = matches.try_get_one::<String>(key.name) {
            options.set(key.name, text)?;
        }
    }
    Ok(options)
}
