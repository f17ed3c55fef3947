//! The values that are one of a few words: architecture, weights, device, precision and loss.
//!
//! Each word is spelt once, here. What it stands for is done by the network and the training.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use silknow_errors::{Error, Result, suggest};

/// A value that is written as one of a few words.
pub trait Word: Copy + fmt::Display + FromStr + 'static {
    /// All words.
    fn words() -> &'static [&'static str];
}

/// Declares an enumeration whose values are written as words, in files, flags and JSON alike.
macro_rules! words {
    ($(#[$about:meta])* $name:ident, $what:literal { $($(#[$note:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$note])* #[serde(rename = $word)] $value,)+
        }

        impl $name {
            /// All values.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];
            /// The words of all values, in the order of [`ALL`](Self::ALL).
            pub const NAMES: &'static [&'static str] = &[$($word),+];

            /// The word that stands for this value.
            pub fn name(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }
        }

        impl Word for $name {
            fn words() -> &'static [&'static str] {
                Self::NAMES
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                match text {
                    $($word => Ok(Self::$value),)+
                    _ => Err(unknown_word($what, text, Self::NAMES)),
                }
            }
        }
    };
}

fn unknown_word(what: &str, text: &str, known: &[&str]) -> Error {
    let error = Error::configuration(format!("`{text}` is not a known {what}; choose one of {}", known.join(", ")));
    match suggest::nearest(text, known.iter().copied()) {
        Some(word) => error.hint(format!("did you mean `{word}`?")),
        None => error,
    }
}

words! {
    /// What becomes of pictures that are equal or nearly equal.
    #[derive(Default)]
    Duplicates, "choice" {
        /// All stay, those of a group in one collection.
        #[default]
        Keep = "keep",
        /// One of each group stays.
        Drop = "drop",
    }
}

words! {
    /// The depth of the ResNet backbone.
    #[derive(Default)]
    Architecture, "backbone" {
        /// 18 layers, 512 pooled features.
        ResNet18 = "resnet18",
        /// 34 layers, 512 pooled features.
        ResNet34 = "resnet34",
        /// 50 layers, 2048 pooled features.
        ResNet50 = "resnet50",
        /// 101 layers, 2048 pooled features.
        ResNet101 = "resnet101",
        /// 152 layers, 2048 pooled features: the documented backbone.
        #[default]
        ResNet152 = "resnet152",
    }
}

impl Architecture {
    /// The number of residual blocks in each of the four stages.
    pub fn stages(self) -> [usize; 4] {
        match self {
            Self::ResNet18 => [2, 2, 2, 2],
            Self::ResNet34 | Self::ResNet50 => [3, 4, 6, 3],
            Self::ResNet101 => [3, 4, 23, 3],
            Self::ResNet152 => [3, 8, 36, 3],
        }
    }

    /// The number of residual blocks over all stages: the most that `hub_num_retrain` can retrain.
    pub fn residual_blocks(self) -> usize {
        self.stages().iter().sum()
    }

    /// The number of values after the global average pool.
    pub fn pooled_features(self) -> usize {
        match self {
            Self::ResNet18 | Self::ResNet34 => 512,
            Self::ResNet50 | Self::ResNet101 | Self::ResNet152 => 2048,
        }
    }
}

words! {
    /// Where the network runs.
    #[derive(Default)]
    DeviceChoice, "device" {
        /// The fastest device that this build and this machine have.
        #[default]
        Auto = "auto",
        /// The processor.
        Cpu = "cpu",
        /// An NVIDIA card through CUDA.
        Cuda = "cuda",
        /// A graphics card through Vulkan, Metal or DirectX.
        Wgpu = "wgpu",
    }
}

words! {
    /// In which format of numbers the frozen network runs on the processor.
    #[derive(Default)]
    Precision, "precision" {
        /// Single precision.
        #[default]
        F32 = "f32",
        /// bfloat16, summed in single precision: faster where the processor has instructions for it, less exact.
        Bf16 = "bf16",
    }
}

words! {
    /// What training minimises. The formulas are those of Clermont et al. 2020.
    #[derive(Default)]
    LossKind, "loss" {
        /// Contrastive loss with multi-label similarity, on samples with all labels known.
        SoftContrastive = "soft_contrastive",
        /// Contrastive loss that knows of missing labels.
        #[default]
        SoftContrastiveIncomp = "soft_contrastive_incomp_loss",
        /// Triplet loss with multi-label similarity, on samples with all labels known.
        SoftTriplet = "soft_triplet",
        /// Triplet loss that knows of missing labels.
        SoftTripletIncomp = "soft_triplet_incomp_loss",
    }
}

impl LossKind {
    /// True for the losses that only samples with all labels known can feed.
    pub fn needs_complete_samples(self) -> bool {
        matches!(self, Self::SoftContrastive | Self::SoftTriplet)
    }

    /// True for the losses over triplets, false for those over pairs.
    pub fn is_triplet(self) -> bool {
        matches!(self, Self::SoftTriplet | Self::SoftTripletIncomp)
    }
}

/// Where the backbone's weights come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Weights {
    /// Pre-trained on ImageNet: fetched once and kept in the user's cache folder.
    #[default]
    ImageNet,
    /// Shipped with the program (resnet18 only).
    Builtin,
    /// Random.
    None,
    /// A file in torchvision's naming: safetensors or `.pth`.
    Path(PathBuf),
}

impl From<String> for Weights {
    fn from(text: String) -> Self {
        match text.as_str() {
            "imagenet" => Self::ImageNet,
            "builtin" => Self::Builtin,
            "none" => Self::None,
            _ => Self::Path(PathBuf::from(text)),
        }
    }
}

impl FromStr for Weights {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text.to_owned()))
    }
}

impl From<Weights> for String {
    fn from(weights: Weights) -> Self {
        weights.to_string()
    }
}

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ImageNet => f.pad("imagenet"),
            Self::Builtin => f.pad("builtin"),
            Self::None => f.pad("none"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_as_its_value() {
        for architecture in Architecture::ALL {
            assert_eq!(architecture.name().parse::<Architecture>().unwrap(), *architecture);
        }
        for loss in LossKind::ALL {
            assert_eq!(loss.name().parse::<LossKind>().unwrap(), *loss);
        }
        for device in DeviceChoice::ALL {
            assert_eq!(device.name().parse::<DeviceChoice>().unwrap(), *device);
        }
        for precision in Precision::ALL {
            assert_eq!(precision.name().parse::<Precision>().unwrap(), *precision);
        }
    }

    #[test]
    fn an_unknown_word_names_the_nearest() {
        let message = "soft_tripplet".parse::<LossKind>().unwrap_err().to_string();
        assert!(message.contains("`soft_tripplet` is not a known loss"), "{message}");
        assert!(message.ends_with("hint: did you mean `soft_triplet`?"), "{message}");
    }

    #[test]
    fn the_block_counts_are_those_of_the_published_architectures() {
        let counts: Vec<usize> = Architecture::ALL.iter().map(|it| it.residual_blocks()).collect();
        assert_eq!(counts, [8, 16, 16, 33, 50]);
    }
}
