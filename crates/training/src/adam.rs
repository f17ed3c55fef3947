//! The Adam optimiser over the parameters of a module. Its moments have the parameters' names.
//!
//! Weights may decay apart from the gradient (AdamW: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR
//! 2019), and a long gradient may be shortened before it is used.
//!
//!
//! Burn has an Adam too, but keys its state by ids that are drawn anew in every process, while a checkpoint needs names
//! that last.
//! Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1, with the
//! constants that the paper and PyTorch use.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
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

/// How far and how a step goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Step {
    /// The learning rate.
    pub learning_rate: f64,
    /// What is taken away from every weight, as a share of it, times the learning rate. Biases keep theirs.
    pub weight_decay: f64,
    /// The longest gradient over all parameters together, to which a longer one is shortened; 0: any length.
    pub longest_gradient: f64,
}

impl Step {
    /// Adam without anything else.
    pub fn of(learning_rate: f64) -> Self {
        Self { learning_rate, ..Self::default() }
    }
}

impl Adam {
    /// Moves every parameter of `module` that has a gradient one step.
    pub fn step<M: Module>(&mut self, module: M, gradients: &mut Gradients, step: Step) -> M {
        let shortened = shortened(&module, gradients, step.longest_gradient);
        self.steps += 1;
        // In f64 as in PyTorch. Both corrections are 1 long before the exponent leaves the range of i32.
        let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let first_correction = 1.0 - FIRST_DECAY.powi(steps);
        let second_correction = 1.0 - SECOND_DECAY.powi(steps);
        module.map(&mut Update {
            moments: &mut self.moments,
            gradients,
            path: Vec::new(),
            shortened,
            decay: step.learning_rate * step.weight_decay,
            step_size: step.learning_rate / first_correction,
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

    /// The reverse of [`to_named_tensors`](Self::to_named_tensors) for a module, on the module's device.
    ///
    /// # Errors
    /// Moments that are not those of the module's trained parameters, named; more steps than can be counted further.
    pub fn from_named_tensors<M: Module>(
        steps: u64,
        tensors: &BTreeMap<String, WeightTensor>,
        module: &M,
        device: &Device,
    ) -> Result<Self> {
        if steps == u64::MAX {
            return Err(Error::data("the optimiser cannot have taken so many steps"));
        }
        if steps == 0 {
            return Ok(Self::default());
        }
        let mut sizes = Sizes::default();
        module.visit(&mut sizes);
        let plain = device.clone().without_autodiff();
        let on_device = |which: &str, parameter: &str, size: usize| {
            let name = format!("{which}{parameter}");
            let missing = || Error::data(format!("the optimiser's tensor `{name}` is missing"));
            let tensor = tensors.get(&name).ok_or_else(missing)?;
            if tensor.data.len() != size {
                let given = tensor.data.len();
                return Err(Error::data(format!(
                    "the optimiser's tensor `{name}` has {given} values, expected {size}"
                )));
            }
            Ok(Tensor::from_data(TensorData::new(tensor.data.clone(), [size]), &plain))
        };
        let moments = sizes.trained.into_iter().map(|(name, size)| {
            let moments = Moments { first: on_device(FIRST, &name, size)?, second: on_device(SECOND, &name, size)? };
            Ok((name, moments))
        });
        Ok(Self { steps, moments: moments.collect::<Result<_>>()? })
    }
}

/// The numbers of values of a module's trained parameters, by name.
#[derive(Default)]
struct Sizes {
    path: Vec<String>,
    trained: BTreeMap<String, usize>,
}

impl ModuleVisitor for Sizes {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            self.trained.insert(self.path.join("."), param.dims().iter().product());
        }
    }
}

const FIRST: &str = "first.";
const SECOND: &str = "second.";

fn numbers(tensor: &Tensor<1>) -> WeightTensor {
    let data = tensor.to_data().try_into_vec().expect("moments are made as f32");
    WeightTensor { shape: tensor.dims().to_vec(), data }
}

/// By what the gradients of a module are multiplied, so that together they are not longer than `longest`, where it is not 0.
fn shortened<M: Module>(module: &M, gradients: &Gradients, longest: f64) -> f64 {
    if longest == 0.0 {
        return 1.0;
    }
    let mut length = Length { gradients, squares: 0.0 };
    module.visit(&mut length);
    let length = length.squares.sqrt();
    if length > longest { longest / length } else { 1.0 }
}

/// The sum of the squares of all gradients.
struct Length<'a> {
    gradients: &'a Gradients,
    squares: f64,
}

impl ModuleVisitor for Length<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = param.val().grad(self.gradients) else { return };
        let values: Vec<f32> = gradient.into_data().try_into_vec().expect("gradients are made as f32");
        self.squares += values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
    }
}

/// One step on its way through the module.
struct Update<'a> {
    moments: &'a mut BTreeMap<String, Moments>,
    gradients: &'a mut Gradients,
    path: Vec<String>,
    shortened: f64,
    decay: f64,
    step_size: f64,
    root_correction: f64,
}

impl Update<'_> {
    /// The change of a parameter, to be subtracted, from its gradient; both flat and plain.
    fn change(&mut self, gradient: Tensor<1>) -> Tensor<1> {
        let name = self.path.join(".");
        let gradient = if self.shortened < 1.0 { gradient * self.shortened } else { gradient };
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
        let decay = if D > 1 { self.decay } else { 0.0 };
        // The moved parameter is a new leaf: the next step's graph begins at it.
        param.map(|value| {
            let value = value.inner();
            let decayed = if decay > 0.0 { value * (1.0 - decay) } else { value };
            (decayed - change).autodiff().require_grad()
        })
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
        adam.step(point, &mut gradients, Step::of(learning_rate))
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
    fn weights_decay_apart_from_the_gradient_and_a_long_gradient_is_shortened() {
        let device = Device::flex().autodiff();
        let moved = |gradient: [f32; 2], step| {
            let point = start(&[1.0, -2.0], &device);
            let gradient = Tensor::<2>::from_data(TensorData::new(gradient.to_vec(), [2, 1]), &Device::flex());
            let mut gradients = (point.position.val() * gradient).sum().backward();
            let mut adam = Adam::default();
            let moved = values(&adam.step(point, &mut gradients, step));
            let first: Vec<f32> = adam.to_named_tensors()["first.position"].data.clone();
            (moved, first)
        };
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        // The first step of Adam is as long as the learning rate, whatever the gradient.
        let decaying = Step { weight_decay: 0.5, ..Step::of(0.1) };
        let (position, _) = moved([3.0, 4.0], decaying);
        assert!(near(&position, &[0.95 - 0.1, -1.9 - 0.1]), "{position:?}");
        // (3, 4) has the length 5; shortened to 1 it is (0.6, 0.8), of which the first moment takes a tenth.
        let (_, first) = moved([3.0, 4.0], Step { longest_gradient: 1.0, ..Step::of(0.1) });
        assert!(near(&first, &[0.06, 0.08]), "{first:?}");
        let (_, first) = moved([0.3, 0.4], Step { longest_gradient: 1.0, ..Step::of(0.1) });
        assert!(near(&first, &[0.03, 0.04]), "{first:?}");
    }

    #[test]
    fn an_optimiser_read_back_continues_to_the_same_bits() {
        let reference = reference();
        let device = Device::flex().autodiff();
        let mut unbroken = Adam::default();
        let mut point = start(&reference.start, &device);
        point = step(&mut unbroken, point, &reference.gradients[0], 0.1);
        let mut resumed = restored(&unbroken, &point, &device).unwrap();
        let other = step(&mut resumed, start(&values(&point), &device), &reference.gradients[1], 0.1);
        point = step(&mut unbroken, point, &reference.gradients[1], 0.1);
        assert_eq!(values(&point), values(&other));
    }

    fn restored(adam: &Adam, point: &Point, device: &Device) -> Result<Adam> {
        Adam::from_named_tensors(adam.steps(), &adam.to_named_tensors(), point, device)
    }

    #[test]
    fn moments_that_are_not_those_of_the_module_are_named() {
        let device = Device::flex().autodiff();
        let mut adam = Adam::default();
        let point = step(&mut adam, start(&[1.0, 2.0], &device), &[1.0, 1.0], 0.1);
        let mut tensors = adam.to_named_tensors();
        let message_of = |steps, tensors: &BTreeMap<String, WeightTensor>| {
            Adam::from_named_tensors(steps, tensors, &point, &device).unwrap_err().to_string()
        };
        assert!(message_of(u64::MAX, &tensors).contains("so many steps"));
        tensors.get_mut("second.position").unwrap().data.pop();
        assert!(message_of(1, &tensors).contains("`second.position` has 1 values, expected 2"));
        tensors.remove("second.position").unwrap();
        assert!(message_of(1, &tensors).contains("`second.position` is missing"));
    }
}
