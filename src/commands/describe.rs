//! `describe`: the descriptors of any images, as an array.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use silknow_image_retrieval::config::{BackboneParameters, DescribingParameters};
use silknow_image_retrieval::{DescribeParameters, DescribingNetwork, Result, describe};

use crate::again::Again;
use crate::operation;
use crate::session::{self, Session};
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb { name: "describe", again: Again::Anew, command, run };

fn command(command: Command) -> Command {
    let path = |name: &'static str| Arg::new(name).value_name("PATH").value_parser(value_parser!(PathBuf));
    let backbone =
        operation::group_arguments::<BackboneParameters>().map(|argument| argument.conflicts_with("model_path"));
    command
        .about("Describes images: one row of numbers per image, as a NumPy array")
        .arg(path("images").value_name("IMAGES-OR-FOLDERS").required(true).num_args(1..).help("Images, folders of images"))
        .arg(
            path("out")
                .long("out")
                .default_value("descriptors.npy")
                .help("Array to write; the names go beside it, ending in _names.txt"),
        )
        .arg(path("model_path").long("model_path").alias("model-path").help("Folder of a trained model"))
        .args(backbone)
        .args(operation::group_arguments::<DescribingParameters>())
        .arg(session::json_argument())
        .after_help(
            "Examples:\n  silknow describe ./pictures --model_path ./output_files/Default/ --out descriptors.npy\n  silknow \
             describe a.jpg b.jpg --backbone resnet18 --weights builtin",
        )
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let DescribingParameters { batch_size, device, precision } = operation::group("describe", matches)?;
    let network = match matches.get_one::<PathBuf>("model_path") {
        Some(folder) => DescribingNetwork::Model(folder.clone()),
        None => DescribingNetwork::Backbone(operation::group("describe", matches)?),
    };
    let parameters = DescribeParameters {
        images: matches.get_many("images").expect("clap requires images").cloned().collect(),
        out: matches.get_one::<PathBuf>("out").expect("it has a default").clone(),
        network,
        batch_size,
        device,
        precision,
    };
    session.show(&describe(&parameters, &session.context())?)
}
