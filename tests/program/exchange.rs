//! Indexes and results of the Python toolbox come in, indexes for other tools go out.

use std::path::Path;

use crate::place::Place;

/// A file that scikit-learn and NumPy wrote.
fn of_toolbox(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/migration/tests/data");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn old_files_are_imported_evaluated_and_exported_and_come_back() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("old")).unwrap();
    place.write("old/kdtree.npz", of_toolbox("kdtree_protocol2.npz"));
    place.write("old/pred_gt.npz", of_toolbox("pred_gt_protocol4.npz"));

    let imported = place.run(&["import-index", "old", "index", "--images-root", "toolbox"]);
    assert_eq!(imported.code, Some(0), "{imported}");
    assert!(
        imported.stdout.contains("7 images with 4 values each in index/kdtree.npz; variables: place, technique"),
        "{imported}"
    );
    assert!(imported.stdout.contains("7 images are not where their paths say"), "{imported}");
    assert!(imported.stdout.contains("results of 7 images in index/pred_gt.npz"), "{imported}");

    let evaluated = place.run(&["evaluate-model", "--pred_gt_path", "index", "--result_path", "evaluation"]);
    assert_eq!(evaluated.code, Some(0), "{evaluated}");
    let results = std::fs::read_to_string(place.path().join("evaluation/place_evaluation_results.txt")).unwrap();
    // Of six images with a known place, two are of the predicted one.
    assert!(results.contains("6 images") && results.contains("Overall Accuracy: 33.33 %"), "{results}");

    for (out, expected) in [
        ("out/silk.faiss", "7 images in out/silk.faiss and out/silk_images.csv"),
        ("out/silk.parquet", "7 images in out/silk.parquet"),
        ("out/silk.tsv", "7 images in out/silk.tsv and out/silk_metadata.tsv"),
        ("out/kdtree.npz", "7 images in out/kdtree.npz"),
    ] {
        let exported = place.run(&["export-index", "index", out]);
        assert_eq!((exported.code, exported.stdout.trim_end()), (Some(0), expected), "{exported}");
    }
    let table = std::fs::read_to_string(place.path().join("out/silk_images.csv")).unwrap();
    assert!(
        table.starts_with("image,place,technique\n../toolbox/samples/data/img/garin__o0__0.jpg,ES,damask\n"),
        "{table}"
    );

    // Both formats that can be read again give the same index: the same table of descriptors and labels.
    let again = [
        vec!["import-index", "out/silk.faiss", "again/faiss", "--images-root", "out", "--table", "out/silk_images.csv"],
        vec!["import-index", "out/kdtree.npz", "again/toolbox"],
    ];
    for (arguments, folder) in again.iter().zip(["again/faiss", "again/toolbox"]) {
        let imported = place.run(arguments);
        assert_eq!(imported.code, Some(0), "{imported}");
        let tsv = format!("{folder}.tsv");
        assert_eq!(place.run(&["export-index", folder, &tsv]).code, Some(0));
        let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
        assert_eq!(read(&tsv), read("out/silk.tsv"));
        assert_eq!(read(&format!("{folder}_metadata.tsv")), read("out/silk_metadata.tsv"));
    }
}

#[test]
fn what_is_no_such_file_is_refused_and_says_what_to_do() {
    let place = Place::new();
    place.write("words.txt", "these are words");
    place.write(
        "a.npy",
        b"\x93NUMPY\x01\x00\x48\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }            \n\0\0\0\0",
    );
    for (arguments, code, expected) in [
        (["import-index", "words.txt", "index"], 3, "not a complete .npz file"),
        (["import-index", "nothing.npz", "index"], 3, "nothing.npz"),
        (["import-index", "a.npy", "index"], 2, "give a table with --table"),
        (["export-index", "index", "silk.xlsx"], 2, "end it in .faiss, .parquet, .tsv or .npz, or give --format"),
        (["export-index", "index", "silk.parquet"], 3, "kdtree.npz` does not exist"),
        (["export-onnx", "index", "silk.onnx"], 3, "`index` holds no model: model.json is missing"),
    ] {
        let refused = place.run(&arguments);
        assert_eq!(refused.code, Some(code), "{refused}");
        assert!(refused.stderr.contains(expected), "{refused}");
    }
}

/// The old index has four numbers an image, as this model.
#[test]
fn a_model_takes_an_index_of_the_toolbox_and_writes_the_old_layout_and_onnx() {
    let rows = "a.jpg\tES\t\nb.jpg\tFR\t\nc.jpg\tES\t\nd.jpg\tFR\t\n";
    let place = Place::with_collection(&format!("#image_file\t#place\t\n{rows}"));
    let trained = place.train("model", "#place", &["--val_percentage", "0"]);
    assert_eq!(trained.code, Some(0), "{trained}");

    let queries = ["--master_file_prediction", "master.txt", "--master_dir_prediction", "samples", "--device", "cpu"];
    let get_knn = |index: &str, savepath: &str, more: &[&str]| {
        let folders = ["get-knn", "--treepath", index, "--model_path", "model", "--savepath", savepath];
        place.run(&[&folders[..], &queries[..], more].concat())
    };
    std::fs::create_dir(place.path().join("old")).unwrap();
    place.write("old/kdtree.npz", of_toolbox("kdtree_protocol2.npz"));
    place.write("old/pred_gt.npz", of_toolbox("pred_gt_protocol4.npz"));
    let found = get_knn("old", "found", &["--bool_labeled_input", "False"]);
    assert_eq!(found.code, Some(0), "{found}");
    assert!(found.stderr.contains("`old/kdtree.npz` is of the Python toolbox and is imported in passing"), "{found}");
    assert!(found.stdout.contains("4 queries answered with 6 of 7 images each"), "{found}");
    let evaluated = place.run(&["evaluate-model", "--pred_gt_path", "old", "--result_path", "evaluation"]);
    assert_eq!(evaluated.code, Some(0), "{evaluated}");
    assert!(evaluated.stderr.contains("`old/pred_gt.npz` is of the Python toolbox"), "{evaluated}");
    let found =
        place.run(&["search", "samples/a.jpg", "--treepath", "old", "--model_path", "model", "--device", "cpu"]);
    assert_eq!(found.code, Some(0), "{found}");
    assert!(found.stdout.contains("samples/data/img/garin__o0__0.jpg"), "{found}");

    let built = place.run(&[
        "build-kdtree",
        "--model_path",
        "model",
        "--master_file_tree",
        "master.txt",
        "--master_dir_tree",
        "samples",
        "--savepath",
        "index",
        "--relevant_variables",
        "#place",
        "--device",
        "cpu",
        "--old-layout",
    ]);
    assert_eq!(built.code, Some(0), "{built}");
    assert!(built.stdout.contains("index/old_layout/kdtree.npz"), "{built}");
    let found = get_knn("index", "results", &["--old-layout"]);
    assert_eq!(found.code, Some(0), "{found}");
    assert!(found.stdout.contains("results/old_layout/pred_gt.npz"), "{found}");
    // What was written in the old layout is read again as files of the toolbox are.
    let again = get_knn("index/old_layout", "again", &[]);
    assert_eq!(again.code, Some(0), "{again}");
    let list = |folder: &str| std::fs::read_to_string(place.path().join(folder).join("kNN_LUT.csv")).unwrap();
    assert_eq!(list("again"), list("results"));

    let exported = place.run(&["export-onnx", "model", "out/silk.onnx", "--features"]);
    assert_eq!(exported.code, Some(0), "{exported}");
    assert!(exported.stdout.contains("squares of 32 pixels become 4 values in out/silk.onnx"), "{exported}");
    let network = std::fs::read(place.path().join("out/silk.onnx")).unwrap();
    for name in [b"descriptor".as_slice(), b"features", b"ReduceSumSquare", b"fingerprint", b"layer4.1.bn2.running_var"]
    {
        assert!(network.windows(name.len()).any(|window| window == name), "{}", name.escape_ascii());
    }
    assert!(place.path().join("out/preprocessor_config.json").is_file());
}

#[test]
fn a_checkpoint_becomes_a_model_and_a_damaged_one_leaves_nothing() {
    let place = Place::new();
    let checkpoint = of_toolbox("slim_v1.ckpt");
    place.write("cut.ckpt", &checkpoint[..checkpoint.len() - 100]);
    place.write("resnet_v2_50.ckpt", checkpoint);
    let imported = place.run(&["import-model", "resnet_v2_50.ckpt", "model"]);
    assert_eq!(imported.code, Some(0), "{imported}");
    for expected in [
        "with no layers on top in model",
        "142 tensors used; 3 passed over: `global_step` []",
        "pixels: ours",
        "the variables are not known; --relevant_variables says them",
        "the loss is not known; --loss_ind says it",
    ] {
        assert!(imported.stdout.contains(expected), "{imported}");
    }
    assert!(place.path().join("model/model.json").is_file());

    let damaged = place.run(&["import-model", "cut.ckpt", "other"]);
    assert_eq!(damaged.code, Some(3), "{damaged}");
    assert!(!place.path().join("other").exists(), "{damaged}");
}
