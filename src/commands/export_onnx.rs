//! `export-onnx`: a model for other programs.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use silknow_image_retrieval::{ExportOnnxParameters, Result, export_onnx};

use crate::again::Again;
use crate::session::{self, Session};
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb { name: "export-onnx", again: Again::Anew, command, run };

fn command(command: Command) -> Command {
    let path = |name: &'static str| Arg::new(name).value_parser(value_parser!(PathBuf)).required(true);
    command
        .about("Exports a model as an ONNX file, for ONNX Runtime and other programs")
        .arg(path("model_path").value_name("MODEL").help("Folder of the model"))
        .arg(path("out").value_name("FILE").help("File to write; preprocessor_config.json goes beside it"))
        .arg(
            Arg::new("features")
                .long("features")
                .action(ArgAction::SetTrue)
                .help("Let what the backbone delivers come out too, as a second output"),
        )
        .arg(session::json_argument())
        .after_help("Example:\n  silknow export-onnx ./output_files/Default/ silk.onnx")
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned().expect("clap requires it");
    let parameters = ExportOnnxParameters {
        model_path: path("model_path"),
        out: path("out"),
        features: matches.get_flag("features"),
    };
    session.show(&export_onnx(&parameters, &session.context())?)
}
