//! Checkpoints read back, and what is wrong with a file is told.

use silknow_test_support::damage::Random;

use super::*;

fn run(margin: f32, samples: &str) -> Run {
    let parameters = comparable(&TrainingParameters { margin, ..TrainingParameters::default() }).unwrap();
    Run { parameters, objective: Some("soft".to_owned()), heads: Vec::new(), samples: samples.to_owned() }
}

fn checkpoint() -> Checkpoint {
    let tensor = |values: &[f32]| WeightTensor { shape: vec![values.len(), 1], data: values.to_vec() };
    let (loss, terms) = (0.1 + 0.2, Vec::new());
    let row = StepMetrics { step: 1, loss, learning_rate: 1e-4, active_share: 0.5, validation: None, terms };
    let validation = Some(ValidationMetrics { loss: Some(1.0 / 3.0), mean_f1: None });
    Checkpoint {
        history: vec![row.clone(), StepMetrics { step: 2, validation, ..row }],
        model: [("head.0.weight".to_owned(), tensor(&[1.0, f32::MIN_POSITIVE]))].into(),
        adam: [("first.head".to_owned(), tensor(&[0.1])), ("second.head".to_owned(), tensor(&[0.2]))].into(),
        adam_steps: 2,
        best: Some((2, [("head.0.weight".to_owned(), tensor(&[3.0, 4.0]))].into())),
        best_share: 0.5,
        average: [("head.0.weight".to_owned(), tensor(&[5.0, 6.0]))].into(),
        unreadable: vec![7],
    }
}

#[test]
fn a_checkpoint_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(2.0, "abc");
    assert_eq!(Checkpoint::read(folder.path(), &run).unwrap(), None);
    checkpoint().write(folder.path(), &run).unwrap();
    assert_eq!(Checkpoint::read(folder.path(), &run).unwrap(), Some(checkpoint()));
    remove(folder.path()).unwrap();
    remove(folder.path()).unwrap();
    assert_eq!(Checkpoint::read(folder.path(), &run).unwrap(), None);
}

#[test]
fn terms_read_back_with_their_steps_and_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(2.0, "abc");
    let term = |name: &str, value| Term { name: name.to_owned(), value };
    let mut with_terms = checkpoint();
    with_terms.history[0].terms = vec![term("semantic", 1.0 / 3.0)];
    with_terms.history[1].terms = vec![term("semantic", 0.0), term("\"checksum\":\"", -2.5)];
    with_terms.write(folder.path(), &run).unwrap();
    assert_eq!(Checkpoint::read(folder.path(), &run).unwrap(), Some(with_terms));
}

#[test]
fn a_checkpoint_of_other_parameters_names_the_first_that_differs() {
    let folder = tempfile::tempdir().unwrap();
    checkpoint().write(folder.path(), &run(2.0, "abc")).unwrap();
    let message = Checkpoint::read(folder.path(), &run(1.5, "abc")).unwrap_err().to_string();
    assert!(message.contains("`margin` = 2.0, but now it is 1.5"), "{message}");
    let mut other = run(2.0, "abc");
    other.parameters["augmentation"]["gaussian_noise"] = 0.02.into();
    let message = Checkpoint::read(folder.path(), &other).unwrap_err().to_string();
    assert!(message.contains("`augmentation.gaussian_noise` = 0.01, but now it is 0.02"), "{message}");
    let message = Checkpoint::read(folder.path(), &run(2.0, "other")).unwrap_err().to_string();
    assert!(message.contains("other images, labels or another split"), "{message}");
}

#[test]
fn a_cut_or_foreign_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(2.0, "abc");
    checkpoint().write(folder.path(), &run).unwrap();
    let bytes = files::read(path_in(folder.path())).unwrap();
    files::write(path_in(folder.path()), &bytes[..bytes.len() - 4]).unwrap();
    let message = Checkpoint::read(folder.path(), &run).unwrap_err().to_string();
    assert!(message.contains("checkpoint.safetensors: not a complete safetensors file"), "{message}");
    let foreign = safetensors::serialize(Vec::<(String, TensorView<'_>)>::new(), None).unwrap();
    files::write(path_in(folder.path()), foreign).unwrap();
    let message = Checkpoint::read(folder.path(), &run).unwrap_err().to_string();
    assert!(message.contains("not a checkpoint of a training"), "{message}");
}

#[test]
fn a_checkpoint_of_another_objective_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    checkpoint().write(folder.path(), &run(2.0, "abc")).unwrap();
    let other = Run { objective: Some("hard".to_owned()), ..run(2.0, "abc") };
    let message = Checkpoint::read(folder.path(), &other).unwrap_err().to_string();
    assert!(message.contains("`objective` = \"soft\", but now it is \"hard\""), "{message}");
    let other = Run { heads: vec![("place".to_owned(), 3)], ..run(2.0, "abc") };
    let message = Checkpoint::read(folder.path(), &other).unwrap_err().to_string();
    assert!(message.contains("`heads` = [], but now it is [[\"place\",3]]"), "{message}");
}

#[test]
fn every_flipped_bit_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(2.0, "abc");
    checkpoint().write(folder.path(), &run).unwrap();
    let bytes = files::read(path_in(folder.path())).unwrap();
    assert!(Checkpoint::from_bytes(&bytes, &run).is_ok());
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[position] ^= 1 << bit;
            assert!(Checkpoint::from_bytes(&changed, &run).is_err(), "bit {bit} of byte {position}");
        }
    }
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(2.0, "abc");
    let message_of = |change: &dyn Fn(&mut Checkpoint)| {
        let mut changed = checkpoint();
        change(&mut changed);
        changed.write(folder.path(), &run).unwrap();
        Checkpoint::read(folder.path(), &run).unwrap_err().to_string()
    };
    for steps in [0, u64::MAX] {
        let message = message_of(&|checkpoint| checkpoint.adam_steps = steps);
        assert!(message.contains(&format!("took {steps} steps, but the history has 2")), "{message}");
    }
    let message = message_of(&|checkpoint| checkpoint.history[1].step = 3);
    assert!(message.contains("not counted from 1"), "{message}");
    for step in [0, 1, 9] {
        let message = message_of(&|checkpoint| checkpoint.best.as_mut().unwrap().0 = step);
        assert!(message.contains(&format!("the best step is {step}")), "{message}");
    }
    let message = message_of(&|checkpoint| checkpoint.best.as_mut().unwrap().1.clear());
    assert!(message.contains("`best.head.0.weight` is missing"), "{message}");
}

/// The checksum keeps damage by accident out; what is made on purpose has the right one.
#[test]
fn damaged_checkpoints_with_the_right_checksum_are_refused_or_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(2.0, "abc");
    let mut with_terms = checkpoint();
    with_terms.history[1].terms = vec![Term { name: "semantic".to_owned(), value: 0.5 }];
    with_terms.write(folder.path(), &run).unwrap();
    let bytes = files::read(path_in(folder.path())).unwrap();
    let mut read = 0;
    for seed in 0..20_000 {
        let mut damaged = Random::new(seed).damaged(&bytes);
        if let Some(place) = checksum_place(&damaged).filter(|place| place.end <= damaged.len()) {
            let checksum = checksum(&damaged, place.clone());
            damaged[place].copy_from_slice(checksum.as_bytes());
        }
        let outcome = std::panic::catch_unwind(|| Checkpoint::from_bytes(&damaged, &run));
        read += usize::from(outcome.unwrap_or_else(|_| panic!("seed {seed} makes the reader panic")).is_ok());
    }
    assert!(read > 100, "{read} were read");
}
