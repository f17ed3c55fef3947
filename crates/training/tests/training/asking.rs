//! Trainings with an objective that asks for everything: records, values, extra heads and second views.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::support::asking::AsksForAll;
use crate::support::{Collection, SIDE_PX, parameters, top};
use burn::tensor::Device;
use silknow_config::{Augmentation, LossKind, TrainingParameters};
use silknow_errors::Result;
use silknow_files as files;
use silknow_image::Pipeline;
use silknow_network::{Model, Placement, StoredModel, WeightFile, frozen_backbone};
use silknow_progress::{Observer, Silent, StopAfter};
use silknow_records::{LabelMatrix, MISSING, Record, Variable, Vocabulary};
use silknow_training::objective::{Classification, ImageValues, Objective, SoftTripletIncomp};
use silknow_training::{Logs, TrainingInputs, TrainingOutcome, train};

/// Trains with values and records, two images to an object.
fn run(
    collection: &Collection,
    parameters: &TrainingParameters,
    objective: &dyn Objective,
    logs: Option<(&Path, bool)>,
    observer: &dyn Observer,
) -> Result<TrainingOutcome> {
    let (train_samples, validation) = collection.split();
    let record = |sample: usize| Arc::new(Record::new(format!("museum__{}__{sample}.png", sample % 16), 2));
    let records: Vec<Arc<Record>> = (0..Collection::SAMPLES).map(record).collect();
    let mut values = ImageValues::new(Collection::SAMPLES);
    values.insert("weight", 1, (0..Collection::SAMPLES).map(|sample| (sample % 4) as f32 / 2.0).collect())?;
    let inputs = TrainingInputs::new(&collection.labels, &train_samples, &validation);
    let inputs = inputs.with_records(&records).with_values(&values);
    let logs = logs.map(|(folder, resume)| Logs { folder, resume });
    let mut store = collection.store(parameters);
    train(&inputs, parameters, objective, &mut store, top(parameters), logs, observer)
}

fn varied() -> TrainingParameters {
    TrainingParameters { augmentation: Augmentation::default(), ..parameters(LossKind::SoftTriplet) }
}

#[test]
fn its_loss_falls_and_its_heads_learn() {
    let collection = Collection::new();
    for (add_fc, augmented_views) in [(vec![16, 8], 0), (vec![8], 1), (vec![], 3)] {
        let mut parameters = TrainingParameters { add_fc, augmented_views, ..varied() };
        parameters.how_many_training_steps = 60;
        let outcome = run(&collection, &parameters, &AsksForAll, None, &Silent).unwrap();
        let term = |step: usize, name: &str| {
            let terms = &outcome.history[step].terms;
            terms.iter().find(|term| term.name == name).unwrap().value
        };
        let mean = |name: &str, steps: std::ops::Range<usize>| steps.map(|step| term(step, name)).sum::<f64>() / 5.0;
        for name in ["place", "weight"] {
            let (first, last) = (mean(name, 0..5), mean(name, 55..60));
            assert!(last < 0.7 * first, "{name} with {:?}: from {first} to {last}", parameters.add_fc);
        }
        for row in &outcome.history {
            let sum: f64 = row.terms.iter().map(|term| term.value).sum();
            assert!((row.loss - sum).abs() < 1e-9);
        }
        let validation: Vec<f64> =
            outcome.history.iter().filter_map(|row| row.validation).map(|measured| measured.loss.unwrap()).collect();
        assert!(validation[validation.len() - 1] < 0.7 * validation[0], "{validation:?}");
        let names: Vec<String> = outcome.top.to_named_tensors().into_keys().collect();
        assert_eq!(names[..4], ["extra.place.bias", "extra.place.weight", "extra.weight.bias", "extra.weight.weight"]);
    }
}

#[test]
fn a_resumed_training_ends_with_the_bits_of_an_unbroken_one() {
    let collection = Collection::new();
    let parameters = varied();
    let unbroken_logs = collection.logs("unbroken");
    let unbroken = run(&collection, &parameters, &AsksForAll, Some((&unbroken_logs, false)), &Silent).unwrap();
    let mut interrupted_after = BTreeSet::new();
    for patience in (2..40).step_by(4) {
        let logs = collection.logs(&format!("broken {patience}"));
        let impatient = StopAfter::questions(patience);
        match run(&collection, &parameters, &AsksForAll, Some((&logs, false)), &impatient) {
            Ok(_) => {}
            Err(error) => assert!(error.is_interruption(), "{error}"),
        }
        let table = |logs: &Path| files::read_text(logs.join("metrics.csv")).unwrap_or_default();
        interrupted_after.insert(table(&logs).lines().count().saturating_sub(1));
        let resumed = run(&collection, &parameters, &AsksForAll, Some((&logs, true)), &Silent).unwrap();
        assert_eq!(resumed.top.to_named_tensors(), unbroken.top.to_named_tensors());
        assert_eq!((resumed.best_step, &resumed.history), (unbroken.best_step, &unbroken.history));
        assert_eq!(table(&logs), table(&unbroken_logs));
        let header = "step,loss,learning_rate,active_share,val_loss,val_mean_f1,\
                      term_views,term_objects,term_place,term_weight";
        assert_eq!(table(&logs).lines().next().unwrap(), header);
    }
    assert!(interrupted_after.len() > 3, "interruptions come at different steps: {interrupted_after:?}");
}

#[test]
fn an_objective_without_heads_trains_as_if_there_were_none() {
    let collection = Collection::new();
    let parameters = varied();
    let outcome = run(&collection, &parameters, &SoftTripletIncomp, None, &Silent).unwrap();
    let names: Vec<String> = outcome.top.to_named_tensors().into_keys().collect();
    assert_eq!(names, ["head.0.bias", "head.0.weight", "head.1.bias", "head.1.weight"]);
    assert!(outcome.history.iter().all(|row| row.terms.is_empty()));
}

#[test]
fn second_views_of_images_that_are_not_varied_are_refused() {
    let collection = Collection::new();
    let parameters = parameters(LossKind::SoftTriplet);
    let message = run(&collection, &parameters, &AsksForAll, None, &Silent).unwrap_err().to_string();
    assert!(message.contains("asks_for_all compares two views of every image"), "{message}");
}

#[test]
fn an_objective_that_needs_no_labels_is_validated_without_any() {
    let mut collection = Collection::new();
    collection.labels = LabelMatrix::from_indices(2, vec![MISSING; 2 * Collection::SAMPLES]).unwrap();
    let outcome = run(&collection, &varied(), &AsksForAll, None, &Silent).unwrap();
    let measured = outcome.history[3].validation.unwrap();
    assert!(measured.loss.is_some_and(|loss| loss.is_finite() && loss > 0.0) && measured.mean_f1.is_none());
    // With one label among the validation samples, the loss is still that of all eight: the head `weight` and the views
    // need none, and the term of the label is added.
    let mut indices = vec![MISSING; 2 * Collection::SAMPLES];
    indices[2 * 12] = 1;
    collection.labels = LabelMatrix::from_indices(2, indices).unwrap();
    let other = run(&collection, &varied(), &AsksForAll, None, &Silent).unwrap().history[3].validation.unwrap();
    assert!(other.loss.unwrap() > measured.loss.unwrap() + 0.1, "{measured:?}, {other:?}");
}

#[test]
fn sets_of_labels_are_selected_validated_and_voted_on() {
    let mut collection = Collection::new();
    // Every image is of the third class of colour beside its own, and all have the same lowest pattern.
    for sample in 0..Collection::SAMPLES {
        collection.labels.set(sample, 0, &[(sample % 2) as i32, 2]);
    }
    let mut parameters = parameters(LossKind::SoftTripletIncomp);
    parameters.how_many_training_steps = 60;
    let outcome = run(&collection, &parameters, &SoftTripletIncomp, None, &Silent).unwrap();
    assert_eq!((outcome.samples_used, outcome.left_out.unlabelled, outcome.left_out.incomplete), (24, 0, 0));
    // The vote predicts the whole set, because all neighbours have both of its classes: F1 is 1 for every colour and pattern.
    let f1 = outcome.history.last().unwrap().validation.unwrap().mean_f1.unwrap();
    assert!((f1 - 1.0).abs() < 1e-12, "{f1}");
    // Sets that share their lowest class are different classes all the same.
    for sample in 0..Collection::SAMPLES {
        collection.labels.set(sample, 0, if sample % 2 == 0 { &[0, 1] } else { &[0, 2] });
        collection.labels.set(sample, 1, &[0]);
    }
    parameters.how_many_training_steps = 4;
    assert!(run(&collection, &parameters, &SoftTripletIncomp, None, &Silent).unwrap().history[3].validation.is_some());
}

#[test]
fn classification_teaches_descriptors_whose_neighbours_are_of_their_class() {
    let collection = Collection::new();
    let variables = vec![Variable::new("colour", ["red", "blue"]), Variable::new("pattern", ["columns", "rows"])];
    let vocabulary = Vocabulary { variables };
    let objective = Classification::new(&vocabulary, &collection.labels, &collection.split().0, 0.5).unwrap();
    let mut parameters = parameters(LossKind::SoftTriplet);
    parameters.how_many_training_steps = 60;
    let outcome = run(&collection, &parameters, &objective, None, &Silent).unwrap();
    let (first, last) = (&outcome.history[0], &outcome.history[59]);
    assert!(last.loss < 0.2 * first.loss, "from {} to {}", first.loss, last.loss);
    assert_eq!(first.terms.iter().map(|term| term.name.as_str()).collect::<Vec<_>>(), ["colour", "pattern"]);
    let f1 = last.validation.unwrap().mean_f1.unwrap();
    assert!(f1 > 0.9, "{f1}");
}

#[test]
fn a_classifier_is_saved_with_the_model_and_gives_the_same_scores_when_it_is_read() {
    let collection = Collection::new();
    let variables = vec![Variable::new("colour", ["red", "blue"]), Variable::new("pattern", ["columns", "rows"])];
    let vocabulary = Vocabulary { variables };
    let objective = Classification::new(&vocabulary, &collection.labels, &collection.split().0, 0.5).unwrap();
    let parameters = parameters(LossKind::SoftTriplet);
    let outcome = run(&collection, &parameters, &objective, None, &Silent).unwrap();

    let weights = WeightFile::random(parameters.backbone, 1).unwrap();
    let pixels: Vec<f32> = (0..2 * 3 * SIDE_PX * SIDE_PX).map(|place| (place * 37 % 101) as f32 / 50.0 - 1.0).collect();
    let frozen = frozen_backbone(&weights, parameters.backbone, 0, SIDE_PX, &Placement::processor()).unwrap();
    let features = frozen.run(&pixels, 2).unwrap();
    let expected = outcome.top.describe_with_extra(&features, frozen.feature_shape(), &Device::flex()).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let pipeline = Pipeline { input_size: SIDE_PX, ..Pipeline::default() };
    let stored = StoredModel::trained(&weights, &outcome.top, pipeline, vocabulary, parameters).unwrap();
    stored.save(folder.path()).unwrap();
    let model = Model::load(folder.path(), &Placement::processor()).unwrap();
    assert_eq!(model.extra_heads().collect::<Vec<_>>(), [("class.colour", 2), ("class.pattern", 2)]);
    let outputs = model.describe_pixels_with_extra(&pixels, 2).unwrap();
    assert_eq!(outputs, expected);
    assert!(outputs.extra.iter().flatten().any(|&score| score != 0.0));
}
