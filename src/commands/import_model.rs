//! `import-model`: a model or a weight file of another program, as a model of this one.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use silknow_image_retrieval::config::LossKind;
use silknow_image_retrieval::{Error, ImportModelParameters, Pixels, Result, import_model};

use crate::again::Again;
use crate::session::{self, Session};
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb { name: "import-model", again: Again::Anew, command, run };

fn command(command: Command) -> Command {
    let path = |name: &'static str| Arg::new(name).value_name("PATH").value_parser(value_parser!(PathBuf));
    command
        .about("Imports a model of the Python toolbox, or weights of TensorFlow, Keras or PyTorch")
        .arg(path("path").required(true).help(
            "A model folder of the toolbox, a checkpoint (prefix, .index or folder), a TF-Hub module, a SavedModel, a Keras \
             file, or weights .safetensors or .pth",
        ))
        .arg(path("out").value_name("FOLDER").required(true).help("Folder to write the model into"))
        .arg(
            path("configuration")
                .long("configuration")
                .help("Configuration that the model was trained with; looked for beside a model of the toolbox"),
        )
        .arg(
            Arg::new("relevant_variables")
                .long("relevant_variables")
                .alias("relevant-variables")
                .value_name("#NAMES")
                .help("Variables that it was trained for, where no configuration says them (for example #place, #timespan)"),
        )
        .arg(
            Arg::new("loss_ind")
                .long("loss_ind")
                .alias("loss-ind")
                .value_name("NAME")
                .help("Loss that it was trained with, where no configuration says it"),
        )
        .arg(
            Arg::new("pixels")
                .long("pixels")
                .value_parser(["toolbox", "ours"])
                .help("How pictures become pixels: as the toolbox did it (default for its models), or as this program does"),
        )
        .arg(
            Arg::new("input_size")
                .long("input_size")
                .alias("input-size")
                .value_name("NUMBER")
                .default_value("224")
                .value_parser(value_parser!(u64).range(32..=2048))
                .help("Side of the square that the network sees, in pixels"),
        )
        .arg(session::json_argument())
        .after_help(
            "Examples:\n  silknow import-model old/logs/ ./model/\n  silknow import-model resnet_v2_152.ckpt ./model/\n  \
             silknow import-model resnet50v2.weights.h5 ./model/",
        )
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    let text = |name: &str| matches.get_one::<String>(name);
    let names = text("relevant_variables").map(|names| {
        let names = names.split(',').map(|name| name.trim().trim_start_matches('#').to_owned());
        names.filter(|name| !name.is_empty()).collect()
    });
    let loss = text("loss_ind").map(|name| name.parse::<LossKind>()).transpose();
    let parameters = ImportModelParameters {
        configuration: path("configuration"),
        variables: names,
        loss: loss.map_err(|error: Error| error)?,
        pixels: text("pixels").map(|word| if word == "toolbox" { Pixels::Toolbox } else { Pixels::Ours }),
        input_size: matches.get_one::<u64>("input_size").map_or(224, |&size| size as usize),
        ..ImportModelParameters::new(path("path").expect("clap requires it"), path("out").expect("clap requires it"))
    };
    session.show(&import_model(&parameters, &session.context())?)
}
