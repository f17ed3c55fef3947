//! Files of every released format version must open for good: they are committed, and nothing here may change but by
//! adding a version. `examples/sample_files.rs` made them.

use std::path::Path;

use silknow_arrays::npz;
use silknow_index::{Classification, Index, MemoryIndex};
use silknow_records::MISSING;

fn folder(version: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(version)
}

#[test]
fn an_index_of_version_1_opens() {
    let index = MemoryIndex::read(folder("v1")).unwrap();
    let names: Vec<&str> = index.records().iter().map(|record| record.name.as_str()).collect();
    assert_eq!(names, ["img/m__11__a.jpg", "img/m__12__b.jpg", "img/plain_ñ.jpg"]);
    assert_eq!((index.dims(), index.descriptors()), (2, [1.0, 0.0, 0.6, 0.8, 0.0, -1.0].as_slice()));
    assert_eq!(index.labels().indices(), [0, 0, 1, MISSING, MISSING, MISSING]);
    assert_eq!(index.vocabulary().names(), ["place", "timespan"]);
    assert_eq!(index.vocabulary().variables[0].classes, ["ES", "FR"]);
    assert_eq!(index.vocabulary().variables[1].class_name(0), "eighteenth_century_(dates_CE)");
    assert_eq!(index.vocabulary().variables[1].class_text(0), "eighteenth century (dates CE)");
    assert_eq!((index.meta().format_version, index.model_fingerprint()), (1, "0123456789abcdef"));
    assert_eq!(index.meta().made_with["master_file"], "master_file_tree.txt");
    // What a file of this version does not say follows from the names of the images.
    assert_eq!((&*index.records()[0].object.id, index.records()[0].object.museum.as_deref()), ("11", Some("m")));
}

#[test]
fn an_index_of_version_1_is_written_with_the_same_arrays() {
    let new = tempfile::tempdir().unwrap();
    MemoryIndex::read(folder("v1")).unwrap().write(new.path()).unwrap();
    let [mut old, mut new] =
        [folder("v1"), new.path().to_path_buf()].map(|folder| npz::Reader::open(folder.join("kdtree.npz")).unwrap());
    for name in ["Tree", "Labels", "DictTrain", "relevant_variables", "label2class_list", "meta"] {
        assert_eq!(old.array(name).unwrap(), new.array(name).unwrap(), "{name}");
    }
}

#[test]
fn a_classification_of_version_1_opens() {
    let read = Classification::read(folder("v1")).unwrap();
    assert_eq!(read.names, ["query/m__21__a.jpg"]);
    assert_eq!(read.truth.indices(), [0, MISSING]);
    assert_eq!(read.predictions.indices(), [1, 0]);
    let neighbours = read.neighbours.unwrap();
    assert_eq!(neighbours.names, ["img/m__12__b.jpg", "img/m__11__a.jpg"]);
    assert_eq!(neighbours.labels.indices(), [1, MISSING, 0, 0]);
    assert!(neighbours.distances[0] < neighbours.distances[1]);
}
