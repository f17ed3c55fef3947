//! A convolution with packed weights, ready to run: directly, or through Winograd's tiles where that is less work.

use crate::convolution::{Activation, Convolution, Finish};
use crate::direct::Direct;
use crate::kernels::Kernels;
use crate::maps::{Maps, Shape};
use crate::numbers::Precision;
use crate::winograd::{Scratch, Winograd};

/// What distinguishes the layers of a network as to speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerKind {
    /// Side of the kernel in pixels.
    pub kernel_px: usize,
    /// Step in pixels.
    pub stride_px: usize,
    /// Whether it goes through Winograd's tiles.
    pub winograd: bool,
    /// Channels read.
    pub inputs: usize,
    /// Channels written.
    pub outputs: usize,
    /// Rows of the maps that it writes.
    pub height: usize,
    /// Columns of the maps that it writes.
    pub width: usize,
}

impl LayerKind {
    fn of(convolution: &Convolution, output: Shape, winograd: bool) -> Self {
        Self {
            kernel_px: convolution.kernel_px,
            stride_px: convolution.stride_px,
            winograd,
            inputs: convolution.inputs,
            outputs: convolution.outputs,
            height: output.height,
            width: output.width,
        }
    }
}

/// A convolution ready to run on inputs of one shape.
pub(crate) struct Layer {
    method: Method,
    kind: LayerKind,
    /// Of the maps that it writes.
    precision: Precision,
}

enum Method {
    Direct(Direct),
    Winograd(Winograd),
}

impl Layer {
    /// `in_basic_block`: the block has 3 x 3 kernels alone.
    pub(crate) fn new(convolution: &Convolution, input: Shape, in_basic_block: bool, kernels: &Kernels) -> Self {
        let output = Shape {
            height: convolution.output_px(input.height),
            width: convolution.output_px(input.width),
            channels: convolution.outputs,
            precision: kernels.precision,
        };
        let winograd = Winograd::pays(convolution, output, in_basic_block);
        let method = if winograd {
            Method::Winograd(Winograd::new(convolution, kernels))
        } else {
            Method::Direct(Direct::new(convolution, kernels))
        };
        Self { method, kind: LayerKind::of(convolution, output, winograd), precision: kernels.precision }
    }

    /// The stem, whose input comes with its border of zeros. All three channels of a row of the kernel lie side by
    /// side there, so that a row is one tap.
    pub(crate) fn stem(convolution: &Convolution, input_px: usize, kernels: &Kernels) -> Self {
        let side = convolution.output_px(input_px);
        let output = Shape { height: side, width: side, channels: convolution.outputs, precision: kernels.precision };
        let method = Method::Direct(Direct::with_whole_rows(convolution, kernels));
        Self { method, kind: LayerKind::of(convolution, output, false), precision: kernels.precision }
    }

    /// The shape of one image's output.
    pub(crate) fn output(&self) -> Shape {
        let LayerKind { height, width, outputs: channels, .. } = self.kind;
        Shape { height, width, channels, precision: self.precision }
    }

    pub(crate) fn kind(&self) -> LayerKind {
        self.kind
    }

    /// Multiplications and additions for one image, as the convolution is defined.
    pub(crate) fn operations(&self) -> f64 {
        let LayerKind { kernel_px, inputs, .. } = self.kind;
        let output = self.output();
        2.0 * (output.pixels() * output.channels) as f64 * (kernel_px * kernel_px * inputs) as f64
    }

    /// `output` must have this layer's shape and the input's number of images. `also` receives the result a second time,
    /// activated, and has the same shape.
    #[expect(clippy::too_many_arguments, reason = "what a layer reads and writes, and what it works with")]
    pub(crate) fn run(
        &self,
        kernels: &Kernels,
        input: &Maps,
        output: &mut Maps,
        finish: Finish,
        also: Option<(&Activation, &mut Maps)>,
        scratch: &mut Scratch,
        threads: usize,
    ) {
        debug_assert_eq!((output.shape(), output.images()), (self.output(), input.images()));
        match &self.method {
            Method::Direct(direct) => direct.run(kernels, input, output, finish, also, threads),
            Method::Winograd(winograd) => {
                assert!(also.is_none(), "the last convolution of a unit is 1 x 1, which has no tiles");
                winograd.run(kernels, input, output, finish, scratch, threads);
            }
        }
    }
}
