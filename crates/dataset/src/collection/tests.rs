use proptest::prelude::*;
use silknow_errors::Result;
use silknow_files as files;
use silknow_progress::{Recorder, Silent};
use silknow_records::{MISSING, Record, Variable, Vocabulary, VocabularyBuilder, is_missing};

use super::lines::lines;
use super::*;

/// A folder with the given files and a master file that lists those that are collections.
fn folder(collections: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in collections {
        files::write(folder.path().join(name), text).unwrap();
    }
    let names: Vec<String> = collections.iter().map(|(name, _)| (*name).to_owned()).collect();
    write_master(folder.path().join("masterfile.txt"), &names).unwrap();
    folder
}

fn read(folder: &tempfile::TempDir, variables: Option<&[&str]>) -> Result<Collections> {
    let variables = variables.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    read_master(folder.path(), "masterfile.txt", variables.as_deref(), &Silent)
}

fn message(collections: &[(&str, &str)], variables: Option<&[&str]>) -> String {
    read(&folder(collections), variables).unwrap_err().to_string()
}

#[test]
fn columns_are_found_by_name_in_every_file() {
    let folder = folder(&[
        ("a.txt", "#image_file\t#place\t#technique\t\nimg/1.jpg\tES\tnan\t\n"),
        ("b.txt", "#image\t#technique\t#place\r\nimg/2.jpg\tdamask\tNaN\r\n\r\nimg/3.jpg\ttwill\t\r\n"),
    ]);
    let collections = read(&folder, Some(&["#technique", "place"])).unwrap();
    assert_eq!(collections.files, ["a.txt", "b.txt"]);
    assert_eq!(collections.variables(), ["technique", "place"]);
    assert_eq!(collections.image(&collections.samples[2]), folder.path().join("img/3.jpg"));
    assert_eq!(collections.samples[2].collection, 1);
    assert_eq!(collections.vocabulary.variables[0].classes, ["damask", "twill"]);
    let matrix = collections.labels();
    assert_eq!(matrix.indices(), [-1, 0, 0, -1, 1, -1]);
}

#[test]
fn a_selection_has_the_classes_that_occur_in_it() {
    let folder = folder(&[("a.txt", "#image_file\t#place\t\na.jpg\tES\nb.jpg\tAT\nc.jpg\tES\nd.jpg\ttwo words\n")]);
    let all = read(&folder, None).unwrap();
    let some = all.select(&[2, 3]);
    assert_eq!(some.vocabulary.variables[0].classes, ["ES", "two words"]);
    assert_eq!((some.labels().indices(), some.samples[0].record.name.as_str()), ([0, 1].as_slice(), "c.jpg"));
    assert_eq!(all.labels().indices(), [1, 0, 1, 2]);
    assert_eq!(all.select(&[0, 1, 2, 3]), all);
}

#[test]
fn the_tables_beside_the_collections_tell_of_objects_and_texts() {
    let folder = folder(&[("a.txt", "#image_file\t#time\t\nimg/mad__4__b.jpg\t1600s_(CE)\nimg/mad__5__c.jpg\tnan\n")]);
    let without = read(&folder, None).unwrap();
    assert_eq!(&*without.samples[0].record.object.id, "4");
    let records = "image_file,object_uri,title,note\nimg/mad__5__c.jpg,http://x.org/5,Silk,n\nother.jpg,,,\n";
    files::write(folder.path().join("records.csv"), records).unwrap();
    let classes = "variable,class,text\ntime,1600s_(CE),1600s_(CE)\ntime,other,x\nplace,ES,Spain\n";
    files::write(folder.path().join("classes.csv"), classes).unwrap();
    let collections = read(&folder, None).unwrap();
    assert_eq!(collections.vocabulary.variables[0].class_text(0), "1600s_(CE)");
    let [first, second] = [0, 1].map(|sample| &collections.samples[sample].record);
    assert_eq!((&*first.object.id, first.object.address_or_id()), ("4", "4"));
    assert_eq!((&*second.object.id, second.object.address_or_id()), ("5", "http://x.org/5"));
    assert_eq!((second.object.title.as_deref(), &second.further), (Some("Silk"), &vec![("note".into(), "n".into())]));
    files::write(folder.path().join("classes.csv"), "variable,class\n").unwrap();
    let message = read(&folder, None).unwrap_err().to_string();
    assert!(message.contains("classes.csv:1: the column `text` is missing"), "{message}");
    files::write(folder.path().join("classes.csv"), "variable,class,text\n").unwrap();
    files::write(folder.path().join("records.csv"), "image_file,note\na\n").unwrap();
    let message = read(&folder, None).unwrap_err().to_string();
    assert!(message.contains("records.csv:2: the row has 1 cell, the header 2"), "{message}");
}

#[test]
fn lines_may_end_as_any_program_ends_them() {
    let text = "#image_file\t#place\t\na.jpg\tES\t\n\nb.jpg\tnan\n";
    let read_all = |collection: &[u8], master: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        files::write(folder.path().join("a.txt"), collection).unwrap();
        files::write(folder.path().join("masterfile.txt"), master).unwrap();
        read(&folder, None)
    };
    let expected = [("a.jpg".to_owned(), 0), ("b.jpg".to_owned(), MISSING)];
    let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (collection, master) in [
        (text.replace('\n', "\r").into_bytes(), "a.txt\r"),
        (text.replace('\n', "\r\n").into_bytes(), "\r\na.txt\r\n"),
        (utf16, "\u{feff}a.txt"),
    ] {
        let collections = read_all(&collection, master.as_bytes()).unwrap();
        let samples = collections.samples.iter();
        let read: Vec<_> = samples.map(|it| (it.record.name.clone(), it.record.labels.lowest()[0])).collect();
        assert_eq!(read, expected);
    }
    let message = read_all(&text.replace("nan", "x\ty\tz").replace('\n', "\r").into_bytes(), b"a.txt").unwrap_err();
    assert!(message.to_string().contains("a.txt:4: the row has 4 cells"), "{message}");
    assert_eq!(lines("").count(), 0);
    assert_eq!(lines("a\n\nb").collect::<Vec<_>>(), ["a", "", "b"]);
}

#[test]
fn labels_and_names_are_compared_as_they_look() {
    let text = "#image_file\t#mate\u{301}riau\t\na.jpg\tdor\u{e9}\nb.jpg\tdore\u{301}\nc.jpg\tUnknown\nd.jpg\t-\n";
    let folder = folder(&[("a.txt", text)]);
    let collections = read(&folder, Some(&["mat\u{e9}riau"])).unwrap();
    assert_eq!(collections.vocabulary.variables[0].classes, ["dor\u{e9}"]);
    assert_eq!(collections.labels().indices(), [0, 0, MISSING, MISSING]);
    // A table of classes says that a word is a class, though it is usually none.
    files::write(folder.path().join("classes.csv"), "variable;class;text\nmat\u{e9}riau;-;-\n").unwrap();
    let collections = read(&folder, None).unwrap();
    assert_eq!(collections.labels().indices(), [1, 1, MISSING, 0]);
    let twice = "#image_file\t#p\t\ncafe\u{301}.jpg\tES\ncaf\u{e9}.jpg\tFR\n";
    assert!(message(&[("a.txt", twice)], None).contains("with other labels"));
}

#[test]
fn a_query_collection_needs_no_labels() {
    let folder = folder(&[("query.txt", "#image_file\t\na.jpg\t\nb.jpg\n")]);
    let collections = read(&folder, Some(&[])).unwrap();
    assert_eq!(collections.samples.len(), 2);
    assert!(read(&folder, None).unwrap().variables().is_empty());
}

#[test]
fn rows_of_another_length_are_named_with_file_line_and_count() {
    let header = "#image_file\t#place\t#technique\t\n";
    let few = message(&[("c.txt", &format!("{header}a.jpg\tES\tdamask\t\nb.jpg\tES\n"))], None);
    assert!(few.contains("c.txt:3: the row has 2 cells, the header 3"), "{few}");
    let many = message(&[("c.txt", &format!("{header}a.jpg\tES\tdamask\tx\t\n"))], None);
    assert!(many.contains("c.txt:2: the row has 4 cells, the header 3"), "{many}");
    let long = message(&[("c.txt", &format!("{header}a.jpg\tES\t{}\t\n", "x".repeat(65_536)))], None);
    assert!(long.contains("c.txt:2:technique: the label has 65536 characters, and at most 1000"), "{long}");
    let empty = message(&[("c.txt", &format!("{header}\tES\tdamask\t\n"))], None);
    assert!(empty.contains("c.txt:2: the image is missing"), "{empty}");
}

#[test]
fn a_header_without_the_wanted_variable_lists_those_it_has() {
    let text = message(&[("c.txt", "#image_file\t#place\t#technique\t\n")], Some(&["techniqe"]));
    assert!(text.contains("c.txt:1: the header has no variable `techniqe`"), "{text}");
    assert!(text.contains("did you mean `technique`? the header has place, technique"), "{text}");
}

#[test]
fn wrong_headers_are_refused() {
    assert!(message(&[("c.txt", "a.jpg\tES\t\n")], None).contains("c.txt:1: the first column is headed `a.jpg`"));
    assert!(message(&[("c.txt", "")], None).contains("c.txt:1: the first column is headed ``"));
    let twice = message(&[("c.txt", "#image_file\t#place\t#place\t\n")], None);
    assert!(twice.contains("`place` stands twice"), "{twice}");
    assert!(message(&[("c.txt", "#image_file\t#\t#place\t\n")], None).contains("a column has no name"));
}

#[test]
fn a_missing_collection_is_named_with_the_master_files_line() {
    let folder = folder(&[("a.txt", "#image_file\t\na.jpg\t\n")]);
    files::write(folder.path().join("masterfile.txt"), "a.txt\n\ngone.txt\n").unwrap();
    let message = read(&folder, None).unwrap_err().to_string();
    assert!(message.contains("masterfile.txt:3: the collection file") && message.contains("gone.txt"), "{message}");
}

#[test]
fn a_master_file_without_samples_is_refused() {
    assert!(message(&[], None).contains("masterfile.txt: no collection file is listed"));
    assert!(message(&[("a.txt", "#image_file\t\n")], None).contains("masterfile.txt: no sample is listed"));
}

#[test]
fn an_image_listed_again_is_taken_once_with_a_warning() {
    let row = "a.jpg\tES\t\n";
    let header = "#image_file\t#place\t\n";
    let folder = folder(&[("a.txt", &format!("{header}{row}")), ("b.txt", &format!("{header}{row}b.jpg\tnan\t\n"))]);
    files::write(folder.path().join("masterfile.txt"), "a.txt\nb.txt\na.txt\n").unwrap();
    let recorder = Recorder::default();
    let collections = read_master(folder.path(), "masterfile.txt", None, &recorder).unwrap();
    assert_eq!(collections.samples.len(), 2);
    let [file, image] = recorder.warnings().try_into().unwrap();
    assert!(file.contains("masterfile.txt:3: `a.txt` is listed twice"), "{file}");
    assert!(image.contains("1 image is listed again") && image.contains("b.txt:2: `a.jpg`"), "{image}");
}

#[test]
fn an_image_listed_again_with_other_labels_is_refused_with_both_lines() {
    let header = "#image_file\t#place\t\n";
    let text =
        message(&[("a.txt", &format!("{header}a.jpg\tES\t\n")), ("b.txt", &format!("{header}a.jpg\tFR\t\n"))], None);
    assert!(text.contains("b.txt:2: the image `a.jpg` stands on line 2 of `a.txt` with other labels"), "{text}");
}

#[test]
fn written_cells_end_in_tabs_and_white_space_in_labels_becomes_underscores() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.txt");
    let mut classes = VocabularyBuilder::new(["place", "#time span"]);
    let mut record = Record::new("img/a b.jpg", 2);
    record.labels = classes.labels_of(["a b\tc", ""]);
    let vocabulary = classes.into_vocabulary();
    write_collection(&path, &vocabulary, [&record]).unwrap();
    let expected = "#image_file\t#place\t#time_span\t\nimg/a b.jpg\ta_b_c\tnan\t\n";
    assert_eq!(files::read_text(&path).unwrap(), expected);
    let error = write_collection(&path, &Vocabulary::default(), [&Record::new("a\tb.jpg", 0)]).unwrap_err().to_string();
    assert!(error.contains("cannot stand in a collection file"), "{error}");
}

#[test]
fn sets_are_written_with_their_names_joined_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.txt");
    let vocabulary = Vocabulary { variables: vec![Variable::new("material", ["gold__thread", "silk", "wo_ol"])] };
    let sets: [&[i32]; 4] = [&[2, 0], &[1], &[], &[0, 1, 2]];
    let records: Vec<Record> = (0..).zip(sets).map(|(number, set)| record_of(&format!("{number}.jpg"), set)).collect();
    write_collection(&path, &vocabulary, &records).unwrap();
    let expected = "#image_file\t#material\t\n0.jpg\tgold__thread___wo_ol\t\n1.jpg\tsilk\t\n2.jpg\tnan\t\n\
                    3.jpg\tgold__thread___silk___wo_ol\t\n";
    assert_eq!(files::read_text(&path).unwrap(), expected);
    write_master(folder.path().join("masterfile.txt"), &["c.txt".to_owned()]).unwrap();
    let read = read(&folder, None).unwrap();
    assert_eq!(read.vocabulary, vocabulary);
    let labels = |sample: usize| read.samples[sample].record.labels.classes(0).to_vec();
    assert_eq!([labels(0), labels(1), labels(2), labels(3)], [vec![0, 2], vec![1], vec![], vec![0, 1, 2]]);

    let vocabulary = Vocabulary { variables: vec![Variable::new("material", ["a___b", "c"])] };
    let error = write_collection(&path, &vocabulary, [&record_of("a.jpg", &[0, 1])]).unwrap_err().to_string();
    assert!(error.contains("`a___b` is one of 2 classes of `material` of the image `a.jpg`"), "{error}");
}

/// An image with these classes of one variable.
fn record_of(name: &str, classes: &[i32]) -> Record {
    let mut record = Record::new(name, 1);
    record.labels.set(0, classes);
    record
}

#[test]
fn a_class_whose_name_looks_like_a_set_is_one_where_the_table_of_classes_says_so() {
    let folder = folder(&[("a.txt", "#image_file\t#m\t\na.jpg\tx___y\nb.jpg\ty___nan___x___y\nc.jpg\tz___\n")]);
    let collections = read(&folder, None).unwrap();
    assert_eq!(collections.vocabulary.variables[0].classes, ["x", "y", "z___"]);
    let set = |collections: &Collections, sample: usize| collections.samples[sample].record.labels.classes(0).to_vec();
    assert_eq!((set(&collections, 0), set(&collections, 1), set(&collections, 2)), (vec![0, 1], vec![0, 1], vec![2]));
    files::write(folder.path().join("classes.csv"), "variable,class,text\nm,x___y,X  Y\nother,y___x,\n").unwrap();
    let collections = read(&folder, None).unwrap();
    assert_eq!(collections.vocabulary.variables[0].classes, ["x", "x___y", "y", "z___"]);
    assert_eq!((set(&collections, 0), set(&collections, 1)), (vec![1], vec![0, 2]));
    assert_eq!(collections.vocabulary.variables[0].class_text(1), "X  Y");
}

#[test]
fn the_classes_of_a_set_are_checked_one_by_one() {
    let long = format!("{}___{}", "x".repeat(900), "y".repeat(900));
    let text = |cell: &str| format!("#image_file\t#m\t\na.jpg\t{cell}\n");
    assert_eq!(read(&folder(&[("a.txt", &text(&long))]), None).unwrap().samples[0].record.labels.classes(0), [0, 1]);
    let message = message(&[("a.txt", &text(&format!("a___{}", "x".repeat(1001))))], None);
    assert!(message.contains("a.txt:2:m: the label has 1001 characters"), "{message}");
}

proptest! {
    #[test]
    fn collections_read_back_are_those_written(
        rows in proptest::collection::vec(
            ("[a-zé/._(][ a-zé/._(]{0,6}[a-z]", proptest::collection::vec(proptest::option::of("[A-Zé(),;#'\"-]{1,5}"), 2)),
            1..20,
        ),
    ) {
        let rows: std::collections::BTreeMap<String, Vec<Option<String>>> = rows
            .into_iter()
            .map(|(image, labels)| (image, labels.into_iter().map(|label| label.filter(|l| !is_missing(l))).collect()))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let variables: Vec<String> = ["place", "technique"].map(String::from).into();
        let mut classes = VocabularyBuilder::new(&variables);
        let record = |(image, labels): (&String, &Vec<Option<String>>)| {
            let mut record = Record::new(image, 2);
            record.labels = classes.labels_of(labels.iter().map(|label| label.as_deref().unwrap_or_default()));
            record
        };
        let records: Vec<Record> = rows.iter().map(record).collect();
        write_collection(folder.path().join("c.txt"), &classes.into_vocabulary(), &records).unwrap();
        write_master(folder.path().join("masterfile.txt"), &["c.txt".to_owned()]).unwrap();
        let collections = read(&folder, None).unwrap();
        prop_assert_eq!(&collections.variables(), &variables);
        let cells = |record: &Record| {
            let variables = collections.vocabulary.variables.iter().zip(record.labels.lowest());
            variables.map(|(variable, &class)| (class != MISSING).then(|| variable.class_name(class).to_owned())).collect()
        };
        let read_back: Vec<_> =
            collections.samples.iter().map(|sample| (sample.record.name.clone(), cells(&sample.record))).collect();
        prop_assert_eq!(read_back, rows.into_iter().collect::<Vec<_>>());
    }
}
