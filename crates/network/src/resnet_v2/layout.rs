//! What a ResNet v2 is made of: its convolutions and normalisations with their names, shapes and strides.
//!
//! This is the architecture as data; nothing is computed here. Names follow torchvision's for ResNets: `conv1` is the stem,
//! `layer1.0` the first unit with `preact`, `conv1`, `bn1`, `conv2`, `bn2`, `conv3` and, where the number of channels
//! changes, `downsample`; `postnorm` is the normalisation at the end. The stem, `conv3` and `downsample` have a bias, `conv1`
//! and `conv2` a normalisation.

use crate::resnet::layout::BATCH_NORM_TENSORS;

/// Channels of the stem, in both flavours.
pub const STEM_CHANNELS: usize = 64;

/// Channels that a unit writes, per channel of its inner convolutions.
const EXPANSION: usize = 4;

/// Who made the weights: the two differ in the border of the pool, in a constant, and in where shortcuts stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flavour {
    /// TensorFlow's slim library, TF-Hub and the Python toolbox.
    Slim,
    /// `keras.applications`, version 2.
    Keras,
}

impl Flavour {
    /// The small constant that batch normalisation adds to the variance.
    pub fn epsilon(self) -> f64 {
        match self {
            Self::Slim => 1e-5,
            Self::Keras => 1.001e-5,
        }
    }

    /// Rows before the first that the pool of 3 x 3 pixels with stride 2 reads, and after the last, of maps of so many rows.
    ///
    /// Keras adds zeros, which may win. slim pads as little as gives half the rows, more at the end, and nothing there wins.
    pub fn pool_border(self, side_px: usize) -> (usize, usize) {
        match self {
            Self::Slim if side_px.is_multiple_of(2) => (0, 1),
            Self::Slim | Self::Keras => (1, 1),
        }
    }
}

/// A convolution. Padding is half the kernel, so that stride 1 keeps the size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvLayout {
    /// Its name, for example `layer1.0.conv1`.
    pub name: String,
    /// Name of the batch normalisation after it, for example `layer1.0.bn1`; without one it has a bias.
    pub norm_name: Option<String>,
    /// Channels read.
    pub inputs: usize,
    /// Channels written.
    pub outputs: usize,
    /// Side of the square kernel, in pixels.
    pub kernel_px: usize,
    /// Step in both directions, in pixels.
    pub stride_px: usize,
}

impl ConvLayout {
    /// Name of the kernel tensor.
    pub fn weight_name(&self) -> String {
        format!("{}.weight", self.name)
    }

    /// Name of the bias tensor, of a convolution that has one.
    pub fn bias_name(&self) -> String {
        format!("{}.bias", self.name)
    }

    /// Shape of the kernel tensor: `[outputs, inputs, kernel, kernel]`.
    pub fn weight_shape(&self) -> [usize; 4] {
        [self.outputs, self.inputs, self.kernel_px, self.kernel_px]
    }

    /// Values that one output value is summed from.
    pub fn fan_in(&self) -> usize {
        self.inputs * self.kernel_px * self.kernel_px
    }

    /// Side of the output for an input of the given side.
    pub fn output_px(&self, input_px: usize) -> usize {
        (input_px - 1) / self.stride_px + 1
    }

    fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let kernel = (self.weight_name(), self.weight_shape().to_vec());
        match &self.norm_name {
            Some(norm) => std::iter::once(kernel).chain(norm_tensors(norm, self.outputs)).collect(),
            None => vec![kernel, (self.bias_name(), vec![self.outputs])],
        }
    }
}

fn norm_tensors(name: &str, channels: usize) -> impl Iterator<Item = (String, Vec<usize>)> {
    BATCH_NORM_TENSORS.into_iter().map(move |tensor| (format!("{name}.{tensor}"), vec![channels]))
}

/// A batch normalisation that stands alone, before the rectification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormLayout {
    /// Its name, for example `layer1.0.preact`.
    pub name: String,
    /// Channels.
    pub channels: usize,
}

/// A unit: normalisation and rectification, three convolutions, and the way around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitLayout {
    /// What the convolutions and the shortcut read is normalised so, and rectified.
    pub preact: NormLayout,
    /// 1 x 1, 3 x 3 and 1 x 1, in order.
    pub convs: [ConvLayout; 3],
    /// The convolution on the way around, of the rectified values; without it every `stride_px`-th pixel of the unit's input
    /// is added as it is.
    pub shortcut: Option<ConvLayout>,
    /// Step of the unit in both directions, in pixels.
    pub stride_px: usize,
}

impl UnitLayout {
    /// Channels that the unit writes.
    pub fn outputs(&self) -> usize {
        self.convs[2].outputs
    }

    /// All convolutions, the one on the way around last.
    pub fn all_convs(&self) -> impl Iterator<Item = &ConvLayout> {
        self.convs.iter().chain(&self.shortcut)
    }
}

/// A ResNet v2 without its classifier: the stem (convolution and maximum pool, not rectified), the units, normalisation and
/// rectification, the global average pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Border of the pool and epsilon follow from it.
    pub flavour: Flavour,
    /// The 7 x 7 convolution at the input.
    pub stem: ConvLayout,
    /// All units from input to output.
    pub units: Vec<UnitLayout>,
    /// The normalisation at the end.
    pub postnorm: NormLayout,
}

impl Layout {
    /// The layout with blocks of so many units, whose inner convolutions have so many channels.
    pub(super) fn new(flavour: Flavour, blocks: &[(usize, usize)]) -> Self {
        let stem = ConvLayout {
            name: "conv1".to_owned(),
            norm_name: None,
            inputs: 3,
            outputs: STEM_CHANNELS,
            kernel_px: 7,
            stride_px: 2,
        };
        let mut units = Vec::new();
        let mut inputs = STEM_CHANNELS;
        for (block, &(depth, width)) in blocks.iter().enumerate() {
            for position in 0..depth {
                // The last unit of every block but the last halves the maps.
                let stride_px = if position + 1 == depth && block + 1 < blocks.len() { 2 } else { 1 };
                let with_shortcut = match flavour {
                    Flavour::Slim => inputs != EXPANSION * width,
                    Flavour::Keras => position == 0,
                };
                let name = format!("layer{}.{position}", block + 1);
                units.push(unit(&name, inputs, width, stride_px, with_shortcut));
                inputs = EXPANSION * width;
            }
        }
        Self { flavour, stem, units, postnorm: NormLayout { name: "postnorm".to_owned(), channels: inputs } }
    }

    /// Values that the global average pool delivers.
    pub fn features(&self) -> usize {
        self.postnorm.channels
    }

    /// All convolutions from input to output.
    pub fn convs(&self) -> impl Iterator<Item = &ConvLayout> {
        std::iter::once(&self.stem).chain(self.units.iter().flat_map(UnitLayout::all_convs))
    }

    /// The normalisations that stand alone, from input to output.
    pub fn norms(&self) -> impl Iterator<Item = &NormLayout> {
        self.units.iter().map(|unit| &unit.preact).chain(std::iter::once(&self.postnorm))
    }

    /// Name and shape of every tensor that a weight file must hold.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> + '_ {
        let norms = self.norms().flat_map(|norm| norm_tensors(&norm.name, norm.channels));
        self.convs().flat_map(ConvLayout::tensors).chain(norms)
    }

    /// Channels and side of the feature maps before unit `cut`, for a square input.
    pub fn maps_before(&self, cut: usize, input_px: usize) -> (usize, usize) {
        let halved = |side: usize| side.div_ceil(2);
        self.units[..cut].iter().fold((STEM_CHANNELS, halved(halved(input_px))), |(_, side), unit| {
            (unit.outputs(), side.div_ceil(unit.stride_px))
        })
    }
}

fn unit(name: &str, inputs: usize, width: usize, stride_px: usize, with_shortcut: bool) -> UnitLayout {
    let outputs = EXPANSION * width;
    let conv = |part: &str, norm: Option<&str>, inputs, outputs, kernel_px, stride_px| ConvLayout {
        name: format!("{name}.{part}"),
        norm_name: norm.map(|norm| format!("{name}.{norm}")),
        inputs,
        outputs,
        kernel_px,
        stride_px,
    };
    UnitLayout {
        preact: NormLayout { name: format!("{name}.preact"), channels: inputs },
        convs: [
            conv("conv1", Some("bn1"), inputs, width, 1, 1),
            conv("conv2", Some("bn2"), width, width, 3, stride_px),
            conv("conv3", None, width, outputs, 1, 1),
        ],
        shortcut: with_shortcut.then(|| conv("downsample", None, inputs, outputs, 1, stride_px)),
        stride_px,
    }
}

#[cfg(test)]
mod tests {
    use silknow_config::Architecture;

    use super::super::ResNetV2;

    #[test]
    fn every_depth_has_as_many_weight_layers_as_its_name_says() {
        for (name, depth) in [("resnet_v2_50", 50), ("resnet_v2_101", 101), ("resnet152v2", 152)] {
            let layout = ResNetV2::of(Architecture::new(name).unwrap()).unwrap().layout();
            // The depth counts the stem, the convolutions of the units, and the classifier that is left out here.
            assert_eq!(3 * layout.units.len() + 2, depth);
            assert_eq!(layout.features(), 2048);
            assert_eq!(layout.maps_before(0, 224), (64, 56));
            assert_eq!(layout.maps_before(layout.units.len(), 224), (2048, 7));
        }
    }
}
