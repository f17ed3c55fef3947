//! A convolution with what follows it folded in, and its gradients: what the blocks of all ResNets are made of.
//!
//! Batch normalisation always is the constant scale and shift of its stored statistics. Kernels are trained, constants are
//! not.

use burn::module::{Module, Param};
use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor, TensorData, s};
use silknow_errors::Result;

use crate::parameter::parameter;
use crate::weights::WeightFile;

/// Whether the values of a part of the network are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The values never change, so the scale is multiplied into the kernel once.
    Frozen,
    /// The kernel is trained; scale and shift stay what they are.
    Trained,
}

/// What a convolution is made from.
pub(crate) struct Parts<'a> {
    /// Name of the kernel tensor.
    pub(crate) name: String,
    /// `[outputs, inputs, kernel, kernel]`, row by row.
    pub(crate) kernel: &'a [f32],
    pub(crate) shape: [usize; 4],
    /// Per output channel, of the normalisation that follows; none where none follows.
    pub(crate) scale: Option<Vec<f32>>,
    /// Per output channel.
    pub(crate) shift: Vec<f32>,
    pub(crate) stride_px: usize,
}

impl Parts<'_> {
    /// The kernel with the scale multiplied in.
    pub(crate) fn folded_kernel(&self) -> Vec<f32> {
        let mut kernel = self.kernel.to_vec();
        if let Some(scale) = &self.scale {
            let row_len = kernel.len() / scale.len();
            for (row, scale) in kernel.chunks_exact_mut(row_len).zip(scale) {
                row.iter_mut().for_each(|value| *value *= scale);
            }
        }
        kernel
    }

    /// The same for the engine.
    pub(crate) fn for_engine(self) -> silknow_engine::Convolution {
        let weights = self.folded_kernel();
        let [outputs, inputs, kernel_px, _] = self.shape;
        silknow_engine::Convolution {
            inputs,
            outputs,
            kernel_px,
            stride_px: self.stride_px,
            weights,
            shift: self.shift,
        }
    }
}

/// The gradients of a residual unit or block.
pub(crate) struct UnitGradients {
    /// Of its kernels: those of its convolutions from input to output, then that of the shortcut.
    pub(crate) kernels: Vec<Tensor<4>>,
    /// Of what it read, where wanted.
    pub(crate) input: Option<Tensor<4>>,
}

/// A convolution with the constants after it. Padding is half the kernel on every side.
#[derive(Module, Debug)]
pub(crate) struct Conv {
    /// Name of the kernel tensor.
    pub(crate) name: String,
    /// Kernel `[outputs, inputs, kernel, kernel]`.
    pub(crate) kernel: Param<Tensor<4>>,
    /// Constant scale `[outputs, 1, 1, 1]` of a trained kernel; a frozen one holds it already.
    pub(crate) scale: Option<Tensor<4>>,
    /// Constant shift `[outputs]`.
    pub(crate) shift: Tensor<1>,
    pub(crate) stride_px: usize,
    pub(crate) padding_px: usize,
}

impl Conv {
    pub(crate) fn new(parts: Parts<'_>, role: Role, device: &Device) -> Self {
        let [outputs, .., side] = parts.shape;
        let kernel = match role {
            Role::Frozen => parts.folded_kernel(),
            Role::Trained => parts.kernel.to_vec(),
        };
        let scale = parts.scale.filter(|_| role == Role::Trained);
        let kernel = Tensor::from_data(TensorData::new(kernel, parts.shape), device);
        Self {
            kernel: parameter(&parts.name, kernel).set_require_grad(role == Role::Trained),
            name: parts.name,
            scale: scale.map(|scale| Tensor::from_data(TensorData::new(scale, [outputs, 1, 1, 1]), device)),
            shift: Tensor::from_data(TensorData::new(parts.shift, [outputs]), device),
            stride_px: parts.stride_px,
            padding_px: side / 2,
        }
    }

    /// `[N, inputs, H, W]` to `[N, outputs, H', W']`.
    pub(crate) fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([self.stride_px; 2], [self.padding_px; 2], [1; 2], 1);
        conv2d(maps, self.scaled_kernel(), Some(self.shift.clone()), options)
    }

    fn scaled_kernel(&self) -> Tensor<4> {
        match &self.scale {
            Some(scale) => self.kernel.val() * scale.clone(),
            None => self.kernel.val(),
        }
    }

    /// The gradients of the kernel and, where wanted, of what was read, given that of the result.
    pub(crate) fn backward(
        &self,
        input: &Tensor<4>,
        output_gradient: Tensor<4>,
        input_wanted: bool,
    ) -> (Tensor<4>, Option<Tensor<4>>) {
        let of_kernel = self.kernel_gradient(input.clone(), output_gradient.clone());
        let of_kernel = match &self.scale {
            Some(scale) => of_kernel * scale.clone(),
            None => of_kernel,
        };
        (of_kernel, input_wanted.then(|| self.input_gradient(input.dims(), output_gradient)))
    }

    /// Of the kernel with its scale, `[outputs, inputs, kernel, kernel]`: at each position the product of what the
    /// outputs' pixels were handed back with what they read there.
    fn kernel_gradient(&self, input: Tensor<4>, output_gradient: Tensor<4>) -> Tensor<4> {
        let [images, outputs, height, width] = output_gradient.dims();
        let inputs = input.dims()[1];
        let [.., side] = self.kernel.dims();
        let (padding, stride) = (self.padding_px, self.stride_px);
        let pixels = images * height * width;
        let handed_back = output_gradient.permute([1, 0, 2, 3]).reshape([outputs, pixels]);
        // With the channels last, the values that a pixel reads at a position lie side by side.
        let read = input.permute([0, 2, 3, 1]).pad([(0, 0), (padding, padding), (padding, padding), (0, 0)], 0.0);
        let reach = |first: usize, pixels: usize| first..first + (pixels - 1) * stride + 1;
        let positions = (0..side * side).map(|position| {
            let (rows, columns) = (reach(position / side, height), reach(position % side, width));
            let step = stride as isize;
            let read = read.clone().slice(s![.., rows;step, columns;step, ..]).reshape([pixels, inputs]);
            handed_back.clone().matmul(read)
        });
        Tensor::stack::<3>(positions.collect(), 2).reshape(self.kernel.dims())
    }

    /// Of what was read, `[N, inputs, H, W]`.
    fn input_gradient(&self, input: [usize; 4], output_gradient: Tensor<4>) -> Tensor<4> {
        let kernel = self.scaled_kernel();
        let [.., side] = kernel.dims();
        let (padding, stride) = (self.padding_px, self.stride_px);
        if stride == 1 {
            // The plain convolution with the kernel turned around, which is faster than the transposed one.
            let turned = kernel.flip([2, 3]).swap_dims(0, 1);
            let options = ConvOptions::new([1; 2], [side - 1 - padding; 2], [1; 2], 1);
            return conv2d(output_gradient, turned, None, options);
        }
        let [_, _, height, width] = output_gradient.dims();
        // Rows and columns at the end that no step of the kernel reached.
        let beyond = |input: usize, output: usize| input + 2 * padding - side - (output - 1) * stride;
        let beyond = [beyond(input[2], height), beyond(input[3], width)];
        let options = ConvTransposeOptions::new([stride; 2], [padding; 2], beyond, [1; 2], 1);
        conv_transpose2d(output_gradient, kernel, None, options)
    }
}

/// Scale and shift per channel that batch normalisation with stored statistics comes to. Its tensors are `weight`, `bias`,
/// `running_mean` and `running_var` behind `norm.`.
pub(crate) fn normalisation(
    norm: &str,
    channels: usize,
    epsilon: f64,
    weights: &WeightFile,
) -> Result<(Vec<f32>, Vec<f32>)> {
    let values = |tensor| weights.values(&format!("{norm}.{tensor}"), &[channels]);
    let (weight, bias, mean, variance) =
        (values("weight")?, values("bias")?, values("running_mean")?, values("running_var")?);
    let folded =
        weight.iter().zip(bias).zip(mean.iter().zip(variance)).map(|((&weight, &bias), (&mean, &variance))| {
            let scale = f64::from(weight) / (f64::from(variance) + epsilon).sqrt();
            (scale as f32, (f64::from(bias) - f64::from(mean) * scale) as f32)
        });
    Ok(folded.unzip())
}

/// The mean over all positions: `[N, C, H, W]` to `[N, C]`.
pub(crate) fn global_average_pool(maps: Tensor<4>) -> Tensor<2> {
    let [images, channels, height, width] = maps.dims();
    maps.reshape([images, channels, height * width]).mean_dim(2).reshape([images, channels])
}

/// The gradient of maps `[N, C, H, W]`, given that of their means `[N, C]`.
pub(crate) fn spread(pooled: Tensor<2>, maps: [usize; 4]) -> Tensor<4> {
    let [images, channels, height, width] = maps;
    (pooled / (height * width) as f64).reshape([images, channels, 1, 1]).expand(maps)
}

/// The gradient of what was rectified, given that of the result.
pub(crate) fn where_positive(gradient: Tensor<4>, rectified: &Tensor<4>) -> Tensor<4> {
    gradient.mask_fill(rectified.clone().lower_equal_elem(0.0), 0.0)
}
