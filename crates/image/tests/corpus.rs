//! Every picture of the corpus decodes to the values that its manifest states, or is refused in its words.
//!
//! The manifest is made by `corpus/make_corpus.py` from what Pillow and its colour management make of each file, or, for
//! what Pillow does not read or clips, from the values that the file was made of.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;
use silknow_image::{RgbImage, decode};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"))
}

fn manifest() -> Vec<Value> {
    serde_json::from_slice(&std::fs::read(folder().join("manifest.json")).unwrap()).unwrap()
}

/// What is wrong with a picture, by its entry of the manifest.
fn differences(image: &RgbImage, entry: &Value) -> String {
    let mut wrong = String::new();
    let tolerance = entry["tolerance"].as_f64().unwrap();
    let size = [image.width(), image.height()].map(u64::from);
    if entry["size"].as_array().unwrap().iter().map(|side| side.as_u64().unwrap()).ne(size) {
        return format!("{size:?} pixels, not {}", entry["size"]);
    }
    for channel in 0..3 {
        let sum: f64 = image.pixels().map(|pixel| f64::from(pixel.0[channel])).sum();
        let mean = sum / f64::from(image.width() * image.height());
        let expected = entry["mean"][channel].as_f64().unwrap();
        if (mean - expected).abs() > entry["mean_tolerance"].as_f64().unwrap() {
            write!(wrong, "mean {mean:.2} of channel {channel}, not {expected}; ").unwrap();
        }
    }
    for pixel in entry["pixels"].as_array().unwrap() {
        let number = |index: usize| pixel[index].as_u64().unwrap();
        let found = image.get_pixel(number(0) as u32, number(1) as u32).0;
        let expected = [number(2), number(3), number(4)];
        if found.iter().zip(expected).any(|(&found, expected)| (f64::from(found) - expected as f64).abs() > tolerance) {
            write!(wrong, "{found:?} at {}, {}, not {expected:?}; ", pixel[0], pixel[1]).unwrap();
        }
    }
    wrong
}

#[test]
fn every_picture_has_the_outcome_that_the_manifest_states() {
    let manifest = manifest();
    let mut wrong = Vec::new();
    for entry in &manifest {
        let name = entry["file"].as_str().unwrap();
        let said = match (decode(folder().join(name)), entry["message"].as_str()) {
            (Ok(image), None) => differences(&image, entry),
            (Ok(_), Some(message)) => format!("it is decoded, and should say: {message}"),
            (Err(error), Some(message)) if error.to_string().contains(message) => String::new(),
            (Err(error), _) => error.to_string(),
        };
        if !said.is_empty() {
            wrong.push(format!("{name}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), manifest.len(), wrong.join("\n"));
    assert!(manifest.len() >= 150, "{} pictures", manifest.len());
}

#[test]
fn every_file_of_the_folder_is_in_the_manifest() {
    let mut listed: Vec<String> = manifest().iter().map(|entry| entry["file"].as_str().unwrap().to_owned()).collect();
    listed.sort();
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = entries.filter(|name| name != "manifest.json" && !name.ends_with(".py")).collect();
    found.sort();
    assert_eq!(found, listed);
}
