//! The families of backbones: what each of them offers, and the registry in which they are entered.
//!
//! A family is one folder of this crate and one line at the end of this file. Everything else (model folders, training,
//! weight files) asks the family of an architecture and knows no family by name.

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

/// The family of a model whose description names none, as those of version 0.1.0.
pub const DEFAULT_FAMILY: &str = "resnet";

/// A kind of backbone in several sizes.
///
/// A backbone is a row of parts. The last `retrained` of them can be trained; those before are frozen and run through
/// [`FrozenBackbone`].
pub trait Family: Sync {
    /// The word that names it in `model.json`.
    fn name(&self) -> &'static str;

    /// Its sizes.
    fn architectures(&self) -> &'static [Architecture];

    /// How many parts can be trained at most.
    fn trainable_parts(&self, architecture: Architecture) -> usize;

    /// Values per image that the whole backbone delivers.
    fn pooled_features(&self, architecture: Architecture) -> usize;

    /// What the frozen parts deliver per image, for a square input of `input_px`.
    ///
    /// # Errors
    /// More parts to retrain than there are.
    fn feature_shape(&self, architecture: Architecture, retrained: usize, input_px: usize) -> Result<FeatureShape>;

    /// Name and shape of every tensor that a weight file must hold.
    fn tensors(&self, architecture: Architecture) -> BTreeMap<String, Vec<usize>>;

    /// True for a tensor that holds variances, which are never negative.
    fn holds_variances(&self, tensor: &str) -> bool;

    /// Random tensors that a network can be trained from.
    fn random(&self, architecture: Architecture, seed: u64) -> BTreeMap<String, WeightTensor>;

    /// The weights that are shipped with the program, as a safetensors file.
    fn builtin(&self, architecture: Architecture) -> Option<&'static [u8]>;

    /// The weights trained on ImageNet: where they are and what their checksum is.
    fn imagenet(&self, architecture: Architecture) -> Pinned;

    /// The frozen parts, ready to run where `placement` says.
    ///
    /// # Errors
    /// More parts to retrain than there are; a tensor that is missing or has another shape, named.
    fn frozen(
        &self,
        weights: &WeightFile,
        architecture: Architecture,
        retrained: usize,
        input_px: usize,
        placement: &Placement,
    ) -> Result<Box<dyn FrozenBackbone>>;

    /// The parts after the cut, on `device`.
    ///
    /// # Errors
    /// As [`frozen`](Self::frozen).
    fn trainable(
        &self,
        weights: &WeightFile,
        architecture: Architecture,
        retrained: usize,
        device: &Device,
    ) -> Result<TrainableParts>;
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

/// The family that an architecture belongs to.
pub fn family_of(architecture: Architecture) -> &'static dyn Family {
    let has_it = |family: &&&'static dyn Family| family.architectures().contains(&architecture);
    *FAMILIES.iter().find(has_it).expect("every architecture belongs to a family")
}

/// The family of this name.
///
/// # Errors
/// An unknown name.
pub fn family_named(name: &str) -> Result<&'static dyn Family> {
    FAMILIES.iter().copied().find(|family| family.name() == name).ok_or_else(|| {
        let known: Vec<&str> = FAMILIES.iter().map(|family| family.name()).collect();
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
    ($($family:ident in $folder:ident,)+) => {
        /// All families.
        pub static FAMILIES: &[&dyn Family] = &[$(&$folder::$family),+];

        /// The trained parts of a backbone of any family.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "each variant is named after its family")]
        pub enum TrainableParts {
            $($family($folder::Parts),)+
        }

        /// What the way back through the trained parts needs of the way there.
        pub(crate) enum Remembered {
            $($family(<$folder::Parts as Trainable>::Remembered),)+
        }

        impl Module for TrainableParts {
            fn collect_devices(&self, devices: burn::module::Devices) -> burn::module::Devices {
                match self { $(Self::$family(parts) => parts.collect_devices(devices),)+ }
            }

            fn fork(self, device: &Device) -> Self {
                match self { $(Self::$family(parts) => Self::$family(parts.fork(device)),)+ }
            }

            fn to_device(self, device: &Device) -> Self {
                match self { $(Self::$family(parts) => Self::$family(parts.to_device(device)),)+ }
            }

            fn visit<Visitor: burn::module::ModuleVisitor>(&self, visitor: &mut Visitor) {
                match self { $(Self::$family(parts) => parts.visit(visitor),)+ }
            }

            fn map<Mapper: burn::module::ModuleMapper>(self, mapper: &mut Mapper) -> Self {
                match self { $(Self::$family(parts) => Self::$family(parts.map(mapper)),)+ }
            }

            fn valid(&self) -> Self {
                match self { $(Self::$family(parts) => Self::$family(parts.valid()),)+ }
            }

            fn train(self) -> Self {
                match self { $(Self::$family(parts) => Self::$family(parts.train()),)+ }
            }

            fn materialize(self) -> Self {
                match self { $(Self::$family(parts) => Self::$family(parts.materialize()),)+ }
            }
        }

        impl burn::module::ModuleDisplayDefault for TrainableParts {
            fn content(&self, content: burn::module::Content) -> Option<burn::module::Content> {
                match self { $(Self::$family(parts) => parts.content(content),)+ }
            }
        }

        impl burn::module::ModuleDisplay for TrainableParts {}

        impl Trainable for TrainableParts {
            type Remembered = Remembered;

            fn is_empty(&self) -> bool {
                match self { $(Self::$family(parts) => parts.is_empty(),)+ }
            }

            fn forward(&self, maps: Tensor<4>) -> Tensor<2> {
                match self { $(Self::$family(parts) => parts.forward(maps),)+ }
            }

            fn forward_remembering(&self, maps: Tensor<4>) -> (Tensor<2>, Remembered) {
                match self {
                    $(Self::$family(parts) => {
                        let (pooled, remembered) = parts.forward_remembering(maps);
                        (pooled, Remembered::$family(remembered))
                    })+
                }
            }

            fn add_gradients(&self, remembered: Remembered, pooled: Tensor<2>, gradients: &mut Gradients) {
                match (self, remembered) {
                    $((Self::$family(parts), Remembered::$family(remembered)) => {
                        parts.add_gradients(remembered, pooled, gradients);
                    })+
                }
            }

            fn named_tensors(&self) -> BTreeMap<String, WeightTensor> {
                match self { $(Self::$family(parts) => parts.named_tensors(),)+ }
            }

            fn load(&mut self, prefix: &str, tensors: &BTreeMap<String, WeightTensor>) -> Result<()> {
                match self { $(Self::$family(parts) => parts.load(prefix, tensors),)+ }
            }
        }
    };
}

// The registry: one line for each family.
families! {
    ResNet in resnet,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_architecture_belongs_to_one_family_which_is_found_by_its_name() {
        for &architecture in Architecture::ALL {
            let owners = FAMILIES.iter().filter(|family| family.architectures().contains(&architecture)).count();
            assert_eq!(owners, 1, "{architecture}");
            let family = family_of(architecture);
            assert_eq!(family_named(family.name()).unwrap().name(), family.name());
        }
        assert!(family_named(DEFAULT_FAMILY).is_ok());
    }

    #[test]
    fn an_unknown_family_names_the_nearest() {
        let message = family_named("resnets").err().unwrap().to_string();
        assert!(message.contains("`resnets` is an unknown family of backbones; known are resnet"), "{message}");
        assert!(message.contains("did you mean `resnet`?"), "{message}");
    }
}
