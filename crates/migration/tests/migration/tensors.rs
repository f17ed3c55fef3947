//! Checkpoints of TensorFlow 2.15 and files of Keras, of narrow networks. Their weights follow from their names.

use std::io::Write;
use std::path::Path;

use silknow_migration::{ElementType, TensorFile, TensorFormat, TensorInfo, Values};
use silknow_test_support::reference::numbers;
use silknow_test_support::shared;

use crate::data;

fn open(path: impl AsRef<Path>) -> TensorFile {
    TensorFile::open(path).unwrap().expect("a file of tensors")
}

/// The weights that a tensor of this name has: numbers out of the name, for convolutions in the order O, I, H, W. None for
/// names that are no weights.
fn weights_of(name: &str, shape: &[usize]) -> Option<Vec<f32>> {
    let kind = name.rsplit('/').next()?;
    let fan_in: usize = shape[..shape.len().saturating_sub(1)].iter().product();
    let (base, amplitude) = match kind {
        "weights" => (0.0, (3.0 / fan_in as f64).sqrt() as f32),
        "kernel" => (0.0, (6.0 / fan_in as f64).sqrt() as f32),
        "gamma" | "moving_variance" => (1.0, 0.25),
        "beta" | "moving_mean" | "biases" | "bias" => (0.0, 0.1),
        _ => return None,
    };
    let numbers: Vec<f32> = numbers(name, shape.iter().product()).collect();
    let place = |at: usize| match *shape {
        // From H, W, I, O to O, I, H, W.
        [height, width, inputs, outputs] => {
            let (pixel, input, output) = (at / (inputs * outputs), at / outputs % inputs, at % outputs);
            (output * inputs + input) * (height * width) + pixel
        }
        _ => at,
    };
    Some((0..numbers.len()).map(|at| base + numbers[place(at)] * amplitude).collect())
}

/// Every weight of the file is the one that its name, with another beginning, stands for. How many there are.
fn check_weights(file: &mut TensorFile, renamed: impl Fn(&str) -> String) -> usize {
    let mut checked = 0;
    for position in 0..file.tensors().len() {
        let TensorInfo { name, shape, .. } = file.tensors()[position].clone();
        let Some(expected) = weights_of(&renamed(&name), &shape) else { continue };
        let tensor = file.read_at(position).unwrap();
        assert_eq!((&tensor.name, &tensor.shape), (&name, &shape));
        let values = tensor.values.into_f32();
        assert_eq!(values.len(), expected.len(), "{name}");
        for (value, expected) in values.iter().zip(&expected) {
            assert!((value - expected).abs() <= 1e-6 * expected.abs().max(0.1), "{name}: {value} {expected}");
        }
        checked += 1;
    }
    checked
}

#[test]
fn both_versions_of_a_checkpoint_hold_the_same_tensors() {
    let (mut one, mut two) = (open(data("slim_v1.ckpt")), open(data("resnet_v2_50.ckpt")));
    assert_eq!((one.format(), two.format()), (TensorFormat::CheckpointV1, TensorFormat::CheckpointV2));
    assert_eq!((one.tensors().len(), two.tensors().len()), (145, 145));
    for file in [&mut one, &mut two] {
        assert_eq!(check_weights(file, str::to_owned), 144);
        let step = file.read("global_step").unwrap();
        assert_eq!((step.shape, step.values), (vec![], Values::I64(vec![0])));
        assert_eq!(file.passed_over(), []);
    }
}

#[test]
fn every_file_of_a_checkpoint_and_its_prefix_stand_for_it() {
    for name in ["resnet_v2_50.ckpt", "resnet_v2_50.ckpt.index", "resnet_v2_50.ckpt.data-00000-of-00001"] {
        assert_eq!(open(data(name)).tensors().len(), 145, "{name}");
    }
    let missing = TensorFile::open(data("resnet_v2_51.ckpt")).unwrap_err().to_string();
    assert!(missing.contains("neither as a file nor as the prefix of a checkpoint"), "{missing}");
    assert!(TensorFile::open(data("kdtree_protocol2.npz")).unwrap().is_none(), "a file of another kind");
    let error = open(data("resnet_v2_50.ckpt")).read("resnet_v2_50/conv1/weigths").unwrap_err().to_string();
    assert!(error.contains("there is `resnet_v2_50/conv1/weights`"), "{error}");
}

/// A folder with the checkpoint of version 2 under a name.
fn folder_with(prefix: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join(prefix);
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    for ending in ["index", "data-00000-of-00001"] {
        let name = format!("{}.{ending}", to.file_name().unwrap().to_str().unwrap());
        std::fs::copy(data(&format!("resnet_v2_50.ckpt.{ending}")), to.with_file_name(name)).unwrap();
    }
    folder
}

#[test]
fn a_checkpoint_is_found_in_folders_of_every_kind() {
    // The checkpoint alone, a TF-Hub module or a SavedModel, its variables.
    for (prefix, inside) in [("model.ckpt-200", ""), ("variables/variables", ""), ("variables/variables", "variables")]
    {
        let folder = folder_with(prefix);
        assert_eq!(open(folder.path().join(inside)).tensors().len(), 145, "{prefix}");
    }
    // The state of a training that ran elsewhere, with several checkpoints.
    for state in ["model.ckpt-200", "/home/somebody/models/model.ckpt-200", r"C:\\models\\model.ckpt-200"] {
        let folder = folder_with("model.ckpt-200");
        std::fs::copy(data("slim_v1.ckpt"), folder.path().join("older.ckpt")).unwrap();
        let several = TensorFile::open(folder.path()).unwrap_err().to_string();
        assert!(several.contains("several files of weights: model.ckpt-200.index, older.ckpt"), "{several}");
        let state = format!("model_checkpoint_path: \"{state}\"\nall_model_checkpoint_paths: \"x\"\n");
        std::fs::write(folder.path().join("checkpoint"), state).unwrap();
        assert_eq!(open(folder.path()).format(), TensorFormat::CheckpointV2);
    }
    let empty = tempfile::tempdir().unwrap();
    let nothing = TensorFile::open(empty.path()).unwrap_err().to_string();
    assert!(nothing.contains("holds no weights of TensorFlow or Keras"), "{nothing}");
    std::fs::write(empty.path().join("checkpoint"), "model_checkpoint_path: \"gone\"\n").unwrap();
    let gone = TensorFile::open(empty.path()).unwrap_err().to_string();
    assert!(gone.contains("it names the checkpoint `gone`, which is not in the folder"), "{gone}");
}

#[test]
fn a_missing_a_cut_and_a_damaged_data_file_are_told_apart() {
    let folder = folder_with("a.ckpt");
    let values = folder.path().join("a.ckpt.data-00000-of-00001");
    let bytes = std::fs::read(&values).unwrap();
    let read = || open(folder.path()).read("resnet_v2_50/postnorm/gamma").map(|_| ()).unwrap_err().to_string();
    let mut damaged = bytes.clone();
    damaged.iter_mut().for_each(|byte| *byte ^= 1);
    std::fs::write(&values, damaged).unwrap();
    assert!(read().contains("the tensor `resnet_v2_50/postnorm/gamma` does not have its checksum"), "{}", read());
    std::fs::write(&values, &bytes[..100]).unwrap();
    assert!(read().contains("lies beyond the file's end"), "{}", read());
    std::fs::remove_file(&values).unwrap();
    let missing = TensorFile::open(folder.path()).unwrap_err().to_string();
    assert!(missing.contains("`a.ckpt.data-00000-of-00001` is missing beside it"), "{missing}");
}

#[test]
fn keras_files_have_the_names_of_slim_whether_layers_are_named_or_numbered() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("small.keras");
    let content = std::fs::read(data("small.weights.h5")).unwrap();
    let mut writer = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in [("config.json", b"{}".as_slice()), ("model.weights.h5", &content)] {
        writer.start_file(name, stored).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap();
    for (path, format, dense) in [
        (data("small.h5"), TensorFormat::KerasH5, "model_weights/predictions/predictions/kernel:0"),
        (data("small.weights.h5"), TensorFormat::KerasV3, "layers/dense/vars/0"),
        (archive, TensorFormat::KerasV3, "layers/dense/vars/0"),
    ] {
        let mut file = open(&path);
        assert_eq!(file.format(), format);
        assert_eq!(check_weights(&mut file, str::to_owned), 58, "{}", path.display());
        let shortcut = "resnet_v2_11/block2/unit_1/bottleneck_v2/shortcut/weights";
        let shortcut = file.tensors().iter().find(|tensor| tensor.name == shortcut).unwrap();
        assert_eq!((shortcut.shape.as_slice(), shortcut.element_type), ([1, 1, 6, 8].as_slice(), ElementType::F32));
        assert_eq!(file.read(dense).unwrap().shape, [8, 3], "other layers keep their names");
    }
}

#[test]
fn the_files_of_the_toolbox_of_the_hub_and_of_keras_are_read() {
    let Some(shared) = shared("tensors::the_files_of_the_toolbox_of_the_hub_and_of_keras_are_read") else { return };
    let fixtures = shared.join("migration/fixtures");
    for (path, tensors, weights) in [
        ("d45_checkpoint", 172, 162),
        ("tfhub_module", 158, 158),
        ("keras_k2/tiny.h5", 144, 142),
        ("keras_k2/tiny.weights.h5", 144, 142),
    ] {
        let mut file = open(fixtures.join(path));
        assert_eq!(file.tensors().len(), tensors, "{path}");
        // The narrow network of Keras has two units a block and the weights of `resnet_v2_50`.
        let renamed = |name: &str| name.trim_start_matches("module/").replace("resnet_v2_26", "resnet_v2_50");
        assert_eq!(check_weights(&mut file, renamed), weights, "{path}");
    }
    let listed = std::fs::read_to_string(fixtures.join("d45_checkpoint/variables.txt")).unwrap();
    let mut names: Vec<&str> = listed.lines().filter_map(|line| line.split('\t').next()).collect();
    names.sort_unstable();
    let file = open(fixtures.join("d45_checkpoint"));
    assert_eq!(file.tensors().iter().map(|tensor| tensor.name.as_str()).collect::<Vec<_>>(), names);
}
