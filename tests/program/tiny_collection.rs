//! A collection of fifteen small pictures, the operations on it, and the files that they leave: what the tests of broken-off
//! runs have in common.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::place::Place;

const TRAINING: &str = "--backbone resnet18 --weights builtin --input_size 32 --add_fc [4] --train_batch_size 4 \
    --how_many_training_steps 4 --how_often_validation 2 --augmented_views 1 --device cpu --resume True";

/// The operations in an order in which each finds what it needs, each with the number of moments at which the tests always
/// break it off.
pub fn operations() -> Vec<(String, usize)> {
    let configured = |verb: &str, name: &str| format!("{verb} --config Configuration_{name}.txt");
    vec![
        ("create-dataset --csvfile table.csv --minnumsamples 1".to_owned(), 3),
        (format!("{} {TRAINING}", configured("train-model", "train_model")), 3),
        (format!("{} --device cpu", configured("build-kdtree", "build_kDTree")), 1),
        (format!("{} --device cpu --num_neighbors 3", configured("get-knn", "get_kNN")), 1),
        (configured("evaluate-model", "evaluate_model"), 1),
        (format!("{} {TRAINING} --num_neighbors 3", configured("crossvalidation", "crossvalidation")), 4),
        ("describe pictures --backbone resnet18 --weights builtin --input_size 32 --device cpu --out out/d.npy".to_owned(), 1),
        (
            "search pictures/o1.bmp --treepath output_files/kDTree --model_path output_files/Default --html out/page.html \
             --device cpu"
                .to_owned(),
            1,
        ),
    ]
}

/// A picture in one of three colours with a pattern of its own, as a BMP file.
fn picture(number: u32) -> Vec<u8> {
    let (width, height) = (40u32, 36u32);
    let colour = [[30u8, 40, 200], [200, 60, 30], [60, 180, 40]][number as usize % 3];
    let mut bytes = b"BM".to_vec();
    bytes.extend([54 + width * height * 3, 0, 54, 40, width, height].map(u32::to_le_bytes).concat());
    bytes.extend([1u16, 24].map(u16::to_le_bytes).concat());
    bytes.extend([0; 24]);
    for y in 0..height {
        for x in 0..width {
            let noise = (x * 31 + y * 17 + number * 7).wrapping_mul(2_654_435_761) >> 28;
            let band = (x * (number + 2) + y * (number % 5 + 1)) / 7;
            let stripe = if band.is_multiple_of(2) { 40 } else { 0 };
            bytes.extend(colour.map(|part| part.saturating_add(stripe + noise as u8)));
        }
    }
    bytes
}

/// A folder with the table of the collection and its pictures.
pub fn tiny_collection() -> Place {
    let place = Place::new();
    fs::create_dir(place.path().join("pictures")).unwrap();
    let mut table = String::from("image_file,weave,colour\n");
    for number in 0..15 {
        place.write(&format!("pictures/o{number}.bmp"), picture(number));
        let [weave, colour] = [["twill", "satin"][number as usize % 2], ["red", "blue", "green"][number as usize % 3]];
        table.push_str(&format!("pictures/o{number}.bmp,{weave},{colour}\n"));
    }
    place.write("table.csv", table);
    place
}

/// All files below a folder with their contents, without those that hold times.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if !["image_sources.csv", ".silknow.lock", "tfevents"].iter().any(|part| name.contains(part)) {
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn copy_of(place: &Place) -> Place {
    let copied = Place::new();
    copy(place.path(), copied.path());
    copied
}
