//! The Adam optimiser over the parameters of a module.
//!
//! Owns the update and its moments, under the parameters' names. Burn has an Adam too, but keys its state by ids
//! that are drawn anew in every process, while a checkpoint needs names that last.
//! Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1, with the
//! constants that the paper and PyTorch use.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use silknow_errors::{Error, Result};
use silknow_network::WeightTensor;

const FIRST_DECAY: f64 = 0.9;
const SECOND_DECAY: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Adam's state: steps taken, and both moments of every parameter.
#[derive(Clone, Debug, Default)]
pub struct Adam {
    steps: u64,
    moments: BTreeMap<String, Moments>,
}

/// Running means of a parameter's gradient and of its square, flattened.
#[derive(Clone, Debug)]
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
}

impl Adam {
    /// Moves every parameter of `module` that has a gradient one step.
    pub fn step<M: Module>(&mut self, module: M, gradients: &mut Gradients, learning_rate: f64) -> M {
        self.steps += 1;
        // In f64 as in PyTorch; the exponent is far below the range of i32.
        let steps = self.steps as i32;
        let first_correction = 1.0 - FIRST_DECAY.powi(steps);
        let second_correction = 1.0 - SECOND_DECAY.powi(steps);
        module.map(&mut Update {
            moments: &mut self.moments,
            gradients,
            path: Vec::new(),
            step_size: learning_rate / first_correction,
            root_correction: second_correction.sqrt(),
        })
    }

    /// The number of steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The moments by name: `first.<parameter>` and `second.<parameter>`.
    pub fn to_named_tensors(&self) -> BTreeMap<String, WeightTensor> {
        self.moments
            .iter()
            .flat_map(|(name, moments)| {
                [
                    (format!("{FIRST}{name}"), numbers(&moments.first)),
                    (format!("{SECOND}{name}"), numbers(&moments.second)),
                ]
            })
            .collect()
    }

    /// The reverse of [`to_named_tensors`](Self::to_named_tensors), on a device.
    ///
    /// # Errors
    /// A first moment without its second, named.
    pub fn from_named_tensors(steps: u64, tensors: &BTreeMap<String, WeightTensor>, device: &Device) -> Result<Self> {
        let plain = device.clone().without_autodiff();
        let on_device = |tensor: &WeightTensor| {
            Tensor::from_data(TensorData::new(tensor.data.clone(), [tensor.data.len()]), &plain)
        };
        let mut moments = BTreeMap::new();
        for (name, first) in tensors {
            let Some(parameter) = name.strip_prefix(FIRST) else { continue };
            let second = tensors
                .get(&format!("{SECOND}{parameter}"))
                .ok_or_else(|| Error::data(format!("the second moment of `{parameter}` is missing")))?;
            moments.insert(parameter.to_owned(), Moments { first: on_device(first), second: on_device(second) });
        }
        Ok(Self { steps, moments })
    }
}

const FIRST: &str = "first.";
const SECOND: &str = "second.";

fn numbers(tensor: &Tensor<1>) -> WeightTensor {
    let data = tensor.to_data().try_into_vec().expect("moments are made as f32");
    WeightTensor { shape: tensor.dims().to_vec(), data }
}

/// One step on its way through the module.
struct Update<'a> {
    moments: &'a mut BTreeMap<String, Moments>,
    gradients: &'a mut Gradients,
    path: Vec<String>,
    step_size: f64,
    root_correction: f64,
}

impl Update<'_> {
    /// The change of a parameter, to be subtracted, from its gradient; both flat and plain.
    fn change(&mut self, gradient: Tensor<1>) -> Tensor<1> {
        let name = self.path.join(".");
        let first = gradient.clone() * (1.0 - FIRST_DECAY);
        let second = gradient.square() * (1.0 - SECOND_DECAY);
        let moments = match self.moments.remove(&name) {
            Some(before) => {
                Moments { first: before.first * FIRST_DECAY + first, second: before.second * SECOND_DECAY + second }
            }
            None => Moments { first, second },
        };
        let scale = moments.second.clone().sqrt() / self.root_correction + EPSILON;
        let change = moments.first.clone() / scale * self.step_size;
        self.moments.insert(name, moments);
        change
    }
}

impl ModuleMapper for Update<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = param.val().grad_remove(self.gradients) else { return param };
        let shape = gradient.shape();
        let change = self.change(gradient.flatten(0, D - 1)).reshape(shape);
        // The moved parameter is a new leaf: the next step's graph begins at it.
        param.map(|value| (value.inner() - change).autodiff().require_grad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Module, Debug)]
    struct Point {
        position: Param<Tensor<2>>,
    }

    /// Written by `tests/reference/make_adam.py` with PyTorch.
    #[derive(Deserialize)]
    struct Reference {
        start: Vec<f32>,
        learning_rate: f64,
        gradients: Vec<Vec<f32>>,
        positions: Vec<Vec<f32>>,
    }

    fn reference() -> Reference {
        serde_json::from_str(include_str!("../tests/reference/adam.json")).unwrap()
    }

    fn start(values: &[f32], device: &Device) -> Point {
        Point { position: Param::from_data(TensorData::new(values.to_vec(), [2, values.len() / 2]), device) }
    }

    /// Moves the point against a gradient that is handed in.
    fn step(adam: &mut Adam, point: Point, gradient: &[f32], learning_rate: f64) -> Point {
        let shape = point.position.dims();
        let gradient = Tensor::<2>::from_data(TensorData::new(gradient.to_vec(), shape), &Device::flex());
        let mut gradients = (point.position.val() * gradient).sum().backward();
        adam.step(point, &mut gradients, learning_rate)
    }

    fn values(point: &Point) -> Vec<f32> {
        point.position.val().into_data().try_into_vec().unwrap()
    }

    #[test]
    fn steps_are_those_of_pytorch() {
        let reference = reference();
        let mut adam = Adam::default();
        let mut point = start(&reference.start, &Device::flex().autodiff());
        for (gradient, expected) in reference.gradients.iter().zip(&reference.positions) {
            point = step(&mut adam, point, gradient, reference.learning_rate);
            for (value, expected) in values(&point).iter().zip(expected) {
                assert!((value - expected).abs() <= 2e-7 * expected.abs().max(1.0), "{value} instead of {expected}");
            }
        }
    }

    #[test]
    fn an_optimiser_read_back_continues_to_the_same_bits() {
        let reference = reference();
        let device = Device::flex().autodiff();
        let mut unbroken = Adam::default();
        let mut point = start(&reference.start, &device);
        point = step(&mut unbroken, point, &reference.gradients[0], 0.1);
        let mut resumed = Adam::from_named_tensors(unbroken.steps(), &unbroken.to_named_tensors(), &device).unwrap();
        let other = step(&mut resumed, start(&values(&point), &device), &reference.gradients[1], 0.1);
        point = step(&mut unbroken, point, &reference.gradients[1], 0.1);
        assert_eq!(values(&point), values(&other));
    }

    #[test]
    fn a_half_stored_moment_is_named() {
        let tensors = [("first.head".to_owned(), WeightTensor { shape: vec![1], data: vec![0.0] })].into();
        let message = Adam::from_named_tensors(1, &tensors, &Device::flex()).unwrap_err().to_string();
        assert!(message.contains("second moment of `head`"), "{message}");
    }
}
