//! Retrieval as a whole: the files it writes, to the byte, and the warnings it gives.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use silknow_errors::ErrorKind;
use silknow_index::{Classification, Filter, Index, IndexMeta, MemoryIndex, Queries, Search, Truth, Vote, retrieve};
use silknow_progress::{Recorder, Silent};
use silknow_records::{Record, VocabularyBuilder};

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(String::from).into()
}

/// Four images on a line; the labels of the last are not known. The second has an address.
fn index() -> MemoryIndex {
    let mut classes = VocabularyBuilder::new(["place", "timespan"]);
    let images = [
        ("img/m__11__a.jpg", ["ES", "eighteenth century (dates CE)"]),
        ("img/m__12__l'or.jpg", ["FR", "nan"]),
        ("img/plain.jpg", ["ES", "eighteenth century (dates CE)"]),
        ("img/m__13__d.jpg", ["nan", "nan"]),
    ];
    let mut records = images.map(|(name, labels)| {
        let mut record = Record::new(name, 2);
        record.labels = classes.labels_of(labels);
        record
    });
    records[1].object.address = Some("http://data.silknow.org/object/12".into());
    let records = records.map(Arc::new).into();
    let descriptors = vec![0.0, 0.5, 1.0, 4.0];
    MemoryIndex::new(classes.into_vocabulary(), records, descriptors, 1, IndexMeta::new("model")).unwrap()
}

/// Two queries, with their labels where they are labelled.
fn queries(labels: Option<[[&str; 2]; 2]>) -> Queries {
    let truth = labels.map(|rows| {
        let mut classes = VocabularyBuilder::new(["place", "timespan"]);
        let labels = rows.iter().map(|row| classes.labels_of(row.iter().copied())).collect();
        Truth { vocabulary: classes.into_vocabulary(), labels }
    });
    Queries { names: texts(["q/one.jpg", "q/two, too.jpg"]), descriptors: vec![0.125, 5.0], truth, opinions: None }
}

/// Retrieves and writes into `folder` as if the index lay in a folder beside it.
fn run(folder: &Path, labels: Option<[[&str; 2]; 2]>, k: usize) {
    let found = retrieve(&index(), queries(labels), &Search::nearest(k), &Silent).unwrap();
    found.write("model", folder.with_file_name("index"), folder).unwrap();
}

#[test]
fn the_list_of_labelled_queries_has_the_documented_layout() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), Some([["ES", "nan"], ["IT", "nan"]]), 3);
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
"q/one.jpg","['../index/img/m__11__a.jpg', '../index/img/m__12__l\'or.jpg']","['11', 'http://data.silknow.org/object/12']","[0, 1]","[0.125, 0.375]"
"q/two, too.jpg","['../index/img/m__13__d.jpg', '../index/img/plain.jpg']","['13', '']","[3, 2]","[1.0, 4.0]"
"#;
    assert_eq!(table, expected);
}

#[test]
fn the_votes_have_the_probability_of_every_class() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), None, 2);
    let table = fs::read_to_string(folder.path().join("kNN_votes.csv")).unwrap();
    let expected = r#"input_image_name,variable,prediction,confidence,known_neighbours,probabilities
q/one.jpg,place,ES,0.5,2,"{'ES': 0.5, 'FR': 0.5}"
q/one.jpg,timespan,eighteenth_century_(dates_CE),1.0,1,{'eighteenth_century_(dates_CE)': 1.0}
"q/two, too.jpg",place,ES,1.0,1,{'ES': 1.0}
"q/two, too.jpg",timespan,eighteenth_century_(dates_CE),1.0,1,{'eighteenth_century_(dates_CE)': 1.0}
"#;
    assert_eq!(table, expected);
}

#[test]
fn the_works_of_neighbours_are_kept_where_names_do_not_tell_of_them() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), Some([["IT", ""], ["FR", "new"]]), 2);
    let works = Classification::read_works(folder.path()).unwrap();
    let work = &works["../index/img/m__12__l'or.jpg"];
    assert_eq!(work.address.as_deref(), Some("http://data.silknow.org/object/12"));
    assert_eq!(&*works["../index/img/m__11__a.jpg"].id, "11");
}

#[test]
fn an_unsure_vote_predicts_nothing_and_says_so_in_the_file() {
    let mut search = Search::nearest(2);
    search.vote = Vote { least_confidence: 0.6, ..Vote::weighted(0.5) };
    let found = retrieve(&index(), queries(None), &search, &Silent).unwrap();
    // Weights exp(-0.125^2 / 0.5) and exp(-0.375^2 / 0.5) give the nearer class 0.562.
    assert_eq!(found.predictions.indices(), [-1, 0, 0, 0]);
    let folder = tempfile::tempdir().unwrap();
    found.write("model", folder.path(), folder.path()).unwrap();
    let table = fs::read_to_string(folder.path().join("kNN_votes.csv")).unwrap();
    assert!(table.contains("q/one.jpg,place,nan,0.562177,2,\"{'ES': 0.562177, 'FR': 0.437823}\"\n"), "{table}");
}

#[test]
fn the_arrays_hold_truth_predictions_and_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), Some([["IT", ""], ["FR", "new"]]), 2);
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
    let found = retrieve(&index, queries(None), &Search::nearest(9), &observer).unwrap();
    assert_eq!(found.hits.of(0).iter().map(|hit| hit.position).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(observer.warnings(), ["9 neighbours are asked for, but the index has 4: all are given"]);
}

#[test]
fn descriptors_of_other_dimensions_and_zero_neighbours_are_refused() {
    let index = index();
    let wide = Queries { descriptors: vec![0.0; 4], ..queries(None) };
    let error = retrieve(&index, wide, &Search::nearest(1), &Silent).unwrap_err();
    assert!(error.to_string().contains("2 queries have 4 descriptor values, and the index has 1 dimensions"));
    let error = retrieve(&index, queries(None), &Search::nearest(0), &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[test]
fn queries_with_other_variables_are_refused() {
    let truth =
        Truth { vocabulary: VocabularyBuilder::new(["colour"]).into_vocabulary(), labels: vec![Default::default(); 2] };
    let error = retrieve(&index(), Queries { truth: Some(truth), ..queries(None) }, &Search::nearest(1), &Silent);
    assert!(error.unwrap_err().to_string().contains("the variables colour are not place, timespan"));
}

/// The positions found for a query at 0.5, where the second image is.
fn found(search: &Search) -> Vec<u64> {
    let one = Queries { names: texts(["q.jpg"]), descriptors: vec![0.5], truth: None, opinions: None };
    let found = retrieve(&index(), one, search, &Silent).unwrap();
    found.hits.of(0).iter().map(|hit| hit.position).collect()
}

#[test]
fn a_search_leaves_out_what_it_is_told_to_and_finds_as_many_others() {
    let mut search = Search::nearest(2);
    assert_eq!(found(&search), [1, 0]);
    search.exclude_self = true;
    assert_eq!(found(&search), [0, 2]);
    search.max_distance = Some(0.5);
    search.k = 4;
    assert_eq!(found(&search), [0, 2]);
    search.filter = Filter::parse("place=ES, timespan=eighteenth century (dates CE), object=?").unwrap();
    assert_eq!(found(&search), [2]);
}

#[test]
fn of_one_object_the_nearest_image_alone_is_an_answer() {
    let mut index = index();
    let twins: Vec<Record> = (0..30).map(|number| Record::new(format!("img/m__12__{number}.jpg"), 2)).collect();
    let vocabulary = index.vocabulary().clone();
    index.insert(&vocabulary, twins, &[0.5; 30]).unwrap();
    let mut search = Search::nearest(3);
    search.group_by_object = true;
    let one = Queries { names: texts(["q.jpg"]), descriptors: vec![0.5], truth: None, opinions: None };
    let found = retrieve(&index, one, &search, &Silent).unwrap();
    // The second image is known by its address and its twins by museum and identifier: two objects.
    assert_eq!(found.hits.of(0).iter().map(|hit| hit.position).collect::<Vec<_>>(), [1, 4, 0]);
}

#[test]
fn queries_without_labels_leave_no_truth_of_earlier_ones() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = folder.path().join("pred_gt.npz");
    std::fs::write(&earlier, "of other queries").unwrap();
    let one = Queries { names: texts(["q.jpg"]), descriptors: vec![0.5], truth: None, opinions: None };
    let retrieval = retrieve(&index(), one, &Search::nearest(1), &Silent).unwrap();
    let written = retrieval.write("model", folder.path(), folder.path()).unwrap();
    assert!(!earlier.exists() && !written.files.contains(&earlier));
    assert!(folder.path().join("knn_list.txt").exists());
}
