//! Linear layers beside the descriptor, for an objective that asks for further outputs, such as a score for every class.
//!
//! They take what the fully connected layers deliver, before it is brought to unit length. Descriptors do not depend on
//! them. They are stored with the model, so that what was learnt can be asked for afterwards.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use silknow_errors::Result;

use crate::head::FullyConnected;
use crate::parameter::{replace, stored};
use crate::weights::{WeightTensor, missing};

/// Prefix of their tensors in checkpoints and model folders.
pub const EXTRA_HEADS_PREFIX: &str = "extra.";

/// What the name of a head begins with that gives a score for every class of the variable whose name follows; the softmax of
/// the scores is the probability of each.
pub const CLASS_HEAD: &str = "class.";

/// As [`CLASS_HEAD`], for a variable of which an image may have several classes: the sigmoid of a score is the probability of
/// its class.
pub const CLASS_SET_HEAD: &str = "classes.";

/// One linear layer with its name.
#[derive(Module, Debug)]
struct ExtraHead {
    name: String,
    layer: FullyConnected,
}

/// Linear layers by name, in the order in which they were asked for.
#[derive(Module, Debug)]
pub struct ExtraHeads {
    heads: Vec<ExtraHead>,
}

impl ExtraHeads {
    /// No heads.
    pub fn none() -> Self {
        Self { heads: Vec::new() }
    }

    /// Heads with these names and widths on `inputs` values.
    ///
    /// Initialised as PyTorch's linear layers are: weights uniform within 1 / √inputs, biases 0. The random numbers of a
    /// head follow from the seed and its name, so that it begins alike whatever heads stand beside it.
    pub fn new(inputs: usize, heads: &[(String, usize)], seed: u64, device: &Device) -> Self {
        let head = |(name, width): &(String, usize)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(silknow_files::digest::fnv1a_64(name.bytes()));
            let limit = 1.0 / (inputs as f32).sqrt();
            let weights = (0..inputs * width).map(|_| (2.0 * rng.random::<f32>() - 1.0) * limit).collect();
            ExtraHead { name: name.clone(), layer: FullyConnected::new(&layer_name(name), weights, *width, device) }
        };
        Self { heads: heads.iter().map(head).collect() }
    }

    /// Heads of these names on `inputs` values, with the given tensors; a head is as wide as its bias is long.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    pub(crate) fn from_tensors(
        inputs: usize,
        names: &[String],
        tensors: &BTreeMap<String, WeightTensor>,
        device: &Device,
    ) -> Result<Self> {
        let head = |name: &String| {
            let layer = layer_name(name);
            let (_, bias) = FullyConnected::names(&layer);
            let width = tensors.get(&bias).ok_or_else(|| missing(&bias))?.data.len();
            let layer = FullyConnected::from_tensors(&layer, inputs, width, tensors, device)?;
            Ok(ExtraHead { name: name.clone(), layer })
        };
        Ok(Self { heads: names.iter().map(head).collect::<Result<_>>()? })
    }

    /// True without heads.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.heads.iter().map(|head| head.name.as_str())
    }

    /// The numbers of outputs, in the order of the names.
    pub fn widths(&self) -> impl Iterator<Item = usize> {
        self.heads.iter().map(|head| head.layer.outputs())
    }

    /// `[N, inputs]` to `[N, width]` of every head, in their order.
    pub fn forward(&self, values: &Tensor<2>) -> Vec<Tensor<2>> {
        self.heads.iter().map(|head| head.layer.forward(values.clone())).collect()
    }

    /// The parameters by name: `extra.<head>.weight` `[width, inputs]` and `extra.<head>.bias` `[width]`.
    pub(crate) fn named_tensors(&self) -> impl Iterator<Item = (String, WeightTensor)> {
        self.heads.iter().flat_map(|head| {
            let (weight_name, bias_name) = FullyConnected::names(&layer_name(&head.name));
            [(weight_name, stored(&head.layer.weight)), (bias_name, stored(&head.layer.bias))]
        })
    }

    /// Takes over the parameters of [`named_tensors`](Self::named_tensors).
    ///
    /// # Errors
    /// A tensor that is missing or has another shape, named.
    pub(crate) fn load(&mut self, tensors: &BTreeMap<String, WeightTensor>) -> Result<()> {
        for head in &mut self.heads {
            let (weight_name, bias_name) = FullyConnected::names(&layer_name(&head.name));
            replace(&weight_name, &mut head.layer.weight, tensors)?;
            replace(&bias_name, &mut head.layer.bias, tensors)?;
        }
        Ok(())
    }
}

fn layer_name(head: &str) -> String {
    format!("{EXTRA_HEADS_PREFIX}{head}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors(heads: &[(&str, usize)], seed: u64) -> BTreeMap<String, WeightTensor> {
        let heads: Vec<(String, usize)> = heads.iter().map(|&(name, width)| (name.to_owned(), width)).collect();
        ExtraHeads::new(9, &heads, seed, &Device::flex()).named_tensors().collect()
    }

    #[test]
    fn a_head_begins_by_its_seed_and_name_whatever_stands_beside_it() {
        let (alone, beside) = (tensors(&[("place", 3)], 7), tensors(&[("time", 2), ("place", 3)], 7));
        assert_eq!(alone["extra.place.weight"], beside["extra.place.weight"]);
        assert_eq!(
            beside.keys().collect::<Vec<_>>(),
            ["extra.place.bias", "extra.place.weight", "extra.time.bias", "extra.time.weight"]
        );
        assert_ne!(alone["extra.place.weight"], tensors(&[("place", 3)], 8)["extra.place.weight"]);
        assert_ne!(alone["extra.place.weight"].data, tensors(&[("time", 3)], 7)["extra.time.weight"].data);
        let WeightTensor { shape, data } = &alone["extra.place.weight"];
        assert_eq!(shape, &[3, 9]);
        assert!(data.iter().all(|weight| weight.abs() <= 1.0 / 3.0) && data.iter().any(|weight| weight.abs() > 0.2));
    }

    #[test]
    fn outputs_are_products_with_the_weights_plus_the_bias() {
        let device = Device::flex();
        let mut heads = ExtraHeads::new(2, &[("place".to_owned(), 2)], 1, &device);
        let tensor = |shape: &[usize], data: &[f32]| WeightTensor { shape: shape.to_vec(), data: data.to_vec() };
        let mut named: BTreeMap<String, WeightTensor> = [
            ("extra.place.weight".to_owned(), tensor(&[2, 2], &[1.0, 2.0, 3.0, 4.0])),
            ("extra.place.bias".to_owned(), tensor(&[2], &[0.5, -0.5])),
        ]
        .into();
        heads.load(&named).unwrap();
        let values = Tensor::from_floats([[1.0, 10.0], [0.0, 1.0]], &device);
        let outputs = heads.forward(&values).remove(0).into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(outputs, [21.5, 42.5, 2.5, 3.5]);
        named.remove("extra.place.bias");
        let message = heads.load(&named).unwrap_err().to_string();
        assert!(message.contains("`extra.place.bias` is missing"), "{message}");
    }
}
