//! Whole trainings on small pictures: they learn, repeat, resume, and say what is wrong with their input.

#[path = "training/asking.rs"]
mod asking;
#[path = "training/choosing.rs"]
mod choosing;
mod support;

use std::sync::Arc;

use silknow_config::{Architecture, Augmentation, LossKind, ObjectiveParameters, TrainingParameters};
use silknow_files as files;
use silknow_image::decode;
use silknow_network::{Placement, WeightFile, frozen_backbone};
use silknow_progress::{Recorder, Silent, StopAfter};
use silknow_records::{LabelMatrix, MISSING, Record};
use silknow_training::objective::{
    Asks, Batch, ImageValues, Objective, Outcome, Samples, SoftTriplet, SoftTripletIncomp,
};
use silknow_training::{Logs, SourceImage, TrainingInputs, TrainingOutcome, checkpoint, train};
use support::{Collection, SIDE_PX, parameters, top};

fn mean_loss(outcome: &TrainingOutcome, steps: std::ops::Range<usize>) -> f64 {
    let count = steps.len() as f64;
    outcome.history[steps].iter().map(|row| row.loss).sum::<f64>() / count
}

#[test]
fn every_loss_falls_and_those_of_labels_separate_the_classes() {
    let collection = Collection::new();
    for &loss in LossKind::ALL {
        let mut parameters = parameters(loss);
        parameters.how_many_training_steps = 60;
        let mut store = collection.store(&parameters);
        let outcome = collection.train(&parameters, &mut store, None, false, &Silent).unwrap();
        let (first, last) = (mean_loss(&outcome, 0..5), mean_loss(&outcome, 55..60));
        // Pairs that are equal in one of two variables are pulled as much as pushed: half the contrastive loss stays.
        assert!(last < 0.9 * first, "{loss}: from {first} to {last}");
        let f1 = outcome.history.last().unwrap().validation.unwrap().mean_f1.unwrap();
        let without_labels = matches!(loss, LossKind::Rules | LossKind::Colour | LossKind::SelfSimilarity);
        assert!(without_labels || f1 > 0.9, "{loss}: {f1}");
        assert_eq!(outcome.samples_used, 24);
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads_and_another_seed_others() {
    let collection = Collection::new();
    let result = |loss: LossKind, threads: usize, seed: u64| {
        let mut parameters = parameters(loss);
        parameters.seed = seed;
        parameters.augmentation = Augmentation::default();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut store = collection.store(&parameters);
            let outcome = collection.train(&parameters, &mut store, None, false, &Silent).unwrap();
            (outcome.top.to_named_tensors(), outcome.history)
        })
    };
    for loss in [LossKind::SoftTripletIncomp, LossKind::Combined] {
        let once = result(loss, 1, 5);
        assert_eq!(once, result(loss, 4, 5), "{loss}");
        assert_ne!(once.0, result(loss, 1, 6).0, "{loss}");
    }
}

#[test]
fn a_resumed_training_ends_with_the_bits_of_an_unbroken_one() {
    let collection = Collection::new();
    for &loss in LossKind::ALL {
        // One loss is interrupted nearly everywhere, the others at the start, in the middle and near the end.
        let patience = if loss == LossKind::SoftContrastiveIncomp { (0..40).step_by(3) } else { (1..40).step_by(15) };
        resumed_after(&collection, loss, patience);
    }
}

fn resumed_after(collection: &Collection, loss: LossKind, patience: impl Iterator<Item = u64>) {
    let mut parameters = parameters(loss);
    parameters.augmentation = Augmentation::default();
    let unbroken_logs = collection.logs(&format!("unbroken {loss}"));
    let mut store = collection.store(&parameters);
    let unbroken = collection.train(&parameters, &mut store, Some(&unbroken_logs), false, &Silent).unwrap();
    for patience in patience {
        let logs = collection.logs(&format!("broken {loss} {patience}"));
        let impatient = StopAfter::questions(patience);
        let mut store = collection.store(&parameters);
        match collection.train(&parameters, &mut store, Some(&logs), false, &impatient) {
            Ok(_) => assert!(patience > 20, "a training of 12 steps asks at least as often"),
            Err(error) => assert!(error.is_interruption(), "{error}"),
        }
        let mut store = collection.store(&parameters);
        let resumed = collection.train(&parameters, &mut store, Some(&logs), true, &Silent).unwrap();
        assert_eq!(resumed.top.to_named_tensors(), unbroken.top.to_named_tensors());
        assert_eq!((resumed.best_step, &resumed.history), (unbroken.best_step, &unbroken.history));
        let table = |logs: &std::path::Path| files::read_text(logs.join("metrics.csv")).unwrap();
        assert_eq!(table(&logs), table(&unbroken_logs));
    }
}

#[test]
fn a_resumed_training_draws_the_batches_of_its_plan_on() {
    let collection = Collection::new();
    let mut parameters = parameters(LossKind::Classification);
    parameters.objective.balanced_variables = vec!["pattern".to_owned()];
    let (unbroken_logs, logs) = (collection.logs("unbroken"), collection.logs("broken"));
    let mut store = collection.store(&parameters);
    let unbroken = collection.train(&parameters, &mut store, Some(&unbroken_logs), false, &Silent).unwrap();
    let mut store = collection.store(&parameters);
    let impatient = StopAfter::questions(9);
    let error = collection.train(&parameters, &mut store, Some(&logs), false, &impatient).unwrap_err();
    assert!(error.is_interruption(), "{error}");
    let resumed = collection.train(&parameters, &mut store, Some(&logs), true, &Silent).unwrap();
    assert_eq!(resumed.history, unbroken.history);
    assert_eq!(resumed.top.to_named_tensors(), unbroken.top.to_named_tensors());
    let evenly = TrainingParameters { objective: ObjectiveParameters::default(), ..parameters };
    let evenly = collection.train(&evenly, &mut collection.store(&evenly), None, false, &Silent).unwrap();
    assert_ne!(evenly.history[11].loss, unbroken.history[11].loss);
}

#[test]
fn a_finished_training_resumes_to_its_result_without_a_step() {
    let collection = Collection::new();
    let parameters = parameters(LossKind::SoftTriplet);
    let logs = collection.logs("logs");
    let mut store = collection.store(&parameters);
    let outcome = collection.train(&parameters, &mut store, Some(&logs), false, &Silent).unwrap();
    let again = collection.train(&parameters, &mut store, Some(&logs), true, &Silent).unwrap();
    assert_eq!(again.top.to_named_tensors(), outcome.top.to_named_tensors());
    assert_eq!(again.backbone_images, 0);
}

#[test]
fn a_checkpoint_of_another_training_is_refused_by_what_differs() {
    let collection = Collection::new();
    let mut parameters = parameters(LossKind::SoftTriplet);
    let logs = collection.logs("logs");
    let mut store = collection.store(&parameters);
    collection.train(&parameters, &mut store, Some(&logs), false, &Silent).unwrap();
    parameters.learning_rate = 0.5;
    let error = collection.train(&parameters, &mut store, Some(&logs), true, &Silent).unwrap_err().to_string();
    assert!(error.contains("checkpoint.safetensors") && error.contains("`learning_rate` = 0.01"), "{error}");
    collection.train(&parameters, &mut store, Some(&logs), false, &Silent).unwrap();
    checkpoint::remove(&logs).unwrap();
    assert!(!checkpoint::path_in(&logs).exists());
}

#[test]
fn the_best_validation_is_kept_and_without_validation_the_last_step() {
    let collection = Collection::new();
    let mut parameters = parameters(LossKind::SoftContrastiveIncomp);
    // So fast that it does not only get better.
    parameters.learning_rate = 0.3;
    parameters.how_often_validation = 1;
    let mut store = collection.store(&parameters);
    let outcome = collection.train(&parameters, &mut store, None, false, &Silent).unwrap();
    let losses: Vec<f64> = outcome.history.iter().map(|row| row.validation.unwrap().loss.unwrap()).collect();
    let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses[outcome.best_step - 1], lowest);
    assert_ne!(outcome.best_step, 12);
    parameters.val_percentage = 0;
    let outcome = collection.train(&parameters, &mut store, None, false, &Silent).unwrap();
    assert_eq!(outcome.best_step, 12);
    assert!(outcome.history.iter().all(|row| row.validation.is_none()));
}

#[test]
fn validation_is_due_every_so_many_steps_and_at_the_last() {
    let collection = Collection::new();
    let mut parameters = parameters(LossKind::SoftTriplet);
    parameters.how_often_validation = 5;
    let mut store = collection.store(&parameters);
    let outcome = collection.train(&parameters, &mut store, None, false, &Silent).unwrap();
    let validated = outcome.history.iter().filter(|row| row.validation.is_some()).map(|row| row.step);
    assert_eq!(validated.collect::<Vec<_>>(), [5, 10, 12]);
}

#[test]
fn folds_that_share_a_store_run_the_backbone_once_per_image_and_view() {
    let collection = Collection::new();
    let all: Vec<usize> = (0..Collection::SAMPLES).collect();
    let mut parameters = parameters(LossKind::SoftTripletIncomp);
    parameters.augmentation = Augmentation::default();
    parameters.train_batch_size = 16;
    parameters.how_many_training_steps = 4;
    for (augmented_views, views) in [(0, 4), (3, 3)] {
        parameters.augmented_views = augmented_views;
        let mut store = collection.store_with(&parameters, usize::MAX, true);
        let mut sum = 0;
        for fold in 0..2 {
            let (validation, train_samples): (Vec<usize>, Vec<usize>) =
                all.iter().partition(|&&sample| sample / 16 == fold);
            let inputs = TrainingInputs::new(&collection.labels, &train_samples, &validation);
            let (objective, top) = (SoftTripletIncomp, top(&parameters));
            let outcome = train(&inputs, &parameters, &objective, &mut store, top, None, &Silent).unwrap();
            sum += outcome.backbone_images;
        }
        // Each half is drawn in four epochs by one fold; the plain views serve both.
        assert_eq!(store.backbone_images(), 32 * views + 32);
        assert_eq!(sum, store.backbone_images());
    }
}

#[test]
fn retrained_blocks_learn_on_feature_maps() {
    let collection = Collection::new();
    let mut parameters = parameters(LossKind::SoftContrastive);
    parameters.hub_num_retrain = 1;
    parameters.learning_rate = 1e-3;
    let weights = WeightFile::random(Architecture::RESNET18, 1).unwrap();
    let backbone = frozen_backbone(&weights, Architecture::RESNET18, 1, SIDE_PX, &Placement::processor()).unwrap();
    let mut store = collection.store_of(&parameters, backbone, false);
    let before = top(&parameters).to_named_tensors();
    let outcome = collection.train(&parameters, &mut store, None, false, &Silent).unwrap();
    let after = outcome.top.to_named_tensors();
    let kernel = after.keys().find(|name| name.starts_with("backbone.")).unwrap();
    assert_ne!(before[kernel], after[kernel]);
    assert!(mean_loss(&outcome, 9..12) < mean_loss(&outcome, 0..3));
}

#[test]
fn a_loss_that_is_not_a_number_stops_with_the_last_good_network() {
    let collection = Collection::new();
    let mut parameters = parameters(LossKind::SoftTripletIncomp);
    parameters.augmentation = Augmentation::default();
    parameters.train_batch_size = 24;
    parameters.val_percentage = 0;
    let logs = collection.logs("logs");
    // The first 24 images are the first epoch, one step; then the views of the later steps.
    let mut store = collection.store_with(&parameters, 24 * 5, false);
    let outcome = collection.train(&parameters, &mut store, Some(&logs), false, &Silent).unwrap();
    let message = outcome.diverged.unwrap().to_string();
    assert!(message.contains("the loss of step 6 is not a number; the network of step 4 is kept"), "{message}");
    assert_eq!((outcome.best_step, outcome.history.len()), (4, 5));
    parameters.how_many_training_steps = 4;
    let mut store = collection.store(&parameters);
    let expected = collection.train(&parameters, &mut store, None, false, &Silent).unwrap();
    assert_eq!(outcome.top.to_named_tensors(), expected.top.to_named_tensors());
    let mut store = collection.store_with(&parameters, 0, false);
    let error = collection.train(&parameters, &mut store, None, false, &Silent).unwrap_err().to_string();
    assert!(error.contains("the loss of step 1"), "{error}");
}

#[test]
fn samples_that_a_loss_cannot_use_are_left_out_and_counted() {
    let mut collection = Collection::new();
    let mut indices = collection.labels.indices().to_vec();
    indices[0] = MISSING;
    indices[2..4].fill(MISSING);
    collection.labels = LabelMatrix::from_indices(2, indices).unwrap();
    std::fs::write(collection.folder.path().join("5.png"), "cut").unwrap();
    for (loss, used, incomplete) in [(LossKind::SoftTriplet, 21, 1), (LossKind::SoftTripletIncomp, 22, 0)] {
        let parameters = parameters(loss);
        let mut store = collection.store(&parameters);
        let recorder = Recorder::default();
        let outcome = collection.train(&parameters, &mut store, None, false, &recorder).unwrap();
        assert_eq!(outcome.samples_used, used, "{loss}");
        assert_eq!((outcome.left_out.unlabelled, outcome.left_out.incomplete), (1, incomplete));
        assert_eq!(outcome.left_out.unreadable, [5]);
        assert!(recorder.warnings().iter().any(|warning| warning.contains("5.png")), "{:?}", recorder.warnings());
    }
}

#[test]
fn too_little_to_compare_is_an_error_that_counts() {
    let collection = Collection::new();
    let parameters = parameters(LossKind::SoftTriplet);
    let mut store = collection.store(&parameters);
    let mut error_of = |labels: &LabelMatrix, train_samples: &[usize]| {
        let inputs = TrainingInputs::new(labels, train_samples, &[]);
        let top = top(&parameters);
        train(&inputs, &parameters, &SoftTriplet, &mut store, top, None, &Silent).unwrap_err().to_string()
    };
    let error = error_of(&collection.labels, &[0]);
    assert!(error.contains("soft_triplet compares 3 samples, but 1 of 1"), "{error}");
    let none = LabelMatrix::from_indices(2, vec![MISSING; 64]).unwrap();
    let error = error_of(&none, &[0, 1, 2, 3]);
    assert!(error.contains("0 of 4") && error.contains("4 without any label"), "{error}");
    let half = LabelMatrix::from_indices(2, [0, MISSING].repeat(32)).unwrap();
    let error = error_of(&half, &[0, 1, 2, 3]);
    assert!(error.contains("4 with a missing label") && error.contains("soft_triplet_incomp_loss"), "{error}");
    let same = LabelMatrix::from_indices(2, vec![0; 64]).unwrap();
    let error = error_of(&same, &[0, 1, 2, 3]);
    assert!(error.contains("nothing to tell apart"), "{error}");
}

#[test]
fn a_variable_of_one_class_and_a_batch_above_the_samples_are_warned_of() {
    let mut collection = Collection::new();
    let indices = collection.labels.indices().iter().enumerate().map(|(i, &l)| if i % 2 == 1 { 0 } else { l });
    collection.labels = LabelMatrix::from_indices(2, indices.collect()).unwrap();
    let mut parameters = parameters(LossKind::SoftContrastiveIncomp);
    parameters.train_batch_size = 150;
    let recorder = Recorder::default();
    let mut store = collection.store(&parameters);
    collection.train(&parameters, &mut store, None, false, &recorder).unwrap();
    let warnings = recorder.warnings().join("\n");
    assert!(warnings.contains("`pattern` are of one class"), "{warnings}");
    assert!(warnings.contains("train_batch_size is 150, but only 24 samples"), "{warnings}");
}

#[test]
fn without_anything_to_train_the_network_is_returned_as_it_is() {
    let collection = Collection::new();
    let mut parameters = parameters(LossKind::SoftTriplet);
    parameters.add_fc = Vec::new();
    let recorder = Recorder::default();
    let mut store = collection.store(&parameters);
    let outcome = collection.train(&parameters, &mut store, None, false, &recorder).unwrap();
    assert_eq!((outcome.best_step, outcome.top.dims()), (0, 512));
    assert!(recorder.warnings().join("\n").contains("nothing to train"));
}

#[test]
fn logs_hold_both_event_files_and_the_table() {
    let collection = Collection::new();
    let parameters = parameters(LossKind::SoftTriplet);
    let logs = collection.logs("logs");
    let mut store = collection.store(&parameters);
    collection.train(&parameters, &mut store, Some(&logs), false, &Silent).unwrap();
    for part in ["train", "val"] {
        let names: Vec<_> = std::fs::read_dir(logs.join(part)).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(names.len() == 1 && names[0].to_string_lossy().starts_with("events.out.tfevents."), "{names:?}");
    }
    let table = files::read_text(logs.join("metrics.csv")).unwrap();
    assert_eq!(table.lines().count(), 13);
    assert!(table.lines().nth(4).unwrap().split(',').all(|cell| !cell.is_empty()), "{table}");
}

/// An objective from outside the crate: images of one object attract each other, by a value of the first.
struct OneObject;

impl Objective for OneObject {
    fn name(&self) -> &str {
        "one_object"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Any, 2).with_records().with_values("strength", 1)
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let strength = batch.values("strength");
        let pairs: Vec<(usize, usize)> = (0..batch.len())
            .flat_map(|i| (0..batch.len()).map(move |j| (i, j)))
            .filter(|&(i, j)| i != j && batch.records[i].object == batch.records[j].object)
            .collect();
        let (mut sum, mut gradient) = (0.0, vec![0.0; batch.descriptors.len()]);
        for &(i, j) in &pairs {
            for d in 0..batch.dims {
                let apart = batch.descriptor(i)[d] - batch.descriptor(j)[d];
                sum += 0.5 * f64::from(strength[i] * apart * apart);
                gradient[i * batch.dims + d] += strength[i] * apart / pairs.len() as f32;
                gradient[j * batch.dims + d] -= strength[i] * apart / pairs.len() as f32;
            }
        }
        Outcome::mean(sum, pairs.len() as u64, gradient)
    }
}

#[test]
fn an_objective_from_outside_trains_on_pictures_in_memory_and_is_given_what_it_asks_for() {
    let mut collection = Collection::new();
    let picture = |image: &SourceImage| decode(collection.folder.path().join(&image.identity)).unwrap();
    collection.images =
        collection.images.iter().map(|image| SourceImage::pixels(picture(image), &*image.identity)).collect();
    let mut parameters = parameters(LossKind::SoftTriplet);
    parameters.how_many_training_steps = 40;
    let (train_samples, validation) = collection.split();
    let records: Vec<Arc<Record>> = (0..Collection::SAMPLES)
        .map(|sample| Arc::new(Record::new(format!("museum__{}__{sample}.png", sample % 4), 2)))
        .collect();
    let mut values = ImageValues::new(Collection::SAMPLES);
    values.insert("strength", 1, vec![1.0; Collection::SAMPLES]).unwrap();
    let inputs = TrainingInputs::new(&collection.labels, &train_samples, &validation);
    let logs = collection.logs("logs");
    let run = |inputs: &TrainingInputs<'_>, objective: &dyn Objective, resume| {
        let logs = Some(Logs { folder: &logs, resume });
        train(inputs, &parameters, objective, &mut collection.store(&parameters), top(&parameters), logs, &Silent)
    };
    let error = run(&inputs, &OneObject, false).unwrap_err().to_string();
    assert!(error.contains("one_object needs the records of 32 images, but 0 are given"), "{error}");
    let inputs = inputs.with_records(&records);
    let error = run(&inputs, &OneObject, false).unwrap_err().to_string();
    assert!(error.contains("one_object needs 1 values `strength` for each of 32 images"), "{error}");
    let inputs = inputs.with_values(&values);
    let outcome = run(&inputs, &OneObject, false).unwrap();
    let (first, last) = (mean_loss(&outcome, 0..5), mean_loss(&outcome, 35..40));
    assert!(last < 0.5 * first, "from {first} to {last}");
    // Its checkpoint is not continued with another objective.
    let error = run(&inputs, &SoftTriplet, true).unwrap_err().to_string();
    assert!(error.contains("`objective` = \"one_object\", but now it is \"soft_triplet\""), "{error}");
}
