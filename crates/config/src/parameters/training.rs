//! How a model is made: what `train-model` and `crossvalidation` share.

use serde::{Deserialize, Serialize};
use silknow_errors::Result;

use super::defaults::texts;
use super::objective::ObjectiveParameters;
use super::optimiser::OptimiserParameters;
use crate::augmentation::Augmentation;
use crate::choice::{Architecture, DeviceChoice, LossKind, Precision, Weights};
use crate::field::defaulted;
use crate::form::{self, Interval, choice, number, variables, whole, widths};
use crate::group::Group;
use crate::options::Options;

crate::parameters! {
    /// How a model is made: stored in the model folder. A key that a stored model lacks has its default.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct TrainingParameters {
        /// Widths of the layers that are trained on top of the backbone; the last is the length of a descriptor ([]: no layers)
        ///
        /// Without layers, the pooled features are the descriptor.
        add_fc: Vec<usize> = defaulted(vec![1024, 128], widths());
        /// Blocks of the backbone, counted from its end, that are trained too (slow)
        ///
        /// 0: the backbone is frozen. At most as many as the backbone has.
        hub_num_retrain: usize = defaulted(0, whole(0..=50));
        /// Images per training step
        ///
        /// At least 2 (3 for the triplet losses); clipped to the number of images there are.
        train_batch_size: usize = defaulted(150, whole(2..));
        /// Number of training steps
        how_many_training_steps: usize = defaulted(200, whole(1..));
        /// Learning rate of the optimiser (Adam)
        ///
        /// Above 0 and at most 1.
        learning_rate: f64 = defaulted(1e-4, number(Interval::above(0.0, 1.0)));
        /// Per cent of the images that check the training instead of taking part (0: none)
        ///
        /// 0 to 99.
        val_percentage: u32 = defaulted(25, whole(0..=99));
        /// Training steps between two such checks
        how_often_validation: usize = defaulted(10, whole(1..));
        /// What training minimises: by pairs (contrastive) or triplets of images; the losses with _incomp_ also use images of which some labels are missing; combined is a sum (loss_weights)
        ///
        /// `triplet` is read as semantic, `rule` as rules, `self_augment` as self_similarity, `combined_similarity_loss` as
        /// combined.
        loss_ind: LossKind = defaulted(LossKind::SoftContrastiveIncomp, choice());
        /// Properties whose labels say how similar two images are
        ///
        /// Names without `#` and spaces, at least one, none twice.
        relevant_variables: Vec<String> =
            defaulted(texts(["place", "timespan", "material", "technique", "depiction"]), variables());
        /// How training images are varied.
        ..augmentation: Augmentation;
        /// Augmented views of every image, drawn once (0: a new view for every draw)
        augmented_views: usize = defaulted(0, whole(0..=10_000)).further();
        /// How the losses are computed.
        ..objective: ObjectiveParameters;
        /// How the parameters are moved, and which network is kept.
        ..optimiser: OptimiserParameters;
        /// Margin of the soft_contrastive loss
        ///
        /// Above 0 and at most 2.
        margin: f32 = defaulted(2.0, number(Interval::above(0.0, 2.0))).further();
        /// The pre-trained network that looks at the images: a ResNet or a ResNet v2
        backbone: Architecture = defaulted(Architecture::RESNET152, form::backbone()).further();
        /// Weights of the backbone: imagenet (downloaded once), builtin (with resnet18; no download), a file of PyTorch, TensorFlow or Keras, or none (random)
        weights: Weights = defaulted(Weights::ImageNet, form::weights()).further();
        /// Side of the square that an image is scaled to for the backbone, in pixels
        input_size: usize = defaulted(224, whole(32..=2048)).further();
        /// Seed of all that is drawn by chance
        seed: u64 = defaulted(0, whole(0..)).further();
        /// Where the network runs
        device: DeviceChoice = defaulted(DeviceChoice::Auto, choice()).further();
        /// Numbers that the frozen network computes with: f32, or bf16 (about twice as fast on processors that have it, less exact)
        precision: Precision = defaulted(Precision::F32, choice()).further();
    }
    checked by Self::check_values;
}

impl TrainingParameters {
    /// Checks the values that bound each other.
    fn check_values(&self, options: &Options) -> Result<()> {
        self.objective.check_with(self.loss_ind, &self.relevant_variables, options)?;
        let computed = self.objective.computed(self.loss_ind);
        if let Some((loss, _)) = computed.iter().find(|(loss, _)| loss.is_triplet())
            && self.train_batch_size < 3
        {
            return Err(options
                .fault("train_batch_size", |key| {
                    format!("`{key}` must be at least 3 for {loss}, but it is `{}`", self.train_batch_size)
                })
                .hint("a triplet takes three images"));
        }
        Ok(())
    }
}

/// The documented defaults.
impl Default for TrainingParameters {
    fn default() -> Self {
        Self::initial()
    }
}
