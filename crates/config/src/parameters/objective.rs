//! The settings of what training minimises, beside its name.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use silknow_errors::{Result, suggest};

use crate::choice::LossKind;
use crate::field::{defaulted, optional};
use crate::form::{Interval, number, path, variables_or_none};
use crate::group::Group;
use crate::named_weights::{LossWeights, VariableWeights, Weighed, named_weights};
use crate::options::Options;

crate::parameters! {
    /// How the losses are computed, and which images a batch is made of.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct ObjectiveParameters {
        /// For loss_ind combined: the losses that are added, each with its weight
        ///
        /// Any other loss may be named. A weight is a number of at least 0; a loss of weight 0 is not computed.
        loss_weights: Option<LossWeights> = optional(named_weights(), LossWeights::example()).further();
        /// How much a variable counts in the losses; one that is not named weighs 1
        ///
        /// Only the ratios matter. A weight is a number of at least 0.
        variable_weights: Option<VariableWeights> =
            optional(named_weights(), VariableWeights::example()).further();
        /// Classification: how much more a rare class weighs: a class of n training images weighs n to the power of minus this (0: all alike)
        ///
        /// From 0 to 1.
        class_weight_power: f64 = defaulted(0.0, number(Interval::closed(0.0, 1.0))).further();
        /// Classification: how much less an image counts the surer its class is told already (focal loss; 0: not at all)
        ///
        /// From 0 to 10.
        focal_gamma: f64 = defaulted(0.0, number(Interval::closed(0.0, 10.0))).further();
        /// Loss supervised_contrastive: temperature; the lower, the more the nearest images count
        ///
        /// From 0.01 to 10.
        contrastive_temperature: f64 = defaulted(0.1, number(Interval::closed(0.01, 10.0))).further();
        /// Loss rules: a list of objects that are similar to each other, one address a line, or of such lists
        ///
        /// A line that ends in `.txt` names a further list, relative to the folder of this one. Every list is a group.
        similar_rules: Option<PathBuf> = optional(path(), "./samples/similar.txt".into()).further();
        /// Loss rules: a list of objects that are not similar to each other, one address a line, or of such lists
        dissimilar_rules: Option<PathBuf> = optional(path(), "./samples/dissimilar.txt".into()).further();
        /// Share of every batch that is drawn from the images of objects in the rules
        ///
        /// From 0 to 1; 0: as often as all images.
        rule_share: f64 = defaulted(0.0, number(Interval::closed(0.0, 1.0))).further();
        /// Variables whose classes are drawn equally often into the batches, the variables in turn (none: every image equally often)
        balanced_variables: Vec<String> = defaulted(Vec::new(), variables_or_none()).further();
    }
}

/// The documented defaults.
impl Default for ObjectiveParameters {
    fn default() -> Self {
        Self::initial()
    }
}

impl ObjectiveParameters {
    /// The losses that are computed for this `loss_ind`, each with its weight, which is above 0.
    pub fn computed(&self, loss_ind: LossKind) -> Vec<(LossKind, f64)> {
        match (loss_ind, &self.loss_weights) {
            (LossKind::Combined, None) => Vec::new(),
            (LossKind::Combined, Some(weights)) => {
                weights.iter().filter(|(_, weight)| *weight > 0.0).map(|(&loss, weight)| (loss, weight)).collect()
            }
            (alone, _) => vec![(alone, 1.0)],
        }
    }

    /// The weights of these variables, in their order.
    pub fn weights_of(&self, variables: &[String]) -> Vec<f64> {
        self.variable_weights.as_ref().map_or_else(|| vec![1.0; variables.len()], |weights| weights.of(variables))
    }

    /// Checks the values against the loss and the variables that they belong to.
    pub(crate) fn check_with(&self, loss_ind: LossKind, variables: &[String], options: &Options) -> Result<()> {
        if loss_ind == LossKind::Combined && self.loss_weights.is_none() {
            let message = |key: &str| format!("`{key}` is {loss_ind}, but there are no `loss_weights`");
            let hint = format!("say what is added: loss_weights; {}", LossKind::EXAMPLE);
            return Err(options.fault("loss_ind", message).hint(hint));
        }
        let without_rules = self.similar_rules.is_none() && self.dissimilar_rules.is_none();
        if without_rules && self.rule_share > 0.0 {
            let message = |key: &str| format!("`{key}` is {}, but there are no rules", self.rule_share);
            return Err(options.fault("rule_share", message).hint("give `similar_rules`, `dissimilar_rules` or both"));
        }
        let weighed = self
            .variable_weights
            .iter()
            .flat_map(VariableWeights::iter)
            .map(|(variable, _)| ("variable_weights", variable));
        let balanced = self.balanced_variables.iter().map(|variable| ("balanced_variables", variable));
        for (key, variable) in weighed.chain(balanced) {
            if !variables.contains(variable) {
                let error = options
                    .fault(key, |key| format!("`{key}` names `{variable}`, which is not one of relevant_variables"));
                return Err(match suggest::nearest(variable, variables.iter().map(String::as_str)) {
                    Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
                    None => error.hint(format!("the relevant_variables are {}", variables.join(", "))),
                });
            }
        }
        if self.weights_of(variables).iter().all(|weight| *weight == 0.0) {
            let message = |key: &str| format!("`{key}` gives all relevant_variables the weight 0");
            return Err(options.fault("variable_weights", message).hint("give one of them a weight above 0"));
        }
        Ok(())
    }
}
