//! The parameters of `build-kdtree` and `get-knn`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::defaults::{DEFAULT_FOLDER, texts};
use super::describing::DescribingParameters;
use super::training::TrainingParameters;
use crate::choice::{Architecture, DeviceChoice, Precision, VoteRule, Weights};
use crate::field::{defaulted, required};
use crate::form::{Interval, choice, file_name, number, number_or, path, truth, variables_or_none, whole};
use crate::group::Group;

crate::parameters! {
    /// What `build-kdtree` needs to know.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct BuildKDTreeParameters {
        /// Folder of the model; where nothing is to be predicted, it need not hold one yet (see untrained)
        model_path: PathBuf = required(path(), DEFAULT_FOLDER);
        /// Master file: the list of the collection files to index
        ///
        /// Its name, without folder; all its samples go into the index.
        master_file_tree: String = required(file_name(), "master_file_tree.txt");
        /// Folder of the master file
        ///
        /// And of its collection files.
        master_dir_tree: PathBuf = required(path(), "./samples/");
        /// Folder for the index (kdtree.npz)
        savepath: PathBuf = required(path(), DEFAULT_FOLDER);
        /// Variables whose labels the index keeps
        ///
        /// Names without `#` and spaces, none twice. With none, the index finds similar images and predicts nothing.
        relevant_variables: Vec<String> = required(variables_or_none(), texts(["place", "timespan"]));
        /// Write the index in the layout of the Python toolbox too, into old_layout/kdtree.npz in savepath
        old_layout: bool = defaulted(false, truth()).further();
        /// Put an untrained network into model_path if there is no model; always so without relevant_variables
        untrained: bool = defaulted(false, truth()).further();
        /// Images whose descriptors are at most this far apart are listed as groups in descriptor_groups.csv (none: no such list)
        group_distance: Option<f64> = defaulted(None, number_or("none", Interval::above(0.0, 2.0))).further();
        /// Its depth: that of the untrained network, which is otherwise that of the model.
        backbone: Architecture = TrainingParameters::backbone().or(Architecture::RESNET18).further();
        /// Its weights. Those that are built in need no download.
        weights: Weights = TrainingParameters::weights().or(Weights::Builtin).further();
        /// Images that the network describes at once, at least 1.
        batch_size: usize = DescribingParameters::batch_size();
        /// Where the network runs.
        device: DeviceChoice = DescribingParameters::device();
        /// Numbers that the network computes with.
        precision: Precision = DescribingParameters::precision();
    }
}

crate::parameters! {
    /// What `get-knn` needs to know.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct GetKNNParameters {
        /// Folder of the index (kdtree.npz)
        treepath: PathBuf = required(path(), DEFAULT_FOLDER);
        /// Master file: the list of the collection files that hold the queries
        ///
        /// Its name, without folder; all its samples are queries.
        master_file_prediction: String = required(file_name(), "master_file_prediction.txt");
        /// Folder of the master file
        ///
        /// And of its collection files.
        master_dir_prediction: PathBuf = required(path(), "./samples/");
        /// Folder of the model that the index was built with
        model_path: PathBuf = required(path(), DEFAULT_FOLDER);
        /// Folder for the results
        savepath: PathBuf = required(path(), DEFAULT_FOLDER);
        /// Nearest neighbours to find for every query
        num_neighbors: usize = defaulted(6, whole(1..));
        /// Whether the queries have labels to compare the predictions with
        bool_labeled_input: bool = defaulted(true, truth());
        /// Who predicts: neighbours that count one each or more when near, the model's classifier, or the mean of both
        ///
        /// Ties go to the class with the nearest neighbour. A classifier is learnt by the loss `classification` and the recipes `fast` and
        /// `best`. In the mean, near neighbours count more where a temperature is known.
        vote: VoteRule = defaulted(VoteRule::Majority, choice()).further();
        /// Temperature T of weighted votes, exp(-d^2 / T) at the distance d; `model`: the one that validation found
        ///
        /// None stands for the model's.
        vote_temperature: Option<f64> = defaulted(None, number_or("model", Interval::above(0.0, 100.0))).further();
        /// Share of the vote below which nothing is predicted (not sure); 0: never
        confidence_threshold: f64 = defaulted(0.0, number(Interval::closed(0.0, 1.0))).further();
        /// Write the results in the layout of the Python toolbox too, into old_layout/pred_gt.npz in savepath
        old_layout: bool = defaulted(false, truth()).further();
        /// Images that the network describes at once, at least 1.
        batch_size: usize = DescribingParameters::batch_size();
        /// Where the network runs.
        device: DeviceChoice = DescribingParameters::device();
        /// Numbers that the network computes with.
        precision: Precision = DescribingParameters::precision();
    }
}

impl BuildKDTreeParameters {
    /// The defaults, for this model, master file, target folder and variables.
    pub fn new(
        model_path: impl Into<PathBuf>,
        master_dir_tree: impl Into<PathBuf>,
        master_file_tree: impl Into<String>,
        savepath: impl Into<PathBuf>,
        relevant_variables: Vec<String>,
    ) -> Self {
        Self {
            model_path: model_path.into(),
            master_file_tree: master_file_tree.into(),
            master_dir_tree: master_dir_tree.into(),
            savepath: savepath.into(),
            relevant_variables,
            ..Self::initial()
        }
    }
}

impl GetKNNParameters {
    /// The defaults, for this index, model, master file of queries and target folder.
    pub fn new(
        treepath: impl Into<PathBuf>,
        model_path: impl Into<PathBuf>,
        master_dir_prediction: impl Into<PathBuf>,
        master_file_prediction: impl Into<String>,
        savepath: impl Into<PathBuf>,
    ) -> Self {
        Self {
            treepath: treepath.into(),
            master_file_prediction: master_file_prediction.into(),
            master_dir_prediction: master_dir_prediction.into(),
            model_path: model_path.into(),
            savepath: savepath.into(),
            ..Self::initial()
        }
    }
}
