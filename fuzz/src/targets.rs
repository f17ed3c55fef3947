//! What is done with bytes from strangers: each target gives them to one of the program's readers, which may refuse them and
//! may not panic, abort or take more memory than they are worth.
//!
//! The fuzzer calls these, and so does an ordinary test, with all seeds.

use std::path::Path;

use silknow_arrays::npz;
use silknow_config::{CreateDatasetParameters, Explicit, Operation, Options};
use silknow_dataset::catalogue::Catalogue;
use silknow_dataset::{create_dataset_with, literal, read_master};
use silknow_fetch::{Address, Policy, Proxies};
use silknow_index::{Classification, Filter, MemoryIndex};
use silknow_progress::Silent;

/// A reader of bytes from strangers.
pub type Target = fn(&[u8]);

/// The targets by name, but for those that need the network's crate.
pub const TARGETS: &[(&str, Target)] = &[
    ("address", address),
    ("classification", classification),
    ("collection", collection),
    ("configuration", configuration),
    ("filter", filter),
    ("image", image),
    ("index", index),
    ("literal", literal),
    ("manifest", manifest),
    ("master", master),
    ("npz", arrays),
    ("spreadsheet", spreadsheet),
    ("table", table),
];

/// Puts the bytes into a file of this name in a fresh folder.
pub fn in_file(name: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    std::fs::write(folder.path().join(name), bytes).expect("there is room for a file");
    read(folder.path());
}

fn address(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(address) = Address::parse(&text) {
        let again = Address::parse(&address.to_string()).expect("what is requested can be read again");
        assert_eq!(again.to_string(), address.to_string());
    }
    let base = Address::parse("https://museum.example/a/b?c").expect("this is an address");
    let _ = base.join(&text);
}

fn classification(bytes: &[u8]) {
    in_file(silknow_index::CLASSIFICATION_FILE, bytes, |folder| drop(Classification::read(folder)));
}

fn collection(bytes: &[u8]) {
    in_file("collection.txt", bytes, |folder| {
        std::fs::write(folder.join("master.txt"), "collection.txt\n").expect("there is room for a file");
        let _ = read_master(folder, "master.txt", None, &Silent);
    });
}

fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for operation in [Operation::CreateDataset, Operation::TrainModel] {
        let _ = Options::new(operation, Explicit::Flags).parse_file(text, "configuration.txt");
    }
}

fn filter(bytes: &[u8]) {
    if let Ok(filter) = Filter::parse(&String::from_utf8_lossy(bytes)) {
        let text = filter.to_string();
        let again = Filter::parse(&text).expect("a filter as text can be read again");
        assert_eq!(again.to_string(), text);
    }
}

fn image(bytes: &[u8]) {
    if let Ok(image) = silknow_image::decode_bytes(bytes) {
        let pipeline = silknow_image::Pipeline { input_size: 32, ..Default::default() };
        let mut pixels = vec![f32::NAN; pipeline.values_per_image()];
        let augmentation = silknow_config::Augmentation::none();
        pipeline.view(&image, silknow_image::View::Plain, &augmentation, 0, "fuzz", &mut pixels);
        assert!(pixels.iter().all(|value| value.is_finite()));
    }
}

fn index(bytes: &[u8]) {
    in_file(silknow_index::store::FILE_NAME, bytes, |folder| drop(MemoryIndex::read(folder)));
}

fn literal(bytes: &[u8]) {
    let _ = literal::parse_entries(&String::from_utf8_lossy(bytes));
}

fn manifest(bytes: &[u8]) {
    in_file("manifest.json", bytes, |folder| {
        let parameters = CreateDatasetParameters {
            imgsavepath: folder.join("images"),
            master_dir: folder.join("master"),
            ..CreateDatasetParameters::new(folder.join("manifest.json"))
        };
        // Nobody listens there, so that nothing is fetched.
        let nobody = Some("http://127.0.0.1:9".to_owned());
        let proxies = Proxies { http: nobody.clone(), https: nobody, direct: Vec::new() };
        let policy = Policy { attempts: 1, proxies, ..Policy::default() };
        let _ = create_dataset_with(&parameters, policy, &Silent);
    });
}

fn master(bytes: &[u8]) {
    in_file("master.txt", bytes, |folder| drop(read_master(folder, "master.txt", None, &Silent)));
}

fn arrays(bytes: &[u8]) {
    in_file("arrays.npz", bytes, |folder| {
        let Ok(mut reader) = npz::Reader::open(folder.join("arrays.npz")) else { return };
        for name in ["a", "Tree", "Labels", "DictTrain", "meta", "names", "records"] {
            let _ = reader.array(name);
        }
    });
}

fn spreadsheet(bytes: &[u8]) {
    // The content decides between these, and the ending decides in doubt.
    for name in ["table.xlsx", "table.xls", "table.ods"] {
        in_file(name, bytes, |folder| drop(Catalogue::read(&folder.join(name))));
    }
}

fn table(bytes: &[u8]) {
    in_file("table.csv", bytes, |folder| drop(Catalogue::read(&folder.join("table.csv"))));
}
