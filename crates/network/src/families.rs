//! The registry in which the families of backbones are entered.
//!
//! A family is one folder of this crate and one line at the end of this file. Everything above (configuration, model folders,
//! training, sources of weights) asks here and knows no family by name.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Gradients, Tensor};
use silknow_config::Architecture;
use silknow_errors::{Error, Result, suggest};

use crate::design::{Design, Family, Trainable};
#[cfg(test)]
use crate::patches;
use crate::resnet;
use crate::resnet_v2;
use crate::weights::{WeightFile, WeightTensor};

/// The family of a model whose description names none, as those of version 0.1.0.
pub const DEFAULT_FAMILY: &str = "resnet";

/// All designs of all families.
pub fn designs() -> Vec<&'static dyn Design> {
    FAMILIES.iter().flat_map(|family| (family.designs)()).collect()
}

/// The names of all backbones.
pub fn architectures() -> Vec<Architecture> {
    designs().into_iter().map(Design::name).collect()
}

/// True for the name of a backbone, also of one that says its size and is not among [`architectures`].
pub fn is_backbone(name: &str) -> bool {
    Architecture::new(name).is_some_and(|architecture| FAMILIES.iter().any(|family| family.has(architecture)))
}

/// The design of this name.
///
/// # Errors
/// A name that no design has; the message lists those that there are.
pub fn design_of(architecture: Architecture) -> Result<&'static dyn Design> {
    FAMILIES.iter().find_map(|family| family.find(architecture)).ok_or_else(|| unknown(architecture))
}

/// The family that a backbone belongs to.
///
/// # Errors
/// As [`design_of`].
pub fn family_of(architecture: Architecture) -> Result<&'static Family> {
    FAMILIES.iter().copied().find(|family| family.has(architecture)).ok_or_else(|| unknown(architecture))
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

/// The backbones whose weights are shipped with the program, as a sentence names them.
pub(crate) fn shipped_for() -> String {
    let shipped = designs().into_iter().filter(|design| design.builtin().is_some());
    alternatives(&shipped.map(Design::name).collect::<Vec<_>>())
}

/// "resnet18, resnet34 or resnet50".
pub(crate) fn alternatives(names: &[Architecture]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => {
            let before: Vec<&str> = before.iter().map(Architecture::name).collect();
            format!("{} or {last}", before.join(", "))
        }
        names => names.iter().map(Architecture::name).collect(),
    }
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
        #[allow(clippy::large_enum_variant, reason = "there is one of them at a time")]
        pub enum TrainableParts {
            $($(#[$only])* $family($folder::Parts),)+
        }

        /// The parts of a backbone after the first `frozen`, on `device`; a device with autodiff trains them.
        ///
        /// # Errors
        /// An unknown backbone; a tensor that is missing or has another shape, named.
        pub(crate) fn trainable_parts(
            weights: &WeightFile,
            architecture: Architecture,
            frozen: usize,
            device: &Device,
        ) -> Result<TrainableParts> {
            $($(#[$only])*
            if $folder::FAMILY.has(architecture) {
                return Ok(TrainableParts::$family($folder::trainable(weights, architecture, frozen, device)?));
            })+
            Err(unknown(architecture))
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
    ResNetV2 in resnet_v2,
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
