//! The parameters of a network that can be trained: how they are named, stored and replaced.

use std::collections::BTreeMap;

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use silknow_errors::Result;

use crate::weights::{WeightTensor, misshapen, missing};

/// A parameter that is trained where its device can. Its identity follows from its name, so that an optimiser's
/// state that was stored finds its parameters again.
pub(crate) fn parameter<const D: usize>(name: &str, value: Tensor<D>) -> Param<Tensor<D>> {
    // A network has some hundred names, which 64 bits tell apart.
    let id = silknow_files::digest::fnv1a_64(name.bytes());
    Param::initialized(ParamId::from(id), value).set_require_grad(true)
}

/// The values of a parameter.
pub(crate) fn stored<const D: usize>(parameter: &Param<Tensor<D>>) -> WeightTensor {
    let data = parameter.val().into_data();
    let shape = parameter.dims().to_vec();
    WeightTensor { shape, data: data.try_into_vec().expect("parameters are made as f32") }
}

/// Gives a parameter the values of the tensor of this name.
///
/// # Errors
/// A tensor that is missing or has another shape, named.
pub(crate) fn replace<const D: usize>(
    name: &str,
    parameter: &mut Param<Tensor<D>>,
    tensors: &BTreeMap<String, WeightTensor>,
) -> Result<()> {
    let value = tensor_of(name, parameter.dims(), tensors, &parameter.device())?;
    *parameter = parameter.clone().transform_for_load(value, parameter.id);
    Ok(())
}

/// The tensor of this name, on a device.
///
/// # Errors
/// A tensor that is missing or has another shape, named.
pub(crate) fn tensor_of<const D: usize>(
    name: &str,
    shape: [usize; D],
    tensors: &BTreeMap<String, WeightTensor>,
    device: &Device,
) -> Result<Tensor<D>> {
    let tensor = tensors.get(name).ok_or_else(|| missing(name))?;
    if tensor.shape != shape {
        return Err(misshapen(name, &tensor.shape, &shape));
    }
    Ok(Tensor::from_data(TensorData::new(tensor.data.clone(), shape), device))
}
