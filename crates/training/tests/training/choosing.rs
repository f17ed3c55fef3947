//! Trainings whose kept network is chosen by the neighbours' vote, beside the frozen features, and repeated with all samples.

use burn::tensor::Device;
use silknow_config::{FrozenShare, LossKind, ModelSelection, OptimiserParameters, Schedule, TrainingParameters};
use silknow_network::FeatureShape;
use silknow_progress::{Recorder, Silent, StopAfter};

use crate::support::{Collection, parameters};

/// Every key of the optimiser in use.
fn all_of_it() -> TrainingParameters {
    let mut parameters = parameters(LossKind::Classification);
    parameters.optimiser = OptimiserParameters {
        recipe: None,
        warm_up_steps: 3,
        learning_rate_schedule: Schedule::Cosine,
        weight_decay: 0.01,
        gradient_clipping: 1.0,
        weight_average: 0.9,
        standardise_features: true,
        model_selection: ModelSelection::Vote,
        frozen_share: FrozenShare::Auto,
        train_on_all: true,
    };
    parameters
}

#[test]
fn a_resumed_training_ends_with_the_bits_of_an_unbroken_one_in_both_of_its_parts() {
    let collection = Collection::new();
    let parameters = all_of_it();
    let unbroken_logs = collection.logs("unbroken choice");
    let mut store = collection.store(&parameters);
    let unbroken = collection.train(&parameters, &mut store, Some(&unbroken_logs), false, &Silent).unwrap();
    assert!((1..=12).contains(&unbroken.best_step));
    assert_eq!((unbroken.history.len(), unbroken.samples_used), (unbroken.best_step, Collection::SAMPLES));
    let mut interrupted = 0;
    for patience in (1..60).step_by(5) {
        let logs = collection.logs(&format!("broken choice {patience}"));
        let mut store = collection.store(&parameters);
        let impatient = StopAfter::questions(patience);
        match collection.train(&parameters, &mut store, Some(&logs), false, &impatient) {
            Ok(_) => {}
            Err(error) => {
                assert!(error.is_interruption(), "{error}");
                interrupted += 1;
            }
        }
        let mut store = collection.store(&parameters);
        let resumed = collection.train(&parameters, &mut store, Some(&logs), true, &Silent).unwrap();
        assert_eq!(resumed.top.to_named_tensors(), unbroken.top.to_named_tensors());
        assert_eq!(resumed.top.frozen_share(), unbroken.top.frozen_share());
        assert_eq!((resumed.best_step, &resumed.history), (unbroken.best_step, &unbroken.history));
    }
    assert!(interrupted > 3, "{interrupted}");
}

#[test]
fn the_vote_chooses_the_step_and_says_so() {
    let collection = Collection::new();
    let mut parameters = all_of_it();
    parameters.optimiser.train_on_all = false;
    let recorder = Recorder::default();
    let mut store = collection.store(&parameters);
    let outcome = collection.train(&parameters, &mut store, None, false, &recorder).unwrap();
    let measured = outcome.history.iter().filter_map(|row| Some((row.step, row.validation?.mean_f1?)));
    let (best, f1) = measured.fold((0, f64::NEG_INFINITY), |best, now| if now.1 > best.1 { now } else { best });
    assert_eq!(outcome.best_step, best);
    let said = format!("chosen: the network of step {best}");
    let f1 = format!("mean F1 {f1:.4} of the vote on the validation images");
    let told = recorder.infos().iter().any(|line| line.starts_with(&said) && line.contains(&f1));
    assert!(told, "{:?}", recorder.infos());
}

#[test]
fn a_head_trained_on_standardised_features_takes_them_as_they_are() {
    let collection = Collection::new();
    let mut parameters = parameters(LossKind::Classification);
    parameters.optimiser.standardise_features = true;
    parameters.optimiser.frozen_share = FrozenShare::Share(0.25);
    parameters.optimiser.model_selection = ModelSelection::Vote;
    parameters.how_many_training_steps = 40;
    let mut store = collection.store(&parameters);
    let outcome = collection.train(&parameters, &mut store, None, false, &Silent).unwrap();
    assert!(outcome.history.last().unwrap().loss < 0.5 * outcome.history[0].loss);
    assert_eq!(outcome.top.dims(), 8 + 512);
    let features: Vec<f32> = (0..512).map(|feature| (feature % 7) as f32).collect();
    let shape = FeatureShape { channels: 512, height: 1, width: 1 };
    let descriptor = outcome.top.describe(&features, shape, &Device::flex()).unwrap();
    let square = |values: &[f32]| values.iter().map(|value| value * value).sum::<f32>();
    assert!((square(&descriptor[..8]) - 0.75).abs() < 1e-5 && (square(&descriptor[8..]) - 0.25).abs() < 1e-5);
    let length = square(&features).sqrt();
    assert!((descriptor[8 + 3] - 0.5 * 3.0 / length).abs() < 1e-6);
}
