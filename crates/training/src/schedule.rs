//! The learning rate of every step.

use std::f64::consts::PI;

use silknow_config::{Schedule, TrainingParameters};

/// The learning rate of a step, counted from 1: it grows evenly over the warm-up, then it stays or falls to 0 along half a
/// cosine, which a step after the last would reach.
pub(crate) fn learning_rate(parameters: &TrainingParameters, step: usize) -> f64 {
    let highest = parameters.learning_rate;
    let warm_up = parameters.optimiser.warm_up_steps;
    if step <= warm_up {
        return highest * step as f64 / warm_up as f64;
    }
    match parameters.optimiser.learning_rate_schedule {
        Schedule::Constant => highest,
        Schedule::Cosine => {
            let all = parameters.how_many_training_steps.saturating_sub(warm_up).max(1);
            let done = (step - 1 - warm_up) as f64 / all as f64;
            highest * 0.5 * (1.0 + (PI * done).cos())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_grows_and_then_stays_or_falls() {
        let mut parameters =
            TrainingParameters { how_many_training_steps: 6, learning_rate: 0.1, ..TrainingParameters::default() };
        let rates = |parameters: &TrainingParameters| -> Vec<f64> {
            (1..=6).map(|step| (learning_rate(parameters, step) * 1e6).round() / 1e6).collect()
        };
        assert_eq!(rates(&parameters), [0.1; 6]);
        parameters.optimiser.warm_up_steps = 2;
        assert_eq!(rates(&parameters), [0.05, 0.1, 0.1, 0.1, 0.1, 0.1]);
        parameters.optimiser.learning_rate_schedule = Schedule::Cosine;
        assert_eq!(rates(&parameters), [0.05, 0.1, 0.1, 0.085355, 0.05, 0.014645]);
    }
}
