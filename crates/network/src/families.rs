//! The families of backbones: what each of their designs offers, and the registry in which the families are entered.
//!
//! A family is one folder of this crate and one line at the end of this file. Everything else (configuration, model folders,
//! training, weight files) asks here and knows no family by name.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Gradients, Tensor};
use silknow_config::Architecture;
use silknow_errors::{Error, Result, suggest};

use crate::backbone::{FeatureShape, FrozenBackbone};
use crate::device::Placement;
use crate::resnet;
use crate::weights::hub::Pinned;
use crate::weights::{WeightFile, WeightTensor};

#[cfg(test)]
pub(crate) mod patches;

/// The family of a model whose description names none, as those of version 0.1.0.
pub const DEFAULT_FAMILY: &str = "resnet";

/// A kind of backbone in several sizes.
pub struct Family {
    /// The word that names it in `model.json`.
    pub name: &'static str,
    /// Its sizes, from the smallest to the largest.
    pub designs: fn() -> Vec<&'static dyn Design>,
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

    /// The parts after the first `frozen`, on `device`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    fn trainable(&self, weights: &WeightFile, frozen: usize, device: &Device) -> Result<TrainableParts>;
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

/// All designs of all families.
pub fn designs() -> Vec<&'static dyn Design> {
    FAMILIES.iter().flat_map(|family| (family.designs)()).collect()
}

/// The names of all backbones.
pub fn architectures() -> Vec<Architecture> {
    designs().into_iter().map(Design::name).collect()
}

/// The design of this name.
///
/// # Errors
/// A name that no design has; the message lists those that there are.
pub fn design_of(architecture: Architecture) -> Result<&'static dyn Design> {
    designs().into_iter().find(|design| design.name() == architecture).ok_or_else(|| unknown(architecture))
}

/// The family that a backbone belongs to.
///
/// # Errors
/// As [`design_of`].
pub fn family_of(architecture: Architecture) -> Result<&'static Family> {
    FAMILIES.iter().copied().find(|family| family.has(architecture)).ok_or_else(|| unknown(architecture))
}

impl Family {
    /// True when one of its designs has this name.
    pub fn has(&self, architecture: Architecture) -> bool {
        (self.designs)().into_iter().any(|design| design.name() == architecture)
    }
}

fn unknown(architecture: Architecture) -> Error {
    let known = architectures();
    let known: Vec<&str> = known.iter().map(Architecture::name).collect();
    let message = format!("`{architecture}` is not a known backbone; choose one of {}", known.join(", "));
    let error = Error::configuration(message);
    match suggest::nearest(architecture.name(), known) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// The family of this name.
///
/// # Errors
/// An unknown name.
pub fn family_named(name: &str) -> Result<&'static Family> {
    FAMILIES.iter().copied().find(|family| family.name == name).ok_or_else(|| {
        let known: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        let error = Error::data(format!("`{name}` is an unknown family of backbones; known are {}", known.join(", ")));
        match suggest::nearest(name, known) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("use the version of this program that wrote the model"),
        }
    })
}

/// Makes the registry, and the types that hold the trained parts of any family.
///
/// [`Module`] is not derived: Burn would put the family's name into the paths of the parameters, and checkpoints of version
/// 0.1.0, which hold the optimiser's state under these paths, would not be found any more.
macro_rules! families {
    ($($(#[$only:meta])* $family:ident in $folder:ident,)+) => {
        /// All families.
        pub static FAMILIES: &[&Family] = &[$($(#[$only])* &$folder::FAMILY),+];

        /// The trained parts of a backbone of any family.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "each variant is named after its family")]
        pub enum TrainableParts {
            $($(#[$only])* $family($folder::Parts),)+
        }

        /// What the way back through the trained parts needs of the way there.
        #[allow(clippy::large_enum_variant, reason = "there is one of them at a time, and it is moved once")]
        pub(crate) enum Remembered {
            $($(#[$only])* $family(<$folder::Parts as Trainable>::Remembered),)+
        }

        impl Module for TrainableParts {
            fn collect_devices(&self, devices: burn::module::Devices) -> burn::module::Devices {
                match self { $($(#[$only])* Self::$family(parts) => parts.collect_devices(devices),)+ }
            }

            fn fork(self, device: &Device) -> Self {
                match self { $($(#[$only])* Self::$family(parts) => Self::$family(parts.fork(device)),)+ }
            }

            fn to_device(self, device: &Device) -> Self {
                match self { $($(#[$only])* Self::$family(parts) => Self::$family(parts.to_device(device)),)+ }
            }

            fn visit<Visitor: burn::module::ModuleVisitor>(&self, visitor: &mut Visitor) {
                match self { $($(#[$only])* Self::$family(parts) => parts.visit(visitor),)+ }
            }

            fn map<Mapper: burn::module::ModuleMapper>(self, mapper: &mut Mapper) -> Self {
                match self { $($(#[$only])* Self::$family(parts) => Self::$family(parts.map(mapper)),)+ }
            }

            fn valid(&self) -> Self {
                match self { $($(#[$only])* Self::$family(parts) => Self::$family(parts.valid()),)+ }
            }

            fn train(self) -> Self {
                match self { $($(#[$only])* Self::$family(parts) => Self::$family(parts.train()),)+ }
            }

            fn materialize(self) -> Self {
                match self { $($(#[$only])* Self::$family(parts) => Self::$family(parts.materialize()),)+ }
            }
        }

        impl burn::module::ModuleDisplayDefault for TrainableParts {
            fn content(&self, content: burn::module::Content) -> Option<burn::module::Content> {
                match self { $($(#[$only])* Self::$family(parts) => parts.content(content),)+ }
            }
        }

        impl burn::module::ModuleDisplay for TrainableParts {}

        impl Trainable for TrainableParts {
            type Remembered = Remembered;

            fn is_empty(&self) -> bool {
                match self { $($(#[$only])* Self::$family(parts) => parts.is_empty(),)+ }
            }

            fn forward(&self, maps: Tensor<4>) -> Tensor<2> {
                match self { $($(#[$only])* Self::$family(parts) => parts.forward(maps),)+ }
            }

            fn forward_remembering(&self, maps: Tensor<4>) -> (Tensor<2>, Remembered) {
                match self {
                    $($(#[$only])* Self::$family(parts) => {
                        let (pooled, remembered) = parts.forward_remembering(maps);
                        (pooled, Remembered::$family(remembered))
                    })+
                }
            }

            fn add_gradients(&self, remembered: Remembered, pooled: Tensor<2>, gradients: &mut Gradients) {
                match (self, remembered) {
                    $($(#[$only])* (Self::$family(parts), Remembered::$family(remembered)) => {
                        parts.add_gradients(remembered, pooled, gradients);
                    })+
                    // With more than one family there are pairs that do not match.
                    #[allow(unreachable_patterns)]
                    _ => unreachable!("each family remembers its own parts"),
                }
            }

            fn named_tensors(&self) -> BTreeMap<String, WeightTensor> {
                match self { $($(#[$only])* Self::$family(parts) => parts.named_tensors(),)+ }
            }

            fn load(&mut self, prefix: &str, tensors: &BTreeMap<String, WeightTensor>) -> Result<()> {
                match self { $($(#[$only])* Self::$family(parts) => parts.load(prefix, tensors),)+ }
            }
        }
    };
}

// The registry: one line for each family.
families! {
    ResNet in resnet,
    #[cfg(test)]
    Patches in patches,
}

#[cfg(test)]
mod tests {
    use silknow_errors::ErrorKind;

    use super::*;

    #[test]
    fn every_backbone_belongs_to_one_family_and_is_found_by_its_name() {
        for architecture in architectures() {
            assert_eq!(FAMILIES.iter().filter(|family| family.has(architecture)).count(), 1, "{architecture}");
            assert_eq!(design_of(architecture).unwrap().name(), architecture);
            let family = family_of(architecture).unwrap();
            assert_eq!(family_named(family.name).unwrap().name, family.name);
        }
        assert!(family_named(DEFAULT_FAMILY).is_ok());
        assert!(design_of(Architecture::default()).is_ok());
    }

    #[test]
    fn an_unknown_backbone_lists_the_known_ones() {
        let error = design_of("resnet5".parse().unwrap()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.message().contains("choose one of resnet18, resnet34, resnet50"), "{error}");
        assert_eq!(error.hint_text(), Some("did you mean `resnet50`?"));
    }

    #[test]
    fn an_unknown_family_names_the_nearest() {
        let message = family_named("resnets").err().unwrap().to_string();
        assert!(message.contains("`resnets` is an unknown family of backbones; known are resnet"), "{message}");
        assert!(message.contains("did you mean `resnet`?"), "{message}");
    }
}
