//! Collections that cannot be trained on, or only in part: the error names the file, the line and what to do.

use std::fs;

use crate::place::{Outcome, Place};

const JPEG: &[u8] = include_bytes!("../../crates/image/tests/reference/files/progressive.jpg");

/// A training that is over at once, on the collections of `samples/master.txt`.
const TRAIN: [&str; 17] = [
    "train-model",
    "--master_file_name",
    "master.txt",
    "--master_dir",
    "samples",
    "--logpath",
    "model",
    "--backbone",
    "resnet18",
    "--weights",
    "builtin",
    "--device",
    "cpu",
    "--input_size",
    "32",
    "--add_fc",
    "[4]",
];

/// A folder with the images `a.jpg` to `d.jpg` and a collection file of the given header and rows.
fn place_with(collection: &str) -> Place {
    let place = Place::new();
    fs::create_dir(place.path().join("samples")).unwrap();
    for name in ["a.jpg", "b.jpg", "c.jpg", "d.jpg"] {
        place.write(&format!("samples/{name}"), JPEG);
    }
    place.write("samples/collection.txt", collection);
    place.write("samples/master.txt", "collection.txt\n");
    place
}

fn train(place: &Place, variables: &str, more: &[&str]) -> Outcome {
    let given = ["--relevant_variables", variables, "--how_many_training_steps", "2"];
    place.run(&[&TRAIN[..], &given, more].concat())
}

#[test]
fn a_bad_collection_is_refused_with_its_line() {
    let cases = [
        (
            "#image_file\t#place\t#material\t\na.jpg\tES\n",
            "samples/collection.txt:2: the row has 2 cells, the header 3",
        ),
        (
            "#image_file\t#place\t\na.jpg\tES\tsilk\tx\t\n",
            "samples/collection.txt:2: the row has 4 cells, the header 2",
        ),
        ("#image_file\t#time\t\na.jpg\tlate\t\n", "samples/collection.txt:1: the header has no variable `place`"),
        ("a.jpg\tES\t\n", "samples/collection.txt:1: the first column is headed `a.jpg`, not `#image_file`"),
        (
            "#image_file\t#place\t\na.jpg\tES\t\nb.jpg\tES\t\na.jpg\tFR\t\n",
            "samples/collection.txt:4: the image `a.jpg` stands on line 2 of `collection.txt` with other labels",
        ),
        ("#image_file\t#place\t\n", "samples/master.txt: no sample is listed"),
        ("#image_file\t#place\t\na.jpg\tnan\t\nb.jpg\t\t\n", "0 of 2 training samples can be used"),
        ("#image_file\t#place\t\na.jpg\tES\t\n", "1 of 1 training samples can be used"),
        ("#image_file\t#place\t\na.jpg\tES\t\nb.jpg\tES\t\n", "no variable has two classes among the training samples"),
    ];
    for (collection, message) in cases {
        let place = place_with(collection);
        let outcome = train(&place, "#place", &["--val_percentage", "0"]);
        assert_eq!(outcome.code, Some(3), "{outcome}");
        assert!(outcome.stderr.contains(message) && outcome.stderr.contains("\nhint: "), "{message}: {outcome}");
        assert!(!place.path().join("model/model.json").exists(), "{outcome}");
    }
}

#[test]
fn a_master_file_that_names_a_missing_collection_is_refused_with_its_line() {
    let place = place_with("#image_file\t#place\t\na.jpg\tES\t\n");
    place.write("samples/master.txt", "collection.txt\ncollection_9.txt\n");
    let outcome = train(&place, "#place", &[]);
    assert_eq!(outcome.code, Some(3), "{outcome}");
    let message = "samples/master.txt:2: the collection file `samples/collection_9.txt` does not exist\nhint: ";
    assert!(outcome.stderr.contains(message), "{outcome}");
}

#[test]
fn what_can_be_trained_on_is_and_the_rest_is_told() {
    let rows = "a.jpg\tES\tsilk\t\nb.jpg\tFR\tsilk\t\nc.jpg\tFR\tnan\t\nd.jpg\tES\tsilk\t\na.jpg\tES\tsilk\t\n";
    let place = place_with(&format!("#image_file\t#place\t#material\t\n{rows}lost.jpg\tES\tsilk\t\n"));
    let outcome = train(&place, "#place, #material", &["--val_percentage", "0", "--train_batch_size", "5000"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("trained with 4 of 5 samples"), "{outcome}");
    for told in ["lost.jpg", "`material` are of one class", "batch"] {
        assert!(outcome.stderr.contains(told), "{told}: {outcome}");
    }
}
