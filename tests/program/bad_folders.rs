//! Folders of a model, an index or a classification that are empty, damaged, of another version or belong to
//! something else, and disks that refuse: the error says which file, why, and what to do; nothing half stays.

use std::fs;

use crate::place::{JPEG, Outcome, Place};

/// A folder with two models of different seeds, the index of the first and the neighbours of its own images.
fn finished() -> Place {
    let rows = "a.jpg\tES\t\nb.jpg\tFR\t\nc.jpg\tES\t\nd.jpg\tFR\t\n";
    let place = Place::with_collection(&format!("#image_file\t#place\t\n{rows}"));
    for (folder, seed) in [("model", "1"), ("other", "2")] {
        succeeds(&place.train(folder, "#place", &["--val_percentage", "0", "--seed", seed]));
    }
    succeeds(&build_kdtree(&place, "model", "index"));
    succeeds(&get_knn(&place, "model", "index", "neighbours"));
    place
}

fn succeeds(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(0), "{outcome}");
}

fn build_kdtree(place: &Place, model: &str, savepath: &str) -> Outcome {
    place.run(&[
        "build-kdtree",
        "--model_path",
        model,
        "--master_file_tree",
        "master.txt",
        "--master_dir_tree",
        "samples",
        "--savepath",
        savepath,
        "--relevant_variables",
        "#place",
        "--device",
        "cpu",
    ])
}

fn get_knn(place: &Place, model: &str, index: &str, savepath: &str) -> Outcome {
    place.run(&[
        "get-knn",
        "--model_path",
        model,
        "--treepath",
        index,
        "--master_file_prediction",
        "master.txt",
        "--master_dir_prediction",
        "samples",
        "--savepath",
        savepath,
        "--device",
        "cpu",
    ])
}

fn evaluate(place: &Place, folder: &str) -> Outcome {
    place.run(&["evaluate-model", "--pred_gt_path", folder, "--result_path", "evaluation"])
}

/// The run fails as a fault of the data, with `message` and a hint.
fn refused(outcome: &Outcome, message: &str) {
    assert_eq!(outcome.code, Some(3), "{outcome}");
    assert!(outcome.stderr.contains(message) && outcome.stderr.contains("\nhint: "), "{message}: {outcome}");
}

#[test]
fn what_is_missing_damaged_or_of_another_make_is_refused_by_name() {
    let place = finished();
    let path = |name: &str| place.path().join(name);
    let read = |name: &str| fs::read(path(name)).unwrap();

    fs::create_dir(path("empty")).unwrap();
    refused(&build_kdtree(&place, "empty", "new"), "`empty` holds no model");
    refused(&get_knn(&place, "model", "empty", "new"), "`empty/kdtree.npz` does not exist");
    refused(&evaluate(&place, "empty"), "`empty/pred_gt.npz` does not exist");
    refused(&get_knn(&place, "other", "index", "new"), "index/kdtree.npz: the index was built with another model");

    fs::create_dir(path("cut")).unwrap();
    fs::copy(path("model/model.json"), path("cut/model.json")).unwrap();
    place.write("cut/model.safetensors", &read("model/model.safetensors")[..5000]);
    refused(&build_kdtree(&place, "cut", "new"), "cut/model.safetensors: not a complete safetensors file");
    place.write("cut/model.json", &read("model/model.json")[..200]);
    refused(&build_kdtree(&place, "cut", "new"), "cut/model.json");
    let newer = String::from_utf8(read("model/model.json")).unwrap();
    place.write("cut/model.json", newer.replace("\"format_version\": 1", "\"format_version\": 9"));
    refused(&build_kdtree(&place, "cut", "new"), "cut/model.json: the model has format version 9");

    let index = read("index/kdtree.npz");
    place.write("cut/kdtree.npz", &index[..index.len() / 2]);
    refused(&get_knn(&place, "model", "cut", "new"), "cut/kdtree.npz: not a complete .npz file");
    place.write("cut/pred_gt.npz", &index);
    refused(&evaluate(&place, "cut"), "cut/pred_gt.npz: the array `names` is missing");
    assert!(!path("new/kdtree.npz").exists() && !path("new/knn_list.txt").exists() && !path("evaluation").exists());
}

#[test]
fn a_file_in_the_place_of_a_folder_of_results_is_refused() {
    let place = finished();
    for savepath in ["samples/a.jpg", "samples/a.jpg/below"] {
        refused(&build_kdtree(&place, "model", savepath), "cannot create the folder `samples/a.jpg");
    }
    assert_eq!(fs::read(place.path().join("samples/a.jpg")).unwrap(), JPEG);
}

/// The system's limit on the size of a file stands in for a full disk, which a test cannot have without privileges.
#[cfg(unix)]
#[test]
fn a_disk_that_refuses_more_leaves_no_half_files() {
    use std::process::Command;

    let place = finished();
    let program = env!("CARGO_BIN_EXE_silknow");
    // The limit is one block, of 512 or 1024 bytes by the shell. Without the trap the first refused write would end
    // the process before it can speak.
    let script = format!("trap '' XFSZ; ulimit -f 1; exec '{program}' \"$@\"");
    let output = Command::new("sh")
        .args([
            "-c",
            &script,
            "silknow",
            "evaluate-model",
            "--pred_gt_path",
            "neighbours",
            "--result_path",
            "evaluation",
        ])
        .current_dir(place.path())
        .output()
        .unwrap();
    let outcome = place.outcome(output);
    refused(&outcome, "cannot write `evaluation/");
    let sizes = fs::read_dir(place.path().join("evaluation")).unwrap().map(|entry| entry.unwrap().metadata().unwrap());
    assert!(sizes.map(|file| file.len()).all(|bytes| bytes <= 1024), "a file larger than the limit: {outcome}");
    let names = fs::read_dir(place.path().join("evaluation")).unwrap().map(|entry| entry.unwrap().file_name());
    let expected = ["txt", "png", "json", "html", "lock"];
    for name in names {
        let name = name.into_string().unwrap();
        assert!(expected.iter().any(|ending| name.ends_with(ending)), "a temporary file stays: {name}");
    }
    succeeds(&evaluate(&place, "neighbours"));
}
