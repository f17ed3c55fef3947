//! `import-index`: an index or results of another program, as this program has them.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use silknow_image_retrieval::{ImportIndexParameters, Result, import_index};

use crate::again::Again;
use crate::session::{self, Session};
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb { name: "import-index", again: Again::Anew, command, run };

fn command(command: Command) -> Command {
    let path = |name: &'static str| Arg::new(name).value_name("PATH").value_parser(value_parser!(PathBuf));
    command
        .about("Imports an index or results of the Python toolbox, of FAISS or of NumPy")
        .arg(path("path").required(true).help(
            "A kdtree.npz or pred_gt.npz of the Python toolbox, a folder with them, a flat index of FAISS, or an array .npy",
        ))
        .arg(path("out").value_name("FOLDER").required(true).help("Folder to write kdtree.npz or pred_gt.npz into"))
        .arg(
            path("images_root")
                .long("images-root")
                .alias("images_root")
                .default_value(".")
                .help("Folder that the image paths in the file are relative to: where the toolbox was started"),
        )
        .arg(path("table").long("table").help(
            "Table of the images of a flat index or an array: the first column names them, further columns are labels",
        ))
        .arg(
            path("model_path")
                .long("model_path")
                .alias("model-path")
                .help("Folder of the model that made the descriptors, so that pictures can be compared with them"),
        )
        .arg(
            Arg::new("relevant_variables")
                .long("relevant_variables")
                .alias("relevant-variables")
                .value_name("#NAMES")
                .help("Names of the variables of old results, in their order (for example #place, #timespan)"),
        )
        .arg(session::json_argument())
        .after_help(
            "Examples:\n  silknow import-index old/kdtree.npz ./index/ --images-root ~/toolbox\n  silknow import-index \
             vectors.npy ./index/ --table images.csv",
        )
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    let names = matches.get_one::<String>("relevant_variables").map(|names| {
        let names = names.split(',').map(|name| name.trim().trim_start_matches('#').to_owned());
        names.filter(|name| !name.is_empty()).collect()
    });
    let parameters = ImportIndexParameters {
        path: path("path").expect("clap requires it"),
        out: path("out").expect("clap requires it"),
        images_root: path("images_root").expect("it has a default"),
        table: path("table"),
        model_path: path("model_path"),
        variables: names,
    };
    session.show(&import_index(&parameters, &session.context())?)
}
