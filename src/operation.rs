//! What the six operations' verbs have in common: a flag for every key, a file for the rest, validated parameters.
//!
//! Everything about a key comes from the library's table of keys. Runs nothing itself.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, ValueHint, value_parser};
use silknow_image_retrieval::Result;
use silknow_image_retrieval::config::{Explicit, Fallback, Key, Kind, Operation, Options, Parameters};

use crate::session;

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
pub(crate) fn argument(key: &'static Key) -> Arg {
    let spellings = [key.name].into_iter().chain(key.aliases.iter().copied());
    let dashed = spellings.filter(|name| name.contains('_')).map(|name| name.replace('_', "-"));
    let others = key.aliases.iter().copied().map(str::to_owned).chain(dashed);
    let help = match key.fallback {
        Fallback::Required => format!("{} (required, here or in the file)", key.about),
        Fallback::Value(value) => format!("{} [default: {value}]", key.about),
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
        Kind::Boolean => argument.num_args(0..=1).default_missing_value("True"),
        Kind::Choice(words) => argument.value_parser(PossibleValuesParser::new(words)),
        Kind::Path | Kind::Weights => argument.value_hint(ValueHint::AnyPath),
        _ => argument,
    }
}

fn value_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Path => "PATH",
        Kind::FileName => "FILE_NAME",
        Kind::Boolean => "True|False",
        Kind::Whole(..) | Kind::Number(_) => "NUMBER",
        Kind::Ranges(..) | Kind::Widths => "[NUMBERS]",
        Kind::Words => "NAMES",
        Kind::Variables => "#NAMES",
        Kind::Choice(_) => "NAME",
        Kind::Weights => "NAME|FILE",
    }
}

/// The options of an operation as they were given: the file's, and over them the flags.
pub(crate) fn options(operation: Operation, matches: &ArgMatches) -> Result<Options> {
    let mut options = Options::new(operation, Explicit::Flags);
    // Verbs that only share keys with an operation have no configuration file.
    if let Ok(Some(path)) = matches.try_get_one::<PathBuf>("config") {
        options.read_file(path)?;
    }
    for key in operation.keys() {
        if let Ok(Some(text)) = matches.try_get_one::<String>(key.name) {
            options.set(key.name, text)?;
        }
    }
    Ok(options)
}

/// The validated parameters of an operation.
pub(crate) fn parameters<P: Parameters>(matches: &ArgMatches) -> Result<P> {
    P::from_options(&options(P::OPERATION, matches)?)
}
