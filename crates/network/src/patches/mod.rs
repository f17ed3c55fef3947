//! A second family, for the tests alone: a small network of patches that shares nothing with the ResNets.
//!
//! It is entered in the registry by one line, and everything that takes a backbone takes it: configuration, weight files,
//! the model folder, training.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use silknow_config::Architecture;
use silknow_errors::Result;

use crate::convolution::global_average_pool;
use crate::design::{Design, Family, Trainable};
use crate::device::Placement;
use crate::features::{FeatureShape, FrozenBackbone};
use crate::frozen::{FrozenShape, OnBurn};
use crate::graph::{Graph, Operation};
use crate::head::he_uniform;
use crate::parameter::{parameter, replace, stored};
use crate::weights::hub::Pinned;
use crate::weights::{WeightFile, WeightTensor};

/// Side of a patch, in pixels.
const PATCH_PX: usize = 8;

pub(crate) static FAMILY: Family = Family {
    name: "patches",
    designs: || PATCHES.iter().map(|patches| patches as &dyn Design).collect(),
    other: |_| None,
};

static PATCHES: [Patches; 2] = [Patches { name: NARROW, width: 8 }, Patches { name: WIDE, width: 12 }];

pub(crate) const NARROW: Architecture = Architecture::new("patches-8").expect("it is a name");
const WIDE: Architecture = Architecture::new("patches-12").expect("it is a name");

/// One number of channels: patches become pixels, which two layers mix; each of these can be trained.
struct Patches {
    name: Architecture,
    width: usize,
}

const LAYERS: [&str; 2] = ["mix.0", "mix.1"];

impl Patches {
    fn layer_shapes(&self, name: &str) -> [(String, Vec<usize>); 2] {
        let kernel = if name == "patch" { [self.width, 3, PATCH_PX, PATCH_PX] } else { [self.width, self.width, 1, 1] };
        [(format!("{name}.weight"), kernel.to_vec()), (format!("{name}.bias"), vec![self.width])]
    }

    fn frozen_shape(&self, frozen: usize, input_px: usize) -> FrozenShape {
        let side = input_px / PATCH_PX;
        let maps = FeatureShape { channels: self.width, height: side, width: side };
        FrozenShape { input_px, maps, pooled: frozen == LAYERS.len() }
    }
}

impl Design for Patches {
    fn name(&self) -> Architecture {
        self.name
    }

    fn part_name(&self) -> &'static str {
        "layers"
    }

    fn parts(&self) -> usize {
        LAYERS.len()
    }

    fn pooled_features(&self) -> usize {
        self.width
    }

    fn feature_shape(&self, frozen: usize, input_px: usize) -> FeatureShape {
        self.frozen_shape(frozen, input_px).features()
    }

    fn tensors(&self) -> BTreeMap<String, Vec<usize>> {
        ["patch"].iter().chain(&LAYERS).flat_map(|name| self.layer_shapes(name)).collect()
    }

    fn holds_variances(&self, _tensor: &str) -> bool {
        false
    }

    fn random(&self, seed: u64) -> BTreeMap<String, WeightTensor> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut fill = |(name, shape): (String, Vec<usize>)| {
            let inputs = shape[1..].iter().product::<usize>().max(1);
            let data = he_uniform(shape.iter().product(), inputs, &mut rng);
            (name, WeightTensor { shape, data })
        };
        self.tensors().into_iter().map(&mut fill).collect()
    }

    fn builtin(&self) -> Option<&'static [u8]> {
        None
    }

    fn imagenet(&self) -> Option<Pinned> {
        None
    }

    fn frozen(
        &self,
        weights: &WeightFile,
        frozen: usize,
        input_px: usize,
        placement: &Placement,
    ) -> Result<Box<dyn FrozenBackbone>> {
        let device = placement.device().clone().without_autodiff();
        let layer = |name: &&str| Layer::new(self, name, weights, &device);
        let layers: Vec<Layer> = ["patch"].iter().chain(&LAYERS[..frozen]).map(layer).collect::<Result<_>>()?;
        let network = move |pixels| layers.iter().fold(pixels, |maps, layer| layer.forward(maps));
        Ok(Box::new(OnBurn { network, device, shape: self.frozen_shape(frozen, input_px) }))
    }

    fn enter(
        &self,
        weights: &mut WeightFile,
        graph: &mut Graph,
        _input_px: usize,
        (pixels, pooled): (&str, &str),
    ) -> Result<()> {
        let mut maps = pixels.to_owned();
        for name in ["patch"].iter().chain(&LAYERS) {
            let [(kernel, kernel_shape), (bias, bias_shape)] = self.layer_shapes(name);
            let stride_px = kernel_shape[2];
            for (name, shape) in [(&kernel, kernel_shape), (&bias, bias_shape)] {
                graph.constant(name, weights.take(name, &shape)?);
            }
            graph.enter(*name, Operation::Convolution { stride_px, border_px: [0; 2] }, &[&maps, &kernel, &bias]);
            maps = format!("{name}.relu");
            graph.enter(&maps, Operation::Rectify, &[name]);
        }
        graph.enter(pooled, Operation::GlobalAverage, &[&maps]);
        Ok(())
    }
}

/// The layers after the first `frozen`, on `device`.
pub(crate) fn trainable(
    weights: &WeightFile,
    architecture: Architecture,
    frozen: usize,
    device: &Device,
) -> Result<Parts> {
    let patches = if architecture == NARROW { &PATCHES[0] } else { &PATCHES[1] };
    let layers = LAYERS[frozen..].iter().map(|name| Layer::new(patches, name, weights, device));
    Ok(Parts { layers: layers.collect::<Result<_>>()? })
}

/// A convolution whose step is its kernel, rectified.
#[derive(Module, Debug)]
struct Layer {
    name: String,
    kernel: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
}

impl Layer {
    fn new(patches: &Patches, name: &str, weights: &WeightFile, device: &Device) -> Result<Self> {
        let [(kernel, kernel_shape), (bias, bias_shape)] = patches.layer_shapes(name);
        let values = |name: &str, shape: &[usize]| {
            Ok::<_, silknow_errors::Error>(TensorData::new(weights.values(name, shape)?.to_vec(), shape.to_vec()))
        };
        Ok(Self {
            name: name.to_owned(),
            kernel: parameter(&kernel, Tensor::from_data(values(&kernel, &kernel_shape)?, device)),
            bias: parameter(&bias, Tensor::from_data(values(&bias, &bias_shape)?, device)),
        })
    }

    fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let [.., side] = self.kernel.dims();
        let options = ConvOptions::new([side; 2], [0; 2], [1; 2], 1);
        relu(conv2d(maps, self.kernel.val(), Some(self.bias.val()), options))
    }
}

/// The layers after the cut.
#[derive(Module, Debug)]
pub struct Parts {
    layers: Vec<Layer>,
}

impl Trainable for Parts {
    /// The maps that the first layer read.
    type Remembered = Tensor<4>;

    fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    fn forward(&self, maps: Tensor<4>) -> Tensor<2> {
        global_average_pool(self.layers.iter().fold(maps, |maps, layer| layer.forward(maps)))
    }

    fn forward_remembering(&self, maps: Tensor<4>) -> (Tensor<2>, Tensor<4>) {
        (self.valid().forward(maps.clone()), maps)
    }

    fn add_gradients(&self, maps: Tensor<4>, pooled: Tensor<2>, gradients: &mut Gradients) {
        let mut found = (self.forward(maps.autodiff()) * pooled.autodiff()).sum().backward();
        for layer in &self.layers {
            let (kernel, bias) = (layer.kernel.val(), layer.bias.val());
            let of_kernel = kernel.grad_remove(&mut found).expect("the kernel is trained");
            kernel.grad_replace(gradients, of_kernel);
            let of_bias = bias.grad_remove(&mut found).expect("the bias is trained");
            bias.grad_replace(gradients, of_bias);
        }
    }

    fn named_tensors(&self) -> BTreeMap<String, WeightTensor> {
        let of = |layer: &Layer| {
            let Layer { name, kernel, bias } = layer;
            [(format!("{name}.weight"), stored(kernel)), (format!("{name}.bias"), stored(bias))]
        };
        self.layers.iter().flat_map(of).collect()
    }

    fn load(&mut self, prefix: &str, tensors: &BTreeMap<String, WeightTensor>) -> Result<()> {
        self.layers.iter_mut().try_for_each(|Layer { name, kernel, bias }| {
            replace(&format!("{prefix}{name}.weight"), kernel, tensors)?;
            replace(&format!("{prefix}{name}.bias"), bias, tensors)
        })
    }
}

mod tests;
