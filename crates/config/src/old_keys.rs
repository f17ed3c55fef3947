//! Keys and values of the Python toolbox's older configuration files, and what they mean today.

/// What a key of an older file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning<'t> {
    /// Another key with a value.
    Is(&'static str, &'t str),
    /// Nothing; its name, and why.
    PassedOver(&'static str, &'static str),
}

/// The keys that the old reader took and then ignored or overwrote.
const PASSED_OVER: [(&str, &str); 5] = [
    ("tfhub_module", "`backbone` and `weights` choose the network"),
    ("optimizer_ind", "training uses Adam, as it did"),
    ("bool_data_aug", "augmentation follows from its own keys, as it did"),
    ("similarity_thresh", "the losses have no threshold, as then"),
    ("label_weights", "all variables count the same, as they did"),
];

/// What a key that is not one of today means; none for a key that never was.
pub(crate) fn meaning<'t>(name: &str, text: &'t str) -> Option<Meaning<'t>> {
    match name {
        "relevant_labels" => Some(Meaning::Is("relevant_variables", text)),
        // Images of which some labels are missing were kept, or those alone that had all five.
        "allow_incomplete" => Some(match text.to_ascii_lowercase().as_str() {
            "true" => Meaning::Is("num_labeled", "0"),
            "false" => Meaning::Is("num_labeled", "5"),
            // The check of the value then says that this is none.
            _ => Meaning::Is("num_labeled", text),
        }),
        _ => PASSED_OVER.iter().find(|(known, _)| *known == name).map(|&(name, why)| Meaning::PassedOver(name, why)),
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
    use crate::{CreateDatasetParameters, Explicit, Operation, Options, Parameters, TrainModelParameters};

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
    fn losses_that_were_not_ported_are_told() {
        for loss in ["contrastive_thres", "triplet_thresh"] {
            let (_, refusal) = train(&format!("loss_ind; {loss}\n"));
            assert!(refusal.contains(&format!("c.txt:1: `loss_ind; {loss}` is not there any more")), "{refusal}");
        }
    }
}
