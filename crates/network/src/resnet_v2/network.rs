//! ResNet v2 as Burn computes it: one unit, the frozen part and the trainable part. `backward` has the gradients.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor, TensorData, s};
use silknow_errors::{Error, Result};

use super::layout::{ConvLayout, Flavour, Layout, NormLayout, UnitLayout};
use crate::convolution::{Conv, Parts, Role, normalisation};
use crate::weights::WeightFile;

/// What a convolution, and the normalisation after it where there is one, are made from.
///
/// # Errors
/// A tensor that is missing or has another shape, named.
pub(super) fn parts<'a>(layout: &ConvLayout, flavour: Flavour, weights: &'a WeightFile) -> Result<Parts<'a>> {
    let (scale, shift) = match &layout.norm_name {
        Some(norm) => {
            let (scale, shift) = normalisation(norm, layout.outputs, flavour.epsilon(), weights)?;
            (Some(scale), shift)
        }
        None => (None, weights.values(&layout.bias_name(), &[layout.outputs])?.to_vec()),
    };
    Ok(Parts {
        name: layout.weight_name(),
        kernel: weights.values(&layout.weight_name(), &layout.weight_shape())?,
        shape: layout.weight_shape(),
        scale,
        shift,
        stride_px: layout.stride_px,
    })
}

/// A normalisation that stands alone, with the rectification after it.
#[derive(Module, Debug)]
pub(super) struct Activation {
    /// Constant, `[1, C, 1, 1]`.
    pub(super) scale: Tensor<4>,
    /// Constant, `[1, C, 1, 1]`.
    shift: Tensor<4>,
}

impl Activation {
    fn new(layout: &NormLayout, flavour: Flavour, weights: &WeightFile, device: &Device) -> Result<Self> {
        let (scale, shift) = normalisation(&layout.name, layout.channels, flavour.epsilon(), weights)?;
        let maps = |values| Tensor::from_data(TensorData::new(values, [1, layout.channels, 1, 1]), device);
        Ok(Self { scale: maps(scale), shift: maps(shift) })
    }

    pub(super) fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        relu(maps * self.scale.clone() + self.shift.clone())
    }
}

/// A residual unit.
#[derive(Module, Debug)]
pub(super) struct Unit {
    pub(super) preact: Activation,
    pub(super) convs: Vec<Conv>,
    pub(super) shortcut: Option<Conv>,
    pub(super) stride_px: usize,
}

impl Unit {
    fn new(layout: &UnitLayout, flavour: Flavour, weights: &WeightFile, role: Role, device: &Device) -> Result<Self> {
        let conv = |layout| Ok::<_, Error>(Conv::new(parts(layout, flavour, weights)?, role, device));
        Ok(Self {
            preact: Activation::new(&layout.preact, flavour, weights, device)?,
            convs: layout.convs.iter().map(conv).collect::<Result<_>>()?,
            shortcut: layout.shortcut.as_ref().map(conv).transpose()?,
            stride_px: layout.stride_px,
        })
    }

    pub(super) fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let activated = self.preact.forward(maps.clone());
        let around = self.around(maps, &activated);
        let last = self.convs.len() - 1;
        let through = self.convs.iter().enumerate().fold(activated, |maps, (position, conv)| {
            let maps = conv.forward(maps);
            if position < last { relu(maps) } else { maps }
        });
        through + around
    }

    /// The way around the convolutions, of the unit's input and of its activated form.
    pub(super) fn around(&self, maps: Tensor<4>, activated: &Tensor<4>) -> Tensor<4> {
        let step = self.stride_px as isize;
        match &self.shortcut {
            Some(shortcut) => shortcut.forward(activated.clone()),
            None if step == 1 => maps,
            None => maps.slice(s![.., .., ..;step, ..;step]),
        }
    }

    /// The convolutions from input to output, then that of the shortcut.
    pub(super) fn convs(&self) -> impl Iterator<Item = &Conv> {
        self.convs.iter().chain(&self.shortcut)
    }
}

/// The part that is never trained: the stem and the units before the cut, and the normalisation at the end where no unit is
/// trained.
#[derive(Module, Debug)]
pub(super) struct FrozenResNetV2 {
    stem: Conv,
    units: Vec<Unit>,
    postnorm: Option<Activation>,
    /// True where the border of the pool is zeros, which may win.
    zeros_around_pool: bool,
}

impl FrozenResNetV2 {
    /// The stem and the first `cut` units, on `device` without autodiff.
    pub(super) fn new(weights: &WeightFile, layout: &Layout, cut: usize, device: &Device) -> Result<Self> {
        let device = device.clone().without_autodiff();
        let flavour = layout.flavour;
        let unit = |layout| Unit::new(layout, flavour, weights, Role::Frozen, &device);
        let postnorm = (cut == layout.units.len()).then_some(&layout.postnorm);
        Ok(Self {
            stem: Conv::new(parts(&layout.stem, flavour, weights)?, Role::Frozen, &device),
            units: layout.units[..cut].iter().map(unit).collect::<Result<_>>()?,
            postnorm: postnorm.map(|norm| Activation::new(norm, flavour, weights, &device)).transpose()?,
            zeros_around_pool: flavour == Flavour::Keras,
        })
    }

    /// Normalised pixels `[N, 3, S, S]` to feature maps `[N, C, H, W]`, which are activated where no unit is trained.
    pub(super) fn forward(&self, pixels: Tensor<4>) -> Tensor<4> {
        let maps = self.pool(self.stem.forward(pixels));
        let maps = self.units.iter().fold(maps, |maps, unit| unit.forward(maps));
        match &self.postnorm {
            Some(postnorm) => postnorm.forward(maps),
            None => maps,
        }
    }

    fn pool(&self, maps: Tensor<4>) -> Tensor<4> {
        let [.., height, width] = maps.dims();
        let (flavour, outside) =
            if self.zeros_around_pool { (Flavour::Keras, 0.0) } else { (Flavour::Slim, f32::NEG_INFINITY) };
        let bordered = maps.pad([(0, 0), (0, 0), flavour.pool_border(height), flavour.pool_border(width)], outside);
        max_pool2d(bordered, MaxPoolOptions::new([3; 2]).with_stride([2; 2]).with_padding([0; 2]))
    }
}

/// The units after the cut and the normalisation at the end. The kernels of the units are trained; biases and normalisations
/// never are.
#[derive(Module, Debug)]
pub struct TrainableUnits {
    pub(super) units: Vec<Unit>,
    pub(super) postnorm: Activation,
}

impl TrainableUnits {
    /// The units from `cut` on, on `device`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    pub fn new(weights: &WeightFile, layout: &Layout, cut: usize, device: &Device) -> Result<Self> {
        let flavour = layout.flavour;
        let unit = |layout| Unit::new(layout, flavour, weights, Role::Trained, device);
        Ok(Self {
            units: layout.units[cut..].iter().map(unit).collect::<Result<_>>()?,
            postnorm: Activation::new(&layout.postnorm, flavour, weights, device)?,
        })
    }

    /// The trained kernels with their names, from input to output.
    pub(super) fn kernels(&self) -> impl Iterator<Item = (&str, &Param<Tensor<4>>)> {
        self.units.iter().flat_map(Unit::convs).map(|conv| (conv.name.as_str(), &conv.kernel))
    }

    /// The trained kernels with their names, to be replaced.
    pub(super) fn kernels_mut(&mut self) -> impl Iterator<Item = (&str, &mut Param<Tensor<4>>)> {
        self.units
            .iter_mut()
            .flat_map(|unit| unit.convs.iter_mut().chain(&mut unit.shortcut))
            .map(|conv| (conv.name.as_str(), &mut conv.kernel))
    }
}
