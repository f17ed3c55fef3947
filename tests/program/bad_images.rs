//! Odd and bad image files through the verbs: each is used, or reported and left out, and the rest goes on.

use std::fs;

use crate::host;
use crate::place::Place;

/// Odd files that are images all the same.
const USABLE: [(&str, &[u8]); 6] = [
    ("cmyk.jpg", include_bytes!("../../crates/image/tests/reference/cmyk/cmyk.jpg")),
    ("sixteen_bit.png", include_bytes!("../../crates/image/tests/reference/files/grey_16_bit.png")),
    ("animated.gif", include_bytes!("../../crates/image/tests/reference/files/animation.gif")),
    ("dot.png", include_bytes!("bad/dot.png")),
    ("line.png", include_bytes!("bad/line.png")),
    // A name says nothing about the content.
    ("misnamed.jpg", include_bytes!("../../crates/image/tests/reference/files/palette.png")),
];

const JPEG: &[u8] = include_bytes!("../../crates/image/tests/reference/files/progressive.jpg");

/// Files that are not images, each with a word of the reason.
fn unusable() -> [(&'static str, &'static [u8], &'static str); 4] {
    [
        ("bomb.png", include_bytes!("bad/bomb.png"), "60000 x 60000 pixels is above the limit of 200 megapixels"),
        ("cut.jpg", &JPEG[..JPEG.len() / 2], "cut"),
        ("empty.jpg", b"", "empty"),
        ("page.jpg", b"<!DOCTYPE html><html><body>Not found</body></html>", "HTML"),
    ]
}

fn files() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    USABLE.into_iter().chain(unusable().map(|(name, content, _)| (name, content)))
}

/// A table of all files, each named with `prefix`, and of one that is nowhere.
fn table(prefix: &str) -> String {
    let names = files().map(|(name, _)| name).chain(["absent.jpg"]);
    let rows: String =
        names.enumerate().map(|(row, name)| format!("{prefix}{name},{}\n", ["a", "b"][row % 2])).collect();
    format!("image_file,weave\n{rows}")
}

#[test]
fn create_dataset_uses_or_lists_every_file_from_a_folder_and_from_a_host() {
    let host = host::serve(files().map(|(name, content)| (name.to_owned(), content.to_vec())).collect());
    for prefix in ["pictures/".to_owned(), format!("{}/", host.address)] {
        let place = Place::new();
        fs::create_dir(place.path().join("pictures")).unwrap();
        for (name, content) in files() {
            place.write(&format!("pictures/{name}"), content);
        }
        place.write("table.csv", table(&prefix));
        let outcome = place.run(&["create-dataset", "--csvfile", "table.csv", "--minnumsamples", "1"]);
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert!(outcome.stdout.contains("images: 6 fetched, 0 already there, 5 failed"), "{outcome}");

        let list = fs::read_to_string(place.path().join("samples/data/download_failures.csv")).unwrap();
        assert_eq!(list.lines().count(), 6, "{list}");
        for (name, _, reason) in unusable() {
            let address = format!("{prefix}{name},");
            let line = list.lines().find(|line| line.starts_with(&address));
            assert!(line.is_some_and(|line| line.contains(reason)), "{name}: {list}");
        }
        assert!(list.contains(&format!("{prefix}absent.jpg,")), "{list}");
        for folder in ["img", "img_unscaled"] {
            let kept = fs::read_dir(place.path().join("samples/data").join(folder)).unwrap();
            let mut names: Vec<_> = kept.map(|entry| entry.unwrap().path()).collect();
            names.sort();
            assert_eq!(names.len(), USABLE.len(), "what is no image is not kept: {names:?}");
        }
    }
}

#[test]
fn describe_describes_or_names_every_file() {
    let place = Place::new();
    fs::create_dir(place.path().join("pictures")).unwrap();
    for (name, content) in files() {
        place.write(&format!("pictures/{name}"), content);
    }
    let network = ["--backbone", "resnet18", "--weights", "builtin", "--input_size", "32", "--device", "cpu"];
    let outcome = place.run(&[&["describe", "pictures", "--out", "found.npy"], &network[..]].concat());
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.starts_with("6 images with 512 values each in found.npy"), "{outcome}");
    for (name, _, reason) in unusable() {
        let warning = outcome.stderr.lines().find(|line| line.starts_with("warning: ") && line.contains(name));
        assert!(warning.is_some_and(|line| line.contains(reason)), "{name}: {outcome}");
    }
    let mut expected: Vec<_> = USABLE.map(|(name, _)| format!("pictures/{name}")).to_vec();
    expected.sort();
    let names = fs::read_to_string(place.path().join("found_names.txt")).unwrap();
    assert_eq!(names.lines().collect::<Vec<_>>(), expected);
    let array = fs::metadata(place.path().join("found.npy")).unwrap().len();
    assert!(array > 6 * 512 * 4, "float32 [6, 512] and a header, but {array} bytes");
}

#[test]
fn nothing_but_bad_files_is_an_error_that_leaves_nothing() {
    let place = Place::new();
    for (name, content, _) in unusable() {
        place.write(name, content);
    }
    let network = ["--backbone", "resnet18", "--weights", "builtin", "--input_size", "32", "--device", "cpu"];
    let outcome = place.run(&[&["describe", ".", "--out", "found.npy"], &network[..]].concat());
    assert_eq!(outcome.code, Some(3), "{outcome}");
    assert!(outcome.stderr.contains("none of the 4 images could be read"), "{outcome}");
    assert!(!place.path().join("found.npy").exists());
}

#[test]
fn files_of_several_pages_are_told_of_by_every_verb_that_reads_pictures() {
    let place = Place::new();
    fs::create_dir(place.path().join("pictures")).unwrap();
    place.write("pictures/pages.tif", include_bytes!("../../crates/image/tests/corpus/tiff_pages.tif"));
    place.write("pictures/one.jpg", JPEG);
    let warning = "warning: 1 image file has several pages; the first of each is taken: `pictures/pages.tif`";
    let network = ["--backbone", "resnet18", "--weights", "builtin", "--input_size", "32", "--device", "cpu"];
    let described = place.run(&[&["describe", "pictures", "--out", "d.npy"], &network[..]].concat());
    assert_eq!(described.code, Some(0), "{described}");
    assert!(described.stderr.contains(warning), "{described}");

    let made = place.run(&["create-dataset", "--csvfile", "pictures"]);
    assert!(made.stderr.contains("1 image file has several pages"), "{made}");
    let built = place.run(&["build-kdtree", "--config", "Configuration_build_kDTree.txt"]);
    assert!(built.code == Some(0) && !built.stderr.contains("pages"), "{built}");
    let folders = ["--treepath", "output_files/kDTree", "--model_path", "output_files/Default"];
    let found = place.run(&[&["search", "pictures/pages.tif", "--num_neighbors", "1"], &folders[..]].concat());
    assert!(found.code == Some(0) && found.stderr.contains(warning), "{found}");
}
