//! The names of Keras's ResNet v2, as the slim library calls the same tensors.

use std::collections::BTreeMap;

/// The tensors of a normalisation, in the order in which they are numbered.
const NORM: [&str; 4] = ["gamma", "beta", "moving_mean", "moving_variance"];

/// The tensors of a convolution, in the order in which they are numbered.
const CONVOLUTION: [&str; 2] = ["kernel", "bias"];

/// The path of a tensor, as `LAYER/kernel`: the last two parts without the `:0` of older files.
pub(super) fn layer_and_tensor(path: &str) -> Option<(&str, &str)> {
    let (rest, tensor) = path.rsplit_once('/')?;
    let layer = rest.rsplit('/').next().unwrap_or(rest);
    Some((layer, tensor.strip_suffix(":0").unwrap_or(tensor)))
}

/// The layers and tensors of a file that numbers them: per path the name of the layer in Keras and of the tensor.
///
/// Layers are counted per class in the order of the network: a convolution `conv2d`, `conv2d_1`, ...; the tensors of a layer
/// are `vars/0`, `vars/1`, .... In a unit come the convolutions 1, 2, 0 (the shortcut, where there is one), 3, of which 0 and 3
/// have a bias, and the normalisations of the input, 1, 2. Empty where the layers are not those of a ResNet v2.
pub(super) fn of_numbered_layers<'a>(
    paths: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<String, (String, &'static str)> {
    // Per class and number the paths of the tensors.
    let mut convolutions: BTreeMap<usize, Vec<(usize, &str)>> = BTreeMap::new();
    let mut norms: BTreeMap<usize, Vec<(usize, &str)>> = BTreeMap::new();
    let mut named = BTreeMap::new();
    for path in paths {
        let Some((layer, tensor)) = path.split_once("/vars/") else { continue };
        let layer = layer.rsplit('/').next().unwrap_or(layer);
        let Ok(tensor) = tensor.parse::<usize>() else { continue };
        let numbered = |class: &str| match layer.strip_prefix(class)? {
            "" => Some(0),
            number => number.strip_prefix('_')?.parse::<usize>().ok(),
        };
        if let Some(number) = numbered("conv2d") {
            convolutions.entry(number).or_default().push((tensor, path));
        } else if let Some(number) = numbered("batch_normalization") {
            norms.entry(number).or_default().push((tensor, path));
        } else {
            // Files that use the layers' own names need no counting.
            let tensors: &[&str] = if layer.ends_with("_bn") { &NORM } else { &CONVOLUTION };
            if let Some(tensor) = tensors.get(tensor) {
                named.insert(path.to_owned(), (layer.to_owned(), *tensor));
            }
        }
    }
    let biased: Vec<bool> = convolutions.values().map(|tensors| tensors.len() > 1).collect();
    let Some(layers) = unit_layers(&biased) else { return named };
    let (mut convolution_layers, mut norm_layers) = (vec!["conv1_conv".to_owned()], Vec::new());
    for (unit, with_shortcut) in layers {
        norm_layers.extend(["preact_bn", "1_bn", "2_bn"].map(|layer| format!("{unit}_{layer}")));
        let order: &[u8] = if with_shortcut { &[1, 2, 0, 3] } else { &[1, 2, 3] };
        convolution_layers.extend(order.iter().map(|number| format!("{unit}_{number}_conv")));
    }
    norm_layers.push("post_bn".to_owned());
    if norm_layers.len() != norms.len() {
        return named;
    }
    let all = [(convolutions, convolution_layers, CONVOLUTION.as_slice()), (norms, norm_layers, NORM.as_slice())];
    for (tensors, layers, names) in all {
        for (tensors, layer) in tensors.into_values().zip(layers) {
            for (number, path) in tensors {
                if let Some(name) = names.get(number) {
                    named.insert(path.to_owned(), (layer.clone(), *name));
                }
            }
        }
    }
    named
}

/// The units, by name and with a shortcut or without, of convolutions that have a bias or have none; none where they are not
/// those of a ResNet v2. A unit with a shortcut begins a block.
fn unit_layers(biased: &[bool]) -> Option<Vec<(String, bool)>> {
    let (stem, mut rest) = biased.split_first()?;
    let mut units = Vec::new();
    let (mut block, mut unit) = (1, 0);
    while !rest.is_empty() {
        let with_shortcut = match rest {
            [false, false, true, true, ..] => true,
            [false, false, true, ..] => false,
            _ => return None,
        };
        (block, unit) = if with_shortcut { (block + 1, 1) } else { (block, unit + 1) };
        units.push((format!("conv{block}_block{unit}"), with_shortcut));
        rest = &rest[if with_shortcut { 4 } else { 3 }..];
    }
    (*stem && !units.is_empty()).then_some(units)
}

/// The name that slim gives a tensor of Keras's ResNet v2, without the name of the network; none for other layers.
pub(super) fn in_slim(layer: &str, tensor: &str) -> Option<String> {
    let of_convolution = match tensor {
        "kernel" => Some("weights"),
        "bias" => Some("biases"),
        _ => None,
    };
    let of_norm = NORM.contains(&tensor).then_some(tensor);
    if layer == "conv1_conv" {
        return Some(format!("conv1/{}", of_convolution?));
    }
    if layer == "post_bn" {
        return Some(format!("postnorm/{}", of_norm?));
    }
    let (block, rest) = layer.strip_prefix("conv")?.split_once("_block")?;
    let (unit, part) = rest.split_once('_')?;
    let block = block.parse::<u8>().ok()?.checked_sub(1)?;
    let unit = unit.parse::<u16>().ok()?;
    let within = match part {
        "preact_bn" => format!("preact/{}", of_norm?),
        "0_conv" => format!("shortcut/{}", of_convolution?),
        "1_conv" | "2_conv" | "3_conv" => format!("conv{}/{}", &part[..1], of_convolution?),
        "1_bn" | "2_bn" => format!("conv{}/BatchNorm/{}", &part[..1], of_norm?),
        _ => return None,
    };
    Some(format!("block{block}/unit_{unit}/bottleneck_v2/{within}"))
}

/// The name that slim gives a ResNet v2 with so many units: 16 make `resnet_v2_50`.
pub(super) fn network(units: usize) -> String {
    format!("resnet_v2_{}", 3 * units + 2)
}
