//! The collection as a whole: the files it writes, the table's layout, and that a seed settles all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use silknow_demo::{DemoCollection, GeneratedCollection, generate};
use silknow_progress::{Silent, StopAfter};

/// The table's rows, each as cells by column.
fn rows(collection: &GeneratedCollection) -> Vec<BTreeMap<String, String>> {
    let mut table = csv::Reader::from_path(&collection.csvfile).unwrap();
    table.deserialize().map(|row| row.unwrap()).collect()
}

/// The strings of a Python list literal in single quotes.
fn list(cell: &str) -> Vec<String> {
    let mut rest = cell.strip_prefix('[').and_then(|cell| cell.strip_suffix(']')).expect("a list in brackets");
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let mut entry = String::new();
        let mut letters = rest.strip_prefix('\'').expect("an entry in quotes").chars();
        loop {
            match letters.next().expect("an entry that ends") {
                '\\' => entry.push(letters.next().expect("an escaped letter")),
                '\'' => break,
                letter => entry.push(letter),
            }
        }
        entries.push(entry);
        rest = letters.as_str().strip_prefix(", ").unwrap_or(letters.as_str());
    }
    entries
}

/// Names and contents of all files below the folder.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let images = std::fs::read_dir(folder.join("images")).unwrap().map(|entry| entry.unwrap().path());
    images
        .chain([folder.join("export.csv")])
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn a_seed_settles_every_byte_whatever_the_number_of_threads() {
    let made = |threads: usize, seed: u64| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| generate(folder.path(), &DemoCollection { objects: 4, seed }, &Silent)).unwrap();
        contents(folder.path())
    };
    let alone = made(1, 3);
    assert_eq!(alone, made(3, 3));
    assert_ne!(alone, made(1, 4));
}

#[test]
fn the_table_lists_what_lies_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let collection = generate(folder.path(), &DemoCollection { objects: 12, seed: 1 }, &Silent).unwrap();
    let rows = rows(&collection);
    let (mut readable, mut unreadable, mut objects) = (0, Vec::new(), BTreeSet::new());
    for row in &rows {
        let museum = list(&row["museum"]).remove(0);
        let museum = museum.rsplit('/').next().unwrap();
        if museum == collection.further_museum {
            continue;
        }
        assert!(collection.museums.iter().any(|wanted| wanted == museum));
        for deeplink in list(&row["deeplink"]) {
            match image::open(folder.path().join(&deeplink)) {
                Ok(picture) => {
                    assert_eq!(picture.width().min(picture.height()), 480);
                    readable += 1;
                    objects.insert(row["obj"].clone());
                }
                Err(_) => unreadable.push(deeplink),
            }
        }
    }
    assert_eq!((readable, objects.len()), (collection.images, collection.objects));
    assert_eq!(unreadable, collection.unreadable);
    assert_eq!(unreadable.len(), 2);
    let exist = unreadable.iter().filter(|deeplink| folder.path().join(deeplink).exists()).count();
    assert_eq!(exist, 1, "one image is missing, one is cut");
    assert!(rows.len() > collection.objects + 2, "there is a museum to filter out");
}

#[test]
fn labels_are_enough_for_every_class_and_missing_for_some_objects() {
    let folder = tempfile::tempdir().unwrap();
    // The table alone is looked at; the pictures of a collection this large are not worth their time here.
    let csvfile = folder.path().join("export.csv");
    silknow_demo::export::write(&csvfile, &silknow_demo::catalogue::draw(&DemoCollection::default())).unwrap();
    let mut table = csv::Reader::from_path(&csvfile).unwrap();
    assert_eq!(table.headers().unwrap(), &silknow_demo::export::COLUMNS[..]);
    let rows: Vec<BTreeMap<String, String>> = table.deserialize().map(|row| row.unwrap()).collect();
    let images: usize = rows.iter().map(|row| list(&row["deeplink"]).len()).sum();
    assert!((350..=480).contains(&images), "{images}");
    for column in ["place_country_code", "time_label", "technique_group", "material_group", "depict_group"] {
        let mut classes: BTreeMap<String, usize> = BTreeMap::new();
        let (mut unlabelled, mut ambiguous) = (0, 0);
        for row in rows.iter().filter(|row| !row["museum"].contains("demo-textile-fair")) {
            match list(&row[column]).as_slice() {
                [] => unlabelled += 1,
                [label] => *classes.entry(label.clone()).or_default() += list(&row["deeplink"]).len(),
                _ => ambiguous += 1,
            }
        }
        assert!((4..=5).contains(&classes.len()), "{column}: {classes:?}");
        assert!(classes.values().all(|&count| count >= 20), "{column}: {classes:?}");
        assert!(unlabelled >= 10 && ambiguous >= 10, "{column}: {unlabelled} {ambiguous}");
        let share = (unlabelled + ambiguous) as f32 / rows.len() as f32;
        assert!((0.15..0.25).contains(&share), "{column}: {share}");
    }
    let several = rows.iter().filter(|row| list(&row["deeplink"]).len() > 1).count();
    assert!(several > rows.len() / 2);
}

#[test]
fn a_request_to_stop_and_an_empty_collection_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let collection = DemoCollection { objects: 2, seed: 1 };
    assert!(generate(folder.path(), &collection, &StopAfter::questions(0)).unwrap_err().is_interruption());
    assert!(!folder.path().join("export.csv").exists(), "a table without its pictures");
    let message = generate(folder.path(), &DemoCollection { objects: 0, seed: 1 }, &Silent).unwrap_err().to_string();
    assert!(message.contains("0 objects"), "{message}");
}
