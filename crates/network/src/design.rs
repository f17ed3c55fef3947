//! What a backbone is: a family of designs, each a row of parts with tensors, and how parts are trained.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Gradients, Tensor};
use silknow_config::Architecture;
use silknow_errors::{Error, Result};

use crate::device::Placement;
use crate::features::{FeatureShape, FrozenBackbone};
use crate::graph::Graph;
use crate::weights::hub::Pinned;
use crate::weights::{IMAGENET_MEAN, IMAGENET_STD, WeightFile, WeightTensor};

/// A kind of backbone in several sizes.
pub struct Family {
    /// The word that names it in `model.json`.
    pub name: &'static str,
    /// Its sizes, from the smallest to the largest.
    pub designs: fn() -> Vec<&'static dyn Design>,
    /// The design of a name that says its size, beside those that are listed; none where the name says none.
    pub other: fn(Architecture) -> Option<&'static dyn Design>,
}

impl Family {
    /// The design of this name, if it has one.
    pub fn find(&self, architecture: Architecture) -> Option<&'static dyn Design> {
        let mut listed = (self.designs)().into_iter();
        listed.find(|design| design.name() == architecture).or_else(|| (self.other)(architecture))
    }

    /// True when one of its designs has this name.
    pub fn has(&self, architecture: Architecture) -> bool {
        self.find(architecture).is_some()
    }
}

/// One size of a family: what it is made of, and how it is made to run.
///
/// A backbone is a row of parts. The last of them can be trained; those before the cut are frozen and run through
/// [`FrozenBackbone`]. The methods that take a number of frozen parts are called with at most [`parts`](Self::parts).
pub trait Design: Sync {
    /// The name that chooses it.
    fn name(&self) -> Architecture;

    /// What its parts are called, in the plural.
    fn part_name(&self) -> &'static str;

    /// How many parts there are.
    fn parts(&self) -> usize;

    /// Values per image that the whole backbone delivers.
    fn pooled_features(&self) -> usize;

    /// Mean and standard deviation per colour that pixels in [0, 1] are normalised with, where the weights say nothing else.
    fn colours(&self) -> ([f32; 3], [f32; 3]) {
        (IMAGENET_MEAN, IMAGENET_STD)
    }

    /// What the first `frozen` parts deliver per image, for a square input of `input_px`.
    fn feature_shape(&self, frozen: usize, input_px: usize) -> FeatureShape;

    /// Name and shape of every tensor that a weight file must hold.
    fn tensors(&self) -> BTreeMap<String, Vec<usize>>;

    /// True for a tensor that holds variances, which are never negative.
    fn holds_variances(&self, tensor: &str) -> bool;

    /// Random tensors that a network can be trained from.
    fn random(&self, seed: u64) -> BTreeMap<String, WeightTensor>;

    /// The weights that are shipped with the program, as a safetensors file.
    fn builtin(&self) -> Option<&'static [u8]>;

    /// The weights trained on ImageNet: where they are and what their checksum is.
    fn imagenet(&self) -> Option<Pinned>;

    /// The first `frozen` parts, ready to run where `placement` says.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    fn frozen(
        &self,
        weights: &WeightFile,
        frozen: usize,
        input_px: usize,
        placement: &Placement,
    ) -> Result<Box<dyn FrozenBackbone>>;

    /// Enters all parts into a graph: from normalised pixels `[N, 3, S, S]` of `input_px`, a value of the first name, to the
    /// pooled values `[N, F]`, called by the second. The tensors are taken out of the weights.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    fn enter(&self, weights: &mut WeightFile, graph: &mut Graph, input_px: usize, names: (&str, &str)) -> Result<()>;
}

impl dyn Design {
    /// The number of parts that stay frozen when the last `retrained` are trained.
    ///
    /// # Errors
    /// When there are fewer parts than are to be trained.
    pub fn frozen_parts(&self, retrained: usize) -> Result<usize> {
        let (parts, called) = (self.parts(), self.part_name());
        parts.checked_sub(retrained).ok_or_else(|| {
            Error::configuration(format!(
                "hub_num_retrain is {retrained}, but the backbone {} has only {parts} {called}",
                self.name()
            ))
            .hint(format!("give a number from 0 (frozen backbone) to {parts} (all {called})"))
        })
    }
}

/// The parts of a backbone that are trained, in the form in which Burn trains them.
pub(crate) trait Trainable: Module {
    /// What the way back needs of the way there.
    type Remembered;

    /// True when every part is frozen.
    fn is_empty(&self) -> bool;

    /// Feature maps `[N, C, H, W]` to pooled values `[N, F]`.
    fn forward(&self, maps: Tensor<4>) -> Tensor<2>;

    /// As [`forward`](Self::forward) without autodiff, and what [`add_gradients`](Self::add_gradients) needs.
    fn forward_remembering(&self, maps: Tensor<4>) -> (Tensor<2>, Self::Remembered);

    /// Enters the gradients of all parameters, given that of the pooled values `[N, F]`.
    fn add_gradients(&self, remembered: Self::Remembered, pooled: Tensor<2>, gradients: &mut Gradients);

    /// The trained parameters under the names of the weight file.
    fn named_tensors(&self) -> BTreeMap<String, WeightTensor>;

    /// Takes over the parameters of [`named_tensors`](Self::named_tensors), whose names here begin with `prefix`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    fn load(&mut self, prefix: &str, tensors: &BTreeMap<String, WeightTensor>) -> Result<()>;
}
