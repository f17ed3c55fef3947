//! The model folder: what is read back describes alike, what is damaged is refused; and files to descriptors.

use std::path::Path;

use burn::tensor::Device;
use silknow_config::{
    Architecture, Augmentation, DeviceChoice, LossKind, ObjectiveParameters, OptimiserParameters, Precision,
    TrainingParameters, Weights,
};
use silknow_errors::{ErrorKind, Result};
use silknow_image::{Pipeline, Source};
use silknow_network::{Model, Placement, StoredModel, TopNetwork, WeightFile};
use silknow_progress::{Silent, StopAfter};
use silknow_records::{Variable, Vocabulary};

use crate::reference;

const SIDE: usize = 64;

fn training() -> TrainingParameters {
    TrainingParameters {
        add_fc: vec![32, 16],
        hub_num_retrain: 1,
        train_batch_size: 8,
        how_many_training_steps: 1,
        learning_rate: 1e-4,
        val_percentage: 0,
        how_often_validation: 1,
        loss_ind: LossKind::SoftContrastive,
        relevant_variables: vec!["place".into()],
        augmentation: Augmentation::none(),
        augmented_views: 0,
        objective: ObjectiveParameters::default(),
        optimiser: OptimiserParameters::default(),
        margin: 2.0,
        backbone: Architecture::RESNET18,
        weights: Weights::None,
        input_size: SIDE,
        seed: 5,
        device: DeviceChoice::Cpu,
        precision: Precision::F32,
    }
}

fn vocabulary() -> Vocabulary {
    let mut vocabulary = Vocabulary { variables: vec![Variable::new("place", ["DE", "W_Turner"])] };
    vocabulary.set_text("place", "W_Turner", "W. Turner");
    vocabulary
}

/// A model whose retrained kernels differ from the weights it started from.
fn trained() -> StoredModel {
    trained_with(&[])
}

/// The same model, with extra heads of these names and widths.
fn trained_with(heads: &[(&str, usize)]) -> StoredModel {
    let device = Device::flex();
    let weights = reference::weights(Architecture::RESNET18);
    let mut top = TopNetwork::new(&weights, Architecture::RESNET18, 1, &[32, 16], 5, &device).unwrap();
    let mut tensors = top.to_named_tensors();
    tensors.get_mut("backbone.layer4.1.conv1.weight").unwrap().data.iter_mut().for_each(|value| *value *= -0.5);
    top.load_named_tensors(&tensors).unwrap();
    let heads: Vec<(String, usize)> = heads.iter().map(|&(name, width)| (name.to_owned(), width)).collect();
    let top = top.with_extra_heads(&heads, 7, &device);
    let pipeline = Pipeline { input_size: SIDE, mean: [0.5; 3], std: [0.25, 0.3, 0.35], ..Pipeline::default() };
    StoredModel::trained(&weights, &top, pipeline, vocabulary(), training()).unwrap()
}

fn pixels(images: usize) -> Vec<f32> {
    reference::spread("input", images * 3 * SIDE * SIDE, 0.0, 2.0)
}

fn load(folder: &Path) -> Result<Model> {
    Model::load(folder, &Placement::processor())
}

#[test]
fn a_descriptor_does_not_depend_on_the_images_beside_it() {
    let model = trained().open(&Placement::processor()).unwrap();
    let (images, values) = (37, 3 * SIDE * SIDE);
    let pixels = pixels(images);
    let together = model.describe_pixels(&pixels, images).unwrap();
    for at_once in [1, 2, 5, 32] {
        let batches = pixels.chunks(at_once * values);
        let described: Vec<f32> =
            batches.flat_map(|batch| model.describe_pixels(batch, batch.len() / values).unwrap()).collect();
        assert!(described == together, "{at_once} at once");
    }
}

#[test]
fn a_model_read_back_describes_the_same_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let stored = trained();
    stored.save(folder.path()).unwrap();
    let model = stored.open(&Placement::processor()).unwrap();
    let loaded = load(folder.path()).unwrap();
    let descriptors = model.describe_pixels(&pixels(3), 3).unwrap();
    assert_eq!(loaded.describe_pixels(&pixels(3), 3).unwrap(), descriptors);
    assert_eq!(loaded.facts(), model.facts());
    assert_eq!(loaded.fingerprint(), model.fingerprint());
    assert_eq!((loaded.dims(), loaded.vocabulary()), (16, &vocabulary()));
    for descriptor in descriptors.chunks(16) {
        let length: f32 = descriptor.iter().map(|value| value * value).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }
}

#[test]
fn saving_the_same_model_twice_gives_the_same_files() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    trained().save(first.path()).unwrap();
    StoredModel::read(first.path()).unwrap().save(second.path()).unwrap();
    for file in ["model.safetensors", "model.json"] {
        let read = |folder: &tempfile::TempDir| std::fs::read(folder.path().join(file)).unwrap();
        assert!(read(&first) == read(&second), "{file} differs");
    }
}

#[test]
fn extra_heads_are_read_back_and_change_no_descriptor() {
    let (with, without) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let heads = [("class.time", 2), ("class.place", 3)];
    let stored = trained_with(&heads);
    stored.save(with.path()).unwrap();
    trained().save(without.path()).unwrap();
    let made = stored.open(&Placement::processor()).unwrap();
    let [read, plain] = [&with, &without].map(|folder| load(folder.path()).unwrap());
    assert_eq!(read.extra_heads().collect::<Vec<_>>(), heads);
    assert_eq!(plain.extra_heads().count(), 0);
    let outputs = read.describe_pixels_with_extra(&pixels(3), 3).unwrap();
    assert_eq!(outputs.extra.iter().map(Vec::len).collect::<Vec<_>>(), [6, 9]);
    assert_eq!(outputs, made.describe_pixels_with_extra(&pixels(3), 3).unwrap());
    assert_eq!(outputs.descriptors, plain.describe_pixels(&pixels(3), 3).unwrap());
    assert_eq!(read.fingerprint(), plain.fingerprint());
    for file in ["model.safetensors", "model.json"] {
        assert_eq!(
            std::fs::read(with.path().join(file)).unwrap(),
            std::fs::read(without.path().join(file)).unwrap(),
            "{file}"
        );
    }
    // The same model gives the same file, and one without heads leaves none behind.
    let file = with.path().join("extra_heads.safetensors");
    let bytes = std::fs::read(&file).unwrap();
    StoredModel::read(with.path()).unwrap().save(with.path()).unwrap();
    assert!(std::fs::read(&file).unwrap() == bytes);
    trained().save(with.path()).unwrap();
    assert!(!file.exists());
}

#[test]
fn images_are_described_with_what_the_extra_heads_give() {
    let model = trained_with(&[("class.place", 3)]).open(&Placement::processor()).unwrap();
    let side = SIDE as u32;
    let grey = |shade| silknow_image::RgbImage::from_raw(side, side, vec![shade; 3 * SIDE * SIDE]).unwrap();
    let picture = |shade: u8| Source::Pixels(grey(shade).into());
    let described = model.describe_images(vec![picture(10), picture(200), picture(90)], 2, 1, &Silent).unwrap();
    let alone = model.describe_images(vec![picture(200)], 2, 1, &Silent).unwrap();
    assert_eq!(described.extra[0].len(), 9);
    assert_eq!(described.extra[0][3..6], alone.extra[0]);
    assert_ne!(described.extra[0][..3], described.extra[0][3..6]);
}

#[test]
fn extra_heads_that_are_damaged_or_another_models_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    trained_with(&[("class.place", 3)]).save(folder.path()).unwrap();
    let file = folder.path().join("extra_heads.safetensors");
    let bytes = std::fs::read(&file).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        let error = load(folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data, "{error}");
        error.to_string()
    };
    let replaced = |from: &str, to: &str| {
        let position = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect("it is there");
        [&bytes[..position], to.as_bytes(), &bytes[position + from.len()..]].concat()
    };
    let message = refused(&bytes[..bytes.len() - 1]);
    assert!(message.contains("extra_heads.safetensors: not a complete safetensors file"), "{message}");
    let message = refused(&replaced("class.place\\\"]", "class.plane\\\"]"));
    assert!(message.contains("the tensor `extra.class.plane.bias` is missing"), "{message}");
    let message = refused(&replaced("[3,16]", "[16,3]"));
    assert!(message.contains("`extra.class.place.weight` has the shape [16, 3], expected [3, 16]"), "{message}");
    let mut nan = bytes.clone();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(refused(&nan).contains("holds NaN"));
    let other = StoredModel::read(folder.path()).err().unwrap();
    assert!(other.to_string().contains("holds NaN"), "{other}");

    // The heads of another model: its head has other weights.
    let other = tempfile::tempdir().unwrap();
    let weights = reference::weights(Architecture::RESNET18);
    let top = TopNetwork::new(&weights, Architecture::RESNET18, 0, &[32, 16], 6, &Device::flex()).unwrap();
    let top = top.with_extra_heads(&[("class.place".to_owned(), 3)], 7, &Device::flex());
    let pipeline = Pipeline { input_size: SIDE, ..Pipeline::default() };
    StoredModel::trained(&weights, &top, pipeline, vocabulary(), training()).unwrap().save(other.path()).unwrap();
    let message = refused(&std::fs::read(other.path().join("extra_heads.safetensors")).unwrap());
    assert!(message.contains("the extra heads belong to another model"), "{message}");
    assert!(message.contains("hint: copy the whole model folder again"), "{message}");
}

#[test]
fn extra_heads_are_refused_where_the_classes_of_the_model_are_others() {
    let folder = tempfile::tempdir().unwrap();
    trained_with(&[("class.place", 3)]).save(folder.path()).unwrap();
    let path = folder.path().join("model.json");
    let description = std::fs::read_to_string(&path).unwrap();
    // The scores of the head are for the classes in their order.
    let swapped = description.replace("\"DE\"", "\"FR\"");
    assert_ne!(swapped, description);
    std::fs::write(&path, swapped).unwrap();
    let message = load(folder.path()).unwrap_err().to_string();
    assert!(message.contains("the extra heads give scores for other classes than the model has"), "{message}");
    // A file of an earlier version does not say for which classes its scores are.
    let heads = folder.path().join("extra_heads.safetensors");
    let told = std::fs::read(&heads).unwrap();
    let key = b"classes";
    let at = told.windows(key.len()).position(|window| window == key).expect("the note has the digest");
    let untold = [&told[..at], b"earlier", &told[at + key.len()..]].concat();
    std::fs::write(&heads, untold).unwrap();
    load(folder.path()).unwrap();
}

#[test]
fn the_trained_model_differs_from_the_untrained_backbone() {
    let weights = reference::weights(Architecture::RESNET18);
    let untrained = StoredModel::untrained(&weights, Architecture::RESNET18, &[32, 16], 5, SIDE).unwrap();
    let (untrained, model) =
        (untrained.open(&Placement::processor()).unwrap(), trained().open(&Placement::processor()).unwrap());
    assert_ne!(untrained.fingerprint(), model.fingerprint());
    assert_ne!(untrained.describe_pixels(&pixels(1), 1).unwrap(), model.describe_pixels(&pixels(1), 1).unwrap());
}

#[test]
fn a_folder_without_a_model_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = load(folder.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.to_string().contains("holds no model: model.json is missing"), "{error}");
    assert!(error.hint_text().is_some());
}

#[test]
fn a_damaged_model_folder_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    trained().save(folder.path()).unwrap();
    let (json, tensors) = (folder.path().join("model.json"), folder.path().join("model.safetensors"));
    let (whole_json, whole_tensors) = (std::fs::read_to_string(&json).unwrap(), std::fs::read(&tensors).unwrap());
    let message_of = |new_json: &str, new_tensors: &[u8]| {
        std::fs::write(&json, new_json).unwrap();
        std::fs::write(&tensors, new_tensors).unwrap();
        load(folder.path()).unwrap_err().to_string()
    };

    let cut = message_of(&whole_json[..whole_json.len() / 2], &whole_tensors);
    assert!(cut.contains("model.json") && cut.contains("damaged"), "{cut}");

    let version = message_of(&whole_json.replace("\"format_version\": 1", "\"format_version\": 9"), &whole_tensors);
    assert!(version.contains("format version 9; this program reads version 1"), "{version}");

    let foreign = message_of("{\"layers\": []}", &whole_tensors);
    assert!(foreign.contains("unknown field `layers`"), "{foreign}");

    let family = message_of(&whole_json.replace("\"family\": \"resnet\"", "\"family\": \"vit\""), &whole_tensors);
    assert!(family.contains("`vit` is an unknown family of backbones; known are resnet"), "{family}");

    // Nothing of these sizes may be allocated.
    for (from, to, expected) in [
        ("32,\n    16", "4000000000,\n    128", "a layer of `add_fc` has the width 4000000000"),
        ("32,\n    16", "32,\n    0", "a layer of `add_fc` has the width 0"),
        ("32,\n    16", "65536,\n    65536", "are too many or too large"),
        ("\"input_size\": 64", "\"input_size\": 4000000000", "the `input_size` is 4000000000"),
        ("\"input_size\": 64", "\"input_size\": 0", "the `input_size` is 0"),
        ("      0.25,\n", "      0.0,\n", "the `std` [0.0, 0.3, 0.35]"),
    ] {
        let changed = whole_json.replacen(from, to, 1);
        assert_ne!(changed, whole_json, "{from}");
        let message = message_of(&changed, &whole_tensors);
        assert!(message.contains("model.json") && message.contains(expected), "{message}");
    }

    let cut = message_of(&whole_json, &whole_tensors[..whole_tensors.len() - 4]);
    assert!(cut.contains("model.safetensors: not a complete safetensors file"), "{cut}");

    let mut changed = whole_tensors.clone();
    *changed.last_mut().unwrap() ^= 1;
    let changed = message_of(&whole_json, &changed);
    assert!(changed.contains("do not belong together"), "{changed}");

    let narrower = message_of(&whole_json.replacen("32,\n    16", "24,\n    16", 1), &whole_tensors);
    assert!(narrower.contains("`head.0.bias` has the shape [32], expected [24]"), "{narrower}");

    let shorter = message_of(&whole_json.replacen("32,\n    16", "32", 1), &whole_tensors);
    assert!(shorter.contains("the tensor `head.1.bias` does not belong to the head [32]"), "{shorter}");

    let deeper = message_of(&whole_json.replacen("resnet18", "resnet34", 1), &whole_tensors);
    assert!(deeper.contains("the tensor `backbone.layer1.2.bn1.bias` is missing"), "{deeper}");

    std::fs::remove_file(&tensors).unwrap();
    assert_eq!(load(folder.path()).unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn files_are_described_in_order_and_unreadable_ones_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> =
        ["a.png", "broken.png", "b.png", "absent.png", "c.png"].map(|name| folder.path().join(name)).into();
    for (path, shade) in paths.iter().zip([40, 0, 120, 0, 200]).filter(|(_, shade)| *shade > 0) {
        let image = silknow_image::RgbImage::from_fn(80, 70, |x, y| [shade, x as u8, y as u8].into());
        silknow_image::save(&image, path).unwrap();
    }
    std::fs::write(&paths[1], "no picture").unwrap();
    let weights = WeightFile::builtin(Architecture::RESNET18).unwrap();
    let model = StoredModel::untrained(&weights, Architecture::RESNET18, &[], 0, SIDE).unwrap();
    let model = model.open(&Placement::processor()).unwrap();
    let described = model.describe_files(&paths, 2, 2, &Silent).unwrap();
    assert_eq!(described.kept, [0, 2, 4]);
    assert_eq!(described.failures.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [1, 3]);
    let alone = model.describe_files(&paths[4..], 1, 1, &Silent).unwrap();
    assert_eq!(described.descriptors[2 * 512..], alone.descriptors);
    let (image, bytes) = (silknow_image::decode(&paths[0]).unwrap(), std::fs::read(&paths[4]).unwrap());
    let in_memory =
        [Source::Pixels(image.into()), Source::Encoded(b"no picture"[..].into()), Source::Encoded(bytes.into())];
    for (batch_size, threads) in [(1, 1), (2, 2), (8, 3)] {
        let in_memory = model.describe_images(in_memory.to_vec(), batch_size, threads, &Silent).unwrap();
        assert_eq!(in_memory.kept, [0, 2]);
        assert_eq!(in_memory.failures[0].0, 1);
        assert!(in_memory.descriptors[..512] == described.descriptors[..512]);
        assert!(in_memory.descriptors[512..] == alone.descriptors);
    }
    let decoded = vec![Source::Pixels(silknow_image::decode(&paths[4]).unwrap().into())];
    assert_eq!(model.describe_images(decoded, 1, 1, &Silent).unwrap().descriptors, alone.descriptors);

    let error = model.describe_files(&paths, 2, 2, &StopAfter::questions(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}
