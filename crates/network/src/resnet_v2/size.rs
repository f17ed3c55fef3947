//! The sizes of ResNets v2: the usual depths, and any other numbers of units and channels.
//!
//! The usual ones have the names that they have in slim (`resnet_v2_50`) and in Keras (`resnet50v2`). Any other says its
//! blocks: `resnet_v2_2-3-2-2_4-6-8-10` has blocks of 2, 3, 2 and 2 units, whose inner convolutions have 4, 6, 8 and 10
//! channels; `resnetv2_...` is the same in Keras's flavour.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use silknow_config::Architecture;
use silknow_errors::{Error, Result};

use super::layout::{Flavour, Layout};

/// The channels of the usual blocks.
const WIDTHS: [usize; 4] = [64, 128, 256, 512];

/// The most units of a block that a name can say.
const MOST_UNITS: usize = 99;

/// The most channels of an inner convolution that a name can say.
const MOST_WIDTH: usize = 4096;

/// What names of other sizes begin with.
const SLIM_PREFIX: &str = "resnet_v2_";
const KERAS_PREFIX: &str = "resnetv2_";

/// A ResNet v2 of one size; a part that can be trained is a residual unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResNetV2 {
    pub(super) name: Architecture,
    pub(super) flavour: Flavour,
    /// Units and inner channels of every block.
    pub(super) blocks: Vec<(usize, usize)>,
}

/// The usual sizes, by name: flavour and units.
const USUAL: [(&str, Flavour, [usize; 4]); 6] = [
    ("resnet_v2_50", Flavour::Slim, [3, 4, 6, 3]),
    ("resnet_v2_101", Flavour::Slim, [3, 4, 23, 3]),
    ("resnet_v2_152", Flavour::Slim, [3, 8, 36, 3]),
    ("resnet50v2", Flavour::Keras, [3, 4, 6, 3]),
    ("resnet101v2", Flavour::Keras, [3, 4, 23, 3]),
    ("resnet152v2", Flavour::Keras, [3, 8, 36, 3]),
];

impl ResNetV2 {
    /// All usual sizes.
    pub(super) fn usual() -> Vec<&'static Self> {
        let known = USUAL.iter().filter_map(|(name, ..)| Self::find(Architecture::new(name)?));
        known.collect()
    }

    /// The size that a name says; none where it says none.
    pub(super) fn find(name: Architecture) -> Option<&'static Self> {
        // A design lives as long as the program. There is one of each name, and a name has 32 letters at most.
        static KNOWN: Mutex<BTreeMap<Architecture, &'static ResNetV2>> = Mutex::new(BTreeMap::new());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(design) = known.get(&name) {
            return Some(design);
        }
        let design: &'static Self = Box::leak(Box::new(Self::parse(name)?));
        known.insert(name, design);
        Some(design)
    }

    /// The ResNet v2 of this name.
    ///
    /// # Errors
    /// A name that no ResNet v2 has.
    pub fn of(architecture: Architecture) -> Result<&'static Self> {
        Self::find(architecture).ok_or_else(|| Error::configuration(format!("`{architecture}` is not a ResNet v2")))
    }

    /// The ResNet v2 with blocks of so many units and inner channels: one of the usual names where it is a usual size.
    ///
    /// # Errors
    /// Numbers that no name can say.
    pub fn with_blocks(flavour: Flavour, blocks: &[(usize, usize)]) -> Result<&'static Self> {
        let usual = USUAL
            .iter()
            .find(|(_, its, units)| *its == flavour && units.iter().copied().zip(WIDTHS).eq(blocks.iter().copied()));
        let name = match usual {
            Some((name, ..)) => (*name).to_owned(),
            None => stated_name(flavour, blocks),
        };
        Architecture::new(&name).and_then(Self::find).ok_or_else(|| {
            Error::data(format!("a ResNet v2 with the units and channels {blocks:?} of its blocks cannot be run"))
        })
    }

    fn parse(name: Architecture) -> Option<Self> {
        if let Some((_, flavour, units)) = USUAL.iter().find(|(usual, ..)| *usual == name.name()) {
            return Some(Self { name, flavour: *flavour, blocks: units.iter().copied().zip(WIDTHS).collect() });
        }
        let text = name.name();
        let (flavour, blocks) = match text.strip_prefix(SLIM_PREFIX) {
            Some(blocks) => (Flavour::Slim, blocks),
            None => (Flavour::Keras, text.strip_prefix(KERAS_PREFIX)?),
        };
        let (units, widths) = blocks.split_once('_')?;
        let numbers = |text: &str, most: usize| -> Option<Vec<usize>> {
            let number = |text: &str| text.parse().ok().filter(|number| (1..=most).contains(number));
            text.split('-').map(number).collect()
        };
        let (units, widths) = (numbers(units, MOST_UNITS)?, numbers(widths, MOST_WIDTH)?);
        let design = Self { name, flavour, blocks: units.into_iter().zip(widths).collect() };
        // Leading zeros and lists of different lengths would give a size two names.
        (stated_name(flavour, &design.blocks) == text).then_some(design)
    }

    /// Its name.
    pub fn architecture(&self) -> Architecture {
        self.name
    }

    /// What it is made of.
    pub fn layout(&self) -> Layout {
        Layout::new(self.flavour, &self.blocks)
    }
}

/// The name that says the blocks.
fn stated_name(flavour: Flavour, blocks: &[(usize, usize)]) -> String {
    let prefix = match flavour {
        Flavour::Slim => SLIM_PREFIX,
        Flavour::Keras => KERAS_PREFIX,
    };
    let units: Vec<String> = blocks.iter().map(|block| block.0.to_string()).collect();
    let widths: Vec<String> = blocks.iter().map(|block| block.1.to_string()).collect();
    format!("{prefix}{}_{}", units.join("-"), widths.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Option<&'static ResNetV2> {
        ResNetV2::find(Architecture::new(name)?)
    }

    #[test]
    fn a_size_has_one_name() {
        let blocks = [(2, 4), (3, 6), (2, 8), (2, 10)];
        let narrow = ResNetV2::with_blocks(Flavour::Slim, &blocks).unwrap();
        assert_eq!(narrow.name.name(), "resnet_v2_2-3-2-2_4-6-8-10");
        assert_eq!(narrow.layout().features(), 40);
        let usual = [(3, 64), (4, 128), (6, 256), (3, 512)];
        assert_eq!(ResNetV2::with_blocks(Flavour::Slim, &usual).unwrap().name.name(), "resnet_v2_50");
        assert_eq!(ResNetV2::with_blocks(Flavour::Keras, &usual).unwrap().name.name(), "resnet50v2");
        for wrong in
            ["resnet_v2_2-3_4", "resnet_v2_02_4", "resnet_v2_0_4", "resnet_v2_", "resnet_v2_51", "resnetv2_1_x"]
        {
            assert!(find(wrong).is_none(), "{wrong}");
        }
        assert!(ResNetV2::with_blocks(Flavour::Slim, &[(100_000, 4)]).is_err());
    }
}
