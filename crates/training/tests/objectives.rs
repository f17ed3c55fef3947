//! Every objective passes the suite that is offered to all, and the suite notices what is wrong with others.

#[path = "support/asking.rs"]
mod asking;

use asking::AsksForAll;
use silknow_config::LossKind;
use silknow_training::objective::{Asks, Batch, Objective, Outcome, SoftContrastiveIncomp, check, of_loss};

#[test]
fn the_objective_of_every_loss_passes_under_its_name() {
    for &loss in LossKind::ALL {
        for margin in [0.5, 2.0] {
            let objective = of_loss(loss, margin);
            assert_eq!(objective.name(), loss.name());
            check(&*objective).unwrap();
        }
    }
}

/// A good objective whose outcome is changed.
struct Changed<F>(F);

impl<F: Fn(&mut Outcome, &Batch<'_>) + Send + Sync> Objective for Changed<F> {
    fn name(&self) -> &str {
        "changed"
    }

    fn asks(&self) -> Asks {
        SoftContrastiveIncomp.asks()
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let mut outcome = SoftContrastiveIncomp.evaluate(batch);
        (self.0)(&mut outcome, batch);
        outcome
    }
}

fn error_of(change: impl Fn(&mut Outcome, &Batch<'_>) + Send + Sync) -> String {
    check(&Changed(change)).unwrap_err().to_string()
}

#[test]
fn what_training_cannot_rely_on_is_noticed() {
    assert!(check(&Changed(|_: &mut Outcome, _: &Batch<'_>| {})).is_ok());
    let turned = error_of(|outcome, _| outcome.gradient.iter_mut().for_each(|slope| *slope = -*slope));
    assert!(turned.contains("`changed`") && turned.contains("but the loss changes by"), "{turned}");
    let short = error_of(|outcome, _| outcome.gradient.truncate(1));
    assert!(short.contains("the gradient has 1 values"), "{short}");
    let other = error_of(|outcome, _| outcome.loss += 0.5);
    assert!(other.contains("but sum over averaged is"), "{other}");
    let unlabelled = error_of(|outcome, _| {
        if outcome.averaged == 0 {
            outcome.loss = f64::NAN;
        }
    });
    assert!(unlabelled.contains("not a finite number"), "{unlabelled}");
    let ordered = error_of(|outcome, batch| {
        outcome.sum += f64::from(batch.descriptors[0]) * outcome.averaged as f64;
        outcome.loss += if outcome.averaged > 0 { f64::from(batch.descriptors[0]) } else { 0.0 };
    });
    assert!(ordered.contains("in another order of the samples"), "{ordered}");
    let pushed = error_of(|outcome, _| outcome.gradient.iter_mut().for_each(|slope| *slope += 1e-3));
    assert!(pushed.contains("identical descriptors have the slope"), "{pushed}");
}

#[test]
fn an_objective_that_asks_for_everything_is_given_it_and_passes() {
    check(&AsksForAll).unwrap();
}

/// The same with an outcome that is changed.
struct AllChanged<F>(F);

impl<F: Fn(&mut Outcome) + Send + Sync> Objective for AllChanged<F> {
    fn name(&self) -> &str {
        "all_changed"
    }

    fn asks(&self) -> Asks {
        AsksForAll.asks()
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let mut outcome = AsksForAll.evaluate(batch);
        (self.0)(&mut outcome);
        outcome
    }
}

fn error_of_all(change: impl Fn(&mut Outcome) + Send + Sync) -> String {
    check(&AllChanged(change)).unwrap_err().to_string()
}

#[test]
fn wrong_gradients_of_heads_and_second_views_and_wrong_terms_are_noticed() {
    let halved = |gradient: &mut Vec<f32>| gradient.iter_mut().for_each(|slope| *slope *= 0.5);
    let head = error_of_all(|outcome| halved(outcome.head_gradients.get_mut("place").unwrap()));
    assert!(head.contains("the gradient of the head `place` at"), "{head}");
    let forgotten = error_of_all(|outcome| drop(outcome.head_gradients.remove("weight")));
    assert!(forgotten.contains("the gradient of the head `weight` at"), "{forgotten}");
    let view = error_of_all(|outcome| outcome.second_view_gradient.clear());
    assert!(view.contains("the gradient of the second view at"), "{view}");
    let short = error_of_all(|outcome| outcome.second_view_gradient.truncate(1));
    assert!(short.contains("the gradient of the second view has 1 values"), "{short}");
    let long = error_of_all(|outcome| outcome.head_gradients.get_mut("weight").unwrap().push(0.0));
    assert!(long.contains("the gradient of the head `weight` has"), "{long}");
    let foreign = error_of_all(|outcome| drop(outcome.head_gradients.insert("time".to_owned(), Vec::new())));
    assert!(foreign.contains("the head `time`, which was not asked for"), "{foreign}");
    let twice = error_of_all(|outcome| outcome.terms[1].name = "views".to_owned());
    assert!(twice.contains("a term has no name, or that of another"), "{twice}");
    let infinite = error_of_all(|outcome| outcome.terms[1].value = f64::INFINITY);
    assert!(infinite.contains("a term is not a finite number"), "{infinite}");
}

/// Asks for heads that cannot be given.
struct Heads(&'static [(&'static str, usize)]);

impl Objective for Heads {
    fn name(&self) -> &str {
        "heads"
    }

    fn asks(&self) -> Asks {
        self.0.iter().fold(SoftContrastiveIncomp.asks(), |asks, &(name, width)| asks.with_head(name, width))
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        SoftContrastiveIncomp.evaluate(batch)
    }
}

#[test]
fn heads_that_cannot_be_given_are_refused() {
    assert!(check(&Heads(&[("place", 3), ("time", 1)])).is_ok());
    for heads in [&[("", 3)][..], &[("place", 0)], &[("place", 3), ("place", 2)]] {
        let message = check(&Heads(heads)).unwrap_err().to_string();
        assert!(message.contains("heads asks for a head `"), "{message}");
    }
}
