//! Every objective passes the suite that is offered to all, and the suite notices what is wrong with others.

use silknow_config::LossKind;
use silknow_training::objective::{Asks, Batch, Objective, Outcome, Samples, SoftContrastiveIncomp, check, of_loss};

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

/// Uses all that a batch can carry: images of one object attract each other by how alike their values are.
struct OneObject;

impl Objective for OneObject {
    fn name(&self) -> &str {
        "one_object"
    }

    fn asks(&self) -> Asks {
        Asks::new(Samples::Any, 2).with_records().with_values("colour", 3)
    }

    fn evaluate(&self, batch: &Batch<'_>) -> Outcome {
        let colours: Vec<&[f32]> = batch.values("colour").chunks_exact(3).collect();
        let (mut sum, mut averaged) = (0.0, 0);
        let mut gradient = vec![0.0; batch.descriptors.len()];
        for i in 0..batch.len() {
            for j in (0..batch.len()).filter(|&j| j != i && batch.records[i].object == batch.records[j].object) {
                let alike = 1.0 / (1.0 + colours[i].iter().zip(colours[j]).map(|(a, b)| (a - b).abs()).sum::<f32>());
                averaged += 1;
                for d in 0..batch.dims {
                    let apart = batch.descriptor(i)[d] - batch.descriptor(j)[d];
                    sum += 0.5 * f64::from(alike) * f64::from(apart) * f64::from(apart);
                    gradient[i * batch.dims + d] += alike * apart;
                    gradient[j * batch.dims + d] -= alike * apart;
                }
            }
        }
        let pairs = f32::max(averaged as f32, 1.0);
        gradient.iter_mut().for_each(|slope| *slope /= pairs);
        Outcome::mean(sum, averaged, gradient)
    }
}

#[test]
fn an_objective_that_asks_for_records_and_values_is_given_them() {
    check(&OneObject).unwrap();
}
