//! Keys and values of the Python toolbox's older configuration files, and what they mean today.

/// What a key of an older file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning<'t> {
    /// The first of these keys that an operation has, with a value.
    Is(&'static [&'static str], &'t str),
    /// Nothing; its name, and why.
    PassedOver(&'static str, &'static str),
}

/// The keys that the old reader took and then ignored or overwrote, and those that have no counterpart.
const PASSED_OVER: [(&str, &str); 9] = [
    ("tfhub_module", "`backbone` and `weights` choose the network"),
    ("optimizer_ind", "training uses Adam, as it did"),
    ("bool_data_aug", "augmentation follows from its own keys, as it did"),
    ("similarity_thresh", "the losses have no threshold, as then"),
    ("label_weights", "all variables count the same, as they did"),
    ("log_dir", "a model and the logs of its training stand in one folder"),
    ("tree_dir", TOGETHER),
    ("pred_gt_dir", TOGETHER),
    ("eval_result_dir", TOGETHER),
];

const TOGETHER: &str = "training and cross-validation put everything below `logpath`";

/// The keys of D4.6, the successor of the toolbox, and those of today.
const RENAMED: [(&str, &[&str]); 12] = [
    ("imgsave_dir", &["imgsavepath"]),
    ("master_file_dir", &["master_dir"]),
    ("master_file_retrieval", &["master_file_prediction"]),
    ("master_dir_retrieval", &["master_dir_prediction"]),
    ("model_dir", &["model_path", "logpath"]),
    ("tree_dir", &["treepath", "savepath"]),
    ("pred_gt_dir", &["pred_gt_path", "savepath"]),
    ("eval_result_dir", &["result_path"]),
    ("num_fine_tune_layers", &["hub_num_retrain"]),
    ("batch_size", &["train_batch_size"]),
    ("validation_percentage", &["val_percentage"]),
    ("relevant_labels", &["relevant_variables"]),
];

/// What a key that is not one of an operation's means, where `has` tells which keys it has; none for a key that never was.
pub(crate) fn meaning<'t>(name: &str, text: &'t str, has: impl Fn(&str) -> bool) -> Option<Meaning<'t>> {
    if name == "allow_incomplete" {
        return Some(Meaning::Is(&["num_labeled"], labels_needed(text).unwrap_or(text)));
    }
    if let Some(&(_, today)) = RENAMED.iter().find(|(known, today)| *known == name && today.iter().any(|key| has(key)))
    {
        return Some(Meaning::Is(today, text));
    }
    PASSED_OVER.iter().find(|(known, _)| *known == name).map(|&(name, why)| Meaning::PassedOver(name, why))
}

/// The value that an old one of a key of today stands for.
pub(crate) fn value_today<'t>(key: &str, text: &'t str) -> &'t str {
    // Scripts give `allow_incomplete` by its position, where `num_labeled` is today.
    if key == "num_labeled" { labels_needed(text).unwrap_or(text) } else { text }
}

/// How many labels an image needs, where a truth value says whether incomplete ones are allowed: images of which some labels
/// are missing were kept, or those alone that had all five.
fn labels_needed(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some("0"),
        "false" => Some("5"),
        _ => None,
    }
}

/// Why a value that the toolbox knew is not there any more; none for all other values.
pub(crate) fn not_ported(key: &str, text: &str) -> Option<&'static str> {
    match (key, text) {
        ("loss_ind", "contrastive_thres" | "triplet_thresh") => {
            Some("the toolbox replaced it by losses that compare labels by degrees instead of by a threshold")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        BuildKDTreeParameters, CreateDatasetParameters, CrossvalidationParameters, EvaluateModelParameters, Explicit,
        GetKNNParameters, LossKind, Operation, Options, Parameters, TrainModelParameters,
    };

    fn train(text: &str) -> (Options, String) {
        let mut options = Options::new(Operation::TrainModel, Explicit::Flags);
        let read = options.parse_file(text, "c.txt");
        (options, read.err().map_or_else(String::new, |error| error.to_string()))
    }

    #[test]
    fn keys_that_were_ignored_get_one_warning_and_relevant_labels_are_variables() {
        let file = "tfhub_module; https://tfhub.dev/x\noptimizer_ind; Adam\nlogpath; ./x/\nlabel_weights; [1, 2]\n\
            relevant_labels; #place, #material\nbool_data_aug; True\nsimilarity_thresh; 0.5\n";
        let (options, refusal) = train(file);
        assert_eq!(refusal, "");
        let warning = options.warning().unwrap();
        for key in ["tfhub_module", "optimizer_ind", "label_weights", "bool_data_aug", "similarity_thresh"] {
            assert!(warning.contains(&format!("`{key}` (")), "{warning}");
        }
        let parameters = TrainModelParameters::from_options(&options).unwrap();
        assert_eq!(parameters.training.relevant_variables, ["place", "material"]);
        assert_eq!(train("logpath; ./x/\n").0.warning(), None);
    }

    #[test]
    fn allow_incomplete_says_how_many_labels_are_needed() {
        for (value, needed) in [("True", 0), ("False", 5)] {
            let mut options = Options::new(Operation::CreateDataset, Explicit::Arguments);
            options.parse_file("csvfile; a.csv\n", "c.txt").unwrap();
            options.set("allow_incomplete", value).unwrap();
            assert_eq!(CreateDatasetParameters::from_options(&options).unwrap().num_labeled, needed);
        }
        let (_, refusal) = train("allow_incomplete; True\n");
        assert!(refusal.contains("c.txt:1: unknown key `allow_incomplete` for train-model"), "{refusal}");
        let mut twice = Options::new(Operation::CreateDataset, Explicit::Arguments);
        let refusal = twice.parse_file("num_labeled; 1\nallow_incomplete; True\n", "c.txt").unwrap_err().to_string();
        assert!(refusal.contains("is repeated; it stands in line 1 too"), "{refusal}");
    }

    #[test]
    fn allow_incomplete_by_its_position_says_how_many_labels_are_needed() {
        for (value, needed) in [("True", 0), ("False", 5), ("3", 3)] {
            let mut options = Options::new(Operation::CreateDataset, Explicit::Arguments);
            options.set("csvfile", "a.csv").unwrap();
            options.set("num_labeled", value).unwrap();
            assert_eq!(CreateDatasetParameters::from_options(&options).unwrap().num_labeled, needed);
        }
    }

    fn read<P: Parameters>(text: &str) -> (P, Option<String>) {
        let mut options = Options::new(P::OPERATION, Explicit::Flags);
        options.parse_file(text, "c.txt").unwrap();
        (P::from_options(&options).unwrap(), options.warning())
    }

    /// The keys of the files that the first version of the toolbox came with.
    #[test]
    fn files_of_the_first_generation_are_read() {
        let similarity = "similarity_thresh; 1\nlabel_weights; [1, 1]\nrelevant_labels; #place, #timespan";
        let network =
            "tfhub_module; https://tfhub.dev/resnet/1 \nadd_fc; [1024, 128] \nhub_num_retrain; 0 \noptimizer_ind; Adam";
        let (trained, warning) = read::<TrainModelParameters>(&format!(
            "****FILES****\nmaster_file_name; a.txt\nmaster_dir; ./s/\nlogpath; ./o/\n\n{network}\n{similarity}\n"
        ));
        assert_eq!((trained.training.add_fc, trained.training.relevant_variables.len()), (vec![1024, 128], 2));
        assert_eq!(warning.unwrap().matches('`').count() / 2, 4 + 2, "four keys, and two that one of them names");
        let (crossed, _) = read::<CrossvalidationParameters>(&format!(
            "master_file_name; a.txt\nmaster_dir; ./s/\nlogpath; ./o/\n{network}\nnum_neighbors; 5\n{similarity}\n"
        ));
        assert_eq!(crossed.num_neighbors, 5);
        let (built, _) = read::<BuildKDTreeParameters>(
            "model_path; m\nmaster_file_tree; a.txt\nmaster_dir_tree; s\nsavepath; t\nrelevant_labels; #place\n",
        );
        assert_eq!(built.relevant_variables, ["place"]);
        let (made, _) = read::<CreateDatasetParameters>("csvfile; a.csv\nimgsavepath; ./d/\nallow_incomplete; True\n");
        assert_eq!(made.num_labeled, 0);
    }

    /// The keys of the files that D4.6 generates, where they differ from those of today.
    #[test]
    fn files_of_d46_are_read() {
        let training = "master_file_name; a.txt\nmaster_file_dir; ./s/\nlog_dir; ./l/\nmodel_dir; ./m/\nadd_fc; [16] \n\
            num_fine_tune_layers; 2 \nbatch_size; 30\nvalidation_percentage; 10\nloss_ind; soft_triplet_loss\n\
            relevant_variables; #place, #material\n";
        let (trained, warning) = read::<TrainModelParameters>(training);
        assert!(warning.unwrap().contains("`log_dir` ("));
        assert_eq!((trained.master_dir, trained.logpath), ("./s/".into(), "./m/".into()));
        let training_keys = trained.training;
        assert_eq!((training_keys.hub_num_retrain, training_keys.train_batch_size), (2, 30));
        assert_eq!((training_keys.val_percentage, training_keys.loss_ind), (10, LossKind::SoftTriplet));
        let folders = "tree_dir; ./t/\npred_gt_dir; ./p/\neval_result_dir; ./e/\n";
        let (crossed, warning) = read::<CrossvalidationParameters>(&format!("{training}{folders}num_neighbors; 6\n"));
        assert_eq!(crossed.logpath, std::path::PathBuf::from("./m/"));
        let warning = warning.unwrap();
        for key in ["log_dir", "tree_dir", "pred_gt_dir", "eval_result_dir"] {
            assert!(warning.contains(&format!("`{key}` (")), "{warning}");
        }
        let (built, _) = read::<BuildKDTreeParameters>(
            "model_dir; m\nmaster_file_tree; a.txt\nmaster_dir_tree; s\ntree_dir; t\nrelevant_variables; #place\n",
        );
        assert_eq!((built.model_path, built.savepath), ("m".into(), "t".into()));
        let (found, _) = read::<GetKNNParameters>(
            "tree_dir; t\nmaster_file_retrieval; a.txt\nmaster_dir_retrieval; s\nmodel_dir; m\npred_gt_dir; p\n",
        );
        assert_eq!((found.treepath, found.model_path, found.savepath), ("t".into(), "m".into(), "p".into()));
        assert_eq!((found.master_file_prediction, found.master_dir_prediction), ("a.txt".to_owned(), "s".into()));
        let (judged, _) = read::<EvaluateModelParameters>("pred_gt_dir; p\neval_result_dir; e\n");
        assert_eq!((judged.pred_gt_path, judged.result_path), ("p".into(), "e".into()));
        let (made, _) = read::<CreateDatasetParameters>("csvfile; a.csv\nimgsave_dir; ./d/\nnum_labeled; 2\n");
        assert_eq!((made.imgsavepath, made.num_labeled), ("./d/".into(), 2));
    }

    #[test]
    fn losses_that_were_not_ported_are_told() {
        for loss in ["contrastive_thres", "triplet_thresh"] {
            let (_, refusal) = train(&format!("loss_ind; {loss}\n"));
            assert!(refusal.contains(&format!("c.txt:1: `loss_ind; {loss}` is not there any more")), "{refusal}");
        }
    }
}
