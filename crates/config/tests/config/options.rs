//! What is typed, in files and explicitly, and how errors about it are worded.

use silknow_config::{CreateDatasetParameters, Explicit, Operation, Options, Parameters, Result, TrainModelParameters};
use silknow_errors::ErrorKind;

fn dataset() -> Options {
    Options::new(Operation::CreateDataset, Explicit::Flags)
}

fn message(result: Result<impl std::fmt::Debug>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn titles_and_lines_without_semicolon_are_ignored() {
    let mut options = dataset();
    options.parse_file("****A; TITLE****\n\nsome words\r\n  csvfile ; a;b.csv \r\n", "c.txt").unwrap();
    assert_eq!(options.text("csvfile"), Some("a;b.csv"));
    assert!(Operation::CreateDataset.keys().all(|key| key.name == "csvfile" || options.text(key.name).is_none()));
}

#[test]
fn a_key_in_another_form_is_pointed_out_with_the_right_one() {
    for (line, right) in [
        ("num_labeled: 2", "num_labeled; 2"),
        ("  num_labeled = 2 ", "num_labeled; 2"),
        ("num_labeled=2;", "num_labeled; 2"),
        ("\"csvfile\": \"./a b.csv\",", "csvfile; ./a b.csv"),
        ("csvfile: C:\\a;b.csv", "csvfile; C:\\a;b.csv"),
        ("--num_labeled 2", "num_labeled; 2"),
        ("num_labeled\t2", "num_labeled; 2"),
        ("num-labeled: 2", "num_labeled; 2"),
        ("minnumsaples = 3", "minnumsamples; 3"),
        ("imgsavpath: ./x/", "imgsavepath; ./x/"),
        ("num_neighbors: 3", "num_neighbors; 3"),
        ("csvfile", "csvfile;"),
    ] {
        let message = message(dataset().parse_file(&format!("seed; 1\n{line}\n"), "c.txt"));
        let expected = format!(
            "c.txt:2: `{}` is not read: key and value are separated by a semicolon\nhint: write `{right}`",
            line.trim()
        );
        assert_eq!(message, expected);
    }
    let prose = "Note: made by hand\nthese are words\n# num_labeled: 2\na = b\nseed; 1\ncsvfile; a:b=c";
    dataset().parse_file(prose, "c.txt").unwrap();
}

#[test]
fn a_file_without_a_key_is_no_configuration() {
    for text in ["", "****TITLE****\n", "image_file,place\na.jpg,ES\n", "some words\n"] {
        let message = message(dataset().parse_file(text, "c.csv"));
        assert!(
            message.starts_with(
                "c.csv: this is no configuration file of create-dataset: no line states a key\nhint: a configuration has \
                 lines such as `csvfile; ./export.csv`; the keys are csvfile, imgsavepath,"
            ),
            "{message}"
        );
    }
}

#[test]
fn explicit_values_count_more_than_the_files_in_either_order() {
    let mut options = dataset();
    options.set("num_labeled", "2").unwrap();
    options.parse_file("num_labeled; 1", "c.txt").unwrap();
    assert_eq!(options.text("num_labeled"), Some("2"));
}

#[test]
fn an_unknown_key_names_file_line_and_nearest_key() {
    assert_eq!(
        message(dataset().parse_file("csvfile; a\nimgsavpath; b", "c.txt")),
        "c.txt:2: unknown key `imgsavpath` for create-dataset\nhint: did you mean `imgsavepath`?"
    );
    assert_eq!(
        message(dataset().set("imgsavpath", "b")),
        "unknown key `--imgsavpath` for create-dataset\nhint: did you mean `--imgsavepath`?"
    );
}

#[test]
fn a_key_of_another_operation_is_told_so() {
    assert_eq!(
        message(dataset().parse_file("num_neighbors; 3", "c.txt")),
        "c.txt:1: unknown key `num_neighbors` for create-dataset\nhint: `num_neighbors` is a key of get-knn \
         and crossvalidation"
    );
}

#[test]
fn a_repeated_key_names_both_lines_also_in_another_spelling() {
    assert_eq!(
        message(dataset().parse_file("minnumsamples; 3\n\nminnumsaples; 4", "c.txt")),
        "c.txt:3: the key `minnumsaples` is repeated; it stands in line 1 too\nhint: keep one of the two lines"
    );
    let mut options = dataset();
    options.set("minnumsamples", "3").unwrap();
    assert!(message(options.set("minnumsaples", "3")).starts_with("`--minnumsaples` is given twice"));
}

#[test]
fn a_missing_key_is_named_with_a_line_or_flag_to_copy() {
    let mut options = dataset();
    assert_eq!(
        message(CreateDatasetParameters::from_options(&options)),
        "the key `csvfile` of create-dataset is missing\nhint: give --csvfile ./export.csv, or --config with a \
         file that has it"
    );
    options.parse_file("num_labeled; 1", "c.txt").unwrap();
    assert_eq!(
        message(CreateDatasetParameters::from_options(&options)),
        "c.txt: the key `csvfile` of create-dataset is missing\nhint: add a line such as `csvfile; ./export.csv`"
    );
}

#[test]
fn a_wrong_value_names_its_place_and_what_was_expected() {
    let mut options = dataset();
    options.parse_file("csvfile; a.csv\nnum_labeled; 6", "c.txt").unwrap();
    assert_eq!(
        message(CreateDatasetParameters::from_options(&options)),
        "c.txt:2: `num_labeled` must be a whole number from 0 to 5, but it is `6`\nhint: for example `1`"
    );
    options.set("num_labeled", "-1").unwrap();
    assert_eq!(
        message(CreateDatasetParameters::from_options(&options)),
        "`--num_labeled` must be a whole number from 0 to 5, but it is `-1`\nhint: for example `1`"
    );
}

#[test]
fn a_misspelt_choice_names_the_nearest() {
    let mut options = Options::new(Operation::TrainModel, Explicit::Arguments);
    options.set("device", "cud").unwrap();
    assert_eq!(
        message(TrainModelParameters::from_options(&options)),
        "`device` must be auto, cpu, cuda or wgpu, but it is `cud`\nhint: did you mean `cuda`?"
    );
}

#[test]
fn a_file_that_is_not_utf8_is_a_fault_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.txt");
    std::fs::write(&path, b"csvfile; a\nnum_labeled; \xff").unwrap();
    let error = dataset().read_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("c.txt:2: the text is not UTF-8"), "{error}");
    assert_eq!(dataset().read_file(folder.path().join("none.txt")).unwrap_err().kind(), ErrorKind::Io);
}
