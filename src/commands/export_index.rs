//! `export-index`: an index for other tools.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};
use silknow_image_retrieval::{ExportFormat, ExportIndexParameters, Result, export_index};

use crate::again::Again;
use crate::session::{self, Session};
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb { name: "export-index", again: Again::Anew, command, run };

fn command(command: Command) -> Command {
    let path = |name: &'static str| Arg::new(name).value_parser(value_parser!(PathBuf)).required(true);
    command
        .about("Exports an index for FAISS, pandas, DuckDB, the Embedding Projector or the Python toolbox")
        .arg(path("treepath").value_name("FOLDER").help("Folder of kdtree.npz, or of pred_gt.npz for the toolbox"))
        .arg(path("out").value_name("FILE").help("File to write; tables of names and labels go beside it"))
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(ExportFormat::ALL.map(|(name, _)| name)))
                .help("Format of the file [default: by the ending .faiss, .parquet, .tsv or .npz]"),
        )
        .arg(
            Arg::new("old_layout")
                .long("old-layout")
                .action(clap::ArgAction::SetTrue)
                .conflicts_with("format")
                .help("The same as --format toolbox: class names instead of indices, in one pickle"),
        )
        .arg(session::json_argument())
        .after_help(
            "Examples:\n  silknow export-index ./output_files/Default/ silk.parquet\n  silknow export-index \
             ./output_files/Default/ old/kdtree.npz --old-layout",
        )
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned().expect("clap requires it");
    let out = path("out");
    let format = match matches.get_one::<String>("format") {
        _ if matches.get_flag("old_layout") => ExportFormat::Toolbox,
        Some(name) => {
            let known = ExportFormat::ALL.iter().find(|(known, _)| known == name);
            known.expect("clap knows the formats").1
        }
        None => ExportFormat::of_name(&out)?,
    };
    let parameters = ExportIndexParameters { treepath: path("treepath"), out, format };
    session.show(&export_index(&parameters, &session.context())?)
}
