//! What bfloat16 does to the neighbours and the predicted classes in a real collection, of which a part is described in both
//! precisions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use silknow_config::{Architecture, DeviceChoice};
use silknow_network::{Placement, Precision, StoredModel, WeightFile};
use silknow_progress::Silent;
use silknow_test_support::{shared, skipped};

const IMAGES: usize = 300;
const NEIGHBOURS: usize = 10;

const NAME: &str = "bf16_keeps_the_ten_nearest_neighbours_and_the_predicted_classes";

struct Collection {
    files: Vec<PathBuf>,
    /// The country of each image, where one is known.
    places: Vec<Option<String>>,
}

fn collection() -> Option<Collection> {
    let folder = shared(NAME)?.join("data/met-art");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder.join("images")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.truncate(IMAGES);
    let table = std::fs::read_to_string(folder.join("export.csv")).unwrap();
    // A row names its image as `images/10081.jpg` and its country as `http://sws.geonames.org/US`.
    let between = |row: &str, begin: &str| Some(row.split_once(begin)?.1.split('\'').next()?.to_owned());
    let rows = table.lines().filter_map(|row| Some((between(row, "['images/")?, between(row, "geonames.org/")?)));
    let places: BTreeMap<String, String> = rows.collect();
    let place = |file: &Path| places.get(file.file_name()?.to_str()?).cloned();
    let places = files.iter().map(|file| place(file)).collect();
    Some(Collection { files, places })
}

/// Positions of the nearest others of every descriptor.
fn neighbours(descriptors: &[f32], dims: usize) -> Vec<Vec<usize>> {
    let rows: Vec<&[f32]> = descriptors.chunks(dims).collect();
    let nearest = |query: usize| {
        let product = |other: usize| rows[query].iter().zip(rows[other]).map(|(a, b)| a * b).sum::<f32>();
        let mut others: Vec<usize> = (0..rows.len()).filter(|&other| other != query).collect();
        others.sort_by(|&a, &b| product(b).total_cmp(&product(a)));
        others.truncate(NEIGHBOURS);
        others
    };
    (0..rows.len()).map(nearest).collect()
}

/// The country that most of the neighbours are from; of several, that of the nearest.
fn predicted<'a>(neighbours: &[usize], places: &'a [Option<String>]) -> Option<&'a str> {
    let known: Vec<&str> = neighbours.iter().filter_map(|&near| places[near].as_deref()).collect();
    let votes = |place: &str| known.iter().filter(|other| **other == place).count();
    // The last of several greatest counts is taken, so the nearest comes last.
    known.iter().rev().copied().max_by_key(|place| votes(place))
}

#[test]
fn bf16_keeps_the_ten_nearest_neighbours_and_the_predicted_classes() {
    let Some(Collection { files, places }) = collection() else { return };
    let Ok(bf16) = Placement::choose(DeviceChoice::Cpu, Precision::Bf16) else {
        return skipped(NAME, "this processor has no instructions for bf16");
    };
    let weights = WeightFile::builtin(Architecture::RESNET18).unwrap();
    let found = [Placement::processor(), bf16].map(|placement| {
        let model = StoredModel::untrained(&weights, Architecture::RESNET18, &[], 0, 224).unwrap();
        let model = model.open(&placement).unwrap();
        let described = model.describe_files(&files, 32, 2, &Silent).unwrap();
        assert_eq!(described.kept.len(), files.len());
        neighbours(&described.descriptors, model.dims())
    });
    let same = found[0].iter().zip(&found[1]).map(|(a, b)| a.iter().filter(|near| b.contains(near)).count());
    let overlap = same.sum::<usize>() as f64 / (files.len() * NEIGHBOURS) as f64;
    let [single, bf16] = found.map(|found| found.iter().map(|near| predicted(near, &places)).collect::<Vec<_>>());
    let predictions = single.iter().flatten().count();
    let same = single.iter().zip(&bf16).filter(|(place, other)| place.is_some() && place == other).count();
    // What the README promises.
    assert!(overlap >= 0.98, "{overlap}");
    assert!(predictions > IMAGES / 2 && same as f64 >= 0.99 * predictions as f64, "{same} of {predictions}");
}

#[test]
fn bf16_is_the_processors_alone() {
    for device in [DeviceChoice::Cuda, DeviceChoice::Wgpu] {
        let message = Placement::choose(device, Precision::Bf16).unwrap_err().to_string();
        assert!(message.contains("does not compute in the precision bf16"), "{message}");
    }
}
