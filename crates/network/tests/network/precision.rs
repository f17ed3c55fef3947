//! What bfloat16 does to the neighbours in a real collection, of which a part is described in both precisions.

use std::path::PathBuf;

use silknow_config::{Architecture, DeviceChoice};
use silknow_network::{Placement, Precision, StoredModel, WeightFile};
use silknow_progress::Silent;
use silknow_test_support::{shared, skipped};

const IMAGES: usize = 300;
const NEIGHBOURS: usize = 10;

const NAME: &str = "bf16_keeps_the_ten_nearest_neighbours";

fn collection() -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(shared(NAME)?.join("data/met-art/images")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.truncate(IMAGES);
    Some(files)
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

#[test]
fn bf16_keeps_the_ten_nearest_neighbours() {
    let Some(files) = collection() else { return };
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
    // What the README promises.
    assert!(overlap >= 0.98, "{overlap}");
}

#[test]
fn bf16_is_the_processors_alone() {
    for device in [DeviceChoice::Cuda, DeviceChoice::Wgpu] {
        let message = Placement::choose(device, Precision::Bf16).unwrap_err().to_string();
        assert!(message.contains("does not compute in the precision bf16"), "{message}");
    }
}
