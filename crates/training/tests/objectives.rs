//! Every objective passes the suite that is offered to all, and the suite notices what is wrong with others.

#[path = "support/asking.rs"]
mod asking;

use asking::AsksForAll;
use silknow_config::{LossKind, LossWeights, TrainingParameters};
use silknow_progress::{Recorder, Silent};
use silknow_records::{LabelMatrix, Variable, Vocabulary};
use silknow_training::TrainingInputs;
use silknow_training::objective::{
    Asks, Batch, Combined, Objective, Outcome, Samples, SoftContrastive, SoftContrastiveIncomp, check, of_parameters,
};

/// The parameters of a loss; those of the sum of all losses where it is a sum.
fn parameters_of(loss_ind: LossKind) -> TrainingParameters {
    let mut parameters = TrainingParameters { loss_ind, ..TrainingParameters::default() };
    if loss_ind == LossKind::Combined {
        let parts = LossKind::ALL.iter().filter(|loss| **loss != LossKind::Combined);
        let weights: Vec<String> = parts.zip(1..).map(|(loss, number)| format!("{loss}=0.{number}")).collect();
        parameters.objective.loss_weights = Some(LossWeights::parse(&weights.join(", ")).unwrap());
    }
    parameters
}

/// The objective of the parameters for four variables of three classes, of which the last has sets.
fn objective_of(parameters: &TrainingParameters) -> Box<dyn Objective> {
    let classes = ["a", "b", "c"];
    let variables = (0..4).map(|number| Variable::new(number.to_string(), classes)).collect();
    let mut labels = LabelMatrix::from_indices(4, vec![0, 1, 2, 0, 1, 1, 2, 2]).unwrap();
    labels.set(0, 3, &[0, 2]);
    let inputs = TrainingInputs::new(&labels, &[0, 1], &[]);
    of_parameters(parameters, &Vocabulary { variables }, &inputs, &Silent).unwrap()
}

#[test]
fn the_objective_of_every_loss_passes_under_its_name() {
    for &loss in LossKind::ALL {
        let objective = objective_of(&parameters_of(loss));
        assert!(objective.name().starts_with(loss.name()), "{}", objective.name());
        check(&*objective).unwrap();
    }
    check(&SoftContrastive { margin: 0.5 }).unwrap();
}

#[test]
fn a_sum_is_what_its_parts_are_and_asks_for_what_they_ask() {
    let sum_of = |weights: &str| {
        let mut parameters = parameters_of(LossKind::Combined);
        parameters.objective.loss_weights = Some(LossWeights::parse(weights).unwrap());
        objective_of(&parameters)
    };
    // The third image has no label, the second not all.
    let labels = LabelMatrix::from_indices(2, vec![0, 1, 0, -1, -1, -1, 1, 1]).unwrap();
    let descriptors = [0.0, 0.5, 3.0, 0.75];
    let evaluate = |objective: &dyn Objective| objective.evaluate(&Batch::new(&labels, &descriptors, 1));
    let sum = sum_of("soft_contrastive=2, soft_contrastive_incomp_loss=0.5, colour=0");
    assert_eq!(sum.asks(), Asks::new(Samples::Labelled, 2));
    let outcome = evaluate(&*sum);
    // Of the complete images, 0 and 3: S = 1/2, d = 0.75. Of the labelled ones all but the third.
    let complete = 0.5 * (0.5 * 0.5625 + 0.5 * 1.5625);
    let incomplete = evaluate(&SoftContrastiveIncomp).loss;
    assert!((outcome.loss - (2.0 * complete + 0.5 * incomplete)).abs() < 1e-7, "{}", outcome.loss);
    let terms: Vec<(&str, f64)> = outcome.terms.iter().map(|term| (term.name.as_str(), term.value)).collect();
    assert_eq!(terms.len(), 2);
    assert!(terms[0].0 == "soft_contrastive" && (terms[0].1 - complete).abs() < 1e-7);
    assert_eq!(terms[1], ("soft_contrastive_incomp_loss", incomplete));
    // Slopes of d(0,3): (S d - (1 - S) (2 - d)) = -1/4, times 2; the rest is half the other's.
    let of_incomplete = evaluate(&SoftContrastiveIncomp).gradient;
    let due = [0.5 + 0.5 * of_incomplete[0], 0.5 * of_incomplete[1], 0.0, -0.5 + 0.5 * of_incomplete[3]];
    assert!(outcome.gradient.iter().zip(due).all(|(given, due)| (given - due).abs() < 1e-6), "{outcome:?}");

    let everything = objective_of(&parameters_of(LossKind::Combined)).asks();
    assert_eq!((everything.samples, everything.smallest_batch), (Samples::Any, 3));
    assert!(everything.records && everything.second_view);
    assert_eq!((everything.values.len(), everything.heads.len()), (1, 4));
}

#[test]
fn a_sum_that_cannot_be_made_is_refused() {
    let part = |name: &str, weight: f64| {
        let objective: Box<dyn Objective> = Box::new(Heads(&[("place", 3)]));
        (name.to_owned(), weight, objective)
    };
    let message = |parts: Vec<(String, f64, Box<dyn Objective>)>| Combined::new(parts).err().unwrap().to_string();
    assert!(message(vec![]).contains("needs one with a weight above 0"));
    assert!(message(vec![part("one", 0.0)]).contains("needs one with a weight above 0"));
    assert!(message(vec![part("one", f64::NAN)]).contains("the weight of one is NaN"));
    assert!(message(vec![part("one", -1.0)]).contains("the weight of one is -1"));
    assert!(message(vec![part("one", 1.0), part("two", 1.0)]).contains("two asks for the head `place`"));
    assert!(message(vec![part("one", 1.0), part("one", 1.0)]).contains("one is added twice"));
    assert!(Combined::new(vec![part("one", 1.0), part("two", 0.0)]).is_ok());
}

#[test]
fn weights_without_a_sum_and_views_without_company_are_warned_of() {
    let labels = LabelMatrix::new(1);
    let warnings_of = |parameters: &TrainingParameters| {
        let recorder = Recorder::default();
        let vocabulary = Vocabulary::new(["place"]);
        of_parameters(parameters, &vocabulary, &TrainingInputs::new(&labels, &[], &[]), &recorder).unwrap();
        recorder.warnings().join("\n")
    };
    let mut parameters = parameters_of(LossKind::SoftTriplet);
    assert_eq!(warnings_of(&parameters), "");
    parameters.objective.loss_weights = Some(LossWeights::parse("colour=1").unwrap());
    assert!(warnings_of(&parameters).contains("loss_weights is not used: loss_ind is soft_triplet"));
    assert!(warnings_of(&parameters_of(LossKind::SelfSimilarity)).contains("makes all descriptors alike"));
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
