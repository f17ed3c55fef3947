//! The names and shapes that TensorFlow's slim library gives the tensors of a ResNet v2, and the network that they make.
//!
//! Checkpoints of the Python toolbox have the same names behind `module/`, and a head behind `CustomLayers/`. Kernels are
//! `[height, width, inputs, outputs]` there.

use std::collections::BTreeMap;

use silknow_errors::{Error, Result};

use super::layout::{Flavour, STEM_CHANNELS};
use super::size::ResNetV2;
use crate::design::Design;
use crate::head::{bias_name, weight_name};

/// What the tensors of a file come to.
#[derive(Clone, Debug)]
pub struct Outline {
    /// The backbone.
    pub resnet: &'static ResNetV2,
    /// Widths of the fully connected layers of the toolbox; empty where there are none.
    pub add_fc: Vec<usize>,
    /// The tensors that are used: their names in the file, and the names that the backbone or the head has for them.
    pub used: BTreeMap<String, String>,
    /// The names of the others.
    pub passed_over: Vec<String>,
}

/// Names of the fully connected layers begin so.
pub const HEAD: &str = "CustomLayers/";

/// The network that tensors with these names and shapes make; none where they are not those of a ResNet v2.
///
/// # Errors
/// Tensors that are missing or have other shapes, named; layers of the head in no order.
pub fn outline(flavour: Flavour, tensors: &BTreeMap<String, Vec<usize>>) -> Result<Option<Outline>> {
    let Some(scope) = scope(tensors) else { return Ok(None) };
    let within: BTreeMap<&str, &Vec<usize>> =
        tensors.iter().filter_map(|(name, shape)| Some((name.strip_prefix(scope)?, shape))).collect();
    let resnet = ResNetV2::with_blocks(flavour, &blocks(&within)?)?;
    let mut used = BTreeMap::new();
    let mut faults = Vec::new();
    for (ours, shape) in resnet.tensors() {
        let name = format!("{scope}{}", in_slim(&ours));
        let expected = in_slims_order(&shape);
        match tensors.get(&name) {
            None => faults.push(format!("`{name}` of shape {expected:?} is missing")),
            Some(found) if *found != expected => {
                faults.push(format!("`{name}` has the shape {found:?} in place of {expected:?}"));
            }
            Some(_) => drop(used.insert(name, ours)),
        }
    }
    if let [first, others @ ..] = faults.as_slice() {
        let more = if others.is_empty() { String::new() } else { format!(", and {} more faults", others.len()) };
        return Err(Error::data(format!("the tensor {first}{more}")).hint(format!(
            "the file's other tensors make a {}; it may be cut, or of another network",
            resnet.architecture()
        )));
    }
    let head = head(tensors, resnet.pooled_features())?;
    let add_fc = head.iter().map(|(_, width)| *width).collect();
    for (position, (layer, _)) in head.into_iter().enumerate() {
        used.insert(format!("{HEAD}{layer}/kernel"), weight_name(position));
        used.insert(format!("{HEAD}{layer}/bias"), bias_name(position));
    }
    let passed_over = tensors.keys().filter(|name| !used.contains_key(*name)).cloned().collect();
    Ok(Some(Outline { resnet, add_fc, used, passed_over }))
}

/// What stands before `conv1/weights`, with its slash.
fn scope(tensors: &BTreeMap<String, Vec<usize>>) -> Option<&str> {
    let scopes = tensors.keys().filter_map(|name| name.strip_suffix("conv1/weights"));
    // The convolutions of the units have such names too; the stem's is the one beside `block1`.
    let mut scopes = scopes.filter(|scope| {
        let first = format!("{scope}block1/unit_1/bottleneck_v2/conv1/weights");
        tensors.contains_key(&first)
    });
    scopes.next()
}

/// Units and inner channels of the blocks, by the tensors' names within their scope.
fn blocks(tensors: &BTreeMap<&str, &Vec<usize>>) -> Result<Vec<(usize, usize)>> {
    let width = |block: usize, unit: usize| {
        let shape = tensors.get(format!("block{block}/unit_{unit}/bottleneck_v2/conv1/weights").as_str())?;
        shape.last().copied()
    };
    let mut blocks = Vec::new();
    while let Some(first) = width(blocks.len() + 1, 1) {
        let units = (1..).take_while(|&unit| width(blocks.len() + 1, unit).is_some()).count();
        blocks.push((units, first));
    }
    match tensors.get("conv1/weights").map(|shape| shape.as_slice()) {
        Some([7, 7, 3, STEM_CHANNELS]) => Ok(blocks),
        Some(shape) => Err(Error::data(format!(
            "the first convolution has the shape {shape:?}, and that of a ResNet v2 [7, 7, 3, {STEM_CHANNELS}]"
        ))),
        None => Err(Error::data("the tensor `conv1/weights` is missing")),
    }
}

/// Names and widths of the fully connected layers, in their order.
fn head(tensors: &BTreeMap<String, Vec<usize>>, features: usize) -> Result<Vec<(String, usize)>> {
    let layers: Vec<(&str, &Vec<usize>)> = tensors
        .iter()
        .filter_map(|(name, shape)| Some((name.strip_prefix(HEAD)?.strip_suffix("/kernel")?, shape)))
        .collect();
    let number = |layer: &str| -> Option<usize> {
        if layer == "output_features" {
            return Some(usize::MAX);
        }
        layer.strip_prefix("fc_layer")?.split('_').next()?.parse().ok()
    };
    let mut numbered = Vec::new();
    for (layer, shape) in layers {
        let number = number(layer)
            .ok_or_else(|| Error::data(format!("`{HEAD}{layer}/kernel` is no layer that the toolbox made")))?;
        numbered.push((number, layer, shape));
    }
    numbered.sort_by_key(|(number, ..)| *number);
    let mut inputs = features;
    let mut head = Vec::new();
    for (_, layer, shape) in numbered {
        let (kernel, bias) = (format!("{HEAD}{layer}/kernel"), format!("{HEAD}{layer}/bias"));
        let &[found, outputs] = shape.as_slice() else {
            return Err(Error::data(format!("the tensor `{kernel}` has the shape {shape:?}, and not two lengths")));
        };
        if found != inputs {
            return Err(Error::data(format!(
                "the tensor `{kernel}` reads {found} values, and {inputs} come before it"
            )));
        }
        if tensors.get(&bias).map(Vec::as_slice) != Some(&[outputs]) {
            return Err(Error::data(format!("the tensor `{bias}` of shape [{outputs}] is missing")));
        }
        head.push((layer.to_owned(), outputs));
        inputs = outputs;
    }
    Ok(head)
}

/// The name that slim gives a tensor of ours: `layer1.0.bn1.weight` is `block1/unit_1/bottleneck_v2/conv1/BatchNorm/gamma`.
pub fn in_slim(ours: &str) -> String {
    let (layer, tensor) = ours.rsplit_once('.').unwrap_or(("", ours));
    let (unit, part) = match layer.strip_prefix("layer").and_then(|rest| rest.split_once('.')) {
        Some((block, rest)) => {
            let (unit, part) = rest.split_once('.').unwrap_or((rest, ""));
            let unit = unit.parse::<usize>().map_or_else(|_| unit.to_owned(), |unit| (unit + 1).to_string());
            (format!("block{block}/unit_{unit}/bottleneck_v2/"), part)
        }
        None => (String::new(), layer),
    };
    let of_norm = match tensor {
        "weight" => "gamma",
        "bias" => "beta",
        "running_mean" => "moving_mean",
        _ => "moving_variance",
    };
    match part {
        "preact" | "postnorm" => format!("{unit}{part}/{of_norm}"),
        "bn1" => format!("{unit}conv1/BatchNorm/{of_norm}"),
        "bn2" => format!("{unit}conv2/BatchNorm/{of_norm}"),
        _ => {
            let part = if part == "downsample" { "shortcut" } else { part };
            format!("{unit}{part}/{}", if tensor == "weight" { "weights" } else { "biases" })
        }
    }
}

/// The shape that slim gives a tensor of ours.
fn in_slims_order(shape: &[usize]) -> Vec<usize> {
    match *shape {
        [outputs, inputs, height, width] => vec![height, width, inputs, outputs],
        _ => shape.to_vec(),
    }
}

/// The values of a kernel of TensorFlow in our order: convolutions from `[height, width, inputs, outputs]` to `[outputs, inputs,
/// height, width]`, layers from `[inputs, outputs]` to `[outputs, inputs]`. Others stay as they are.
pub fn in_our_order(shape: &[usize], values: Vec<f32>) -> (Vec<usize>, Vec<f32>) {
    let (inputs, outputs, pixels) = match *shape {
        [height, width, inputs, outputs] => (inputs, outputs, height * width),
        [inputs, outputs] => (inputs, outputs, 1),
        _ => return (shape.to_vec(), values),
    };
    let mut ordered = Vec::with_capacity(values.len());
    for output in 0..outputs {
        for input in 0..inputs {
            ordered.extend((0..pixels).map(|pixel| values[(pixel * inputs + input) * outputs + output]));
        }
    }
    let shape = match *shape {
        [height, width, ..] if shape.len() == 4 => vec![outputs, inputs, height, width],
        _ => vec![outputs, inputs],
    };
    (shape, ordered)
}

#[cfg(test)]
mod tests {
    use silknow_config::Architecture;

    use super::*;

    fn tensors(name: &str, scope: &str) -> BTreeMap<String, Vec<usize>> {
        let resnet = ResNetV2::of(Architecture::new(name).unwrap()).unwrap();
        let named =
            |(ours, shape): (String, Vec<usize>)| (format!("{scope}{}", in_slim(&ours)), in_slims_order(&shape));
        resnet.tensors().into_iter().map(named).collect()
    }

    #[test]
    fn names_and_shapes_tell_the_network_and_the_head() {
        let mut tensors = tensors("resnet_v2_2-3_4-6", "module/resnet_v2_152/");
        for (layer, shape) in [("fc_layer0_12", [24, 12]), ("fc_layer1_10", [12, 10]), ("output_features", [10, 8])] {
            tensors.insert(format!("CustomLayers/{layer}/kernel"), shape.to_vec());
            tensors.insert(format!("CustomLayers/{layer}/bias"), vec![shape[1]]);
            tensors.insert(format!("CustomLayers/{layer}/kernel/Adam"), shape.to_vec());
        }
        tensors.insert("global_step".to_owned(), Vec::new());
        let found = outline(Flavour::Slim, &tensors).unwrap().unwrap();
        assert_eq!(found.resnet.architecture().name(), "resnet_v2_2-3_4-6");
        assert_eq!(found.add_fc, [12, 10, 8]);
        assert_eq!(found.passed_over.len(), 4);
        assert_eq!(found.used["CustomLayers/output_features/kernel"], "head.2.weight");
        let stem = &found.used["module/resnet_v2_152/conv1/weights"];
        assert_eq!(stem, "conv1.weight");

        let missing = "module/resnet_v2_152/block2/unit_2/bottleneck_v2/conv3/biases";
        tensors.remove(missing);
        let message = outline(Flavour::Slim, &tensors).unwrap_err().to_string();
        assert!(message.contains(&format!("the tensor `{missing}` of shape [24] is missing")), "{message}");
    }

    #[test]
    fn other_tensors_are_no_resnet_v2() {
        assert!(
            outline(Flavour::Slim, &BTreeMap::from([("conv1/weights".to_owned(), vec![7, 7, 3, 64])]))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn kernels_are_turned() {
        let (shape, values) = in_our_order(&[1, 2, 1, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!((shape, values), (vec![3, 1, 1, 2], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
        assert_eq!(in_our_order(&[2, 2], vec![1.0, 2.0, 3.0, 4.0]).1, [1.0, 3.0, 2.0, 4.0]);
    }
}
