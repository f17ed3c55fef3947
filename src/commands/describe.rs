//! `describe`: the descriptors of any images, as an array.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use silknow_image_retrieval::config::{Key, Operation};
use silknow_image_retrieval::{DescribeParameters, DescribingNetwork, Result, describe};

use crate::commands::{Again, Verb};
use crate::operation;
use crate::session::{self, Session};

pub(crate) const VERB: Verb = Verb { name: "describe", again: Again::Anew, command, run };

/// The keys of `build-kdtree` that say how the network runs.
const RUNNING_KEYS: [&str; 3] = ["batch_size", "device", "precision"];

fn is_running_key(key: &Key) -> bool {
    RUNNING_KEYS.contains(&key.name)
}

fn command(command: Command) -> Command {
    let path = |name: &'static str| Arg::new(name).value_name("PATH").value_parser(value_parser!(PathBuf));
    let backbone = DescribingNetwork::backbone_keys().map(|key| {
        let argument = operation::argument(key).conflicts_with("model_path");
        // Without a model the weights of a head would be random, and its descriptors useless. The default here is no head.
        if key.name == "add_fc" { argument.help(format!("{} [default: []]", key.about)) } else { argument }
    });
    let running = Operation::BuildKDTree.keys().filter(|key| is_running_key(key)).map(operation::argument);
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
        .args(running)
        .arg(session::json_argument())
        .after_help(
            "Examples:\n  silknow describe ./pictures --model_path ./output_files/Default/ --out descriptors.npy\n  silknow \
             describe a.jpg b.jpg --backbone resnet18 --weights builtin",
        )
}

fn run(matches: &ArgMatches, session: &Session) -> Result<()> {
    let running_options = operation::options(Operation::BuildKDTree, matches)?;
    let running = running_options.check_keys(is_running_key)?;
    let network = match matches.get_one::<PathBuf>("model_path") {
        Some(folder) => DescribingNetwork::Model(folder.clone()),
        None => DescribingNetwork::backbone(operation::options(Operation::TrainModel, matches)?)?,
    };
    let parameters = DescribeParameters {
        images: matches.get_many("images").expect("clap requires images").cloned().collect(),
        out: matches.get_one::<PathBuf>("out").expect("it has a default").clone(),
        network,
        batch_size: running.one("batch_size"),
        device: running.one("device"),
        precision: running.one("precision"),
    };
    session.show(&describe(&parameters, &session.context())?)
}
