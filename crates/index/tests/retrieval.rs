//! Retrieval as a whole: the files it writes, to the byte, and the warnings it gives.

use std::fs;
use std::path::Path;

use silknow_errors::ErrorKind;
use silknow_index::{Classification, DescriptorIndex, IndexMeta, Queries, Retriever};
use silknow_progress::{Recorder, Silent};
use silknow_records::{LabelMatrix, Variable, Vocabulary};

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(String::from).into()
}

/// Four images on a line; the labels of the last are not known.
fn index() -> DescriptorIndex {
    DescriptorIndex {
        vocabulary: Vocabulary {
            variables: vec![
                Variable::new("place", ["ES", "FR"]),
                Variable::new("timespan", ["eighteenth_century_(dates_CE)"]),
            ],
        },
        names: texts(["img/m__11__a.jpg", "img/m__12__l'or.jpg", "img/plain.jpg", "img/m__13__d.jpg"]),
        labels: LabelMatrix::from_indices(2, vec![0, 0, 1, -1, 0, 0, -1, -1]).unwrap(),
        descriptors: vec![0.0, 0.5, 1.0, 4.0],
        dims: 1,
        meta: IndexMeta::new("model"),
    }
}

fn queries(labels: Option<Vec<Vec<Option<String>>>>) -> Queries {
    Queries { names: texts(["q/one.jpg", "q/two, too.jpg"]), descriptors: vec![0.125, 5.0], labels }
}

fn label(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Retrieves and writes into `folder` as if the index lay in a folder beside it.
fn run(folder: &Path, labels: Option<Vec<Vec<Option<String>>>>, k: usize) {
    let index = index();
    let found = Retriever::new(&index).unwrap().retrieve(queries(labels), k, &Silent).unwrap();
    let names = index.names_relative_to(folder.with_file_name("index"), folder).unwrap();
    found.write(&index, &names, folder).unwrap();
}

#[test]
fn the_list_of_labelled_queries_has_the_documented_layout() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), Some(vec![vec![label("ES"), None], vec![label("IT"), None]]), 3);
    let list = fs::read_to_string(folder.path().join("knn_list.txt")).unwrap();
    let expected = "\
*******q/one.jpg*******
 Groundtruth: 
#place \t#timespan \t
ES \t \tnan \t \t
 Predictions: 
#place \t#timespan \t
ES \t \teighteenth_century_(dates_CE) \t \t
 k nearest neighbours: 
#filename \t #distance #place \t#timespan \t
../index/img/m__11__a.jpg \t0.125 \tES \teighteenth_century_(dates_CE) \t
../index/img/m__12__l'or.jpg \t0.375 \tFR \tnan \t
../index/img/plain.jpg \t0.875 \tES \teighteenth_century_(dates_CE) \t

*******q/two, too.jpg*******
 Groundtruth: 
#place \t#timespan \t
IT \t \tnan \t \t
 Predictions: 
#place \t#timespan \t
ES \t \teighteenth_century_(dates_CE) \t \t
 k nearest neighbours: 
#filename \t #distance #place \t#timespan \t
../index/img/m__13__d.jpg \t1.0 \tnan \tnan \t
../index/img/plain.jpg \t4.0 \tES \teighteenth_century_(dates_CE) \t
../index/img/m__12__l'or.jpg \t4.5 \tFR \tnan \t

";
    assert_eq!(list, expected);
}

#[test]
fn the_list_of_unlabelled_queries_has_no_truth_and_no_arrays_are_written() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), None, 1);
    let list = fs::read_to_string(folder.path().join("knn_list.txt")).unwrap();
    let expected = "\
*******q/one.jpg*******
 Predictions: 
#place \t#timespan \t
ES \t \teighteenth_century_(dates_CE) \t \t
 k nearest neighbours: 
#filename \t #distance #place \t#timespan \t
../index/img/m__11__a.jpg \t0.125 \tES \teighteenth_century_(dates_CE) \t

*******q/two, too.jpg*******
 Predictions: 
#place \t#timespan \t
nan \t \tnan \t \t
 k nearest neighbours: 
#filename \t #distance #place \t#timespan \t
../index/img/m__13__d.jpg \t1.0 \tnan \tnan \t

";
    assert_eq!(list, expected);
    assert!(!folder.path().join("pred_gt.npz").exists());
}

#[test]
fn the_table_holds_python_lists_in_quoted_cells() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), None, 2);
    let table = fs::read_to_string(folder.path().join("kNN_LUT.csv")).unwrap();
    let expected = r#"input_image_name,kNN_image_names,kNN_kg_object_uri,kNN_kD_index,kNN_descriptor_dist
"q/one.jpg","['../index/img/m__11__a.jpg', '../index/img/m__12__l\'or.jpg']","['11', '12']","[0, 1]","[0.125, 0.375]"
"q/two, too.jpg","['../index/img/m__13__d.jpg', '../index/img/plain.jpg']","['13', '']","[3, 2]","[1.0, 4.0]"
"#;
    assert_eq!(table, expected);
}

#[test]
fn the_arrays_hold_truth_predictions_and_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), Some(vec![vec![label("IT"), None], vec![label("FR"), label("new")]]), 2);
    let read = Classification::read(folder.path()).unwrap();
    // Classes that the index does not know follow those that it knows.
    assert_eq!(read.vocabulary.variables[0].classes, ["ES", "FR", "IT"]);
    assert_eq!(read.truth.indices(), [2, -1, 1, 1]);
    assert_eq!(read.predictions.indices(), [0, 0, 0, 0]);
    assert_eq!(read.names, ["q/one.jpg", "q/two, too.jpg"]);
    let neighbours = read.neighbours.unwrap();
    assert_eq!(neighbours.k, 2);
    assert_eq!(neighbours.names[2..], ["../index/img/m__13__d.jpg", "../index/img/plain.jpg"]);
    assert_eq!(neighbours.distances, [0.125, 0.375, 1.0, 4.0]);
    assert_eq!(neighbours.labels.indices(), [0, 0, 1, -1, -1, -1, 0, 0]);
    assert_eq!(IndexMeta::from_json(&read.meta).unwrap().model_fingerprint, "model");
}

#[test]
fn more_neighbours_than_images_are_all_with_a_warning() {
    let (index, observer) = (index(), Recorder::default());
    let found = Retriever::new(&index).unwrap().retrieve(queries(None), 9, &observer).unwrap();
    assert_eq!(found.neighbours.of(0).0, [0, 1, 2, 3]);
    assert_eq!(observer.warnings(), ["9 neighbours are asked for, but the index has 4: all are given"]);
}

#[test]
fn descriptors_of_other_dimensions_and_zero_neighbours_are_refused() {
    let index = index();
    let retriever = Retriever::new(&index).unwrap();
    let wide = Queries { descriptors: vec![0.0; 4], ..queries(None) };
    let error = retriever.retrieve(wide, 1, &Silent).unwrap_err();
    assert!(error.to_string().contains("2 queries have 4 descriptor values, and the index has 1 dimensions"));
    let error = retriever.retrieve(queries(None), 0, &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[test]
fn a_retriever_that_keeps_its_index_answers_alike() {
    let kept = Retriever::owning(index()).unwrap();
    assert_eq!(*kept.index(), index());
    let found = kept.retrieve(queries(None), 3, &Silent).unwrap();
    assert_eq!(found, Retriever::new(&index()).unwrap().retrieve(queries(None), 3, &Silent).unwrap());
}

#[test]
fn an_index_without_images_is_refused() {
    let empty = DescriptorIndex { names: vec![], labels: LabelMatrix::new(2), descriptors: vec![], ..index() };
    assert!(Retriever::new(&empty).unwrap_err().to_string().contains("the index is empty"));
}
