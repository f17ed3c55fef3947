//! What a ResNet is made of: its convolutions with their names, shapes and strides, for the depths 18 to 152.
//!
//! This is the architecture as data, in torchvision's naming; nothing is computed here.
//! Source: He et al., "Deep residual learning for image recognition", CVPR 2016, table 1, with the stride in
//! the 3 x 3 convolution of a bottleneck as in torchvision.

/// The small constant that batch normalisation adds to the variance.
pub const BATCH_NORM_EPSILON: f64 = 1e-5;

/// The four stored statistics of a batch normalisation.
pub const BATCH_NORM_TENSORS: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

/// A convolution followed by batch normalisation. Padding is half the kernel, so that stride 1 keeps the size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvLayout {
    /// Name of the convolution, for example `layer1.0.conv1`.
    pub name: String,
    /// Name of the batch normalisation after it, for example `layer1.0.bn1`.
    pub norm_name: String,
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
    /// Zero pixels added on every side.
    pub fn padding_px(&self) -> usize {
        self.kernel_px / 2
    }

    /// Name of the kernel tensor.
    pub fn weight_name(&self) -> String {
        format!("{}.weight", self.name)
    }

    /// Shape of the kernel tensor: `[outputs, inputs, kernel, kernel]`.
    pub fn weight_shape(&self) -> Vec<usize> {
        vec![self.outputs, self.inputs, self.kernel_px, self.kernel_px]
    }

    /// Values that one output value is summed from.
    pub fn fan_in(&self) -> usize {
        self.inputs * self.kernel_px * self.kernel_px
    }

    /// Side of the output for an input of the given side.
    pub fn output_px(&self, input_px: usize) -> usize {
        (input_px + 2 * self.padding_px() - self.kernel_px) / self.stride_px + 1
    }

    fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> + '_ {
        let norm = BATCH_NORM_TENSORS.map(|tensor| (format!("{}.{tensor}", self.norm_name), vec![self.outputs]));
        std::iter::once((self.weight_name(), self.weight_shape())).chain(norm)
    }
}

/// A residual block: convolutions one after the other, and the way around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockLayout {
    /// Two convolutions (basic block) or three (bottleneck), in order.
    pub convs: Vec<ConvLayout>,
    /// The convolution on the way around where the shape changes; without it the input is added as it is.
    pub shortcut: Option<ConvLayout>,
}

impl BlockLayout {
    /// Channels that the block writes.
    pub fn outputs(&self) -> usize {
        self.convs.last().map_or(0, |conv| conv.outputs)
    }

    /// All convolutions, the one on the way around last.
    pub fn all_convs(&self) -> impl Iterator<Item = &ConvLayout> {
        self.convs.iter().chain(&self.shortcut)
    }

    fn output_px(&self, input_px: usize) -> usize {
        self.convs.iter().fold(input_px, |side, conv| conv.output_px(side))
    }
}

/// A ResNet without its classifier: the stem (convolution and maximum pool), then residual blocks, then the
/// global average pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The 7 x 7 convolution at the input.
    pub stem: ConvLayout,
    /// All residual blocks from input to output.
    pub blocks: Vec<BlockLayout>,
}

impl Layout {
    /// The layout with so many residual blocks in the four stages.
    pub(super) fn new(stages: [usize; 4], bottleneck: bool) -> Self {
        let stem = ConvLayout {
            name: "conv1".to_owned(),
            norm_name: "bn1".to_owned(),
            inputs: 3,
            outputs: 64,
            kernel_px: 7,
            stride_px: 2,
        };
        let mut blocks = Vec::new();
        let mut inputs = stem.outputs;
        for (stage, depth) in stages.into_iter().enumerate() {
            for position in 0..depth {
                let stride_px = if stage > 0 && position == 0 { 2 } else { 1 };
                let name = format!("layer{}.{position}", stage + 1);
                let block = block(&name, bottleneck, inputs, 64 << stage, stride_px);
                inputs = block.outputs();
                blocks.push(block);
            }
        }
        Self { stem, blocks }
    }

    /// Values that the global average pool delivers: 512 or 2048.
    pub fn features(&self) -> usize {
        self.blocks.last().map_or(self.stem.outputs, BlockLayout::outputs)
    }

    /// All convolutions from input to output.
    pub fn convs(&self) -> impl Iterator<Item = &ConvLayout> {
        std::iter::once(&self.stem).chain(self.blocks.iter().flat_map(BlockLayout::all_convs))
    }

    /// Name and shape of every tensor that a weight file must hold.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> + '_ {
        self.convs().flat_map(ConvLayout::tensors)
    }

    /// Channels and side of the feature maps before block `cut`, for a square input.
    pub fn maps_before(&self, cut: usize, input_px: usize) -> (usize, usize) {
        // The maximum pool has a kernel of 3, a stride of 2 and a padding of 1.
        let pooled_px = (self.stem.output_px(input_px) - 1) / 2 + 1;
        self.blocks[..cut]
            .iter()
            .fold((self.stem.outputs, pooled_px), |(_, side), block| (block.outputs(), block.output_px(side)))
    }
}

fn block(name: &str, bottleneck: bool, inputs: usize, width: usize, stride_px: usize) -> BlockLayout {
    let conv = |number: usize, inputs, outputs, kernel_px, stride_px| ConvLayout {
        name: format!("{name}.conv{number}"),
        norm_name: format!("{name}.bn{number}"),
        inputs,
        outputs,
        kernel_px,
        stride_px,
    };
    let convs = if bottleneck {
        vec![conv(1, inputs, width, 1, 1), conv(2, width, width, 3, stride_px), conv(3, width, 4 * width, 1, 1)]
    } else {
        vec![conv(1, inputs, width, 3, stride_px), conv(2, width, width, 3, 1)]
    };
    let outputs = if bottleneck { 4 * width } else { width };
    let shortcut = (stride_px != 1 || inputs != outputs).then(|| ConvLayout {
        name: format!("{name}.downsample.0"),
        norm_name: format!("{name}.downsample.1"),
        inputs,
        outputs,
        kernel_px: 1,
        stride_px,
    });
    BlockLayout { convs, shortcut }
}

#[cfg(test)]
mod tests {
    use silknow_config::Architecture;

    use super::super::sizes::ResNet;

    #[test]
    fn every_depth_has_as_many_weight_layers_as_its_name_says() {
        let architectures = [
            (Architecture::RESNET18, 18),
            (Architecture::RESNET34, 34),
            (Architecture::RESNET50, 50),
            (Architecture::RESNET101, 101),
            (Architecture::RESNET152, 152),
        ];
        for (architecture, depth) in architectures {
            let layout = ResNet::of(architecture).unwrap().layout();
            // The depth counts the stem, the convolutions of the blocks, and the classifier that is left out here.
            let convs: usize = layout.blocks.iter().map(|block| block.convs.len()).sum();
            assert_eq!(convs + 2, depth);
        }
    }

    #[test]
    fn maps_shrink_as_in_torchvision() {
        let layout = ResNet::of(Architecture::RESNET50).unwrap().layout();
        assert_eq!(layout.maps_before(0, 224), (64, 56));
        assert_eq!(layout.maps_before(4, 224), (512, 28));
        assert_eq!(layout.maps_before(16, 224), (2048, 7));
        assert_eq!(layout.maps_before(16, 97), (2048, 4));
    }
}
