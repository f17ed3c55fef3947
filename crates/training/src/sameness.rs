//! Whether two trainings were asked for with the same parameters, as far as these change the result.

use serde_json::Value;
use silknow_config::TrainingParameters;
use silknow_errors::{Error, Result};

/// The parameters that do not change what a training computes.
const WITHOUT_EFFECT: [&str; 1] = ["device"];

/// A parameter in which two trainings differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The name of the parameter; parts of a group are joined by dots.
    pub key: String,
    /// Its value before, as JSON.
    pub then: Value,
    /// Its value now, as JSON.
    pub now: Value,
}

impl Difference {
    /// The refusal to continue what was made before: `what`, for example "the checkpoint", was made with another value.
    pub fn refusal(&self, what: &str) -> Error {
        let Self { key, then, now } = self;
        Error::configuration(format!("{what} was made with `{key}` = {then}, but now it is {now}"))
            .hint("give the same parameters and samples as before, or train anew without resume")
    }
}

/// The first parameter, by name, in which two trainings differ so that their results differ. The device is none: another
/// device computes the same training.
///
/// # Errors
/// A fault of ours, when parameters cannot be written as JSON.
pub fn difference(then: &TrainingParameters, now: &TrainingParameters) -> Result<Option<Difference>> {
    Ok(first_difference("", &comparable(then)?, &comparable(now)?))
}

/// The parameters that change the result, as JSON.
pub(crate) fn comparable(parameters: &TrainingParameters) -> Result<Value> {
    let failed = |cause| Error::internal("the parameters cannot be written as JSON").caused_by(cause);
    // Through text, as they are stored: numbers then went the same way on both sides of a comparison.
    let text = serde_json::to_string(parameters).map_err(failed)?;
    Ok(without_effect_removed(serde_json::from_str(&text).map_err(failed)?))
}

/// Parameters that were stored, in today's form: what was added since has its default.
pub(crate) fn of_today(stored: Value) -> Value {
    let Value::Object(entries) = &stored else { return stored };
    let mut whole = entries.clone();
    // Any device will do to read the others, as it is not compared.
    whole.entry("device").or_insert_with(|| "auto".into());
    match serde_json::from_value::<TrainingParameters>(Value::Object(whole)) {
        Ok(parameters) => comparable(&parameters).unwrap_or(stored),
        Err(_) => without_effect_removed(stored),
    }
}

fn without_effect_removed(mut parameters: Value) -> Value {
    if let Value::Object(entries) = &mut parameters {
        entries.retain(|key, _| !WITHOUT_EFFECT.contains(&key.as_str()));
        // A recipe is no more than the values of other keys, which are compared.
        if let Some(Value::Object(optimiser)) = entries.get_mut("optimiser") {
            optimiser.remove("recipe");
        }
    }
    parameters
}

/// The first entry, by name, in which two parameter sets differ.
pub(crate) fn first_difference(path: &str, then: &Value, now: &Value) -> Option<Difference> {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            let mut keys: Vec<&String> = then.keys().chain(now.keys()).collect();
            keys.sort_unstable();
            keys.into_iter().find_map(|key| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                first_difference(&path, then.get(key).unwrap_or(&Value::Null), now.get(key).unwrap_or(&Value::Null))
            })
        }
        _ => (then != now).then(|| Difference { key: path.to_owned(), then: then.clone(), now: now.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use silknow_config::{DeviceChoice, Precision};

    use super::*;

    #[test]
    fn the_device_does_not_matter_and_every_other_parameter_does() {
        let then = TrainingParameters::default();
        let on_another = TrainingParameters { device: DeviceChoice::Wgpu, ..then.clone() };
        assert_eq!(difference(&then, &on_another).unwrap(), None);
        let now = TrainingParameters { precision: Precision::Bf16, ..then.clone() };
        let message = difference(&then, &now).unwrap().unwrap().refusal("the model").to_string();
        assert!(message.contains("the model was made with `precision` = \"f32\", but now it is \"bf16\""), "{message}");
    }

    #[test]
    fn parameters_that_an_earlier_version_did_not_know_have_their_defaults() {
        let parameters = TrainingParameters::default();
        let mut stored = comparable(&parameters).unwrap();
        stored.as_object_mut().unwrap().remove("precision").unwrap();
        assert_eq!(first_difference("", &of_today(stored), &comparable(&parameters).unwrap()), None);
    }
}
