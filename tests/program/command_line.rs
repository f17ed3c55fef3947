//! The command line itself: help, usage errors, configuration errors, and where results are printed.

use std::fs;
use std::process::Stdio;

use crate::place::{Outcome, Place};

fn run(arguments: &[&str]) -> Outcome {
    Place::new().run(arguments)
}

const VERBS: [&str; 17] = [
    "create-dataset",
    "train-model",
    "build-kdtree",
    "get-knn",
    "evaluate-model",
    "crossvalidation",
    "describe",
    "search",
    "serve",
    "build-map",
    "import-model",
    "import-index",
    "export-index",
    "export-onnx",
    "demo",
    "doctor",
    "completions",
];

/// All keys of `get-knn` that have no default.
const QUERY: &str = "****CONFIGURATION****
treepath; ./tree/
master_file_prediction; queries.txt
master_dir_prediction; ./samples/
model_path; ./model/
savepath; ./results/
";

#[test]
fn every_verb_explains_itself() {
    for verb in VERBS {
        let outcome = run(&[verb, "--help"]);
        assert!(outcome.stdout.contains("\nExample"), "{verb} shows no example");
        insta::assert_snapshot!(format!("help_of_{verb}"), outcome);
    }
}

#[test]
fn the_program_lists_its_verbs() {
    insta::assert_snapshot!("help_of_the_program", run(&["--help"]));
}

#[test]
fn without_a_verb_the_help_is_a_usage_error() {
    let outcome = run(&[]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.stderr.contains("Usage: silknow"), "{outcome}");
}

#[test]
fn the_version_is_printed_as_data() {
    let outcome = run(&["--version"]);
    assert_eq!(outcome.code, Some(0));
    assert_eq!(outcome.stdout, concat!("silknow ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn an_unknown_verb_names_the_nearest() {
    insta::assert_snapshot!("unknown_verb", run(&["train-modle"]));
}

#[test]
fn an_unknown_flag_names_the_nearest() {
    insta::assert_snapshot!("unknown_flag", run(&["create-dataset", "--minnumsample", "3"]));
}

#[test]
fn an_unknown_key_in_a_file_names_the_nearest() {
    let place = Place::new();
    place.write("dataset.txt", "csvfile; export.csv\nminnumsample; 3\n");
    insta::assert_snapshot!("unknown_key", place.run(&["create-dataset", "--config", "dataset.txt"]));
}

#[test]
fn a_key_of_another_operation_names_its_owner() {
    let place = Place::new();
    place.write("dataset.txt", "csvfile; export.csv\nloss_ind; soft_triplet\n");
    insta::assert_snapshot!("key_of_another_operation", place.run(&["create-dataset", "--config", "dataset.txt"]));
}

#[test]
fn a_repeated_key_names_both_lines() {
    let place = Place::new();
    place.write("dataset.txt", "csvfile; a.csv\nnum_labeled; 1\ncsvfile; b.csv\n");
    insta::assert_snapshot!("repeated_key", place.run(&["create-dataset", "--config", "dataset.txt"]));
}

#[test]
fn a_missing_key_shows_how_to_give_it() {
    insta::assert_snapshot!("missing_key_without_a_file", run(&["create-dataset", "--num_labeled", "1"]));
    let place = Place::new();
    place.write("dataset.txt", "num_labeled; 1\n");
    insta::assert_snapshot!("missing_key_in_a_file", place.run(&["create-dataset", "--config", "dataset.txt"]));
}

#[test]
fn values_out_of_range_are_refused_before_any_work() {
    let refused = [
        ("create-dataset", "csvfile; export.csv\n", "num_labeled", "6"),
        ("create-dataset", "csvfile; export.csv\n", "minnumsamples", "0"),
        ("train-model", "", "val_percentage", "100"),
        ("train-model", "", "val_percentage", "-1"),
        ("train-model", "", "random_crop", "[1, 0.7]"),
        ("train-model", "", "hub_num_retrain", "51"),
        ("train-model", "", "learning_rate", "fast"),
        ("train-model", "", "relevant_variables", "#time span"),
        ("crossvalidation", "", "num_neighbors", "0"),
        ("get-knn", QUERY, "num_neighbors", "0"),
        ("get-knn", QUERY, "bool_labeled_input", "maybe"),
    ];
    let mut shown = String::new();
    for (verb, file, key, value) in refused {
        let place = Place::new();
        let flag = format!("--{key}");
        let mut files = 1;
        let by_flag = if file.is_empty() {
            place.run(&[verb, &flag, value])
        } else {
            files += 1;
            place.write("with_flag.txt", file);
            place.run(&[verb, "--config", "with_flag.txt", &flag, value])
        };
        place.write("in_file.txt", format!("{file}{key}; {value}\n"));
        let by_file = place.run(&[verb, "--config", "in_file.txt"]);
        shown.push_str(&format!("{verb}\n{by_flag}{by_file}\n"));
        let left: Vec<_> = fs::read_dir(place.path()).unwrap().collect();
        assert_eq!(left.len(), files, "{verb} began to work in spite of {key} {value}");
    }
    insta::assert_snapshot!("values_out_of_range", shown);
}

#[test]
fn a_misspelt_choice_names_the_nearest_in_flag_and_file() {
    let place = Place::new();
    insta::assert_snapshot!("misspelt_choice_in_a_flag", place.run(&["train-model", "--backbone", "resnet5"]));
    place.write("train.txt", "loss_ind; soft_tripplet\n");
    insta::assert_snapshot!("misspelt_choice_in_a_file", place.run(&["train-model", "--config", "train.txt"]));
}

#[test]
fn a_missing_configuration_file_is_named() {
    insta::assert_snapshot!("missing_configuration_file", run(&["train-model", "--config", "nowhere.txt"]));
}

#[test]
fn a_configuration_file_that_is_not_utf8_names_the_line() {
    let place = Place::new();
    place.write("train.txt", b"master_dir; ./samples/\nlogpath; ./caf\xe9/\n");
    insta::assert_snapshot!("configuration_not_utf8", place.run(&["train-model", "--config", "train.txt"]));
}

#[test]
fn flags_count_more_than_the_file_in_either_spelling() {
    let place = Place::new();
    place.write("train.txt", "val_percentage; 25\nmaster_dir; ./nowhere/\n");
    for flag in ["--val_percentage", "--val-percentage"] {
        let outcome = place.run(&["train-model", "--config", "train.txt", flag, "100"]);
        assert!(outcome.stderr.contains("`--val_percentage` must be"), "{outcome}");
    }
}

#[test]
fn search_checks_its_values_before_any_work() {
    let arguments = ["search", "query.jpg", "--treepath", "tree", "--model_path", "model", "--num_neighbors", "0"];
    insta::assert_snapshot!("search_without_neighbours", run(&arguments));
}

#[test]
fn describe_takes_a_model_or_a_backbone_but_not_both() {
    let outcome = run(&["describe", "a.jpg", "--model_path", "model", "--backbone", "resnet18"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("cannot be used with"), "{outcome}");
}

#[test]
fn a_missing_input_is_an_error_of_the_data() {
    let outcome = run(&["evaluate-model", "--pred_gt_path", "nowhere", "--result_path", "results"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(3), ""));
    assert!(outcome.stderr.starts_with("error: "), "{outcome}");
    assert!(outcome.stderr.contains("nowhere"), "{outcome}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let place = Place::new();
    place.write("taken", "a file");
    let outcome = place.run(&["demo", "--out", "taken/demo"]);
    assert_eq!(outcome.code, Some(3));
    assert!(outcome.stderr.contains("cannot work in the folder `taken/demo`"), "{outcome}");
    assert!(outcome.stderr.contains("hint: choose another folder with --out"), "{outcome}");
}

#[test]
fn the_doctor_reports_as_text_and_as_json() {
    let place = Place::new();
    let text = place.run(&["doctor"]);
    assert_eq!(text.code, Some(0));
    assert!(text.stdout.contains("processor") && text.stderr.is_empty(), "{text}");
    let json: serde_json::Value = serde_json::from_str(&place.run(&["doctor", "--json"]).stdout).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn completions_know_the_verbs_and_their_flags() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let outcome = run(&["completions", shell]);
        assert_eq!(outcome.code, Some(0), "{shell}");
        assert!(outcome.stdout.contains("crossvalidation") && outcome.stdout.contains("augmented_views"), "{shell}");
    }
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let place = Place::new();
    let mut program =
        place.command(&["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(program.stdout.take());
    let output = program.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
