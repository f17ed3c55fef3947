//! Collections that cannot be trained on, or only in part: the error names the file, the line and what to do.

use crate::place::Place;

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
        let place = Place::with_collection(collection);
        let outcome = place.train("model", "#place", &["--val_percentage", "0"]);
        assert_eq!(outcome.code, Some(3), "{outcome}");
        assert!(outcome.stderr.contains(message) && outcome.stderr.contains("\nhint: "), "{message}: {outcome}");
        assert!(!place.path().join("model/model.json").exists(), "{outcome}");
    }
}

#[test]
fn a_master_file_that_names_a_missing_collection_is_refused_with_its_line() {
    let place = Place::with_collection("#image_file\t#place\t\na.jpg\tES\t\n");
    place.write("samples/master.txt", "collection.txt\ncollection_9.txt\n");
    let outcome = place.train("model", "#place", &[]);
    assert_eq!(outcome.code, Some(3), "{outcome}");
    let message = "samples/master.txt:2: the collection file `samples/collection_9.txt` does not exist\nhint: ";
    assert!(outcome.stderr.contains(message), "{outcome}");
}

#[test]
fn what_can_be_trained_on_is_and_the_rest_is_told() {
    let rows = "a.jpg\tES\tsilk\t\nb.jpg\tFR\tsilk\t\nc.jpg\tFR\tnan\t\nd.jpg\tES\tsilk\t\na.jpg\tES\tsilk\t\n";
    let place = Place::with_collection(&format!("#image_file\t#place\t#material\t\n{rows}lost.jpg\tES\tsilk\t\n"));
    let outcome = place.train("model", "#place, #material", &["--val_percentage", "0", "--train_batch_size", "5000"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("trained with 4 of 5 samples"), "{outcome}");
    for told in ["lost.jpg", "`material` are of one class", "batch"] {
        assert!(outcome.stderr.contains(told), "{told}: {outcome}");
    }
}
