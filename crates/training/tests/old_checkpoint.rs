//! A checkpoint that version 0.1.0 wrote continues to the bits of a training that was not interrupted.
//!
//! Every picture switches on one input of the network of its own, batches hold two pictures and descriptors two
//! values. No sum then has more than two terms that are not 0, so the bits are the same on every processor,
//! whatever order its instructions sum in.

use std::path::Path;

use silknow_config::{Architecture, Augmentation, LossKind, TrainingParameters};
use silknow_errors::Result;
use silknow_files as files;
use silknow_image::{Pipeline, RgbImage, save};
use silknow_network::{FeatureShape, FrozenBackbone, TopNetwork, WeightFile};
use silknow_progress::Silent;
use silknow_records::LabelMatrix;
use silknow_training::objective::SoftContrastiveIncomp;
use silknow_training::{
    DEFAULT_MEMORY_LIMIT_BYTES, FeatureStore, Logs, SourceImage, StoreSettings, TrainingInputs, TrainingOutcome,
    checkpoint, train,
};

const SIDE_PX: usize = 32;
const INPUTS: usize = 512;

/// Switches on the input whose number is the picture's shade of grey.
struct Switch;

impl FrozenBackbone for Switch {
    fn feature_shape(&self) -> FeatureShape {
        FeatureShape { channels: INPUTS, height: 1, width: 1 }
    }

    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        let mut features = vec![0.0; n * INPUTS];
        for (image, features) in pixels.chunks_exact(3 * SIDE_PX * SIDE_PX).zip(features.chunks_exact_mut(INPUTS)) {
            features[(image[0] * 255.0).round() as usize] = 1.0;
        }
        Ok(features)
    }
}

/// The training that the checkpoint is of, continued from what is in the folder.
fn continued(logs: &Path) -> Result<TrainingOutcome> {
    let folder = tempfile::tempdir().unwrap();
    let mut labels = LabelMatrix::new(2);
    let images = (0..10u8)
        .map(|number| {
            labels.push(&[i32::from(number % 2), if number == 3 { -1 } else { i32::from(number / 2 % 2) }]);
            let path = folder.path().join(format!("{number}.png"));
            save(&RgbImage::from_pixel(40, 40, image::Rgb([number; 3])), &path).unwrap();
            SourceImage::file(path, format!("{number}.png"))
        })
        .collect();
    let parameters = TrainingParameters {
        add_fc: vec![2],
        train_batch_size: 2,
        how_many_training_steps: 12,
        learning_rate: 0.05,
        how_often_validation: 2,
        loss_ind: LossKind::SoftContrastiveIncomp,
        relevant_variables: vec!["colour".to_owned(), "pattern".to_owned()],
        augmentation: Augmentation::none(),
        backbone: Architecture::RESNET18,
        input_size: SIDE_PX,
        seed: 5,
        ..TrainingParameters::default()
    };
    let settings = StoreSettings {
        pipeline: Pipeline { input_size: SIDE_PX, mean: [0.0; 3], std: [1.0; 3], ..Pipeline::default() },
        augmentation: Augmentation::none(),
        augmented_views: 0,
        seed: 5,
        shared: false,
        memory_limit_bytes: DEFAULT_MEMORY_LIMIT_BYTES,
        spill_folder: folder.path().to_path_buf(),
    };
    let mut store = FeatureStore::new(images, Box::new(Switch), settings);
    let device = burn::tensor::Device::flex().autodiff();
    let weights = WeightFile::random(Architecture::RESNET18, 1).unwrap();
    let top = TopNetwork::new(&weights, Architecture::RESNET18, 0, &parameters.add_fc, 5, &device).unwrap();
    let inputs = TrainingInputs::new(&labels, &[0, 1, 2, 3, 4, 5], &[6, 7, 8, 9]);
    train(
        &inputs,
        &parameters,
        &SoftContrastiveIncomp,
        &mut store,
        top,
        Some(Logs { folder: logs, resume: true }),
        &Silent,
    )
}

const OLD_CHECKPOINT: &[u8] = include_bytes!("data/checkpoint-0.1.0.safetensors");

#[test]
fn a_checkpoint_of_version_0_1_0_continues_to_the_bits_of_an_unbroken_training() {
    let logs = tempfile::tempdir().unwrap();
    let unbroken = continued(logs.path()).unwrap();
    let logs = tempfile::tempdir().unwrap();
    files::write(checkpoint::path_in(logs.path()), OLD_CHECKPOINT).unwrap();
    let resumed = continued(logs.path()).unwrap();
    assert_eq!(resumed.history, unbroken.history);
    assert_eq!(resumed.history.len(), 12);
    assert_eq!(
        (resumed.best_step, resumed.top.to_named_tensors()),
        (unbroken.best_step, unbroken.top.to_named_tensors())
    );
    // What the old program said of its seventh step, where it was interrupted, and of its second.
    assert_eq!((resumed.history[6].loss, resumed.history[1].validation.unwrap().loss), (0.0, Some(0.8899847467740377)));
}

/// The error for the old file with `from` replaced by `to`, which is as long.
fn error_with(from: &str, to: &str) -> String {
    assert_eq!(from.len(), to.len());
    let mut bytes = OLD_CHECKPOINT.to_vec();
    let place = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    let logs = tempfile::tempdir().unwrap();
    files::write(checkpoint::path_in(logs.path()), bytes).unwrap();
    continued(logs.path()).unwrap_err().to_string()
}

#[test]
fn a_damaged_checkpoint_of_version_0_1_0_is_refused_without_a_panic() {
    for (from, to, part) in [
        (r#"\"adam_steps\":7,"#, r#"\"adam_steps\":0,"#, "took 0 steps, but the history has 7"),
        (
            r#"\"adam_steps\":7,\"best_step\":2,\"unreadable\":[],"#,
            r#"\"adam_steps\":99999999999999999,\"unreadable\":[],"#,
            "took 99999999999999999 steps",
        ),
        ("adam.first.head.layers.0.bias", "adam.fIrst.head.layers.0.bias", "`first.head.layers.0.bias` is missing"),
        ("best.head.0.bias", "bEst.head.0.bias", "`best.head.0.bias` is missing"),
        ("model.head.0.bias", "mOdel.head.0.bias", "`head.0.bias` is missing"),
        (r#"\"best_step\":2"#, r#"\"best_step\":3"#, "the best step is 3"),
        (r#"\"version\":1"#, r#"\"version\":9"#, "a checkpoint of version 9"),
    ] {
        let message = error_with(from, to);
        assert!(message.contains("checkpoint.safetensors") && message.contains(part), "{to}: {message}");
    }
}
