//! How training moves the parameters, and which of the networks that it passes through is kept.

use serde::{Deserialize, Serialize};

use crate::choice::{ModelSelection, Recipe, Schedule};
use crate::field::{defaulted, optional};
use crate::form::{Interval, choice, frozen_share, number, truth, whole};
use crate::frozen_share::FrozenShare;

crate::parameters! {
    /// The optimiser, the choice of the network that is kept, and the part that the frozen features have in a descriptor.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct OptimiserParameters {
        /// A set of values for the other keys: fast, best, d45 (this program's defaults) or d46; a key that is given beside it counts more
        ///
        /// The page on recipes says which values. Given as a flag it counts more than the lines of a configuration file,
        /// given in a file it counts less than the other lines.
        recipe: Option<Recipe> = optional(choice(), Recipe::Best).further();
        /// Training steps over which the learning rate grows from 0 to its value
        warm_up_steps: usize = defaulted(0, whole(0..)).further();
        /// The learning rate after the warm-up: constant, or falling to 0 along half a cosine
        learning_rate_schedule: Schedule = defaulted(Schedule::Constant, choice()).further();
        /// How much of every weight is taken away per step, times the learning rate (AdamW; 0: nothing)
        ///
        /// From 0 to 1.
        weight_decay: f64 = defaulted(0.0, number(Interval::closed(0.0, 1.0))).further();
        /// The longest gradient, over all parameters together; a longer one is shortened to it (0: as long as it is)
        ///
        /// From 0 to 1000.
        gradient_clipping: f64 = defaulted(0.0, number(Interval::closed(0.0, 1000.0))).further();
        /// How slowly the running mean of the weights, which is kept in place of the last weights, follows them (0: no mean)
        ///
        /// From 0 to 0.9999.
        weight_average: f64 = defaulted(0.0, number(Interval::closed(0.0, 0.9999))).further();
        /// Whether the features are brought to mean 0 and deviation 1 over the training images before the layers
        ///
        /// For a frozen backbone. The trained layers take it in, so that a model is used as any other.
        standardise_features: bool = defaulted(false, truth()).further();
        /// By what the kept network is chosen: the lowest validation loss, or the highest mean F1 of the neighbours' vote on the validation images
        model_selection: ModelSelection = defaulted(ModelSelection::Loss, choice()).further();
        /// Part of the frozen features in a descriptor beside what was trained, from 0 to 1, or auto: what the vote on the validation images finds best
        ///
        /// For a frozen backbone. With auto the frozen features alone are among the choices.
        frozen_share: FrozenShare = defaulted(FrozenShare::Share(0.0), frozen_share()).further();
        /// Whether training is repeated with the validation images too, up to the step that validation chose
        train_on_all: bool = defaulted(false, truth()).further();
    }
}

/// The documented defaults.
impl Default for OptimiserParameters {
    fn default() -> Self {
        crate::group::Group::initial()
    }
}
