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

use super::{Design, Family, Trainable, TrainableParts};
use crate::backbone::{FeatureShape, FrozenBackbone, check_pixels};
use crate::device::{Placement, numbers};
use crate::head::he_uniform;
use crate::parameter::{parameter, replace, stored};
use crate::weights::hub::Pinned;
use crate::weights::{WeightFile, WeightTensor};

/// Side of a patch, in pixels.
const PATCH_PX: usize = 8;

pub(crate) static FAMILY: Family = Family {
    name: "patches",
    designs: || vec![&Patches { name: NARROW, width: 8 }, &Patches { name: WIDE, width: 12 }],
};

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
        let side = if frozen == LAYERS.len() { 1 } else { input_px / PATCH_PX };
        FeatureShape { channels: self.width, height: side, width: side }
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
        Ok(Box::new(FrozenPatches {
            layers: ["patch"].iter().chain(&LAYERS[..frozen]).map(layer).collect::<Result<_>>()?,
            pooled: frozen == LAYERS.len(),
            shape: self.feature_shape(frozen, input_px),
            input_px,
            device,
        }))
    }

    fn trainable(&self, weights: &WeightFile, frozen: usize, device: &Device) -> Result<TrainableParts> {
        let layers = LAYERS[frozen..].iter().map(|name| Layer::new(self, name, weights, device));
        Ok(TrainableParts::Patches(Parts { layers: layers.collect::<Result<_>>()? }))
    }
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

fn pool(maps: Tensor<4>) -> Tensor<2> {
    let [images, channels, height, width] = maps.dims();
    maps.reshape([images, channels, height * width]).mean_dim(2).reshape([images, channels])
}

struct FrozenPatches {
    layers: Vec<Layer>,
    pooled: bool,
    shape: FeatureShape,
    input_px: usize,
    device: Device,
}

impl FrozenBackbone for FrozenPatches {
    fn feature_shape(&self) -> FeatureShape {
        self.shape
    }

    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        check_pixels(pixels, n, self.input_px)?;
        if n == 0 {
            return Ok(Vec::new());
        }
        let pixels = TensorData::new(pixels.to_vec(), [n, 3, self.input_px, self.input_px]);
        let pixels = Tensor::<4>::from_data(pixels, &self.device);
        let maps = self.layers.iter().fold(pixels, |maps, layer| layer.forward(maps));
        if self.pooled { numbers(pool(maps)) } else { numbers(maps) }
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
        pool(self.layers.iter().fold(maps, |maps, layer| layer.forward(maps)))
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

mod tests {
    use silknow_config::Weights;
    use silknow_progress::Silent;

    use super::*;
    use crate::backbone::Backbone;
    use crate::conformance;
    use crate::families::designs;
    use crate::model::{Model, StoredModel};
    use crate::top::TopNetwork;
    use crate::weights::Hub;

    #[test]
    fn a_second_family_keeps_what_every_backbone_keeps() {
        for design in designs().into_iter().filter(|design| FAMILY.has(design.name())) {
            let weights = WeightFile::random(design.name(), 3).unwrap();
            conformance::check(&weights, design.name(), 64);
        }
    }

    #[test]
    fn its_models_are_saved_with_the_name_of_the_family_and_describe_alike_when_read() {
        let folder = tempfile::tempdir().unwrap();
        let weights = WeightFile::random(NARROW, 3).unwrap();
        let stored = StoredModel::untrained(&weights, NARROW, &[5], 1, 64).unwrap();
        stored.save(folder.path()).unwrap();
        let description = std::fs::read_to_string(folder.path().join("model.json")).unwrap();
        assert!(description.contains("\"family\": \"patches\""), "{description}");
        assert!(description.contains("\"architecture\": \"patches-8\""), "{description}");
        let fingerprint = stored.fingerprint().to_owned();
        let made = stored.open(&Placement::processor()).unwrap();
        let read = Model::load(folder.path(), &Placement::processor()).unwrap();
        assert_eq!(read.fingerprint(), fingerprint);
        let pixels = vec![0.3; 3 * 64 * 64];
        let descriptor = read.describe_pixels(&pixels, 1).unwrap();
        assert_eq!(descriptor.len(), 5);
        assert_eq!(descriptor, made.describe_pixels(&pixels, 1).unwrap());

        // The same description under the other family's name is refused.
        let resnet = description.replace("\"patches\"", "\"resnet\"");
        std::fs::write(folder.path().join("model.json"), resnet).unwrap();
        let message = StoredModel::read(folder.path()).err().unwrap().to_string();
        assert!(message.contains("the architecture patches-8 does not belong to the family `resnet`"), "{message}");
    }

    #[test]
    fn its_gradients_are_those_of_central_differences() {
        let weights = WeightFile::random(NARROW, 3).unwrap();
        let backbone = Backbone::new(weights.clone(), NARROW, 2, 16).unwrap();
        let shape = backbone.feature_shape();
        let pixels: Vec<f32> = (0..3 * 16 * 16).map(|position| (position % 7) as f32 - 3.0).collect();
        let features = backbone.frozen(&Placement::processor()).unwrap().run(&pixels, 1).unwrap();
        let on = |device: &Device| Tensor::from_data(TensorData::new(features.clone(), [1, shape.len()]), device);
        let wanted: Vec<f32> = (0..8).map(|position| position as f32 - 3.5).collect();

        let device = Device::flex().autodiff();
        let top = TopNetwork::new(&weights, NARROW, 2, &[], 0, &device).unwrap();
        let gradients = top.gradients(top.forward_to_train(on(&Device::flex()), shape), wanted.clone(), Vec::new());
        let TrainableParts::Patches(parts) = &top.blocks else { panic!("it is of the family `patches`") };
        let found = parts.layers[0].kernel.val().grad(&gradients).unwrap();
        let found: Vec<f32> = found.into_data().try_into_vec().unwrap();

        let value = |position: usize, step: f32| {
            let mut weights = weights.clone();
            weights.tensors.get_mut("mix.0.weight").unwrap().data[position] += step;
            let top = TopNetwork::new(&weights, NARROW, 2, &[], 0, &Device::flex()).unwrap();
            let descriptor: Vec<f32> = top.forward(on(&Device::flex()), shape).into_data().try_into_vec().unwrap();
            descriptor.iter().zip(&wanted).map(|(a, b)| f64::from(a * b)).sum::<f64>()
        };
        let largest = found.iter().copied().map(f32::abs).fold(0.0, f32::max);
        assert!(largest > 0.0);
        for (position, &found) in found.iter().enumerate() {
            let expected = ((value(position, 5e-3) - value(position, -5e-3)) / 1e-2) as f32;
            assert!((found - expected).abs() < 0.02 * largest, "{position}: {found}, but {expected}");
        }
    }

    #[test]
    fn weights_that_it_does_not_have_are_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub { address: "http://127.0.0.1:9", cache_folder: folder.path(), policy: Default::default() };
        let refused = |weights| WeightFile::resolve(&weights, NARROW, 0, &hub, &Silent).unwrap_err().to_string();
        let message = refused(Weights::ImageNet);
        assert!(message.contains("there are no ImageNet weights for patches-8"), "{message}");
        let message = refused(Weights::Builtin);
        assert!(message.contains("there are no built-in weights for patches-8"), "{message}");
        assert!(message.contains("use the backbone resnet18"), "{message}");
    }
}
