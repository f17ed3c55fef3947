//! The values that are words: the name of a backbone, weights, device, precision and loss.
//!
//! What a word stands for is done by the network and the training.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use silknow_errors::{Error, Result, suggest};

/// A value that is written as one of a few words.
pub trait Word: Copy + fmt::Display + FromStr + 'static {
    /// All words.
    fn words() -> &'static [Spelling];
}

/// A word, and other words that are read in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// The word that is written.
    pub word: &'static str,
    /// The others.
    pub aliases: &'static [&'static str],
}

/// Declares an enumeration whose values are written as words, in files, flags and JSON alike.
macro_rules! words {
    (
        $(#[$about:meta])* $name:ident, $what:literal {
            $($(#[$note:meta])* $value:ident = $word:literal $(| $alias:literal)*,)+
        }
    ) => {
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
            fn words() -> &'static [Spelling] {
                const { &[$(Spelling { word: $word, aliases: &[$($alias),*] }),+] }
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
                    $($word $(| $alias)* => Ok(Self::$value),)+
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
    /// Who decides on the classes of a query.
    #[derive(Default)]
    VoteRule, "vote" {
        /// Every neighbour counts one.
        #[default]
        Majority = "majority",
        /// A near neighbour counts more.
        Weighted = "weighted",
        /// The model's own classifier decides.
        Classifier = "classifier",
        /// The mean of what the neighbours and the classifier say.
        Mean = "mean",
    }
}

/// The name of a backbone, such as `resnet152`.
///
/// A name is one to 32 lower-case letters, digits, `_`, `-` and `.`. Which names stand for a backbone is known to the
/// families of backbones in `silknow-network`; a configuration carries the name and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Architecture {
    /// The letters, with zeros after the last.
    letters: [u8; Self::LONGEST],
}

impl Architecture {
    const LONGEST: usize = 32;

    /// 18 layers, 512 pooled features.
    pub const RESNET18: Self = Self::new("resnet18").expect("it is a name");
    /// 34 layers, 512 pooled features.
    pub const RESNET34: Self = Self::new("resnet34").expect("it is a name");
    /// 50 layers, 2048 pooled features.
    pub const RESNET50: Self = Self::new("resnet50").expect("it is a name");
    /// 101 layers, 2048 pooled features.
    pub const RESNET101: Self = Self::new("resnet101").expect("it is a name");
    /// 152 layers, 2048 pooled features: the documented backbone.
    pub const RESNET152: Self = Self::new("resnet152").expect("it is a name");

    /// A name; `None` for a text that cannot be one.
    pub const fn new(name: &str) -> Option<Self> {
        let name = name.as_bytes();
        if name.is_empty() || name.len() > Self::LONGEST {
            return None;
        }
        let mut letters = [0; Self::LONGEST];
        let mut position = 0;
        while position < name.len() {
            if !matches!(name[position], b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.') {
                return None;
            }
            letters[position] = name[position];
            position += 1;
        }
        Some(Self { letters })
    }

    /// The name as text.
    pub fn name(&self) -> &str {
        let length = self.letters.iter().position(|&letter| letter == 0).unwrap_or(Self::LONGEST);
        std::str::from_utf8(&self.letters[..length]).expect("a name is made of ASCII letters")
    }
}

/// The documented backbone.
impl Default for Architecture {
    fn default() -> Self {
        Self::RESNET152
    }
}

impl FromStr for Architecture {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text).ok_or_else(|| {
            Error::configuration(format!("`{text}` is not the name of a backbone"))
                .hint(format!("a name such as `{}` has lower-case letters and digits", Self::default()))
        })
    }
}

impl TryFrom<String> for Architecture {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Architecture> for String {
    fn from(architecture: Architecture) -> Self {
        architecture.name().to_owned()
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Architecture").field(&self.name()).finish()
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
    /// What training minimises. The formulas of the first four are those of Clermont et al. 2020.
    #[derive(Default)]
    LossKind, "loss" {
        /// Contrastive loss with multi-label similarity, on samples with all labels known.
        SoftContrastive = "soft_contrastive" | "soft_contrastive_loss",
        /// Contrastive loss that knows of missing labels.
        #[default]
        SoftContrastiveIncomp = "soft_contrastive_incomp_loss",
        /// Triplet loss with multi-label similarity, on samples with all labels known.
        SoftTriplet = "soft_triplet" | "soft_triplet_loss",
        /// Triplet loss that knows of missing labels.
        SoftTripletIncomp = "soft_triplet_incomp_loss",
        /// Cross-entropy of layers that tell the classes of every variable apart.
        Classification = "classification",
        /// Contrast of every image with those of its class against all others, for every variable.
        SupervisedContrastive = "supervised_contrastive",
        /// Triplet loss with what is certain of the difference of similarities as its margin.
        Semantic = "semantic" | "triplet" | "soft_triplet_incomp_loss_min_margin",
        /// Distances that lists of similar and of dissimilar objects ask for.
        Rules = "rules" | "rule",
        /// Distances that the colours of the images ask for.
        Colour = "colour" | "hue_saturation_similarity_loss",
        /// Distance between two views of an image.
        SelfSimilarity = "self_similarity" | "self_augment" | "self_augmented_similarity_loss",
        /// A weighted sum of others.
        Combined = "combined" | "combined_similarity_loss",
    }
}

impl LossKind {
    /// True for the losses over triplets.
    pub fn is_triplet(self) -> bool {
        matches!(self, Self::SoftTriplet | Self::SoftTripletIncomp | Self::Semantic)
    }
}

words! {
    /// How the learning rate goes on after the warm-up.
    #[derive(Default)]
    Schedule, "schedule" {
        /// It stays.
        #[default]
        Constant = "constant",
        /// It falls to 0 along half a cosine.
        Cosine = "cosine",
    }
}

words! {
    /// By what the network that is kept is chosen.
    #[derive(Default)]
    ModelSelection, "way to choose a model" {
        /// The lowest validation loss.
        #[default]
        Loss = "loss",
        /// The highest mean F1 of the neighbours' vote on the validation images.
        Vote = "vote",
    }
}

words! {
    /// A set of values for the keys of training.
    Recipe, "recipe" {
        /// A short training of a small head, for a first impression.
        Fast = "fast",
        /// The most reliable neighbours that were measured with a frozen backbone.
        Best = "best",
        /// The defaults of the documented toolbox.
        D45 = "d45",
        /// The defaults of its successor.
        D46 = "d46",
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
    /// A file in torchvision's naming (safetensors or `.pth`), or of TensorFlow or Keras, or a folder with one of the latter.
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
    fn other_spellings_are_read_and_the_word_is_written() {
        for (alias, word) in [
            ("triplet", "semantic"),
            ("rule", "rules"),
            ("self_augment", "self_similarity"),
            ("combined_similarity_loss", "combined"),
            ("soft_contrastive_loss", "soft_contrastive"),
            ("soft_triplet_loss", "soft_triplet"),
            ("soft_triplet_incomp_loss_min_margin", "semantic"),
            ("hue_saturation_similarity_loss", "colour"),
            ("self_augmented_similarity_loss", "self_similarity"),
        ] {
            assert_eq!(alias.parse::<LossKind>().unwrap().name(), word);
        }
    }

    #[test]
    fn an_unknown_word_names_the_nearest() {
        let message = "soft_tripplet".parse::<LossKind>().unwrap_err().to_string();
        assert!(message.contains("`soft_tripplet` is not a known loss"), "{message}");
        assert!(message.ends_with("hint: did you mean `soft_triplet`?"), "{message}");
    }

    #[test]
    fn the_name_of_a_backbone_is_any_plain_name_and_keeps_its_text() {
        let longest = "a".repeat(32);
        for name in ["resnet152", "vit_b-16.augreg", "x", &longest] {
            let architecture: Architecture = name.parse().unwrap();
            assert_eq!(architecture.name(), name);
            let json = serde_json::to_string(&architecture).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<Architecture>(&json).unwrap(), architecture);
        }
        for text in ["", "ResNet18", "res net", "résnet", "a/b", &"a".repeat(33)] {
            let message = text.parse::<Architecture>().unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{text}` is not the name of a backbone")), "{message}");
        }
    }
}
